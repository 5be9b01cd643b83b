"""The difference of two models on the same folds: its tests, and the verdict of each family of pairs in words."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.evaluation.comparison_records import CorrectedT, DelongDifference, DifferenceTest, Family, Pair
from foldwise.evaluation.interval_records import Means
from foldwise.evaluation.records import HEADLINE_METHOD, METHODS
from foldwise.model_names import BASELINES, CONSTANT, counted_models
from foldwise.stats.corrected_t import corrected_t, holm, posterior
from foldwise.stats.delong import clustered_delong_difference
from foldwise.stats.influence_interval import Influences, influence_difference
from foldwise.stats.metrics import LABELS, LOWER_IS_BETTER

NOT_DISTINGUISHABLE = "not distinguishable"
PRACTICALLY_EQUAL = "practically equal"
_TEST = f"{METHODS[HEADLINE_METHOD]}, Holm"
_BASELINES = {CONSTANT: "the constant prediction", "logistic_regression": "the logistic regression"}
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
    """Compare every model with the two baselines, and with every other model; the baselines are not compared.

    The p values of each of these two families are adjusted for the pairs of the family (Holm).

    Args:
        measured: name -> a metric on every fold with the influences on it, metric and folds the same for all.
        refused: name -> why the model cannot be compared, or None.
        over: what the comparison is computed on.
        test_share: n_test / n_train, the mean over folds, for the cross-check by the corrected t.
        confidence: confidence of the intervals; 1 minus it is the level of the tests.
        rope: difference below which two models count as practically equal.
        predictions: name -> out-of-fold predictions, for the cross-check of AUCs; None leaves it out.
    """
    names = {(a, b): family_of(a, b) for a, b in combinations(measured, 2) if not {a, b} <= set(BASELINES)}
    metric = next(iter(measured.values())).metric
    tested = {
        (a, b): influence_difference(measured[a], measured[b], confidence)
        for a, b in names
        if not (refused[a] or refused[b])
    }
    p_holm: dict[tuple[str, str], float] = {}
    for family in set(names.values()):
        of_family = {pair: p for pair, (_, _, p) in tested.items() if names[pair] == family}
        p_holm |= dict(zip(of_family, holm(list(of_family.values())), strict=True))
    pairs = []
    for (a, b), family in names.items():
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
                family=family,
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


def family_of(a: str, b: str) -> Family:
    """Return the family of a pair: ``baselines`` where one of the two is a baseline, else ``models``."""
    return "baselines" if {a, b} & set(BASELINES) else "models"


def pair_verdict(
    a: str, b: str, difference: float, p_equivalent: float, p_holm: float, metric: str, confidence: float
) -> str:
    """Return ``practically equal``, ``not distinguishable`` or ``a better than b`` with their names.

    Equality comes first: a difference that is surely too small to matter makes no model better, however steady it is
    over the folds. Against the constant prediction only the test counts: the question is whether there is a signal.
    """
    if p_equivalent >= confidence and CONSTANT not in (a, b):
        return PRACTICALLY_EQUAL
    if p_holm >= 1 - confidence:
        return NOT_DISTINGUISHABLE
    a_is_better = (difference > 0) != (metric in LOWER_IS_BETTER)
    return f"{a if a_is_better else b} better than {b if a_is_better else a}"


def verdict_baselines(pairs: Sequence[Pair], models: Sequence[str]) -> str:
    """Return one sentence on which of the models are better or worse than each baseline."""
    against = [pair for pair in pairs if pair.family == "baselines"]
    if all(pair.test is None for pair in against):
        return f"No model was compared with the baselines {_where(pairs)}: {against[0].refused}."
    verdicts = {pair.test.verdict for pair in against if pair.test is not None}
    better, worse = [], []
    for baseline, written in _BASELINES.items():
        above = [model for model in models if f"{model} better than {baseline}" in verdicts]
        below = [model for model in models if f"{baseline} better than {model}" in verdicts]
        better.append(f"than {written}: {', '.join(above) or 'none'}")
        worse += [f"worse than {written}: {', '.join(below)}"] if below else []
    return f"Shown to be better {_where(pairs)} ({_TEST}) {'; '.join(better + worse)}."


def verdict(pairs: Sequence[Pair], models: Sequence[str]) -> str:
    """Return one sentence on which of the models are distinguishable from each other."""
    where = _where(pairs)
    among = [pair for pair in pairs if pair.family == "models"]
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


def _where(pairs: Sequence[Pair]) -> str:
    first = pairs[0]
    return f"by {LABELS.get(first.metric, first.metric)} over {first.n_folds} folds of {first.n_groups} groups"


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
