"""The search's own models give the out-of-fold predictions and curves, like newly fitted models."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures.tables import grouped
from fixtures.trained import settings_of, train_in, write_inputs
from foldwise.backends.base import FitOptions
from foldwise.backends.registry import SPECIFICATIONS, get_backend
from foldwise.folds.assignment import Plan, read_folds
from foldwise.io.files import read_table
from foldwise.results.load import read_params
from foldwise.search.settings import TrainingSettings
from foldwise.stats.metrics import log_loss
from foldwise.training.train_data import row_weights
from scipy.special import expit, logit

WHOLE = grouped(groups=48, categories=2, missing=0.1)
# Half of the positive groups have one row of five, so that the weights of the classes differ.
DATA = WHOLE.rows(np.flatnonzero((WHOLE.group % 4 != 1) | (np.arange(240) % 5 == 0)))
SPACE: Mapping[str, Mapping[str, Any]] = {
    "xgboost": {"max_depth": [2, 3], "learning_rate": [0.1, 0.3, 0.6]},
    "lightgbm": {"num_leaves": [3, 5], "learning_rate": [0.1, 0.3, 0.6]},
    "catboost": {"depth": [2, 3], "learning_rate": [0.1, 0.3, 0.6]},
}
METHODS: Mapping[str, Mapping[str, Any]] = {"grid": {}, "race": {}, "optuna": {"n_trials": 6}}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return write_inputs(tmp_path_factory.mktemp("data"), DATA, Plan(4, 1, 3, 42))


def settings(backend: str, method: str, rounds: int | None, **changed: Any) -> TrainingSettings:
    """Return settings of six structures with one to four numbers of trees, or with a limit of 60."""
    space = {**SPACE[backend], SPECIFICATIONS[backend].trees: [60] if rounds else [2, 4, 8, 30]}
    return settings_of(backend, space, method=method, early_stopping_rounds=rounds, **{**METHODS[method], **changed})


@pytest.mark.parametrize("class_weight", ["none", "balanced"])
@pytest.mark.parametrize("rounds", [None, 4], ids=["trees of the point", "early stopping"])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("backend", SPECIFICATIONS)
def test_out_of_fold_predictions_are_those_of_fits_made_anew(
    backend: str, method: str, rounds: int | None, class_weight: str, inputs: dict[str, str], tmp_path: Path
) -> None:
    outputs = train_in(tmp_path, inputs, settings(backend, method, rounds, class_weight=class_weight))
    [params] = read_params(outputs.params)
    inner = read_table(outputs.inner_predictions).to_pandas().set_index("sample_id")
    curve = read_table(outputs.curve).to_pandas()
    module, options = get_backend(backend), FitOptions(7)
    chosen = module.canonical({k: v for k, v in params.chosen.items() if k != SPECIFICATIONS[backend].trees})
    part = read_folds(inputs["folds"], only=1).assignments[1]
    # Weights are those of the whole train part, as for the fit of the model.
    weights = np.zeros(len(part))
    weights[part > 0] = 1
    if class_weight == "balanced":
        weights[part > 0] = row_weights("balanced", DATA.label[part > 0], DATA.group[part > 0].astype(object))
    for fold in (1, 2, 3):
        fit_rows, held_out = (part > 0) & (part != fold), np.flatnonzero(part == fold)
        weight = None if class_weight == "none" else weights[fit_rows]
        binned = module.bin_train(DATA.matrix.rows(fit_rows), DATA.label[fit_rows], weight, chosen, options)
        grown = int(curve.loc[curve["inner_fold"] == fold, "iteration"].max())
        trees = min(params.trees, grown)
        model = module.fit(binned, chosen, trees, options).model
        expected = module.predict_matrix(model, DATA.matrix.rows(held_out))
        if weight is not None:
            label = DATA.label[fit_rows]
            odds = label.sum() / (1 - label).sum() * weight[label == 0].sum() / weight[label == 1].sum()
            expected = expit(logit(expected.astype(np.float64)) + np.log(odds)).astype(expected.dtype)
        predicted = inner["score"][[f"sample_{row:03d}" for row in held_out]].to_numpy()
        np.testing.assert_allclose(predicted, expected, rtol=0 if weight is None else 1e-6)
        at_trees = curve[(curve["inner_fold"] == fold) & (curve["iteration"] == trees)]
        of_held_out = at_trees[at_trees["part"] == "validation"].set_index("metric")["value"]
        assert of_held_out["log_loss"] == pytest.approx(log_loss(DATA.label[held_out], predicted), rel=1e-5)


@pytest.mark.parametrize("backend", SPECIFICATIONS)
def test_fits_that_stop_before_the_limit_decide_the_number_of_trees(
    backend: str, inputs: dict[str, str], tmp_path: Path
) -> None:
    outputs = train_in(tmp_path, inputs, settings(backend, "grid", 1))
    [params] = read_params(outputs.params)
    curve = read_table(outputs.curve).to_pandas()
    grown = curve.groupby("inner_fold")["iteration"].max()
    assert grown.max() < 60
    assert not params.trees_limit_met
    # The last tree of a fit is the one that did not improve it.
    assert 1 <= params.trees < grown.max()


@pytest.mark.parametrize("backend", SPECIFICATIONS)
def test_the_limit_of_trees_is_met_where_patience_does_not_run_out(
    backend: str, inputs: dict[str, str], tmp_path: Path
) -> None:
    [params] = read_params(train_in(tmp_path, inputs, settings(backend, "grid", 60)).params)
    assert params.trees_limit_met
    trees = SPECIFICATIONS[backend].trees
    assert trees not in params.at_edge
    assert set(params.at_edge) <= {*SPACE[backend]}


@pytest.mark.parametrize("backend", SPECIFICATIONS)
def test_without_early_stopping_the_number_of_trees_has_edges_like_the_others(
    backend: str, inputs: dict[str, str], tmp_path: Path
) -> None:
    [params] = read_params(train_in(tmp_path, inputs, settings(backend, "grid", None)).params)
    trees = SPECIFICATIONS[backend].trees
    ends = {2: "lowest", 30: "highest"}
    assert params.at_edge.get(trees) == ends.get(params.chosen[trees])
    assert not params.trees_limit_met
