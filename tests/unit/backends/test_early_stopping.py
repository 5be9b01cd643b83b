"""A fit with patience ends where its curve says, and is the beginning of the fit that runs on."""

from typing import Any

import numpy as np
import pytest
from fixtures.backend_cases import OPTIONS, TABLES, VARIANTS, Case, end_of, variant_of

LIMIT, PATIENCE = 150, 6


@pytest.fixture(params=[(name, kind) for name in VARIANTS for kind in TABLES], ids="-".join)
def case(request: pytest.FixtureRequest) -> Case:
    name, kind = request.param
    return variant_of(name, TABLES[kind]())


@pytest.mark.parametrize("metric", ["log_loss", "auc"])
@pytest.mark.parametrize("weighted", [False, True], ids=["equal rows", "weights"])
def test_a_fit_that_stops_is_the_beginning_of_one_that_runs_on(case: Case, weighted: bool, metric: str) -> None:
    weights: list[Any] = [np.where(part.label == 1, 4.0, 0.5) if weighted else None for part in (case.train, case.test)]
    binned = case.binned(weights[0])
    rows = [("first", case.validation(binned, weights[1])), ("second", case.validation(binned))]
    of_both = (metric, "auc" if metric == "log_loss" else "log_loss")
    ran_on = case.backend.fit(binned, case.params, LIMIT, OPTIONS, rows, of_both)
    stopped = case.backend.fit(binned, case.params, LIMIT, OPTIONS, rows[:1], of_both, PATIENCE)
    curve = ran_on.curves["first", metric]
    end = end_of(curve if metric == "log_loss" else -curve, PATIENCE)
    assert end < LIMIT
    assert case.backend.trees(stopped.model) == end
    np.testing.assert_array_equal(stopped.curves["first", metric], curve[:end])
    assert case.predictions(stopped.model).tobytes() == _first(case, ran_on.model, end).tobytes()


def test_the_rows_that_are_watched_have_their_weights(case: Case) -> None:
    weight = np.where(case.test.label == 1, 4.0, 0.5)
    binned = case.binned()
    fitted = case.backend.fit(binned, case.params, 20, OPTIONS, [("rows", case.validation(binned, weight))])
    probability = case.predictions(fitted.model).astype(np.float64)
    loss = -np.log(np.where(case.test.label == 1, probability, 1 - probability))
    assert fitted.curves["rows", "log_loss"][-1] == pytest.approx(np.average(loss, weights=weight), rel=1e-5)
    assert abs(loss.mean() - np.average(loss, weights=weight)) > 1e-3 * loss.mean()


def test_a_fit_whose_patience_does_not_run_out_has_all_trees(case: Case) -> None:
    binned = case.binned()
    fitted = case.backend.fit(binned, case.params, 5, OPTIONS, [("rows", case.validation(binned))], patience=5)
    assert case.backend.trees(fitted.model) == 5
    assert fitted.curves["rows", "log_loss"].shape == (5,)


def _first(case: Case, model: Any, trees: int) -> Any:
    return case.backend.predict_matrix(model, case.test.matrix, trees=trees)
