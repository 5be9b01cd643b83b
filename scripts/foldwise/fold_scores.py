"""The scores of a metrics.json as one row an outer fold."""

from collections.abc import Mapping
from typing import Any

_COUNTS = ("fold", "repeat", "n_rows", "n_units", "n_groups", "n_positive")
_CONFUSION = ("true_negatives", "false_positives", "false_negatives", "true_positives")
_NO_SCORE = (*_COUNTS, "source", "confusion", "unit")


def fold_scores(metrics: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return dataset, backend, counts, confusion and the row-level scores as ``test_<metric>`` of each outer fold."""
    return [
        {
            "dataset": metrics["dataset"],
            "backend": metrics["backend"],
            **{name: fold[name] for name in _COUNTS},
            **{f"test_{name}": value for name, value in fold.items() if name not in _NO_SCORE},
            **dict(zip(_CONFUSION, (count for row in fold["confusion"] for count in row), strict=True)),
        }
        for fold in metrics["fold_results"]
    ]
