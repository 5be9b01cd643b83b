"""A fingerprint of the library code that a script uses, so that a changed module reruns the script's rule.

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
# The folder of programs that are copied as they are, such as the scorer of a bundle.
_STANDALONE = "standalone"
# The fields of a statement that contain further statements.
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")


def fingerprint(script: str | Path, modules: Sequence[str] = ()) -> str:
    """Return a hash of every foldwise module that a script imports, directly or through other modules.

    Comments, blank lines and docstrings do not count. Files next to the modules of a package (templates, styles,
    SQL, programs in a folder ``standalone``) count byte by byte. Files are read once in a process.

    Args:
        script: path of a Python file.
        modules: dotted names of modules that the script imports by name at run time, such as a backend's.

    Returns:
        16 hexadecimal digits.

    Example:
        >>> from pathlib import Path
        >>> scripts = Path(__file__).parents[1]
        >>> train = fingerprint(scripts / "train_fold.py", ["foldwise.backends.xgboost"])
        >>> len(train), train == fingerprint(scripts / "train_fold.py", ["foldwise.backends.catboost"])
        (16, False)
    """
    digest = hashlib.sha256()
    for path in sorted(_reachable_files(Path(script), modules), key=lambda p: p.relative_to(_LIBRARY).as_posix()):
        digest.update(path.relative_to(_LIBRARY).as_posix().encode())
        digest.update(_read(path).digest.encode())
    return digest.hexdigest()[:16]


def _reachable_files(script: Path, modules: Sequence[str]) -> set[Path]:
    reached: set[Path] = set()
    waiting = [*_read(script).uses, *(file for name in modules for file in _files_of_module(name))]
    while waiting:
        path = waiting.pop()
        if path not in reached:
            reached.add(path)
            waiting += _read(path).uses
    return reached


class _File(NamedTuple):
    """One file of the library.

    Attributes:
        uses: the library files that it imports, and the resources of its package.
        digest: SHA-256 of its content; of a module, without comments and docstrings.
    """

    uses: tuple[Path, ...]
    digest: str


@cache
def _read(path: Path) -> _File:
    content = path.read_bytes()
    if path.suffix != ".py" or path.parent.name == _STANDALONE:
        return _File((), hashlib.sha256(content).hexdigest())
    tree = ast.parse(content)
    imported = tuple(file for name in _imported_names(tree) for file in _files_of_module(name))
    for node in _statements(tree, type_checking=True):
        _drop_docstring(node)
    shape: list[str] = []
    _append_shape(tree, shape)
    return _File(imported + _resources_of(path), hashlib.sha256(" ".join(shape).encode()).hexdigest())


def _imported_names(tree: ast.Module) -> Iterator[str]:
    """Yield the dotted foldwise names that a module imports; some of them may be names defined in a module."""
    for node in _statements(tree, type_checking=False):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        yield from (name for name in names if name.split(".")[0] == "foldwise")


def _statements(tree: ast.Module, type_checking: bool) -> Iterator[ast.AST]:
    """Yield a module and every statement in it, those under ``if TYPE_CHECKING:`` only with ``type_checking``."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        never_runs = isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for block in _BLOCKS[1:] if never_runs and not type_checking else _BLOCKS:
            waiting += getattr(node, block, ())


def _append_shape(node: object, shape: list[str]) -> None:
    """Append the types and values of a syntax tree without positions: as ``ast.dump``, in a third of its time."""
    if isinstance(node, ast.AST):
        shape.append(type(node).__name__)
        for name in node._fields:
            _append_shape(getattr(node, name, None), shape)
    elif isinstance(node, list):
        shape.append(f"list {len(node)}")
        for item in node:
            _append_shape(item, shape)
    else:
        shape.append(repr(node))


def _drop_docstring(node: ast.AST) -> None:
    if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return
    if ast.get_docstring(node, clean=False) is not None:
        node.body = node.body[1:]


@cache
def _files_of_module(name: str) -> tuple[Path, ...]:
    """Return the file of a dotted module name and the ``__init__`` files of the packages around it."""
    parts = name.split(".")[1:]
    packages = [_LIBRARY.joinpath(*parts[:depth]) for depth in range(len(parts) + 1)]
    files = [packages[-1].with_suffix(".py")] if parts else []
    return tuple(file for file in [*files, *(p / "__init__.py" for p in packages)] if file.is_file())


def _resources_of(module: Path) -> tuple[Path, ...]:
    """Return the templates, styles, queries and standalone programs in the package of a module."""
    if not module.is_relative_to(_LIBRARY) or module.parent == _LIBRARY:
        return ()
    resources = (file for file in module.parent.iterdir() if file.suffix in _RESOURCES)
    return (*resources, *module.parent.glob(f"{_STANDALONE}/*.py"))
