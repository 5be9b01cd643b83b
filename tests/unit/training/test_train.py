"""A training job learns from its train part alone, and writes what the later steps read."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures.tables import Grouped, grouped, write_dataset, write_folds
from fixtures.trained import TABLES, TRAIN_SIDE, bytes_of, outputs_in, settings_of, train_in, write_inputs
from foldwise.backends.base import FitOptions
from foldwise.backends.registry import SPECIFICATIONS, get_backend
from foldwise.data.contract import read_contract
from foldwise.data.feature_matrix import FeatureMatrix, read_matrix
from foldwise.errors import UserError
from foldwise.folds.assignment import FINAL, Plan, read_folds
from foldwise.io.files import read_json, read_note, read_table
from foldwise.results.load import read_params
from foldwise.training.train import TrainOutputs, _rows_of_all_groups, train
from foldwise.training.train_data import row_weights

SPACE: Mapping[str, Mapping[str, list[Any]]] = {
    "xgboost": {"n_estimators": [3, 6], "max_depth": [2, 3], "learning_rate": [0.3]},
    "lightgbm": {"n_estimators": [3, 6], "num_leaves": [3, 5], "learning_rate": [0.3]},
    "catboost": {"iterations": [3, 6], "depth": [2, 3], "learning_rate": [0.3]},
}
PLAN = Plan(4, 1, 2, 42)
every_backend = pytest.mark.parametrize("backend", SPECIFICATIONS)


def _part(inputs: Mapping[str, str]) -> Any:
    return read_folds(inputs["folds"], only=1).assignments[1]


def _changed(data: Grouped, rows: Any) -> Grouped:
    """Return the table with other values and the other labels in some rows."""
    values, label = data.matrix.values.copy(), data.label.copy()
    values[rows] = 5 - 3 * values[rows]
    label[rows] = 1 - label[rows]
    return Grouped(FeatureMatrix(values, data.matrix.names), label, data.group)


def _with_table_of(folder: Path, inputs: Mapping[str, str], data: Grouped) -> dict[str, str]:
    folder.mkdir()
    return {**inputs, **write_dataset(folder, data)}


@pytest.mark.parametrize("rounds", [None, 2], ids=["grid", "early stopping"])
@every_backend
def test_test_rows_do_not_change_the_search_or_the_model(backend: str, rounds: int | None, tmp_path: Path) -> None:
    data = grouped(groups=24)
    inputs = write_inputs(tmp_path, data, PLAN)
    settings = settings_of(backend, SPACE[backend], early_stopping_rounds=rounds)
    first = train_in(tmp_path / "first", inputs, settings)
    changed = _with_table_of(tmp_path / "changed", inputs, _changed(data, _part(inputs) == 0))
    second = train_in(tmp_path / "second", changed, settings)
    for name in TRAIN_SIDE:
        assert bytes_of(first, name) == bytes_of(second, name), name
    [one], [other] = read_params(first.params), read_params(second.params)
    assert (one.chosen, one.trees, one.score, one.fits) == (other.chosen, other.trees, other.score, other.fits)
    assert bytes_of(first, "predictions") != bytes_of(second, "predictions")


@pytest.fixture
def left_out(tmp_path: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Return two tables that differ only in the six groups of 24 that are left out of fold 1, with its folds."""
    data = grouped(groups=24, missing=0.1)
    number = data.group // 2
    part = np.select([number % 4 == 0, number % 4 == 1], [0, -1], number % 2 + 1)
    inputs = write_dataset(tmp_path, data)
    inputs |= {"folds": write_folds(tmp_path / "folds.parquet", data, [part], n_splits=1)}
    return inputs, _with_table_of(tmp_path / "changed", inputs, _changed(data, part == -1))


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"method": "race"},
        {"method": "screen"},
        {"early_stopping_rounds": 2},
        {"class_weight": "balanced"},
        {"fraction": 0.5},
    ],
    ids=str,
)
@every_backend
def test_rows_left_out_of_a_fold_change_no_output(
    backend: str, changed: dict[str, Any], left_out: tuple[dict[str, str], dict[str, str]], tmp_path: Path
) -> None:
    settings = settings_of(backend, SPACE[backend], **changed)
    first, second = (train_in(tmp_path / f"job_{i}", inputs, settings) for i, inputs in enumerate(left_out))
    for name in (*TABLES, "model"):
        assert bytes_of(first, name) == bytes_of(second, name), name
    [params] = read_params(first.params)
    assert (params.rows.train, params.rows.test) == (60, 30)
    assert (params.groups.train, params.groups.test) == (12, 6)
    assert read_table(first.inner_predictions).num_rows == 60


