"""Mutation tests: small faults put into the library one by one; the unit tests of its package should notice each.

Usage: python tests/mutants.py [--number 40] [--seed 1] [PACKAGE ...]
"""

import argparse
import ast
import importlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from hypothesis import Phase, settings

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = Path("scripts/foldwise")
PACKAGES = ("folds", "stats", "evaluation", "search", "predict", "audit")
_COMPARED = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}
_COMPARED |= {ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In}
_COMPUTED = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult}
_COMPUTED |= {ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd}
_NAMES = {"min": "max", "max": "min", "any": "all", "all": "any", "floor": "ceil", "ceil": "floor"}
# Imported once, before the copies: they take most of the time of a short test run.
_IMPORTED = ("pandas", "pyarrow.parquet", "pydantic", "scipy.stats", "sklearn.model_selection")
_IMPORTED += ("sklearn.linear_model", "xgboost", "lightgbm", "catboost", "yaml")
# Texts for people, and what only a type checker reads.
_SKIPPED_FIELDS = ("annotation", "returns", "decorator_list", "msg")
_SKIPPED_NODES = (ast.JoinedStr, ast.Raise, ast.Import, ast.ImportFrom)


@dataclass(frozen=True)
class Mutant:
    """One change of one file.

    Attributes:
        file: relative to the root of the repository.
        line: where the change is.
        change: the code before and after it.
        source: the whole file, changed.
    """

    file: Path
    line: int
    change: str
    source: str


def mutants(root: Path, file: Path) -> Iterator[Mutant]:
    """Yield every mutant of a file, whose path counts from the root of a copy."""
    tree = ast.parse((root / file).read_text(encoding="utf-8"))
    for parent, field, place in list(_places(tree)):
        holder = getattr(parent, field)
        node = holder if place is None else holder[place]
        for changed in _changes(node):
            _put(parent, field, place, changed)
            yield Mutant(file, node.lineno, f"{_text(node)}  ->  {_text(changed)}", ast.unparse(tree))
        _put(parent, field, place, node)


def _places(parent: ast.AST) -> Iterator[tuple[ast.AST, str, int | None]]:
    """Yield where in the tree a node may be replaced: its parent, the field there, and the place in a list."""
    for field, value in ast.iter_fields(parent):
        if field in _SKIPPED_FIELDS:
            continue
        for place, node in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(node, ast.AST) or isinstance(node, _SKIPPED_NODES) or _is_printed(node):
                continue
            if hasattr(node, "lineno"):
                yield parent, field, place
            yield from _places(node)


def _is_printed(node: ast.AST) -> bool:
    call = node.value if isinstance(node, ast.Expr) else None
    return isinstance(call, ast.Constant) or (isinstance(call, ast.Call) and ast.unparse(call.func) == "print")


def _changes(node: ast.AST) -> Iterator[ast.AST]:  # noqa: C901 (a case for each kind of node)
    """Yield what a node may be replaced by."""
    changed = deepcopy(node)
    match changed:
        case ast.Compare(ops=[operator]) if type(operator) in _COMPARED:
            changed.ops = [_COMPARED[type(operator)]()]
            yield changed
        case ast.BinOp(op=operator) | ast.AugAssign(op=operator) if type(operator) in _COMPUTED:
            changed.op = _COMPUTED[type(operator)]()
            yield changed
        case ast.BoolOp():
            changed.op = ast.Or() if isinstance(changed.op, ast.And) else ast.And()
            yield changed
        case ast.UnaryOp(op=ast.Not() | ast.USub() | ast.Invert()):
            yield changed.operand
        case ast.Constant(value=bool() as value):
            yield ast.Constant(not value)
        case ast.Constant(value=int() | float() as value):
            yield ast.Constant(value + 1)
        case ast.Name(id=name) if name in _NAMES:
            yield ast.Name(_NAMES[name])
        case ast.Attribute(attr=name) if name in _NAMES:
            changed.attr = _NAMES[name]
            yield changed
        case ast.If() | ast.IfExp() | ast.While():
            changed.test = ast.UnaryOp(ast.Not(), changed.test)
            yield changed
        case ast.comprehension() if changed.ifs:
            changed.ifs = []
            yield changed
        case ast.Return(value=value) if value is not None:
            yield ast.Return(ast.Constant(None))
        case ast.Expr(value=ast.Call()) | ast.Delete() | ast.Continue() | ast.Break():
            yield ast.Pass()


