"""How numbers and names are written on the page."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from foldwise import errors
from foldwise.data.contract import Label
from foldwise.evaluation.records import HEADLINE_METHOD, METHODS, Counts
from foldwise.model_names import ENSEMBLE
from foldwise.stats.metrics import LABELS, LOWER_IS_BETTER

UNDEFINED = "undefined"

_NAMES = {
    "xgboost": "XGBoost",
    "lightgbm": "LightGBM",
    "catboost": "CatBoost",
    ENSEMBLE: "Ensemble",
    "logistic_regression": "Logistic regression",
    "constant": "Constant prediction",
}

_PROPER_NAMES = ("Brier", "Matthews")
_AT_THRESHOLD = ("f1", "accuracy", "balanced_accuracy", "precision", "recall", "mcc")


@dataclass(frozen=True)
class Metric:
    """A metric as it appears on the page."""

    key: str
    label: str

    @property
    def lower_is_better(self) -> bool:
        """Whether less is better."""
        return self.key in LOWER_IS_BETTER

    @property
    def at_threshold(self) -> bool:
        """Whether it is a metric of decisions."""
        return self.key in _AT_THRESHOLD

    @property
    def direction(self) -> str:
        """Which way is better, in words."""
        return "lower is better" if self.lower_is_better else "higher is better"

    @property
    def spoken(self) -> str:
        """The label inside a sentence; abbreviations and proper names keep their capitals."""
        first = self.label.split()[0]
        return self.label if first.isupper() or first in _PROPER_NAMES else self.label[0].lower() + self.label[1:]


_OPERATING_POINT = "tpr_at_fpr_"


def metric_named(key: str) -> Metric:
    """Return the metric of a key; an unknown key is its own label."""
    if key.startswith(_OPERATING_POINT):
        return Metric(key, f"TPR at FPR {float(key.removeprefix(_OPERATING_POINT)):.3g}")
    return Metric(key, LABELS.get(key, key))


def metrics_in(keys: Iterable[str]) -> list[Metric]:
    """Return the metrics among ``keys`` that have a label, in the order of the page, then the operating points."""
    present = set(keys)
    points = sorted(key for key in present if key.startswith(_OPERATING_POINT))
    return [metric_named(key) for key in (*(key for key in LABELS if key in present), *points)]


def display_name(name: str) -> str:
    """Return the name of a model or baseline in prose."""
    return _NAMES.get(name, name)


def subject(name: str) -> str:
    """Return the name of a model where it begins a sentence."""
    return f"The {name}" if name == ENSEMBLE else display_name(name)


HEADLINE_INTERVAL = f"interval ({METHODS[HEADLINE_METHOD]})"
"""The interval that is shown wherever there is room for one."""


def method_name(name: str) -> str:
    """Return the name of an interval method in prose."""
    return METHODS.get(name, name.replace("_", " "))


def is_number(value: object) -> bool:
    """Return whether a value is a finite number; a bool is not."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def number(value: float | None) -> str:
    """Write a number such as the value of a metric with three decimals; ``undefined`` for none."""
    # Adding zero turns the -0.0 of a small negative number into 0.0.
    return UNDEFINED if value is None else f"{round(value, 3) + 0.0:.3f}"


def probability(value: float | None) -> str:
    """Write a p value with three decimals; what would round to zero is ``< 0.001``."""
    return "< 0.001" if value is not None and value < 0.0005 else number(value)


def count(value: float | None) -> str:
    """Write a count with thousands separators."""
    return UNDEFINED if value is None else f"{value:,.0f}"


def counted(value: float | None, noun: str) -> str:
    """Write a count with its noun; ``undefined`` for none."""
    return f"{UNDEFINED} {noun}s" if value is None else errors.counted(value, noun)


def percent(share: float) -> str:
    """Write a share such as 0.95 as ``95 %``."""
    return f"{100 * share:g} %"


def interval(low: float | None, high: float | None) -> str:
    """Write the two ends of an interval."""
    return f"{number(low)} to {number(high)}"


def anything(value: Any) -> str:
    """Write a value of unknown kind: counts whole, other numbers with three decimals, mappings as pairs."""
    if value is None:
        return UNDEFINED
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return count(value)
    if isinstance(value, float):
        return number(value) if math.isfinite(value) else UNDEFINED
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
    return f"{class_name(label, label.positive)} from {class_name(label, label.negative)}"


def class_name(label: Label, value: str) -> str:
    """Name a class: ``fake``, or ``label 1`` where the values are numbers."""
    named_by_numbers = any(v.replace(".", "", 1).isdigit() for v in (label.positive, label.negative))
    return f"{label.column} {value}" if named_by_numbers else value


def extent(counts: Counts, unit: str) -> str:
    """Write what a metric is computed on: ``3,278 rows, 298 units (video), 298 groups``."""
    return f"{counted(counts.rows, 'row')}, {counted(counts.units, 'unit')} ({unit}), {counted(counts.groups, 'group')}"
