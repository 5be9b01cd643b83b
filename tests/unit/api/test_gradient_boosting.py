"""What the Python call refuses before it starts the workflow, and what importing it costs."""

import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from foldwise import TrainingError, UserError, train_gradient_boosting
from foldwise.api import gradient_boosting
from foldwise.examples.demo.tables import make_demo
from foldwise.io.files import write_table

SCRIPTS = Path(__file__).parents[3] / "scripts"
NOTEBOOK = [
    "project_root",
    "scaled_metadata_path",
    "features_stage2_path",
    "features_stage4_path",
    "output_dir",
    "n_splits",
    "models",
    "delete_existing",
]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, table in zip(("metadata", "stage2", "stage4"), make_demo(1, 20, 1), strict=True):
        write_table(tmp_path / f"{name}.parquet", table)
    return tmp_path


def _call(project: Path, **more: Any) -> dict[str, Any]:
    given = {"scaled_metadata_path": "metadata.parquet", "features_stage2_path": "stage2.parquet"}
    return train_gradient_boosting(**{"project_root": project, **given, "output_dir": "out", **more})


def test_the_signature_is_that_of_the_notebook() -> None:
    parameters = inspect.signature(train_gradient_boosting).parameters.values()
    assert [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD] == NOTEBOOK


def test_importing_the_package_imports_no_library() -> None:
    code = "import sys, foldwise; print(sorted({'numpy', 'pyarrow', 'pydantic', 'snakemake'} & set(sys.modules)))"
    printed = subprocess.run([sys.executable, "-c", code], cwd=SCRIPTS, capture_output=True, text=True, check=True)
    assert printed.stdout.strip() == "[]"


def test_an_unknown_name_is_no_attribute() -> None:
    with pytest.raises(ImportError):
        from foldwise import train_gradient_bosting  # noqa: F401


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"models": ["xgbost"]}, "did you mean 'xgboost'"),
        ({"models": "xgboost"}, "backends"),
        ({"models": []}, "backends"),
        ({"n_splits": 1}, "folds.n_splits"),
        ({"features_stage4_path": "missing.parquet"}, "features_stage4_path: there is no file"),
        ({"scaled_metadata_path": "missing.parquet"}, "scaled_metadata_path: there is no file"),
        ({"features_stage2_path": None}, "features"),
        ({"configuration": {"sarch": {}}}, "did you mean 'search'"),
        ({"configuration": {"datasets": {}}}, "'datasets' is defined by other arguments"),
        ({"configuration": {"folds": 3}}, "folds"),
        ({"dataset": {"groop": []}}, "groop"),
    ],
)
def test_a_wrong_argument_is_one_line_and_leaves_no_folder(
    project: Path, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError) as caught:
        _call(project, **arguments)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (project / "out").exists()


def test_a_library_without_its_workflow_says_how_to_install_it(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradient_boosting, "_SNAKEFILE", project / "Snakefile")
    with pytest.raises(UserError, match=r"pip install -e \."):
        _call(project)


@pytest.mark.parametrize(
    ("printed", "reason"),
    [
        (["error: config: a", "error: label: no column 'x'", "Complete log(s): y"], "label: no column 'x'"),
        (["LockException:", "Error: Directory cannot be locked.", "end"], "Directory cannot be locked."),
        (["Error in rule train_fold:", "MissingInputException in rule a, line 3", "end"], "MissingInputException in"),
        (["nothing telling"], "snakemake ended with status 3"),
    ],
)
def test_the_reason_of_a_failure_is_its_last_error_line(
    printed: list[str], reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert gradient_boosting._reason(printed, 3).startswith(reason)
    assert isinstance(TrainingError(reason, tmp_path), UserError)
