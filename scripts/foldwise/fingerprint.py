"""A fingerprint of the code that a script reaches, so that a change of the library reruns its rules.

Snakemake notices an edited script, but not an edited module that the script imports.
"""

import ast
import hashlib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

_LIBRARY = Path(__file__).parent
_RESOURCES = (".j2", ".css", ".js", ".sql")
_STANDALONE = "standalone"
# The statements within a statement.
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")


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
        digest.update(_read(path).digest.encode())
    return digest.hexdigest()[:16]


def _reach(script: Path, modules: Sequence[str]) -> set[Path]:
    found: set[Path] = set()
    waiting = [*_read(script).reached, *(f for name in modules for f in _files(name))]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += _read(path).reached
    return found


class _File(NamedTuple):
    """What counts of a file.

    Attributes:
        reached: the library files that it imports, and those beside a package's modules.
        digest: SHA-256 of its content, without comments and docstrings if it is a module.
    """

    reached: tuple[Path, ...]
    digest: str


@cache
def _read(path: Path) -> _File:
    content = path.read_bytes()
    if path.suffix != ".py" or path.parent.name == _STANDALONE:
        return _File((), hashlib.sha256(content).hexdigest())
    tree = ast.parse(content)
    reached = tuple(f for name in _imported(tree) for f in _files(name))
    for node in _statements(tree, typing=True):
        _drop_docstring(node)
    return _File(reached + _beside(path), hashlib.sha256(ast.dump(tree).encode()).hexdigest())


def _imported(tree: ast.Module) -> Iterator[str]:
    """Yield the dotted names of foldwise that a module imports; some of them may be names in a module."""
    for node in _statements(tree, typing=False):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        yield from (name for name in names if name.split(".")[0] == "foldwise")


def _beside(path: Path) -> tuple[Path, ...]:
    """Return the files that a package keeps beside one of its modules."""
    if not path.is_relative_to(_LIBRARY) or path.parent == _LIBRARY:
        return ()
    resources = (f for f in path.parent.iterdir() if f.suffix in _RESOURCES)
    return (*resources, *path.parent.glob(f"{_STANDALONE}/*.py"))


def _statements(tree: ast.Module, typing: bool) -> Iterator[ast.AST]:
    """Yield a module and every statement in it; those below ``if TYPE_CHECKING:``, which never run, with ``typing``."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        never_runs = isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        blocks = _BLOCKS[1:] if never_runs and not typing else _BLOCKS
        for block in blocks:
            waiting += getattr(node, block, ())


def _files(name: str) -> list[Path]:
    """Return the file of a dotted module name and the ``__init__`` files above it."""
    base = _LIBRARY.joinpath(*name.split(".")[1:])
    found = [base.with_suffix(".py")] if base != _LIBRARY else []
    packages = [p for p in (base, *base.parents) if p.is_relative_to(_LIBRARY)]
    return [f for f in [*found, *(p / "__init__.py" for p in packages)] if f.is_file()]


def _drop_docstring(node: ast.AST) -> None:
    if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return
    if ast.get_docstring(node, clean=False) is not None:
        node.body = node.body[1:]
