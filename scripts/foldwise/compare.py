"""The entrants of a dataset side by side on the same folds, and whether they can be told apart."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from foldwise.artifacts import read_json, read_table, write_json, write_table
from foldwise.evaluate import (
    by_fold,
    constant_scores,
    counts,
    groups_of_rarer_class,
    tidy_scores,
    tidy_table,
)
from foldwise.intervals import corrected_t, holm, reason_to_refuse
from foldwise.metrics import LOWER_IS_BETTER
from foldwise.predictions import out_of_fold, read_fold_scores, read_rows, test_shares

REFERENCES = ("logistic_regression", "constant")


def compare_backends(
    inputs: Mapping[str, Any],
    backends: Sequence[str],
    operating_fpr: Sequence[float],
    confidence: float,
    outputs: Mapping[str, str],
) -> None:
    """Write all out-of-fold rows, the tidy scores of every entrant, and ``comparison.json``.

    Args:
        inputs: paths of ``table``, ``contract``, ``folds``, ``reference``; lists of ``tidy`` and
            ``predictions``, one path a backend.
        backends: names, in that order.
        operating_fpr: false-positive rates at which the true-positive rate is given.
        confidence: confidence of the intervals; 1 minus it is the level of the tests.
        outputs: paths of ``predictions``, ``tidy`` and ``comparison``.
    """
    dataset = read_json(inputs["contract"])["dataset"]
    rows = read_rows(inputs["table"], inputs["contract"], inputs["folds"])
    scores = {
        backend: out_of_fold(rows, read_fold_scores(path))
        for backend, path in zip(backends, inputs["predictions"], strict=True)
    }
    reference = out_of_fold(rows, read_fold_scores(inputs["reference"]))
    write_table(outputs["predictions"], _all_predictions(dataset, scores))
    tidy = [read_table(path).to_pandas() for path in inputs["tidy"]]
    tidy.append(tidy_scores(dataset, "logistic_regression", reference, operating_fpr))
    tidy.append(constant_scores(dataset, rows, operating_fpr))
    together = pd.concat(tidy, ignore_index=True)
    write_table(outputs["tidy"], tidy_table(together))
    write_json(outputs["comparison"], comparison(dataset, together, rows, [*backends, *REFERENCES], confidence))


def comparison(
    dataset: str,
    tidy: pd.DataFrame,
    rows: pd.DataFrame,
    entrants: Sequence[str],
    confidence: float,
    metric: str = "auc",
) -> dict[str, Any]:
    """Compare every pair of entrants by their differences on the same folds.

    Args:
        dataset: name of the dataset.
        tidy: scores of all entrants.
        rows: from :func:`foldwise.predictions.read_rows`.
        entrants: names in the order of the report.
        confidence: confidence of the intervals; 1 minus it is the level of the tests.
        metric: what is compared, by row.
    """
    share = float(np.mean(list(test_shares(rows).values())))
    values = {e: by_fold(tidy[tidy["backend"] == e], metric) for e in entrants}
    refused = {e: reason_to_refuse(v, groups_of_rarer_class(rows)) for e, v in values.items()}
    pairs = [_pair(a, b, values, share, confidence, refused[a] or refused[b]) for a, b in combinations(entrants, 2)]
    tested = [p for p in pairs if "p" in p]
    for pair, adjusted in zip(tested, holm([p["p"] for p in tested]), strict=True):
        pair["p_holm"] = adjusted
        pair["verdict"] = _pair_verdict(pair, metric, 1 - confidence)
    over = {
        "metric": metric,
        "level": "row",
        "n_folds": len(values[entrants[0]]),
        "n_groups": rows["group"].nunique(),
    }
    return {
        "dataset": dataset,
        "metric": metric,
        "level": "row",
        "confidence": confidence,
        "counts": counts(rows),
        "entrants": [_entrant(e, values[e], share, confidence, refused[e]) for e in entrants],
        "pairs": [{**p, **over} for p in pairs],
        "verdict": verdict(pairs, [e for e in entrants if e not in REFERENCES], metric, over),
    }


def verdict(pairs: Sequence[Mapping[str, Any]], backends: Sequence[str], metric: str, over: Mapping[str, Any]) -> str:
    """Return one sentence on which backends can be told apart."""
    name = metric.upper() if metric in ("auc", "ap") else metric.replace("_", " ")
    where = f"by {name} over {over['n_folds']} folds of {over['n_groups']} groups"
    among = [p for p in pairs if p["a"] in backends and p["b"] in backends]
    if not among:
        return f"One backend only: nothing to compare {where}."
    if any("verdict" not in p for p in among):
        return f"The backends were not compared {where}: {next(p['refused'] for p in among if 'refused' in p)}."
    told_apart = [p["verdict"] for p in among if p["verdict"] != "not distinguishable"]
    if not told_apart:
        return f"The {len(backends)} backends are not distinguishable {where} (corrected t, Holm)."
    return f"Told apart {where} (corrected t, Holm): {'; '.join(told_apart)}."


def _pair(
    a: str, b: str, values: Mapping[str, Any], share: float, confidence: float, refused: str | None
) -> dict[str, Any]:
    if refused:
        return {"a": a, "b": b, "difference": None, "refused": refused}
    interval, t, p = corrected_t(values[a] - values[b], share, confidence)
    return {
        "a": a,
        "b": b,
        "difference": interval.estimate,
        "low": interval.low,
        "high": interval.high,
        "t": t,
        "df": interval.df,
        "p": p,
    }


def _pair_verdict(pair: Mapping[str, Any], metric: str, level: float) -> str:
    if pair["p_holm"] >= level:
        return "not distinguishable"
    first_wins = (pair["difference"] > 0) != (metric in LOWER_IS_BETTER)
    return f"{pair['a'] if first_wins else pair['b']} better than {pair['b'] if first_wins else pair['a']}"


def _entrant(name: str, values: Any, share: float, confidence: float, refused: str | None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": name,
        "estimate": float(np.nanmean(values)),
        "sd": float(np.nanstd(values, ddof=1)),
    }
    if refused:
        return {**found, "low": None, "high": None, "refused": refused}
    interval, _, _ = corrected_t(values, share, confidence)
    return {**found, "low": interval.low, "high": interval.high}


def _all_predictions(dataset: str, scores: Mapping[str, pd.DataFrame]) -> pa.Table:
    together = pd.concat([f.assign(backend=b) for b, f in scores.items()], ignore_index=True)
    slices = next(iter(scores.values())).attrs["slices"]
    columns = {
        "dataset": pa.array([dataset] * len(together), pa.string()),
        "backend": pa.array(together["backend"], pa.string()),
        "repeat": pa.array(together["repeat"], pa.int16()),
        "fold": pa.array(together["fold"], pa.int16()),
        **{c: pa.array(together[c]) for c in ("sample_id", "unit", "group", "label", "score")},
        **{name: pa.array(together[f"slice: {name}"], pa.string()) for name in slices},
    }
    return pa.table(columns)
