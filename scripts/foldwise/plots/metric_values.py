"""What the plots take from metrics.json, with undefined scores as NaN."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from foldwise.plots.labels import metric_name, number


def fold_scores(metrics: Mapping[str, Any]) -> pd.DataFrame:
    """Return one row per fold with ``fold``, ``repeat`` and every plain score; None becomes NaN."""
    table = pd.DataFrame(metrics["fold_results"]).drop(columns=["unit", "confusion"], errors="ignore")
    numbers: pd.DataFrame = table.apply(pd.to_numeric, errors="coerce")
    return numbers.astype({"fold": int, "repeat": int})


def mean_and_spread(metrics: Mapping[str, Any], metric: str) -> str:
    """Return ``AUC 0.690 ± 0.030``: mean and standard deviation (ddof 1) over folds where it is defined."""
    scores = fold_scores(metrics)[metric]
    mean, spread = number(float(scores.mean())), float(scores.std())
    return f"{metric_name(metric)} {mean}" + ("" if pd.isna(spread) else f" ± {number(spread)}")


def interval(metrics: Mapping[str, Any], metric: str) -> tuple[float, float, float] | None:
    """Return low, high and confidence of the corrected t interval, or None if there is none."""
    found = metrics.get("intervals", {}).get(metric, {}).get("corrected_t", {})
    if found.get("low") is None or found.get("high") is None:
        return None
    return *possible(metric, found["low"], found["high"]), float(found.get("confidence", 0.95))


def possible(metric: str, low: float, high: float) -> tuple[float, float]:
    """Cut an interval to the values that the metric can take: a t interval knows nothing of them."""
    bottom = -1.0 if metric == "mcc" else 0.0
    top = float("inf") if metric == "log_loss" else 1.0
    return max(low, bottom), min(high, top)
