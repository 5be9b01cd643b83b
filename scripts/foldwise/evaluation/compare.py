"""The entrants of a dataset side by side on the same folds, and whether they can be told apart."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from foldwise.evaluation.evaluate import by_fold, constant_scores, counts, tidy_scores, tidy_table
from foldwise.evaluation.intervals import groups_of_rarer_class
from foldwise.evaluation.pairs import all_pairs, cross_check, verdict
from foldwise.evaluation.predictions import out_of_fold, read_fold_predictions, test_shares
from foldwise.folds.assignment import read_rows
from foldwise.io.files import read_json, read_table, write_json, write_table
from foldwise.model_names import BASELINES
from foldwise.stats.corrected_t import corrected_t, reason_to_refuse


def compare_backends(
    inputs: Mapping[str, Any],
    entrants: Sequence[str],
    operating_fpr: Sequence[float],
    confidence: float,
    rope: float,
    outputs: Mapping[str, str],
) -> None:
    """Write all out-of-fold rows, the tidy scores of every entrant and reference, and ``comparison.json``.

    Args:
        inputs: paths of ``table``, ``contract``, ``folds``, ``reference``; lists of ``tidy`` and
            ``out_of_fold``, one path an entrant.
        entrants: the backends and their ensemble, if there is one, in that order.
        operating_fpr: false-positive rates at which the true-positive rate is given.
        confidence: confidence of the intervals; 1 minus it is the level of the tests.
        rope: difference in AUC below which two entrants count as practically equal.
        outputs: paths of ``predictions``, ``tidy`` and ``comparison``.
    """
    dataset = read_json(inputs["contract"])["dataset"]
    rows = read_rows(inputs["table"], inputs["contract"], inputs["folds"])
    scored = [read_table(path) for path in inputs["out_of_fold"]]
    reference = out_of_fold(rows, read_fold_predictions(inputs["reference"]))
    write_table(outputs["predictions"], pa.concat_tables(scored))
    tidy = [read_table(path).to_pandas() for path in inputs["tidy"]]
    tidy.append(tidy_scores(dataset, "logistic_regression", reference, operating_fpr))
    tidy.append(constant_scores(dataset, rows, operating_fpr))
    together = pd.concat(tidy, ignore_index=True)
    write_table(outputs["tidy"], tidy_table(together))
    scores = {name: table.to_pandas() for name, table in zip(entrants, scored, strict=True)}
    scores["logistic_regression"] = reference
    everyone = [*entrants, *BASELINES]
    write_json(outputs["comparison"], comparison(dataset, together, rows, everyone, confidence, "auc", rope, scores))


def comparison(
    dataset: str,
    tidy: pd.DataFrame,
    rows: pd.DataFrame,
    entrants: Sequence[str],
    confidence: float,
    metric: str = "auc",
    rope: float = 0.0,
    scores: Mapping[str, pd.DataFrame] | None = None,
) -> dict[str, Any]:
    """Compare every pair of entrants by their differences on the same folds.

    Args:
        dataset: name of the dataset.
        tidy: scores of all entrants.
        rows: from :func:`foldwise.folds.assignment.read_rows`.
        entrants: names in the order of the report.
        confidence: confidence of the intervals; 1 minus it is the level of the tests.
        metric: what is compared, by row.
        rope: difference in that metric below which two entrants count as practically equal.
        scores: entrant -> scored rows, for the cross-check of AUCs by clustered DeLong; none for the
            constant answer, and none at all leaves the cross-check out.
    """
    share = float(np.mean(list(test_shares(rows).values())))
    values = {e: by_fold(tidy[tidy["backend"] == e], metric) for e in entrants}
    refused = {e: reason_to_refuse(v, groups_of_rarer_class(rows)) for e, v in values.items()}
    pairs = all_pairs(values, refused, metric, share, confidence, rope)
    over = {
        "metric": metric,
        "level": "row",
        "n_folds": len(values[entrants[0]]),
        "n_groups": rows["group"].nunique(),
        "n_rows": len(rows),
    }
    if scores is not None and metric == "auc":
        for pair in (p for p in pairs if "p" in p):
            pair["delong"] = cross_check(scores.get(pair["a"]), scores.get(pair["b"]), confidence)
    return {
        "dataset": dataset,
        "metric": metric,
        "level": "row",
        "confidence": confidence,
        "rope": rope,
        "counts": counts(rows),
        "entrants": [_entrant(e, values[e], share, confidence, refused[e]) for e in entrants],
        "pairs": [{**p, **over} for p in pairs],
        "verdict": verdict(pairs, [e for e in entrants if e not in BASELINES], metric, over),
    }


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
