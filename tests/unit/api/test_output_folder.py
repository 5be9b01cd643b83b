"""What an output folder takes for its own, and what it leaves alone."""

from pathlib import Path

import pytest
from foldwise.api.output_folder import OutputFolder
from foldwise.errors import UserError


def _write(path: Path, text: str = "x") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _finished(path: Path) -> OutputFolder:
    """Return a folder in which the workflow has written two files, through the link, and what is next to them."""
    folder = OutputFolder(path)
    folder.prepare()
    outputs = ["results/stage5/table.json", "results/stage5/xgboost/fold_1/model.json"]
    folder.claim([*outputs, "results/index.html"])
    for name in (*outputs, "results/index.html", "logs/train_fold/x.log", "benchmarks/x.tsv", ".snakemake/metadata/x"):
        _write(folder.work / name)
    return folder


def test_results_of_the_dataset_land_in_the_folder_itself(tmp_path: Path) -> None:
    folder = _finished(tmp_path / "data" / "stage5")
    assert (tmp_path / "data/stage5/xgboost/fold_1/model.json").is_file()
    assert folder.written() == {"table.json", "xgboost/fold_1/model.json"}


@pytest.mark.parametrize(
    ("name", "dataset"), [("stage5", "stage5"), ("stage 5 (a)", "stage_5__a_"), (".new", "new"), ("§", "results")]
)
def test_the_dataset_is_named_as_the_folder(tmp_path: Path, name: str, dataset: str) -> None:
    assert OutputFolder(tmp_path / name).dataset == dataset


def test_delete_leaves_an_empty_parent_only(tmp_path: Path) -> None:
    _finished(tmp_path / "stage5").delete_written()
    assert list((tmp_path / "stage5").iterdir()) == []


def test_delete_leaves_every_file_of_others(tmp_path: Path) -> None:
    path = tmp_path / "stage5"
    strange = ["notes.txt", "xgboost/fold_1/mine.parquet", "xgboost/old/model.json", ".foldwise/mine.txt"]
    folder = _finished(path)
    for name in strange:
        _write(path / name, "mine")
    folder.delete_written()
    left = {str(p.relative_to(path)) for p in path.rglob("*") if p.is_file()}
    assert left == set(strange)


def test_delete_spares_the_empty_folders_of_others(tmp_path: Path) -> None:
    folder = _finished(tmp_path / "stage5")
    (tmp_path / "stage5" / "catboost").mkdir()
    folder.delete_written()
    assert (tmp_path / "stage5" / "catboost").is_dir()


def test_delete_does_not_follow_a_folder_that_became_a_link(tmp_path: Path) -> None:
    folder = _finished(tmp_path / "stage5")
    (tmp_path / "stage5" / "xgboost").rename(tmp_path / "elsewhere")
    (tmp_path / "stage5" / "xgboost").symlink_to(tmp_path / "elsewhere")
    folder.delete_written()
    assert (tmp_path / "elsewhere" / "fold_1" / "model.json").is_file()


def test_delete_without_a_record_deletes_nothing(tmp_path: Path) -> None:
    _write(tmp_path / "stage5" / "xgboost" / "model.json")
    OutputFolder(tmp_path / "stage5").delete_written()
    assert (tmp_path / "stage5" / "xgboost" / "model.json").is_file()


def test_what_an_earlier_call_wrote_is_still_known_after_a_smaller_one(tmp_path: Path) -> None:
    folder = _finished(tmp_path / "stage5")
    folder.claim(["results/stage5/table.json"])
    assert "xgboost/fold_1/model.json" in folder.written()


def test_a_file_of_others_is_not_written_over(tmp_path: Path) -> None:
    _write(tmp_path / "stage5" / "xgboost" / "model.json", "trained elsewhere")
    folder = OutputFolder(tmp_path / "stage5")
    folder.prepare()
    with pytest.raises(UserError, match=r"'xgboost/model\.json'"):
        folder.claim(["results/stage5/xgboost/model.json", "results/stage5/table.json"])
    folder.delete_written()
    assert (tmp_path / "stage5" / "xgboost" / "model.json").read_text() == "trained elsewhere"


def test_a_working_folder_of_others_is_refused(tmp_path: Path) -> None:
    _write(tmp_path / "stage5" / ".foldwise" / "mine.txt")
    with pytest.raises(UserError, match="not created by foldwise"):
        OutputFolder(tmp_path / "stage5").prepare()


def test_a_file_is_no_output_folder(tmp_path: Path) -> None:
    _write(tmp_path / "stage5")
    with pytest.raises(UserError, match="is a file"):
        OutputFolder(tmp_path / "stage5").prepare()
