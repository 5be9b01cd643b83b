"""A fingerprint of the code that a script reaches, so that a change of the library reruns its rules.

Snakemake notices an edited script, but not an edited module that the script imports.
"""

import ast
import hashlib
import importlib.util
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

_LIBRARY = Path(__file__).parent

# Beside the bytecode, since it is of the same kind: what a Python of this version made of the library.
_REMEMBERED = Path(importlib.util.cache_from_source(str(_LIBRARY / "fingerprints.py"))).with_suffix(".json")
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
    _remember()
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
    own = hashlib.sha256(content).hexdigest()
    if path.suffix != ".py" or path.parent.name == _STANDALONE:
        return _File((), own)
    module = _remembered().get(str(path))
    if module is None or module[0] != own:
        module = _remembered()[str(path)] = [own, *_parse(content)]
        _changed.add(path)
    _, names, digest = module
    return _File(tuple(f for name in names for f in _files(name)) + _beside(path), digest)


def _parse(content: bytes) -> tuple[list[str], str]:
    """Return the names of foldwise that a module imports, and the digest of its code."""
    tree = ast.parse(content)
    names = list(_imported(tree))
    for node in _statements(tree, typing=True):
        _drop_docstring(node)
    return names, hashlib.sha256(ast.dump(tree).encode()).hexdigest()


_changed: set[Path] = set()


@cache
def _remembered() -> dict[str, list[Any]]:
    """Return what earlier processes parsed, by path: the SHA-256 of the content, then what ``_parse`` made of it.

    Parsing the whole library takes half a second, and every command of snakemake needs all of it.
    """
    with suppress(OSError, ValueError, TypeError):
        made_by, modules = json.loads(_REMEMBERED.read_bytes())
        if made_by == _maker():
            return dict(modules)
    return {}


def _remember() -> None:
    if not _changed or sys.dont_write_bytecode:
        return
    beside = _REMEMBERED.with_suffix(f".{os.getpid()}")
    # An installation that may not be written to is parsed each time, as its bytecode is.
    with suppress(OSError):
        _REMEMBERED.parent.mkdir(exist_ok=True)
        beside.write_text(json.dumps([_maker(), _remembered()]), encoding="utf-8")
        beside.replace(_REMEMBERED)
        _changed.clear()


@cache
def _maker() -> str:
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()


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


@cache
def _files(name: str) -> tuple[Path, ...]:
    """Return the file of a dotted module name and the ``__init__`` files above it."""
    parts = name.split(".")[1:]
    packages = [_LIBRARY.joinpath(*parts[:depth]) for depth in range(len(parts) + 1)]
    found = [packages[-1].with_suffix(".py")] if parts else []
    return tuple(f for f in [*found, *(p / "__init__.py" for p in packages)] if f.is_file())


def _drop_docstring(node: ast.AST) -> None:
    if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return
    if ast.get_docstring(node, clean=False) is not None:
        node.body = node.body[1:]
