"""How numbers and names are written on the page."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from foldwise.data.contract import Label
from foldwise.evaluation.records import Counts
from foldwise.model_names import ENSEMBLE

UNDEFINED = "undefined"

_NAMES = {
    "xgboost": "XGBoost",
    "lightgbm": "LightGBM",
    "catboost": "CatBoost",
    ENSEMBLE: "Ensemble",
    "logistic_regression": "Logistic regression",
    "constant": "Constant prediction",
}

_METHODS = {
    "corrected_t": "corrected t",
    "group_bootstrap": "bootstrap of whole groups",
    "clustered_delong": "clustered DeLong",
}


@dataclass(frozen=True)
class Metric:
    """A metric as it appears on the page."""

    key: str
    label: str
    lower_is_better: bool = False
    at_threshold: bool = False

    @property
    def direction(self) -> str:
        """Which way is better, in words."""
        return "lower is better" if self.lower_is_better else "higher is better"

    @property
    def spoken(self) -> str:
        """The label inside a sentence; an abbreviation keeps its capitals."""
        return self.label if self.label.isupper() or self.label in _PROPER else self.label.lower()


_PROPER = ("Brier score", "Matthews correlation")

# The order of the page: what depends on no threshold leads, because F1 alone misleads
# (predicting "positive" always has F1 0.676 on the demo).
_METRICS = (
    Metric("auc", "AUC"),
    Metric("log_loss", "Log loss", lower_is_better=True),
    Metric("ap", "Average precision"),
    Metric("brier", "Brier score", lower_is_better=True),
    Metric("eer", "Equal error rate", lower_is_better=True),
    Metric("f1", "F1", at_threshold=True),
    Metric("accuracy", "Accuracy", at_threshold=True),
    Metric("balanced_accuracy", "Balanced accuracy", at_threshold=True),
    Metric("precision", "Precision", at_threshold=True),
    Metric("recall", "Recall", at_threshold=True),
    Metric("mcc", "Matthews correlation", at_threshold=True),
)

_OPERATING_POINT = "tpr_at_fpr_"


def metric_named(key: str) -> Metric:
    """Return the metric of a key of the artefacts; an unknown key is its own label."""
    for metric in _METRICS:
        if metric.key == key:
            return metric
    if key.startswith(_OPERATING_POINT):
        return Metric(key, f"TPR at FPR {float(key.removeprefix(_OPERATING_POINT)):.3g}")
    return Metric(key, key)


def metrics_in(keys: Iterable[str]) -> list[Metric]:
    """Return the metrics of the page that ``keys`` hold, in the order of the page."""
    found = set(keys)
    points = sorted(k for k in found if k.startswith(_OPERATING_POINT))
    return [m for m in _METRICS if m.key in found] + [metric_named(k) for k in points]


def display_name(name: str) -> str:
    """Return how an entrant or a reference is spelled in prose."""
    return _NAMES.get(name, name)


def subject(name: str) -> str:
    """Return how an entrant is spelled where it begins a sentence."""
    return f"The {name}" if name == ENSEMBLE else display_name(name)


def method_name(name: str) -> str:
    """Return the name of an interval method in prose."""
    return _METHODS.get(name, name.replace("_", " "))


def is_number(value: object) -> bool:
    """Tell whether a value is a finite number; a bool is not."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def score(value: float | None) -> str:
    """Write a score with three decimals; ``undefined`` for none."""
    # Adding zero turns the -0.0 of a small negative number into 0.0.
    return UNDEFINED if value is None else f"{round(value, 3) + 0.0:.3f}"


def probability(value: float | None) -> str:
    """Write a p value with three decimals; what would round to zero is ``< 0.001``."""
    return "< 0.001" if value is not None and value < 0.0005 else score(value)


def count(value: float | None) -> str:
    """Write a count with thousands separators."""
    return UNDEFINED if value is None else f"{value:,.0f}"


def counted(value: float | None, noun: str) -> str:
    """Write a count with its noun, in the plural where it is one."""
    return f"{count(value)} {noun}" + ("" if value == 1 else "s")


def percent(share: float) -> str:
    """Write a share such as 0.95 as ``95 %``."""
    return f"{100 * share:g} %"


def interval(low: float | None, high: float | None) -> str:
    """Write the two ends of an interval."""
    return f"{score(low)} to {score(high)}"


def anything(value: Any) -> str:
    """Write a value of unknown kind: counts whole, other numbers with three decimals, mappings as pairs."""
    if value is None:
        return UNDEFINED
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return count(value)
    if isinstance(value, float):
        return score(value) if math.isfinite(value) else UNDEFINED
    if isinstance(value, Mapping):
        return "; ".join(f"{k}: {anything(v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(anything(v) for v in value)
    return str(value)


def setting(value: Any) -> str:
    """Write a parameter value as a configuration file would: 0.1, 200, true."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)


def classes(label: Label) -> str:
    """Name the two classes: ``fake from real``, or ``label 1 from label 0`` where the values are numbers."""
    if any(value.replace(".", "", 1).isdigit() for value in (label.positive, label.negative)):
        return f"{label.column} {label.positive} from {label.column} {label.negative}"
    return f"{label.positive} from {label.negative}"


def extent(counts: Counts, unit: str) -> str:
    """Write what a metric is computed on: ``3,278 rows, 298 units (video), 298 groups``."""
    return f"{counted(counts.rows, 'row')}, {counted(counts.units, 'unit')} ({unit}), {counted(counts.groups, 'group')}"
