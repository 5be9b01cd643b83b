"""Class weights do not change what a probability means: the model's own log-odds are those of the unweighted rows."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from fixtures.trained import settings_of
from foldwise.backends.registry import SPECIFICATIONS, get_backend
from foldwise.data.feature_matrix import FeatureMatrix
from foldwise.search.fits import TrainPart
from foldwise.search.run_search import search_points
from foldwise.stats.metrics import log_loss
from foldwise.training.refit import chosen_point, predict_out_of_fold, refit
from foldwise.training.train_data import row_weights
from scipy.special import expit, logit

PREVALENCE = 0.1
GROUPS, ROWS = 600, 5
LABEL = (np.arange(GROUPS).repeat(ROWS) % 10 == 0).astype(np.int8)


def _values(seed: int) -> npt.NDArray[np.float32]:
    """Draw 3,000 rows in groups of five; two of four columns tell the classes apart, by halves."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(GROUPS * ROWS, 4)) + random.normal(size=(GROUPS, 4)).repeat(ROWS, axis=0)
    values[:, :2] += 1.2 * LABEL[:, None]
    return values.astype(np.float32)


@dataclass(frozen=True)
class Predicted:
    """Predictions of a fit with these class weights: out of fold, and for new rows of the same kind."""

    out_of_fold: npt.NDArray[np.float64]
    new: npt.NDArray[np.float64]


def _predicted(backend: str, class_weight: str, rounds: int | None, folder: Path) -> Predicted:
    trees = [400] if rounds else [20, 60]
    depth = {"num_leaves": [6]} if backend == "lightgbm" else {"depth" if backend == "catboost" else "max_depth": [3]}
    space = {SPECIFICATIONS[backend].trees: trees, "learning_rate": [0.1], **depth}
    settings = settings_of(backend, space, class_weight=class_weight, early_stopping_rounds=rounds)
    matrix, names = FeatureMatrix(_values(1), tuple("abcd")), tuple("abcd")
    weight = row_weights(class_weight, LABEL, np.arange(len(LABEL)).astype(object))
    inner = (np.arange(GROUPS) // 10 % 3 + 1).repeat(ROWS).astype(np.int16)
    part = TrainPart(matrix, LABEL, weight, inner, class_weight == "balanced")
    module = get_backend(backend)
    chosen = chosen_point(search_points(part, module, settings), settings, module)
    out_of_fold = predict_out_of_fold(part, chosen, module, settings).predictions
    path = folder / SPECIFICATIONS[backend].model_file
    module.save(refit(part, chosen, module, settings), path)
    return Predicted(out_of_fold, module.predict_matrix(module.load(path), FeatureMatrix(_values(2), names)))


@pytest.mark.parametrize("rounds", [None, 10], ids=["grid", "early stopping"])
@pytest.mark.parametrize("backend", SPECIFICATIONS)
def test_balanced_classes_leave_the_mean_prediction_at_the_prevalence(
    backend: str, rounds: int | None, tmp_path: Path
) -> None:
    balanced = _predicted(backend, "balanced", rounds, tmp_path)
    plain = _predicted(backend, "none", rounds, tmp_path)
    assert LABEL.mean() == PREVALENCE
    for with_weights, without in ((balanced.out_of_fold, plain.out_of_fold), (balanced.new, plain.new)):
        assert with_weights.mean() == pytest.approx(PREVALENCE, abs=0.02)
        assert log_loss(LABEL, with_weights) < log_loss(LABEL, without) + 0.01
        assert log_loss(LABEL, with_weights) < log_loss(LABEL, np.full(len(LABEL), PREVALENCE)) - 0.03
        assert not np.array_equal(with_weights, without)


def _part(label: Any, weight: Any, classes_weighted: bool) -> TrainPart:
    matrix = FeatureMatrix(np.zeros((len(label), 1), np.float32), ("a",))
    return TrainPart(matrix, np.array(label, np.int8), weight, np.ones(len(label), np.int16), classes_weighted)


def test_the_offset_is_the_logarithm_of_the_odds_of_the_rows_over_those_of_the_weights() -> None:
    label = [1, 0, 0, 0]
    balanced = row_weights("balanced", np.array(label, np.int8), np.arange(4).astype(object))
    assert _part(label, balanced, True).offset == pytest.approx(np.log(1 / 3))
    assert _part(label, np.array([6.0, 1, 2, 1]), True).offset == pytest.approx(np.log(1 / 3) - np.log(6 / 4))


def test_weights_that_are_not_of_the_classes_have_no_offset() -> None:
    assert _part([1, 0, 0], np.array([2.0, 1, 1]), False).offset == 0
    assert _part([1, 0, 0], None, True).offset == 0


def test_some_rows_of_a_part_still_know_what_their_weights_are_for() -> None:
    part = _part([1, 0, 0, 0, 1, 0], np.array([2.0, 1, 1, 1, 2, 1]), True)
    for fewer in (part.some(4), part.without(2), part.only(1), part.rows(np.array([True] * 5 + [False]))):
        assert fewer.classes_weighted
    assert part.some(3).label.tolist() == [1, 0, 0]
    assert len(part.some(99).label) == 6


def test_a_prediction_of_weighted_rows_is_shifted_in_its_log_odds() -> None:
    part = _part([1, 0, 0, 0], np.array([3.0, 1, 1, 1]), True)
    prediction = np.array([0.5, 0.9])
    assert logit(part.unweighted(prediction)) == pytest.approx(logit(prediction) - np.log(3))
    assert part.unweighted(expit(np.zeros(2, np.float32))).dtype == np.float32
