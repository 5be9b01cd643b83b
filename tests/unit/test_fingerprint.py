"""A fingerprint changes with the code that a script uses, and with nothing else."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"
PRINT = """
import sys
from foldwise.fingerprint import fingerprint
print(fingerprint(sys.argv[1], sys.argv[2:]))
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of the scripts and the library that a test may edit."""
    shutil.copytree(SCRIPTS, tmp_path / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "scripts"


def _fingerprint(copy: Path, script: str, *modules: str) -> str:
    """Return a script's fingerprint, computed by a new process: within one, files are read once."""
    printed = subprocess.run(
        [sys.executable, "-B", "-c", PRINT, str(copy / f"{script}.py"), *modules],
        cwd=copy,
        env={"PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        check=True,
    )
    return printed.stdout.strip()


def _edit(path: Path, change: Callable[[str], str]) -> None:
    old = path.read_text(encoding="utf-8")
    new = change(old)
    assert new != old
    path.write_text(new, encoding="utf-8")


def test_it_is_sixteen_hexadecimal_digits(copy: Path) -> None:
    assert re.fullmatch("[0-9a-f]{16}", _fingerprint(copy, "make_folds"))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda text: f"# A comment.\n\n{text}\n\n# Another.\n", id="comments and blank lines"),
        pytest.param(lambda text: text.replace('"""Split rows', '"""Divide rows'), id="a docstring"),
        pytest.param(lambda text: text.replace("(label, group, plan)", "(\n    label, group, plan)"), id="layout"),
    ],
)
def test_what_does_not_run_does_not_count(copy: Path, change: Callable[[str], str]) -> None:
    before = _fingerprint(copy, "make_folds")
    _edit(copy / "foldwise" / "folds" / "make_folds.py", change)
    assert _fingerprint(copy, "make_folds") == before


@pytest.mark.parametrize(
    "module",
    [
        pytest.param("folds/make_folds.py", id="imported by the script"),
        pytest.param("folds/groups.py", id="imported by a module"),
        pytest.param("errors.py", id="imported by a module of a module"),
        pytest.param("__init__.py", id="the package itself"),
    ],
)
def test_code_that_is_reached_counts(copy: Path, module: str) -> None:
    before = _fingerprint(copy, "make_folds")
    _edit(copy / "foldwise" / module, lambda text: f"{text}\nADDED = 1\n")
    assert _fingerprint(copy, "make_folds") != before


def test_statements_that_differ_in_one_value_or_one_level_differ(copy: Path) -> None:
    module = copy / "foldwise" / "folds" / "make_folds.py"
    original = module.read_text(encoding="utf-8")
    statements = ["X = 1", "X = 1.0", "X = '1'", "X = True", "X = [1, [2], 3]", "X = [1, [2, 3]]", "X = [1, 2, 3]"]
    fingerprints = set()
    for statement in statements:
        module.write_text(f"{original}\n{statement}\n", encoding="utf-8")
        fingerprints.add(_fingerprint(copy, "make_folds"))
    assert len(fingerprints) == len(statements)


def test_code_that_is_not_reached_does_not_count(copy: Path) -> None:
    before = _fingerprint(copy, "make_folds")
    _edit(copy / "foldwise" / "stats" / "metrics.py", lambda text: f"{text}\nADDED = 1\n")
    assert _fingerprint(copy, "make_folds") == before


def test_an_import_inside_a_function_counts(copy: Path) -> None:
    _edit(
        copy / "foldwise" / "folds" / "make_folds.py",
        lambda text: f"{text}\ndef later():\n    import foldwise.stats.metrics\n",
    )
    before = _fingerprint(copy, "make_folds")
    _edit(copy / "foldwise" / "stats" / "metrics.py", lambda text: f"{text}\nADDED = 1\n")
    assert _fingerprint(copy, "make_folds") != before


@pytest.mark.parametrize("resource", ["report.html.j2", "page.css", "page.js"])
def test_a_template_counts_for_the_report_alone(copy: Path, resource: str) -> None:
    before = {script: _fingerprint(copy, script) for script in ("report", "evaluate_backend")}
    _edit(copy / "foldwise" / "report" / resource, lambda text: f"{text} ")
    assert _fingerprint(copy, "report") != before["report"]
    assert _fingerprint(copy, "evaluate_backend") == before["evaluate_backend"]


def test_the_program_that_a_bundle_ships_counts_with_its_comments(copy: Path) -> None:
    before = {script: _fingerprint(copy, script) for script in ("make_bundle", "score_table")}
    _edit(copy / "foldwise" / "bundle" / "standalone" / "score.py", lambda text: f"{text}# A comment.\n")
    assert _fingerprint(copy, "make_bundle") != before["make_bundle"]
    assert _fingerprint(copy, "score_table") == before["score_table"]


def test_a_module_that_is_imported_by_name_counts_where_it_is_given(copy: Path) -> None:
    names = [f"foldwise.backends.{backend}" for backend in ("xgboost", "catboost")]
    before = [_fingerprint(copy, "train_fold", name) for name in names]
    _edit(copy / "foldwise" / "backends" / "xgboost.py", lambda text: f"{text}\nADDED = 1\n")
    after = [_fingerprint(copy, "train_fold", name) for name in names]
    assert after[0] != before[0]
    assert after[1] == before[1]


def test_it_does_not_depend_on_the_folder(copy: Path, tmp_path: Path) -> None:
    before = _fingerprint(copy, "train_fold")
    moved = shutil.move(copy, tmp_path / "elsewhere")
    assert _fingerprint(Path(moved), "train_fold") == before


def test_an_import_for_type_checkers_does_not_count(copy: Path) -> None:
    guarded = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import foldwise.stats.metrics\n"
    _edit(copy / "foldwise" / "folds" / "make_folds.py", lambda text: f"{text}\n{guarded}")
    before = _fingerprint(copy, "make_folds")
    _edit(copy / "foldwise" / "stats" / "metrics.py", lambda text: f"{text}\nADDED = 1\n")
    assert _fingerprint(copy, "make_folds") == before
