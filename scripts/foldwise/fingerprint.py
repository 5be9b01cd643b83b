"""A fingerprint of the code that a script reaches, so that a change of the library reruns its rules.

Snakemake notices an edited script, but not an edited module that the script imports.
"""

import ast
import hashlib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

_LIBRARY = Path(__file__).parent
_RESOURCES = (".j2", ".css", ".js", ".sql")
_STANDALONE = "standalone"


def fingerprint(script: str | Path, modules: Sequence[str] = ()) -> str:
    """Return 16 hexadecimal digits over every foldwise module that a script imports, directly or not.

    Comments, blank lines and docstrings do not count. Files that a package keeps beside its
    modules (templates, styles, SQL) count byte by byte, as do programs that are handed on as they
    are (in its folder ``standalone``).

    Args:
        script: path of a Python file.
        modules: names of modules that it imports by name at run time.
    """
    digest = hashlib.sha256()
    for path in sorted(_reach(Path(script), modules), key=lambda p: p.relative_to(_LIBRARY).as_posix()):
        digest.update(path.relative_to(_LIBRARY).as_posix().encode())
        digest.update(_digest(path).encode())
    return digest.hexdigest()[:16]


def _reach(script: Path, modules: Sequence[str]) -> set[Path]:
    found: set[Path] = set()
    waiting = [*_imports(script), *(f for name in modules for f in _files(name))]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += _imports(path)
    return found


@cache
def _imports(path: Path) -> tuple[Path, ...]:
    """Return the library files that a file imports, and those beside a package's modules."""
    if path.suffix != ".py" or _is_standalone(path):
        return ()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names: list[str] = []
    for node in _executed(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    files = [f for name in names if name.split(".")[0] == "foldwise" for f in _files(name)]
    if path.is_relative_to(_LIBRARY) and path.parent != _LIBRARY:
        files += [f for f in path.parent.iterdir() if f.suffix in _RESOURCES]
        files += path.parent.glob(f"{_STANDALONE}/*.py")
    return tuple(files)


def _is_standalone(path: Path) -> bool:
    return path.parent.name == _STANDALONE


def _executed(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield every node except those below ``if TYPE_CHECKING:``, which never runs."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            waiting += node.orelse
        else:
            waiting += ast.iter_child_nodes(node)


def _files(name: str) -> list[Path]:
    """Return the file of a dotted module name and the ``__init__`` files above it."""
    base = _LIBRARY.joinpath(*name.split(".")[1:])
    found = [base.with_suffix(".py")] if base != _LIBRARY else []
    packages = [p for p in (base, *base.parents) if p.is_relative_to(_LIBRARY)]
    return [f for f in [*found, *(p / "__init__.py" for p in packages)] if f.is_file()]


@cache
def _digest(path: Path) -> str:
    content = path.read_bytes()
    if path.suffix == ".py" and not _is_standalone(path):
        tree = ast.parse(content)
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                _drop_docstring(node)
        content = ast.dump(tree).encode()
    return hashlib.sha256(content).hexdigest()


def _drop_docstring(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    if ast.get_docstring(node, clean=False) is not None:
        node.body = node.body[1:]
