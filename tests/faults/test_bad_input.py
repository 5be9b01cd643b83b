"""A user's mistake ends in one line that names the thing and the way out, and leaves no file behind."""

import os
from pathlib import Path

import bad_settings
import bad_tables
import pandas as pd
import pytest
from case import Case
from fixtures.small_study import SINGLE, configuration, run_steps, table, write_study
from foldwise.errors import UserError

CASES = [*bad_tables.CASES, *bad_settings.CASES]

# What the steps before the failing one have written.
FINISHED = {
    "config": [],
    "table": [],
    "folds": ["table.json", "table.parquet"],
    "audit": ["audit.json", "folds.parquet", "table.json", "table.parquet"],
}
# How the error of a step names the dataset or the place in the configuration.
PLACES = {
    "config": ("config: ", "search.space"),
    "table": ("dataset 'mine': ",),
    "folds": ("dataset 'mine': ",),
    "audit": ("audit of 'mine': ",),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a working folder with the files of a good study."""
    write_study(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "_"))
def test_a_mistake_is_reported_in_one_line_with_the_way_out(case: Case, folder: Path) -> None:
    if case.name.startswith(("unreadable", "file in an unreadable")) and os.geteuid() == 0:
        pytest.skip("root reads every file, whatever its permissions")
    case.spoil(folder)
    with pytest.raises(UserError) as caught:
        run_steps(configuration(case.given(), **case.settings), folder / "results")
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(PLACES[case.step])
    for word in case.words:
        assert word in message
    left = [path.name for path in (folder / "results").rglob("*") if path.is_file()]
    assert sorted(left) == FINISHED[case.step]


def test_the_study_that_the_mistakes_are_made_in_is_good(folder: Path) -> None:
    run_steps(configuration(SINGLE), folder / "results")
    assert (folder / "results/mine/audit.passed").is_file()


def test_a_write_that_fails_leaves_nothing_half_made(folder: Path) -> None:
    (folder / "results/mine/table.parquet").mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        run_steps(configuration(SINGLE), folder / "results")
    assert [path.name for path in (folder / "results/mine").iterdir()] == ["table.parquet"]


def test_the_names_of_the_cases_are_distinct() -> None:
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("named", ["video", None], ids=["named", "nameless"])
def test_an_index_that_pandas_wrote_along_is_no_mistake(folder: Path, named: str | None) -> None:
    frame = table().set_index("video" if named else pd.Index(range(100, 148)))
    frame.assign(**({} if named else {"kind": "x"})).to_parquet("table.parquet")
    run_steps(configuration({**SINGLE, "groups": ["video"]}), folder / "results")
    assert not [c for c in pd.read_parquet("results/mine/table.parquet") if "index" in str(c)]
