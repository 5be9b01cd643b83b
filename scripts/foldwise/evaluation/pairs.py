"""The difference of two models on the same folds: its tests, and the verdict in words."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.evaluation.comparison_records import CorrectedT, DelongDifference, DifferenceTest, Pair
from foldwise.evaluation.interval_records import Means
from foldwise.evaluation.records import HEADLINE_METHOD, METHODS
from foldwise.model_names import counted_models
from foldwise.stats.corrected_t import corrected_t, holm, posterior
from foldwise.stats.delong import clustered_delong_difference
from foldwise.stats.influence_interval import Influences, influence_difference
from foldwise.stats.metrics import LABELS, LOWER_IS_BETTER

NOT_DISTINGUISHABLE = "not distinguishable"
PRACTICALLY_EQUAL = "practically equal"
_TEST = f"{METHODS[HEADLINE_METHOD]}, Holm"
Floats = npt.NDArray[np.float64]


def compare_pairs(
    measured: Mapping[str, Influences],
    refused: Mapping[str, str | None],
    *,
    over: Means,
    test_share: float,
    confidence: float,
    rope: float,
    predictions: Mapping[str, pd.DataFrame] | None = None,
) -> list[Pair]:
    """Compare every pair of models; p values are adjusted for all pairs together (Holm).

    Args:
        measured: name -> a metric on every fold with the influences on it, metric and folds the same for all.
        refused: name -> why the model cannot be compared, or None.
        over: what the comparison is computed on.
        test_share: n_test / n_train, the mean over folds, for the cross-check by the corrected t.
        confidence: confidence of the intervals; 1 minus it is the level of the tests.
        rope: difference below which two models count as practically equal.
        predictions: name -> out-of-fold predictions, for the cross-check of AUCs; None leaves it out.
    """
    names = list(combinations(measured, 2))
    metric = next(iter(measured.values())).metric
    tested = {
        (a, b): influence_difference(measured[a], measured[b], confidence)
        for a, b in names
        if not (refused[a] or refused[b])
    }
    p_holm = dict(zip(tested, holm([p for _, _, p in tested.values()]), strict=True))
    pairs = []
    for a, b in names:
        test = None
        if (a, b) in tested:
            interval, t, p = tested[a, b]
            probable = posterior(interval.estimate, interval.se, interval.df, rope)
            better, worse = probable.above, probable.below
            if metric in LOWER_IS_BETTER:
                better, worse = worse, better
            test = DifferenceTest(
                low=interval.low,
                high=interval.high,
                t=t,
                df=interval.df,
                p=p,
                rope=rope,
                p_a_better=better,
                p_equivalent=probable.inside,
                p_b_better=worse,
                p_holm=p_holm[a, b],
                verdict=pair_verdict(a, b, interval.estimate, probable.inside, p_holm[a, b], metric, confidence),
                corrected_t=_by_corrected_t(measured[a].by_fold - measured[b].by_fold, test_share, confidence),
                delong=cross_check(predictions.get(a), predictions.get(b), confidence) if predictions else None,
            )
        pairs.append(
            Pair(
                a=a,
                b=b,
                difference=tested[a, b][0].estimate if test else None,
                test=test,
                refused=refused[a] or refused[b],
                metric=metric,
                level=over.level,
                n_folds=over.n_folds,
                n_groups=over.n_groups,
                n_rows=over.n_rows,
            )
        )
    return pairs


def pair_verdict(
    a: str, b: str, difference: float, p_equivalent: float, p_holm: float, metric: str, confidence: float
) -> str:
    """Return ``practically equal``, ``not distinguishable`` or ``a better than b`` with their names.

    Equality comes first: a difference that is surely too small to matter makes no model better, however steady it is
    over the folds.
    """
    if p_equivalent >= confidence:
        return PRACTICALLY_EQUAL
    if p_holm >= 1 - confidence:
        return NOT_DISTINGUISHABLE
    a_is_better = (difference > 0) != (metric in LOWER_IS_BETTER)
    return f"{a if a_is_better else b} better than {b if a_is_better else a}"


def verdict(pairs: Sequence[Pair], models: Sequence[str]) -> str:
    """Return one sentence on which of the models are distinguishable; baselines are not among ``models``."""
    first = pairs[0]
    label = LABELS.get(first.metric, first.metric)
    where = f"by {label} over {first.n_folds} folds of {first.n_groups} groups"
    among = [pair for pair in pairs if pair.a in models and pair.b in models]
    if not among:
        return f"One backend only: nothing to compare {where}."
    tests = [pair.test for pair in among if pair.test is not None]
    if len(tests) < len(among):
        return f"The backends were not compared {where}: {next(pair.refused for pair in among if pair.refused)}."
    verdicts = [test.verdict for test in tests]
    differences = [words for words in verdicts if words not in (NOT_DISTINGUISHABLE, PRACTICALLY_EQUAL)]
    if differences:
        return f"Differences {where} ({_TEST}): {'; '.join(differences)}."
    if set(verdicts) == {PRACTICALLY_EQUAL}:
        within = f"within {tests[0].rope:g} of each other"
        return f"The {counted_models(models)} are practically equal {where}: {within} (posterior probability)."
    return f"The {counted_models(models)} are not distinguishable {where} ({_TEST})."


def cross_check(first: pd.DataFrame | None, second: pd.DataFrame | None, confidence: float) -> DelongDifference:
    """Return the difference of two AUCs on pooled predictions by the clustered DeLong method, with p against zero.

    Args:
        first: out-of-fold predictions with repeat, sample_id, group, label and score; None for the constant
            prediction, which is the same for every row.
        second: those of the same rows, or None.
        confidence: confidence of the interval.

    Raises:
        ValueError: when both are None.
    """
    given = first if first is not None else second
    if given is None:
        raise ValueError("two constant predictions have no rows")
    rows = given[given["repeat"] == 1]
    a, b = (_aligned(frame, rows) for frame in (first, second))
    label, group = rows["label"].to_numpy(np.int8), rows["group"].to_numpy()
    interval, p = clustered_delong_difference(label, a, b, group, confidence)
    return DelongDifference(interval.estimate, interval.low, interval.high, p)


def _by_corrected_t(differences: Floats, test_share: float, confidence: float) -> CorrectedT:
    interval, t, p = corrected_t(differences, test_share, confidence)
    return CorrectedT(interval.low, interval.high, t, interval.df, p)


def _aligned(frame: pd.DataFrame | None, rows: pd.DataFrame) -> Floats:
    if frame is None:
        return np.zeros(len(rows))
    by_sample = frame[frame["repeat"] == 1].set_index("sample_id")["score"]
    return by_sample.loc[rows["sample_id"]].to_numpy(np.float64)
