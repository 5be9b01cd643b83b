"""The chosen threshold is the best of all, and equal predictions are on the same side of it."""

from collections.abc import Callable

import numpy as np
import pytest
from foldwise.stats.thresholds import Criterion, choose_threshold
from hypothesis import given, settings
from hypothesis import strategies as st

quick = settings(max_examples=150, deadline=None)
Rows = list[tuple[float, int]]
Merit = Callable[[int, int, int, int], float]
LIMIT = 0.25


def f1(tp: int, fp: int, fn: int, tn: int) -> float:
    return 2 * tp / (2 * tp + fp + fn)


def youden(tp: int, fp: int, fn: int, tn: int) -> float:
    return tp / (tp + fn) - fp / (fp + tn)


def rate_within_limit(tp: int, fp: int, fn: int, tn: int) -> float:
    return tp / (tp + fn) if fp / (fp + tn) <= LIMIT else -1.0


def accuracy(tp: int, fp: int, fn: int, tn: int) -> float:
    return (tp + tn) / (tp + fp + fn + tn)


def mcc(tp: int, fp: int, fn: int, tn: int) -> float:
    root = float((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)) ** 0.5
    return (tp * tn - fp * fn) / root if root else 0.0


def cost(tp: int, fp: int, fn: int, tn: int) -> float:
    return -5.0 * fp - fn


CRITERIA = {
    "f1": f1,
    "youden": youden,
    "accuracy": accuracy,
    "mcc": mcc,
    "fixed_fpr": rate_within_limit,
    "cost": cost,
}
OF = {name: Criterion(name) for name in CRITERIA}
OF |= {"fixed_fpr": Criterion("fixed_fpr", LIMIT), "cost": Criterion("cost", false_positive=5)}
criteria = pytest.mark.parametrize("criterion", CRITERIA)


def rows(prediction: st.SearchStrategy[float]) -> st.SearchStrategy[Rows]:
    """Draw up to 25 predictions with labels, both classes among them."""
    drawn = st.lists(st.tuples(prediction, st.integers(0, 1)), min_size=2, max_size=25)
    return drawn.map(lambda drawn_rows: [(drawn_rows[0][0], 0), (drawn_rows[1][0], 1), *drawn_rows[2:]])


TIED = rows(st.sampled_from([0.0, 0.2, 0.4, 0.6, 0.8, 1.0]))
ANY = rows(st.floats(0, 1))


def chosen(criterion: str, drawn_rows: Rows) -> float:
    prediction, label = np.array(drawn_rows).T
    return choose_threshold(OF[criterion], prediction, label.astype(np.int8))


def merit_of_cut(merit: Merit, drawn_rows: Rows, threshold: float) -> float:
    called = [(s >= threshold, y) for s, y in drawn_rows]
    return merit(*(called.count(cell) for cell in ((True, 1), (True, 0), (False, 1), (False, 0))))


def cuts(drawn_rows: Rows) -> list[float]:
    """Return a cut at each prediction and one above them all."""
    return [*sorted({s for s, _ in drawn_rows}), 2.0]


@criteria
@quick
@given(drawn_rows=TIED | ANY)
def test_no_cut_is_better(criterion: str, drawn_rows: Rows) -> None:
    merit = CRITERIA[criterion]
    best = max(merit_of_cut(merit, drawn_rows, cut) for cut in cuts(drawn_rows))
    reached = merit_of_cut(merit, drawn_rows, chosen(criterion, drawn_rows))
    assert reached == pytest.approx(best)


@criteria
@quick
@given(drawn_rows=TIED)
def test_of_equally_good_cuts_the_lowest_is_taken(criterion: str, drawn_rows: Rows) -> None:
    merit, threshold = CRITERIA[criterion], chosen(criterion, drawn_rows)
    here = merit_of_cut(merit, drawn_rows, threshold)
    called = {s for s, _ in drawn_rows if s >= threshold}
    lower = [cut for cut in cuts(drawn_rows) if cut < min(called, default=2.0)]
    assert all(merit_of_cut(merit, drawn_rows, cut) < here for cut in lower)


@quick
@given(drawn_rows=TIED | ANY)
def test_the_false_positive_rate_stays_within_the_limit(drawn_rows: Rows) -> None:
    threshold = chosen("fixed_fpr", drawn_rows)
    negatives = [s for s, y in drawn_rows if y == 0]
    assert sum(s >= threshold for s in negatives) <= LIMIT * len(negatives)


@criteria
def test_a_threshold_is_half_way_between_neighbouring_predictions(criterion: str) -> None:
    assert chosen(criterion, [(0.1, 0), (0.2, 0), (0.6, 1), (0.8, 1)]) == pytest.approx(0.4)


@criteria
def test_a_threshold_between_neighbouring_floats_separates_them(criterion: str) -> None:
    # Half-way between these two, arithmetic rounds to the lower one.
    lower = 0.5
    upper = float(np.nextafter(lower, 1))
    assert (lower + upper) / 2 == lower
    assert chosen(criterion, [(lower, 0), (upper, 1)]) == upper


def test_where_every_threshold_exceeds_the_limit_no_row_is_positive() -> None:
    prediction = [(0.9, 0), (0.9, 1), (0.1, 0), (0.1, 1)]
    assert chosen("fixed_fpr", prediction) > 0.9


@pytest.mark.parametrize("criterion", ["f1", "youden"])
def test_of_constant_predictions_every_row_is_positive(criterion: str) -> None:
    assert chosen(criterion, [(0.3, 0), (0.3, 1), (0.3, 0)]) == 0.3


def test_of_constant_predictions_no_row_is_positive_within_a_limit() -> None:
    assert chosen("fixed_fpr", [(0.3, 0), (0.3, 1), (0.3, 0)]) > 0.3


def test_the_order_of_the_rows_does_not_matter() -> None:
    drawn_rows = [(0.1, 0), (0.5, 1), (0.5, 0), (0.7, 1), (0.2, 1), (0.9, 0)]
    assert chosen("f1", drawn_rows) == chosen("f1", drawn_rows[::-1])


def test_a_rate_that_is_exactly_the_limit_is_allowed() -> None:
    # One negative of four lies among the positives: a rate of 0.25.
    assert chosen("fixed_fpr", [(0.1, 0), (0.2, 0), (0.3, 0), (0.7, 0), (0.5, 1), (0.9, 1)]) == pytest.approx(0.4)