@every_backend
def test_the_same_job_gives_the_same_bytes(backend: str, tmp_path: Path) -> None:
    inputs = write_inputs(tmp_path, grouped(groups=24, categories=2, missing=0.1), PLAN)
    first, second = (train_in(tmp_path / name, inputs, settings_of(backend, SPACE[backend])) for name in "ab")
    for name in (*TABLES, "model"):
        assert bytes_of(first, name) == bytes_of(second, name), name


@dataclass(frozen=True)
class Job:
    """A finished training job of fold 1."""

    inputs: dict[str, str]
    outputs: TrainOutputs
    model: Any

    @property
    def part(self) -> Any:
        """0 for a test row, the inner fold of a train row, shape (n,)."""
        return _part(self.inputs)

    @property
    def matrix(self) -> FeatureMatrix:
        """The features of the table."""
        return read_matrix(self.inputs["table"], read_contract(self.inputs["contract"]).features)

    def frame(self, name: str) -> Any:
        """Return an output as a frame."""
        return read_table(getattr(self.outputs, name)).to_pandas()


def _job(folder: Path, backend: str) -> Job:
    inputs = write_inputs(folder, grouped(groups=24, missing=0.1), PLAN)
    outputs = train_in(folder, inputs, settings_of(backend, SPACE[backend]))
    return Job(inputs, outputs, get_backend(backend).load(Path(outputs.model)))


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """Return a job of XGBoost."""
    return _job(tmp_path_factory.mktemp("job"), "xgboost")


@every_backend
def test_predictions_are_those_of_the_saved_model_on_the_test_rows(backend: str, tmp_path: Path) -> None:
    job = _job(tmp_path, backend)
    expected = get_backend(backend).predict_matrix(job.model, job.matrix.rows(job.part == 0))
    predictions = job.frame("predictions")
    np.testing.assert_array_equal(predictions["score"], expected)
    assert predictions["sample_id"].tolist() == [f"sample_{i:03d}" for i in np.flatnonzero(job.part == 0)]


@every_backend
def test_importance_is_the_share_of_gain_and_the_mean_absolute_shap_value(backend: str, tmp_path: Path) -> None:
    job = _job(tmp_path, backend)
    module, importance = get_backend(backend), job.frame("importance")
    shap = module.contributions(job.model, job.matrix.rows(job.part == 0))
    gain = module.gain(job.model)
    assert importance["feature"].tolist() == [f"feature_{j}" for j in range(5)]
    np.testing.assert_array_equal(importance["shap"], np.abs(shap).mean(axis=0))
    np.testing.assert_allclose(importance["gain"], gain / gain.sum(), rtol=1e-5)
    assert set(importance["n_rows"]) == {np.count_nonzero(job.part == 0)}


def test_rows_to_explain_are_taken_from_all_groups_in_turn() -> None:
    group = np.repeat(np.array([5, 2, 9, 0], np.int32), [50, 1, 3, 20])
    for count in (1, 3, 4, 6, 8, 30):
        rows = _rows_of_all_groups(group, count, seed=1)
        taken = np.bincount(group[rows], minlength=10)[[5, 2, 9, 0]]
        assert len(set(rows.tolist())) == count
        assert rows.tolist() == sorted(rows)
        # A group has fewer rows than another one only where it has no more, or where it is not its turn yet.
        assert all(n >= min(size, taken.max() - 1) for n, size in zip(taken, (50, 1, 3, 20), strict=True))
    assert _rows_of_all_groups(group, 74, seed=1).tolist() == list(range(74))
    assert _rows_of_all_groups(group, 2000, seed=1).tolist() == list(range(74))


