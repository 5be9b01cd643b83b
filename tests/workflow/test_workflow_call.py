"""The Python call runs the workflow: where results land, what is repeated, deleted and reported."""

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from fixtures.tiny_study import SPACE
from foldwise import TrainingError, UserError, train_gradient_boosting
from foldwise.examples.demo.tables import make_demo
from foldwise.io.files import write_table

from workflow.conftest import ROOT, results_without_pages, started

pytestmark = pytest.mark.workflow

MODELS = {"xgboost": "model.json", "lightgbm": "model.joblib"}
CONFIGURATION = {"folds": {"inner_splits": 2}, "search": {"space": SPACE}, "audit": {"scrambles": 0}}


def _call(project: Path, **more: Any) -> dict[str, dict[str, Any]]:
    given: dict[str, Any] = {
        "project_root": project,
        "scaled_metadata_path": "data/stage3/scaled_metadata.parquet",
        "features_stage2_path": "data/stage2/features_metadata.parquet",
        "output_dir": "data/stage5",
        "n_splits": 2,
        "models": list(MODELS),
        "configuration": CONFIGURATION,
        "cores": 2,
    }
    return train_gradient_boosting(**{**given, **more})


def _write_tables(project: Path) -> None:
    names = ("stage3/scaled_metadata", "stage2/features_metadata", "stage4/features")
    for name, table in zip(names, make_demo(1, 40, 1), strict=True):
        write_table(project / "data" / f"{name}.parquet", table)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, dict[str, Any]]]:
    project = tmp_path_factory.mktemp("project")
    _write_tables(project)
    return project, _call(project)


@pytest.fixture
def project(trained: tuple[Path, dict[str, dict[str, Any]]], tmp_path: Path) -> Path:
    """A copy of the finished project that a test may change."""
    return Path(shutil.copytree(trained[0], tmp_path / "project", symlinks=True))


def test_results_are_where_the_notebook_looks(trained: tuple[Path, dict[str, dict[str, Any]]]) -> None:
    project, results = trained
    base = project / "data" / "stage5"
    assert list(results) == list(MODELS)
    for backend, model in MODELS.items():
        assert (base / backend / model).is_file()
        assert Path(results[backend]["model_path"]).is_file()
        assert (Path(results[backend]["plots_path"]) / "roc_curve.png").is_file()
        metrics = json.loads((base / backend / "metrics.json").read_text())
        assert metrics.items() <= results[backend].items()
        assert len(metrics["fold_results"]) == 2
    assert (base / "report.html").is_file()


def test_they_are_those_of_a_plain_run(trained: tuple[Path, dict[str, dict[str, Any]]], tmp_path: Path) -> None:
    project = trained[0]
    shutil.copytree(project / "data", tmp_path / "data", ignore=shutil.ignore_patterns("stage5"))
    entry = {
        "metadata": "data/stage3/scaled_metadata.parquet",
        "features": {"stage2": "data/stage2/features_metadata.parquet"},
        "id": "video_path",
        "id_pattern": r"(?P<id>[^/]+?)(?:_scaled_.*)?\.mp4$",
        "label": "label",
        "groups": ["original_video"],
        "slices": ["is_original"],
    }
    folds = {"n_splits": 2, "inner_splits": 2}
    config = {**CONFIGURATION, "datasets": {"stage5": entry}, "folds": folds, "backends": list(MODELS)}
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    command = [sys.executable, "-m", "snakemake", "-s", str(ROOT / "Snakefile"), "-d", str(tmp_path), "--cores", "2"]
    done = started(
        [*command, "--configfile", str(tmp_path / "config.json"), "--", results_without_pages("stage5")], tmp_path
    )
    assert done.returncode == 0, done.stdout + done.stderr
    plain = tmp_path / "results" / "stage5"
    names = [p.relative_to(plain) for p in plain.rglob("*") if p.name in ("metrics.json", "model.json", "model.txt")]
    # Four fold models, two final ones and their copies in the bundle; metrics of both and of the ensemble.
    assert len(names) == 11
    for name in names:
        assert (plain / name).read_bytes() == (project / "data/stage5" / name).read_bytes(), name


def test_a_second_call_does_nothing(
    trained: tuple[Path, dict[str, dict[str, Any]]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert _call(trained[0]) == trained[1]
    assert "Nothing to be done" in capsys.readouterr().err


def test_delete_existing_deletes_what_the_workflow_wrote_and_nothing_else(project: Path) -> None:
    base = project / "data" / "stage5"
    strange = [base / "notes.txt", base / "5f" / "model.json", base / "lightgbm" / "mine.parquet"]
    for path in strange:
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine", encoding="utf-8")
    before = (base / "xgboost" / "model.json").stat().st_ino
    _call(project, models=["xgboost"], delete_existing=True)
    assert [path.read_text(encoding="utf-8") for path in strange] == ["mine"] * 3
    assert [p.name for p in (base / "lightgbm").rglob("*")] == ["mine.parquet"]
    assert (base / "xgboost" / "model.json").stat().st_ino != before


def test_a_model_that_was_trained_elsewhere_is_not_written_over(project: Path) -> None:
    model = project / "data" / "other" / "xgboost" / "model.json"
    model.parent.mkdir(parents=True)
    model.write_text("mine", encoding="utf-8")
    with pytest.raises(UserError, match="files that foldwise would overwrite"):
        _call(project, output_dir="data/other", delete_existing=True)
    assert model.read_text(encoding="utf-8") == "mine"


def test_a_failure_is_the_line_that_says_why(project: Path) -> None:
    with pytest.raises(TrainingError) as caught:
        _call(project, dataset={"groups": ["original_vidoe"]})
    assert "did you mean 'original_video'" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "build_table" in caught.value.log.read_text(encoding="utf-8")


def test_an_interrupt_ends_the_run_and_unlocks_the_folder(tmp_path: Path) -> None:
    _write_tables(tmp_path)
    code = f"import sys; sys.path[:0] = {sys.path!r}; from pathlib import Path; "
    code += f"from workflow.test_workflow_call import _call; _call(Path({str(tmp_path)!r}))"
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if re.match(r"1 of \d+ steps", line):
            break
    process.send_signal(signal.SIGINT)
    rest = process.communicate()[1]
    assert "KeyboardInterrupt" in rest
    assert not list((tmp_path / "data/stage5/.foldwise/.snakemake").glob("locks/*"))
    assert not _running_below(tmp_path)


def _running_below(folder: Path) -> list[str]:
    """Return the processes that work in a folder, once those that are ending have had a moment."""
    processes: list[str] = []
    for _ in range(100):
        processes = [p.name for p in Path("/proc").glob("[0-9]*") if _working_folder(p).is_relative_to(folder)]
        if not processes:
            break
        time.sleep(0.1)
    return processes


def _working_folder(process: Path) -> Path:
    try:
        return (process / "cwd").readlink()
    except OSError:
        return Path("/")
