"""The executed notebook says what the results say, shows frames of videos, and is the same every time."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import av
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from foldwise.report.notebook import execute_notebook

from workflow.conftest import ROOT, Study

NOTEBOOK = ROOT / "notebooks" / "results.ipynb"
CELLS = {cell["id"]: "".join(cell["source"]) for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]}


def shown(notebook: Path, cell: str) -> str:
    """Return the text that a cell of an executed notebook shows."""
    cells = {c["id"]: c for c in json.loads(notebook.read_text(encoding="utf-8"))["cells"]}
    outputs = cells[cell]["outputs"]
    assert not [o for o in outputs if o["output_type"] == "error"]
    return "\n".join("".join(o.get("text") or o["data"]["text/plain"]) for o in outputs)


@pytest.fixture
def executed(finished: Study) -> Path:
    return finished.folder / "results" / "tiny" / "results.ipynb"


@pytest.mark.workflow
def test_every_cell_was_run_in_order(executed: Path) -> None:
    cells = json.loads(executed.read_text(encoding="utf-8"))["cells"]
    counts = [c["execution_count"] for c in cells if c["cell_type"] == "code"]
    assert counts == list(range(1, len(counts) + 1))
    for cell in ("settings", "saved-models", "load", "summary", "chart", "plots", "sql", "predict", "check"):
        assert shown(executed, cell)


@pytest.mark.workflow
def test_the_summary_and_the_query_show_the_scores_of_metrics_json(executed: Path) -> None:
    summary, query = shown(executed, "summary"), shown(executed, "sql")
    f1 = []
    for backend in ("xgboost", "lightgbm", "catboost", "ensemble"):
        metrics = json.loads((executed.parent / backend / "metrics.json").read_text(encoding="utf-8"))
        assert f"{metrics['test_auc']:.3f} ± {metrics['test_auc_std']:.3f}" in summary
        f1.append([fold["f1"] for fold in metrics["fold_results"]])
    for mean in np.mean(f1, axis=0):
        assert f"{mean:.3f}"[:5] in query


@pytest.mark.workflow
def test_the_models_that_it_loads_give_the_stored_scores(executed: Path) -> None:
    differences = re.findall(r"fold 1: (\S+)", shown(executed, "check"))
    assert differences == ["0", "0", "0"]


@pytest.mark.workflow
def test_a_second_execution_gives_the_same_bytes(executed: Path, tmp_path: Path) -> None:
    copy = tmp_path / "results" / "tiny"
    shutil.copytree(executed.parent, copy)
    (copy / "results.ipynb").unlink()
    execute_notebook(NOTEBOOK, copy / "results.ipynb")
    assert (copy / "results.ipynb").read_bytes() == executed.read_bytes()


@pytest.mark.workflow
def test_a_change_of_the_video_folder_runs_the_notebook_and_the_report_only(study: Study) -> None:
    dataset = {"table": "data/tiny.parquet", "label": "fake", "groups": ["video"], "slices": ["camera"]}
    study.write_config(datasets={"tiny": {**dataset, "video_root": "videos"}})
    assert dict(study.would_run()) == {"execute_notebook": 1, "report": 1, "report_index": 1}


def show_videos(folder: Path, capsys: pytest.CaptureFixture[str], **more: Any) -> str:
    """Run the cell of the videos by itself, on a metadata table of two samples."""
    table = pd.DataFrame({"path": ["clips/one.mp4", "clips/two.mp4"], "label": [0, 1]})
    table.to_csv(folder / "metadata.csv", index=False)
    contract = {"id": "path", "label": {"column": "label"}, "sources": [{"path": str(folder / "metadata.csv")}]}
    names = {"VIDEO_ROOT": str(folder), "contract": contract, "RESULTS": folder, "Path": Path} | more
    exec(CELLS["videos"], {**names, "av": av, "pd": pd, "plt": plt})  # noqa: S102 (a cell of the project's notebook)
    return capsys.readouterr().out


def write_video(path: Path) -> None:
    """Write three frames of 32 x 32, the first of them red."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as video:
        stream = video.add_stream("mpeg4", rate=5)
        stream.width = stream.height = 32
        for red in (255, 0, 0):
            picture = np.zeros((32, 32, 3), np.uint8)
            picture[:, :, 0] = red
            video.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        video.mux(stream.encode())


def test_first_frames_are_shown_where_the_files_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_video(tmp_path / "clips" / "one.mp4")
    plt.switch_backend("Agg")
    assert show_videos(tmp_path, capsys) == ""
    first, second = plt.gcf().axes
    assert first.get_title() == "one.mp4\nlabel 0"
    red, green, blue = np.asarray(first.images[0].get_array()).mean(axis=(0, 1))
    assert red > 200
    assert max(green, blue) < 50
    assert second.texts[0].get_text() == "no such file"
    plt.close("all")


def test_without_videos_one_line_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert show_videos(tmp_path, capsys, VIDEO_ROOT=None) == "no frames: video_root is not set for this dataset\n"
    assert show_videos(tmp_path, capsys) == f"no frames: there is no file {tmp_path}/clips/one.mp4\n"
    nameless = {"id": "row number", "sources": []}
    assert "the dataset has no id" in show_videos(tmp_path, capsys, contract=nameless)


def test_a_file_that_is_no_video_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "one.mp4").write_text("no video")
    plt.switch_backend("Agg")
    show_videos(tmp_path, capsys)
    assert plt.gcf().axes[0].texts[0].get_text() == "no frame can be read"
    plt.close("all")
