"""Two entrants on the same folds: how far apart, how surely, and what that comes to in words."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.model_names import counted_models
from foldwise.stats.corrected_t import corrected_t, correlated_t, holm
from foldwise.stats.delong import clustered_delong_difference
from foldwise.stats.metrics import LOWER_IS_BETTER

NOT_DISTINGUISHABLE = "not distinguishable"
PRACTICALLY_EQUAL = "practically equal"
Floats = npt.NDArray[np.float64]


def all_pairs(
    values: Mapping[str, Floats],
    refused: Mapping[str, str | None],
    metric: str,
    test_share: float,
    confidence: float,
    rope: float,
) -> list[dict[str, Any]]:
    """Compare every pair of entrants; p values are adjusted for all pairs together.

    Args:
        values: entrant -> shape (J,), one score a fold, the folds the same for all.
        refused: entrant -> why it cannot be compared, or None.
        metric: what the scores are; it says whether more is better.
        test_share: n_test / n_train, the mean over folds.
        confidence: confidence of the intervals; 1 minus it is the level of the tests.
        rope: difference below which two entrants count as practically equal.
    """
    pairs: list[dict[str, Any]] = []
    for a, b in combinations(values, 2):
        reason = refused[a] or refused[b]
        if reason:
            pairs.append({"a": a, "b": b, "difference": None, "refused": reason})
        else:
            apart = values[a] - values[b]
            pairs.append({"a": a, "b": b, **_tested(apart, metric, test_share, confidence, rope)})
    tested = [p for p in pairs if "p" in p]
    for pair, adjusted in zip(tested, holm([p["p"] for p in tested]), strict=True):
        pair["p_holm"] = adjusted
        pair["verdict"] = pair_verdict(pair, metric, confidence)
    return pairs


def _tested(apart: Floats, metric: str, test_share: float, confidence: float, rope: float) -> dict[str, Any]:
    interval, t, p = corrected_t(apart, test_share, confidence)
    posterior = correlated_t(apart, test_share, rope)
    better, worse = posterior.above, posterior.below
    if metric in LOWER_IS_BETTER:
        better, worse = worse, better
    return {
        "difference": interval.estimate,
        "low": interval.low,
        "high": interval.high,
        "t": t,
        "df": interval.df,
        "p": p,
        "rope": rope,
        "p_a_better": better,
        "p_equivalent": posterior.inside,
        "p_b_better": worse,
    }


def pair_verdict(pair: Mapping[str, Any], metric: str, confidence: float) -> str:
    """Return ``practically equal``, ``not distinguishable`` or ``a better than b`` with their names.

    Equality comes first: a difference that is surely too small to matter is no victory, however
    steady it is over the folds.
    """
    if pair["p_equivalent"] >= confidence:
        return PRACTICALLY_EQUAL
    if pair["p_holm"] >= 1 - confidence:
        return NOT_DISTINGUISHABLE
    first_wins = (pair["difference"] > 0) != (metric in LOWER_IS_BETTER)
    return f"{pair['a'] if first_wins else pair['b']} better than {pair['b'] if first_wins else pair['a']}"


def verdict(pairs: Sequence[Mapping[str, Any]], entrants: Sequence[str], metric: str, over: Mapping[str, Any]) -> str:
    """Return one sentence on which of the backends, and of their ensemble if it is an entrant, can be told apart."""
    name = metric.upper() if metric in ("auc", "ap") else metric.replace("_", " ")
    where = f"by {name} over {over['n_folds']} folds of {over['n_groups']} groups"
    among = [p for p in pairs if p["a"] in entrants and p["b"] in entrants]
    if not among:
        return f"One backend only: nothing to compare {where}."
    if any("verdict" not in p for p in among):
        return f"The backends were not compared {where}: {next(p['refused'] for p in among if 'refused' in p)}."
    said = [p["verdict"] for p in among]
    told_apart = [v for v in said if v not in (NOT_DISTINGUISHABLE, PRACTICALLY_EQUAL)]
    if told_apart:
        return f"Told apart {where} (corrected t, Holm): {'; '.join(told_apart)}."
    if set(said) == {PRACTICALLY_EQUAL}:
        within = f"within {among[0]['rope']:g} of each other"
        return f"The {counted_models(entrants)} are practically equal {where}: {within} (Bayesian correlated t)."
    return f"The {counted_models(entrants)} are not distinguishable {where} (corrected t, Holm)."


def cross_check(first: pd.DataFrame | None, second: pd.DataFrame | None, confidence: float) -> dict[str, Any]:
    """Return the difference of two AUCs on pooled scores by the clustered DeLong method, with p against zero.

    Args:
        first: scored rows with repeat, sample_id, group, label and score; None for the constant
            answer, whose score is the same for every row.
        second: the same rows, or None.
        confidence: confidence of the interval.
    """
    known = first if first is not None else second
    if known is None:
        raise ValueError("two constant answers have no rows")
    rows = known[known["repeat"] == 1]
    scores = [_aligned(frame, rows) for frame in (first, second)]
    interval, p = clustered_delong_difference(
        rows["label"].to_numpy(np.int8), scores[0], scores[1], rows["group"].to_numpy(), confidence
    )
    return {"difference": interval.estimate, "low": interval.low, "high": interval.high, "p": p}


def _aligned(frame: pd.DataFrame | None, rows: pd.DataFrame) -> Floats:
    if frame is None:
        return np.zeros(len(rows))
    found = frame[frame["repeat"] == 1].set_index("sample_id")["score"]
    return found.loc[rows["sample_id"]].to_numpy(np.float64)
