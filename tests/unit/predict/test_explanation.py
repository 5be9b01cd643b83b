"""Explanations: the backends' own SHAP values, the largest first, whose sum is the log-odds."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fixtures.final_models import predict, write_final_models
from fixtures.small_study import SINGLE
from foldwise.backends.registry import SPECIFICATIONS, get_backend
from foldwise.config.datasets import NewTable
from foldwise.data.contract import read_contract
from foldwise.data.feature_matrix import read_matrix
from foldwise.io.files import read_json
from foldwise.predict.explanation import largest
from foldwise.results.paths import final_model_files


@pytest.fixture(scope="module")
def explained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pd.DataFrame]:
    folder = tmp_path_factory.mktemp("explained")
    results = write_final_models(folder, SINGLE)
    rows, _, _ = predict(results, NewTable(table=str(folder / "table.parquet"), explain=True), folder)
    return folder, rows


@pytest.mark.parametrize("backend", SPECIFICATIONS)
def test_each_row_has_its_five_strongest_columns(explained: tuple[Path, pd.DataFrame], backend: str) -> None:
    folder, rows = explained
    features = read_contract(folder / "results/table.json").features
    names = [f.name for f in features]
    module = get_backend(backend)
    model = module.load(Path(final_model_files(folder / "results", backend).model))
    values = module.contributions(model, read_matrix(folder / "results/table.parquet", features))
    for k in range(1, 6):
        position = [names.index(name) for name in rows[f"{backend}_feature_{k}"]]
        assert rows[f"{backend}_shap_{k}"].tolist() == values[np.arange(len(rows)), position].tolist()
    shap = rows.filter(regex=f"^{backend}_shap_").abs().to_numpy()
    assert (np.diff(shap, axis=1) <= 0).all()
    # There are only five columns: their values and the base value add up to the log-odds.
    score = rows[f"{backend}_score"].to_numpy()
    base = np.log(score / (1 - score)) - values.sum(axis=1)
    assert np.ptp(base) < 1e-4
    means = read_json(folder / "report.json")["mean_absolute_shap"][backend]
    assert list(means.values()) == pytest.approx(np.abs(values).mean(axis=0).tolist())


def test_of_equal_values_the_first_column_comes_first() -> None:
    assert largest(np.array([[1.0, -2.0, 2.0, 0.0, 0.0, 0.0]])).tolist() == [[1, 2, 0, 3, 4]]
