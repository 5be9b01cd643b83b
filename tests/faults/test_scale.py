"""Tables and configurations of unusual size or shape: each gives a result or a clear refusal."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fixtures.small_study import SINGLE, configuration
from foldwise.config.datasets import Dataset
from foldwise.config.models import parse
from foldwise.data.build_table import build_table
from foldwise.errors import UserError
from foldwise.folds.assignment import Plan
from foldwise.folds.make_folds import make_folds
from foldwise.io.files import read_json, read_table

PLAN = Plan(n_splits=3, n_repeats=1, inner_splits=2, seed=1)
GIVEN = {"table": "t.parquet", "label": "fake", "groups": ["video"]}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def prepared(columns: dict[str, Any], plan: Plan = PLAN, **more: Any) -> tuple[pa.Table, dict[str, Any], pa.Table]:
    """Build the table of a dataset and its folds; return table, contract and folds."""
    pq.write_table(pa.table(columns), "t.parquet")
    build_table("mine", Dataset.model_validate({**GIVEN, **more}), table="table.parquet", contract="table.json")
    make_folds(table="table.parquet", contract="table.json", plan=plan, output="folds.parquet")
    return read_table("table.parquet"), read_json("table.json"), read_table("folds.parquet")


def drawn(rows: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=rows)


def test_5000_columns() -> None:
    rows = 400
    video = np.arange(rows) // 4
    columns = {f"feature {n}": drawn(rows, n) for n in range(5000)}
    table, contract, _ = prepared({"video": video, "fake": video % 2, **columns})
    assert len(contract["features"]) == 5000
    assert table.shape == (rows, 5003)


@pytest.mark.parametrize(("groups", "rows_of_a_group"), [(1_000_000, 2), (100_000, 1)])
def test_a_million_groups_of_two_rows_and_100000_rows_without_groups(groups: int, rows_of_a_group: int) -> None:
    video = np.repeat(np.arange(groups), rows_of_a_group)
    label = (video % 3 == 0).astype(np.int8)
    declared = ["video"] if rows_of_a_group > 1 else []
    columns = {"video": video, "fake": label, "x": drawn(len(video))}
    _, contract, folds = prepared(columns, Plan(n_splits=2, n_repeats=1, inner_splits=2, seed=1), groups=declared)
    assert contract["rows"] == len(video)
    group = folds.column("group").to_numpy()
    assert group.max() + 1 == groups
    for fold in ("fold_1", "fold_2"):
        part = folds.column(fold).to_numpy()
        of_group = np.zeros(groups, int)
        of_group[group] = part
        assert (of_group[group] == part).all()
        assert abs((part == 0).mean() - 1 / 2) < 1e-5


def test_a_group_of_two_fifths_of_the_rows_has_a_fold_of_its_own() -> None:
    video = np.concatenate([np.zeros(400, int), np.arange(1, 601) // 3 + 1])
    label = np.where(video == 0, np.arange(1000) % 2, video % 2)
    _, _, folds = prepared({"video": video, "fake": label, "x": drawn(1000)})
    frame = folds.to_pandas()
    large = frame["group"].value_counts().idxmax()
    assert (frame[["fold_1", "fold_2", "fold_3"]] == 0).sum(axis=1).eq(1).all()
    (fold,) = [f for f in ("fold_1", "fold_2", "fold_3") if (frame[frame["group"] == large][f] == 0).all()]
    assert 400 <= (frame[fold] == 0).sum() < 600


def rare(positive: int) -> dict[str, Any]:
    """Return 100,000 rows of 10,000 videos, a few of which are fake, one row each."""
    video = np.arange(100_000) // 10
    label = np.zeros(100_000, int)
    label[np.arange(positive) * 20_000] = 1
    return {"video": video, "fake": label, "x": drawn(100_000)}


def test_3_positive_rows_of_100000_are_refused_with_the_number_of_folds_that_they_allow() -> None:
    with pytest.raises(UserError, match="3 groups with a positive row, fewer than n_splits: 5: set n_splits: to 3 or"):
        prepared(rare(3), Plan(5, 1, 3, 1))
    with pytest.raises(UserError, match="keeps 2 groups with a positive row, fewer than inner_splits: 3: lower inner"):
        prepared(rare(3), Plan(3, 1, 3, 1))


def test_3_positive_rows_of_100000_can_be_split_in_three() -> None:
    table, _, folds = prepared(rare(3))
    label = table.column("label").to_numpy()
    for fold in ("fold_1", "fold_2", "fold_3"):
        assert label[folds.column(fold).to_numpy() == 0].sum() == 1


def test_rows_whose_label_is_unknown_are_left_out_and_counted() -> None:
    video = np.arange(300) // 3
    label = pd.array(np.where(video % 4 == 3, -1, video % 2), "Int64")
    label[np.asarray(label) == -1] = pd.NA
    table, contract, folds = prepared({"video": video, "fake": pa.array(label, from_pandas=True), "x": drawn(300)})
    assert contract["notes"] == ["75 rows without a label were left out"]
    assert (len(table), len(folds), contract["rows"]) == (225, 225, 225)


def test_columns_groups_and_values_may_be_emoji_and_the_name_of_a_dataset_may_not() -> None:
    video = np.array([f"🎬{n}" for n in np.arange(120) // 3])
    label = np.where(np.arange(120) // 3 % 2, "🤖", "🧑")
    columns = {"🎥": video, "🏷": label, "📏 🇩🇪": drawn(120), "🎞": np.array(["🟥", "🟦"])[np.arange(120) // 6 % 2]}
    _, contract, _ = prepared(columns, label="🏷", groups=["🎥"], positive="🤖", slices=["🎞"])
    assert [f["name"] for f in contract["features"]] == ["📏 🇩🇪"]
    assert contract["unit"] == "🎥"
    with pytest.raises(UserError, match="'🎬' is not a valid name: letters, digits"):
        parse({**configuration(SINGLE), "datasets": {"🎬": SINGLE}})