def test_rows_to_explain_are_drawn_by_the_seed() -> None:
    group = np.repeat(np.arange(4, dtype=np.int32), 50)
    drawn = [_rows_of_all_groups(group, 20, seed).tolist() for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    # Not the first rows of each group, which may be alike.
    assert max(row % 50 for row in drawn[0]) > 20


def test_the_search_table_has_one_row_a_point(job: Job) -> None:
    table = job.frame("search")
    assert table["param_n_estimators"].tolist() == table["trees"].tolist() == [3, 6, 3, 6]
    assert table["param_max_depth"].tolist() == [2, 2, 3, 3]
    assert table.loc[table["chosen"], "rank"].tolist() == [1]
    assert read_note(job.outputs.search) == {"metric": "log_loss", "greater_is_better": "false"}


def test_inner_predictions_are_out_of_fold_and_give_the_metric_of_the_chosen_point(job: Job) -> None:
    table = job.frame("search")
    chosen = table[table["chosen"]].iloc[0]
    for fold, rows in job.frame("inner_predictions").groupby("inner_fold"):
        loss = -np.log(np.where(rows["label"] == 1, rows["score"], 1 - rows["score"])).mean()
        assert loss == pytest.approx(chosen[f"score_{fold}"], rel=1e-5)


def test_curves_cover_every_tree_of_the_fit_part_and_metric(job: Job) -> None:
    trees = read_params(job.outputs.params)[0].chosen["n_estimators"]
    assert job.frame("curve").groupby(["inner_fold", "part", "metric"])["iteration"].agg(list).tolist() == [
        list(range(1, trees + 1))
    ] * (2 * 2 * 2)


def test_a_curve_has_the_metric_of_the_chosen_point_at_its_number_of_trees(job: Job) -> None:
    search, curve = job.frame("search"), job.frame("curve")
    chosen = search[search["chosen"]].iloc[0]
    at_trees = curve[curve["iteration"] == chosen["trees"]].set_index(["part", "metric", "inner_fold"])["value"]
    for fold in (1, 2):
        assert at_trees["validation", "log_loss", fold] == pytest.approx(chosen[f"score_{fold}"], rel=1e-5)
        assert at_trees["train", "log_loss", fold] < at_trees["validation", "log_loss", fold]


def test_the_summary_counts_rows_and_groups(job: Job) -> None:
    [params] = read_params(job.outputs.params)
    assert params.rows.train + params.rows.test == 120
    assert params.groups.train + params.groups.test == 24
    assert (params.points, params.fits, params.features, params.fold) == (4, 4, 5, 1)
    assert (params.inner_folds, params.trees_limit_met) == (2, False)
    assert list(read_json(job.outputs.params)) == [
        *("backend", "fold", "chosen", "trees", "trees_limit_met", "at_edge", "metric", "score", "points", "fits"),
        *("seconds", "peak_memory_mb", "imports_memory_mb", "inner_folds", "searched_rows", "rows", "groups"),
        *("features", "versions"),
    ]


def test_the_final_model_is_fitted_on_every_row(tmp_path: Path) -> None:
    inputs = write_inputs(tmp_path, grouped(groups=24), PLAN)
    outputs = train_in(tmp_path, inputs, settings_of("xgboost", SPACE["xgboost"]), fold=FINAL)
    [params] = read_params(outputs.params)
    assert (params.fold, params.rows.train, params.rows.test) == ("final", 120, 0)
    assert (params.groups.train, params.groups.test) == (24, 0)


@pytest.mark.parametrize("class_weight", ["balanced", "unit"])
@every_backend
def test_the_model_is_fitted_with_the_configured_weights(backend: str, class_weight: str, tmp_path: Path) -> None:
    data = grouped(groups=24)
    data = data.rows(np.flatnonzero((data.group % 4 != 1) | (np.arange(120) % 5 == 0)))
    inputs = write_inputs(tmp_path, data, PLAN)
    outputs = train_in(tmp_path, inputs, settings_of(backend, SPACE[backend], class_weight=class_weight))
    [params] = read_params(outputs.params)
    module, train_rows = get_backend(backend), _part(inputs) > 0
    native = {k: v for k, v in params.chosen.items() if k != SPECIFICATIONS[backend].trees}
    label, options = data.label[train_rows], FitOptions(7)
    weight = row_weights(class_weight, label, data.group[train_rows])
    binned = module.bin_train(data.matrix.rows(train_rows), label, weight, native, options)
    expected = module.fit(binned, native, params.trees, options).model
    if class_weight == "balanced":
        positive = label == 1
        odds = positive.sum() / (~positive).sum() * weight[~positive].sum() / weight[positive].sum()
        expected = module.shift(expected, float(np.log(odds)))
    path = tmp_path / f"expected_{SPECIFICATIONS[backend].model_file}"
    module.save(expected, path)
    assert path.read_bytes() == bytes_of(outputs, "model")


def test_a_missing_device_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    settings = settings_of("lightgbm", SPACE["lightgbm"], device="cuda")
    with pytest.raises(UserError, match=r"training\.device: cuda"):
        train(
            table="",
            contract="",
            folds="",
            fold=1,
            settings=settings,
            outputs=outputs_in(tmp_path, "lightgbm"),
        )
