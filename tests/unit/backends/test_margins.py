"""Log-odds by number of trees, and models whose log-odds are shifted or that have let go of their rows."""

from pathlib import Path

import numpy as np
import pytest
from fixtures.backend_cases import OPTIONS, TABLES, TREES, VARIANTS, Case, variant_of
from foldwise.backends.registry import SPECIFICATIONS
from scipy.special import expit, logit

COUNTS = [1, 2, 7, TREES]


@pytest.fixture(params=[(name, kind) for name in VARIANTS for kind in TABLES], ids="-".join)
def case(request: pytest.FixtureRequest) -> Case:
    name, kind = request.param
    return variant_of(name, TABLES[kind]())


def test_staged_log_odds_are_those_of_each_number_of_trees(case: Case) -> None:
    model = case.model()
    margins = case.backend.staged_margins(model, case.test.matrix, COUNTS)
    assert margins.shape == (len(COUNTS), len(case.test.label))
    for count, at_count in zip(COUNTS, margins, strict=True):
        expected = case.backend.predict_matrix(model, case.test.matrix, trees=count)
        np.testing.assert_allclose(expit(at_count), expected, rtol=2e-6)
    assert np.abs(margins[0] - margins[-1]).max() > 0.1


def test_the_number_of_trees_that_a_prediction_uses_changes_it(case: Case) -> None:
    model = case.model()
    few = case.backend.fit(case.binned(), case.params, 7, OPTIONS).model
    np.testing.assert_array_equal(case.backend.predict_matrix(model, case.test.matrix, trees=7), case.predictions(few))
    assert case.backend.trees(model) == TREES
    assert case.backend.trees(few) == 7
    assert not np.array_equal(case.predictions(model), case.predictions(few))


@pytest.mark.parametrize("offset", [-2.197, 0.5])
def test_a_shift_adds_to_the_log_odds_alone_in_memory_and_in_the_saved_model(
    case: Case, offset: float, tmp_path: Path
) -> None:
    model, path = case.model(), tmp_path / SPECIFICATIONS[case.name].model_file
    before = case.backend.staged_margins(model, case.test.matrix, COUNTS)
    shap, gain = case.backend.contributions(model, case.test.matrix), case.backend.gain(model)
    shifted = case.backend.shift(model, offset)
    case.backend.save(shifted, path)
    for changed in (shifted, case.backend.load(path)):
        after = case.backend.staged_margins(changed, case.test.matrix, COUNTS)
        np.testing.assert_allclose(after - before, offset, atol=2e-6)
        np.testing.assert_allclose(logit(case.predictions(changed).astype(float)), before[-1] + offset, atol=2e-5)
        np.testing.assert_allclose(case.backend.contributions(changed, case.test.matrix), shap, atol=2e-6)
        np.testing.assert_allclose(case.backend.gain(changed), gain, rtol=1e-5)


def test_a_detached_model_predicts_the_same(case: Case) -> None:
    binned = case.binned()
    model = case.backend.fit(binned, case.params, TREES, OPTIONS, [("rows", case.validation(binned))]).model
    expected = [case.backend.predict_matrix(model, case.test.matrix, trees=count) for count in COUNTS]
    detached = case.backend.detached(model)
    del model, binned
    assert case.backend.trees(detached) == TREES
    for count, predictions in zip(COUNTS, expected, strict=True):
        at_count = case.backend.predict_matrix(detached, case.test.matrix, trees=count)
        assert at_count.tobytes() == predictions.tobytes()
    assert case.predictions(detached).tobytes() == expected[-1].tobytes()
