"""The cells of the study's notebook that only read files run as they are on what this workflow writes.

The notebook's own package is not here, so its two functions have stand-ins; polars and seaborn are imported
there but only needed by the first stand-in. Its loading cell has lost the imports inside its `try`, and its
cell of plots the definition of MODEL_DIR: both are given from outside. No line of a cell is changed.
"""

import re
import sys
import types
from pathlib import Path
from typing import Any

import catboost
import matplotlib.pyplot as plt
import pandas as pd
import pytest
import xgboost

from workflow.conftest import ROOT, Study

REFERENCE = ROOT.parent / "shared" / "reference" / "notebook.txt"
BACKENDS = ("xgboost", "lightgbm", "catboost")
PLOTS = 6

pytestmark = [
    pytest.mark.workflow,
    pytest.mark.skipif(not REFERENCE.is_file(), reason="the study's notebook is not next to this checkout"),
]


def code_cells() -> list[str]:
    """Return the code cells of the notebook's text; a heading of the next text cell ends one."""
    parts = REFERENCE.read_text(encoding="utf-8").split("In [None]:\n")[1:]
    return [re.split(r"^## ", part, maxsplit=1, flags=re.MULTILINE)[0] for part in parts]


class Frame:
    """The little of a polars frame that the notebook uses."""

    def __init__(self, table: pd.DataFrame) -> None:
        self.table = table
        self.height = len(table)

    def head(self, count: int) -> "Frame":
        return Frame(self.table.head(count))

    def to_pandas(self) -> pd.DataFrame:
        return self.table


def metadata(path: str) -> Frame:
    return Frame(pd.DataFrame({"video_path": [f"{Path(path).stem}_{n}.mp4" for n in range(6)], "label": [0, 1] * 3}))


@pytest.fixture
def namespace(finished: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The names of the notebook after its first cell, with this run's results as BASE_MODEL_DIR."""
    (tmp_path / "src" / "notebooks").mkdir(parents=True)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "stage5").symlink_to(finished.folder / "results" / "tiny")
    monkeypatch.chdir(tmp_path / "src" / "notebooks")
    functions = {
        "lib.utils.paths": "load_metadata_flexible",
        "lib.training.metrics_utils": "compute_classification_metrics",
    }
    for module in ("lib", "lib.utils", "lib.training", *functions, "polars", "seaborn"):
        monkeypatch.setitem(sys.modules, module, types.ModuleType(module))
    for module, function in functions.items():
        monkeypatch.setattr(sys.modules[module], function, metadata, raising=False)
    monkeypatch.setattr(sys, "path", list(sys.path))
    plt.switch_backend("Agg")
    lost = {"xgb": xgboost, "cb": catboost, "LIGHTGBM_AVAILABLE": True, "CATBOOST_AVAILABLE": True}
    names: dict[str, Any] = {"__name__": "notebook", **lost}
    exec(code_cells()[0], names)  # noqa: S102 (a cell of the study's notebook)
    assert names["BASE_MODEL_DIR"].exists()
    return names


def run(cell: str, names: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    exec(cell, names)  # noqa: S102 (a cell of the study's notebook)
    return capsys.readouterr().out


@pytest.mark.filterwarnings("ignore:FigureCanvasAgg is non-interactive")
def test_the_cells_that_read_files_run_unchanged(namespace: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    _, check, load, _, performance, plots = code_cells()
    printed = run(check, namespace, capsys)
    assert printed.count("[OK]") == 2 * len(BACKENDS)
    assert "[X]" not in printed
    loaded = run(load, namespace, capsys)
    assert [b for b in BACKENDS if f"[OK] Loaded {b} model" in loaded] == list(BACKENDS)
    assert "[WARN]" not in loaded
    assert set(namespace["loaded_models"]) == set(BACKENDS)
    summary = run(performance, namespace, capsys)
    for backend in BACKENDS:
        metrics = namespace["all_metrics"][backend]
        assert f"{backend.upper()} Performance Metrics:" in summary
        assert f"  test_f1: {metrics['test_f1']:.4f}" in summary
        shown = run(plots, {**namespace, "MODEL_DIR": namespace["BASE_MODEL_DIR"] / backend}, capsys)
        assert shown.count("[OK] Found: ") == PLOTS
    plt.close("all")
