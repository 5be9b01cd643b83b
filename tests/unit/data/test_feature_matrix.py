"""A table on disk and the same table in memory: the same rows, models and scores, whatever the row groups."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from fixtures.tables import Grouped, grouped, write_dataset
from fixtures.trained import TABLES as OUTPUTS
from fixtures.trained import bytes_of, settings_of, train_in
from foldwise.backends.base import FitOptions
from foldwise.backends.registry import SPECIFICATIONS, get_backend
from foldwise.data import feature_matrix as matrices
from foldwise.data.contract import read_contract
from foldwise.data.feature_matrix import FeatureMatrix, Matrix, StoredMatrix, blocks, open_matrix, read_matrix
from foldwise.errors import UserError
from foldwise.folds.assignment import Plan
from foldwise.folds.make_folds import make_folds

OPTIONS = FitOptions(7)
PARAMS: dict[str, dict[str, Any]] = {
    "xgboost": {"max_depth": 3, "learning_rate": 0.3, "subsample": 0.8, "max_bin": 16},
    # Fewer rows than there are: the cuts then rest on rows that LightGBM draws.
    "lightgbm": {"max_depth": 3, "subsample": 0.8, "subsample_freq": 1, "subsample_for_bin": 90},
    "catboost": {"depth": 3, "learning_rate": 0.3, "border_count": 16},
}
SPACE = {"xgboost": "n_estimators", "lightgbm": "n_estimators", "catboost": "iterations"}
TABLES = {
    "numbers": {"missing": 0.1},
    "categories": {"missing": 0.1, "categories": 2},
    "double precision": {"missing": 0.1, "dtype": np.float64},
}


FITTED = 150


@pytest.fixture(params=TABLES)
def data(request: pytest.FixtureRequest) -> Grouped:
    """Return a table of 200 rows, 150 of them to fit on."""
    return grouped(**TABLES[request.param])


def _one_valued(values: Any) -> None:
    values[:FITTED, 1] = np.nan
    values[:FITTED, 2] = 1


def _always_known(values: Any) -> None:
    values[:FITTED] = np.nan_to_num(values[:FITTED])


def _written(folder: Path, data: Grouped, rows_of_a_group: int) -> dict[str, str]:
    folder.mkdir(exist_ok=True)
    paths = write_dataset(folder, data)
    pq.write_table(pq.read_table(paths["table"]), paths["table"], row_group_size=rows_of_a_group)
    return paths


@pytest.fixture
def _always_on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrices, "_LARGEST_IN_MEMORY", 0)
    _cut_to_blocks(monkeypatch, 64)


def _cut_to_blocks(monkeypatch: pytest.MonkeyPatch, rows: int, bytes_of_a_row: int = 20) -> None:
    monkeypatch.setattr(matrices, "_BLOCK_BYTES", rows * bytes_of_a_row)


def _opened(paths: dict[str, str]) -> Matrix:
    opened = open_matrix(paths["table"], read_contract(paths["contract"]).features, Path(paths["table"]).parent)
    assert isinstance(opened, StoredMatrix)
    return opened


def _all_rows(matrix: Matrix) -> Any:
    return np.concatenate(list(blocks(matrix)))


@pytest.mark.usefixtures("_always_on_disk")
@pytest.mark.parametrize("rows_of_a_group", [30, 64, 1000])
def test_blocks_hold_the_chosen_rows_of_each_part_of_the_table(
    rows_of_a_group: int, data: Grouped, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = data.matrix.values
    _cut_to_blocks(monkeypatch, 64, expected.itemsize * 5)
    matrix = _opened(_written(tmp_path, data, rows_of_a_group))
    assert matrix.block_sizes == (64, 64, 64, 8)
    np.testing.assert_array_equal(_all_rows(matrix), expected)
    mask = np.random.default_rng(0).random(200) < 0.5
    mask[64:128] = False
    part = matrix.rows(mask)
    assert part.block_sizes == (mask[:64].sum(), mask[128:192].sum(), mask[192:].sum())
    assert [len(block) for block in blocks(part)] == list(part.block_sizes)
    np.testing.assert_array_equal(_all_rows(part), expected[mask])
    positions = np.array([0, 3, len(part) - 1])
    np.testing.assert_array_equal(part.rows(positions).loaded().values, expected[mask][positions])
    assert _all_rows(part).dtype == part.loaded().values.dtype == expected.dtype


@pytest.mark.usefixtures("_always_on_disk")
def test_the_unpacked_table_has_no_name_that_could_stay_behind(tmp_path: Path) -> None:
    paths = _written(tmp_path, grouped(), 64)
    matrix = _opened(paths)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["table.json", "table.parquet"]
    Path(paths["table"]).unlink()
    assert _all_rows(matrix).shape == (200, 5)


@pytest.mark.usefixtures("_always_on_disk")
def test_a_folder_without_room_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: Any) -> None:
        raise OSError(28, "No space left on device")

    paths = _written(tmp_path, grouped(), 64)
    monkeypatch.setattr(matrices, "TemporaryFile", full)
    with pytest.raises(UserError, match=f"{tmp_path}: No space left on device: make room for 0 MB"):
        _opened(paths)


def test_small_tables_are_read_at_once_and_large_ones_stay_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = _written(tmp_path, grouped(), 64)
    features = read_contract(paths["contract"]).features
    for limit, kind in ((200 * 5 * 4, FeatureMatrix), (200 * 5 * 4 - 1, StoredMatrix)):
        monkeypatch.setattr(matrices, "_LARGEST_IN_MEMORY", limit)
        assert isinstance(open_matrix(paths["table"], features, tmp_path), kind)


def _saved(backend: str, folder: Path, data: Grouped, matrix: Matrix, weight: Any) -> tuple[bytes, list[Any]]:
    """Return the bytes of a model of the first 150 rows, the scores of the others and the curves on both."""
    module, params = get_backend(backend), PARAMS[backend]
    first = np.arange(len(data.label)) < FITTED
    fitted_rows, others = matrix.rows(first), matrix.rows(~first)
    binned = module.bin_train(fitted_rows, data.label[first], weight, params, OPTIONS)
    eval_sets = [("others", module.bin_validation(others, data.label[~first], binned, OPTIONS))]
    eval_sets.append(("fitted", module.bin_validation(fitted_rows, data.label[first], binned, OPTIONS)))
    fitted = module.fit(binned, params, 10, OPTIONS, eval_sets=eval_sets)
    path = folder / SPECIFICATIONS[backend].model_file
    module.save(fitted.model, path)
    scores = [module.predict(fitted.model, eval_sets[0][1]), module.predict_matrix(fitted.model, others)]
    scores += [module.contributions(fitted.model, others), *fitted.curves.values()]
    return path.read_bytes(), scores


@pytest.mark.parametrize("weighted", [False, True], ids=["alike", "weighted"])
@pytest.mark.parametrize("backend", SPECIFICATIONS)
@pytest.mark.usefixtures("_always_on_disk")
def test_models_and_scores_are_those_of_the_table_in_memory(
    backend: str, weighted: bool, data: Grouped, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weight = np.random.default_rng(1).random(FITTED) + 0.5 if weighted else None
    model, scores = _saved(backend, tmp_path, data, data.matrix, weight)
    paths = _written(tmp_path, data, 64)
    for rows_of_a_block in (7, 64):
        _cut_to_blocks(monkeypatch, rows_of_a_block)
        model_on_disk, scores_on_disk = _saved(backend, tmp_path, data, _opened(paths), weight)
        assert model_on_disk == model, rows_of_a_block
        for one, other in zip(scores_on_disk, scores, strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("change", [_one_valued, _always_known])
@pytest.mark.parametrize("backend", SPECIFICATIONS)
@pytest.mark.usefixtures("_always_on_disk")
def test_columns_that_are_another_thing_in_other_rows(backend: str, change: Any, data: Grouped, tmp_path: Path) -> None:
    change(data.matrix.values)
    model, scores = _saved(backend, tmp_path, data, data.matrix, None)
    model_on_disk, scores_on_disk = _saved(backend, tmp_path, data, _opened(_written(tmp_path, data, 64)), None)
    assert model_on_disk == model
    for one, other in zip(scores_on_disk, scores, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("backend", SPECIFICATIONS)
def test_a_whole_job_writes_the_same_bytes(backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = grouped(groups=24, missing=0.1)
    paths = _written(tmp_path, data, 32)
    paths["folds"] = str(tmp_path / "folds.parquet")
    make_folds(table=paths["table"], contract=paths["contract"], plan=Plan(4, 1, 2, 42), output=paths["folds"])
    settings = settings_of(backend, {SPACE[backend]: [3, 6], "learning_rate": [0.3]}, class_weight="unit")
    _cut_to_blocks(monkeypatch, 32)
    jobs = []
    for limit in (0, 10**9):
        monkeypatch.setattr(matrices, "_LARGEST_IN_MEMORY", limit)
        jobs.append(train_in(tmp_path / str(limit), paths, settings))
    for name in (*OUTPUTS[1:], "model"):
        assert bytes_of(jobs[0], name) == bytes_of(jobs[1], name), name


def test_a_matrix_is_read_as_it_was_written(data: Grouped, tmp_path: Path) -> None:
    paths = _written(tmp_path, data, 64)
    matrix = read_matrix(paths["table"], read_contract(paths["contract"]).features)
    np.testing.assert_array_equal(matrix.values, data.matrix.values)
    assert matrix.names == data.matrix.names
    assert matrix.categorical == data.matrix.categorical