def _put(parent: ast.AST, field: str, place: int | None, node: ast.AST) -> None:
    if place is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[place] = node


def _text(node: ast.AST) -> str:
    """Return the first line of a node as code."""
    return ast.unparse(node).splitlines()[0][:100]


def copied(folder: Path) -> Path:
    """Copy the files of the repository that git knows or would know."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    for name in listed.stdout.splitlines():
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name, follow_symlinks=False)
    return folder


def start(folder: Path, package: str) -> BaseProcess:
    """Start the unit tests of a package in a copy of this process, those that failed last time first."""
    process = get_context("fork").Process(target=run_tests, args=(folder, package))
    process.start()
    return process


def run_tests(folder: Path, package: str) -> None:
    """Run the tests in a process and session of its own."""
    os.setsid()
    os.chdir(folder)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    # A first failing example is enough: looking for a simpler one takes minutes.
    settings.register_profile("mutants", phases=(Phase.explicit, Phase.reuse, Phase.generate))
    settings.load_profile("mutants")
    sys.exit(pytest.main([f"tests/unit/{package}", "-x", "--failed-first"]))


def survivors(package: str, chosen: list[Mutant], folders: list[Path]) -> list[Mutant]:
    """Print and return the mutants that the tests of a package miss; one that takes far too long is noticed."""
    begun = time.monotonic()
    unchanged = start(folders[0], package)
    unchanged.join()
    if unchanged.exitcode:
        sys.exit(f"error: tests/unit/{package} fails without a mutant")
    seconds = 60 + 5 * (time.monotonic() - begun)
    alive, waiting, free = [], list(chosen), list(folders)
    running: dict[BaseProcess, tuple[Mutant, Path, str, float]] = {}
    while waiting or running:
        while waiting and free:
            mutant, folder = waiting.pop(0), free.pop()
            before = (folder / mutant.file).read_text(encoding="utf-8")
            (folder / mutant.file).write_text(mutant.source, encoding="utf-8")
            running[start(folder, package)] = mutant, folder, before, time.monotonic() + seconds
        wait([process.sentinel for process in running], timeout=1)
        for process, (mutant, folder, before, end) in list(running.items()):
            if process.is_alive() and time.monotonic() < end:
                continue
            if process.is_alive():
                os.killpg(process.pid or 0, signal.SIGKILL)
                process.join()
            if process.exitcode == 0:
                alive.append(mutant)
                print(f"{mutant.file}:{mutant.line}  {mutant.change}", flush=True)
            (folder / mutant.file).write_text(before, encoding="utf-8")
            free.append(folder)
            del running[process]
    return alive


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("packages", nargs="*", metavar="PACKAGE", default=PACKAGES)
    parser.add_argument("--number", type=int, default=40, help="mutants of each package, drawn at random")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2, help="test runs at a time")
    asked = parser.parse_args()
    # Bytecode of a changed file of the same size and second would be taken for that of the file before.
    sys.dont_write_bytecode = True
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", PYTHONDONTWRITEBYTECODE="1")
    for name in _IMPORTED:
        importlib.import_module(name)
    lines = [f"{'package':12} mutants killed survived"]
    with tempfile.TemporaryDirectory() as folder:
        folders = [copied(Path(folder, str(number))) for number in range(asked.jobs)]
        for package in asked.packages:
            files = sorted((folders[0] / LIBRARY / package).rglob("*.py"))
            everything = [mutant for file in files for mutant in mutants(folders[0], file.relative_to(folders[0]))]
            chosen = random.Random(asked.seed).sample(everything, min(asked.number, len(everything)))  # noqa: S311
            alive = survivors(package, chosen, folders)
            n = len(chosen)
            lines.append(f"{package:12} {n:7} {n - len(alive):6} {len(alive):8}   of {len(everything)}")
            print(lines[-1], flush=True)
    print("\n".join(lines))


if __name__ == "__main__":
    main()
