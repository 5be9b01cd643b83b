"""The plots that an entrant's scores are enough for: those of the ensemble, and five of a backend's."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from foldwise.artifacts import read_json, read_table
from foldwise.plots.calibration import draw_calibration
from foldwise.plots.curves import draw_precision_recall, draw_roc
from foldwise.plots.folds import draw_confusion, draw_fold_comparison, pooled_confusion
from foldwise.plots.style import Subject, save
from foldwise.plots.wording import population


@dataclass(frozen=True)
class EntrantResults:
    """The scores of one entrant: ``predictions`` are the scored rows of all folds, calibrated too."""

    subject: Subject
    label: Mapping[str, Any]
    metrics: Mapping[str, Any]
    predictions: pd.DataFrame


def read_entrant(files: Mapping[str, str | Path]) -> EntrantResults:
    """Read the scores of one entrant.

    Args:
        files: paths of ``contract``, ``metrics`` and ``out_of_fold``.
    """
    about, scores = read_json(files["contract"]), read_json(files["metrics"])
    return EntrantResults(
        subject=Subject(scores["dataset"], scores["backend"], population(scores["counts"], about["unit"])),
        label=about["label"],
        metrics=scores,
        predictions=read_table(files["out_of_fold"]).to_pandas(),
    )


SCORE_PLOTS: Mapping[str, Callable[[EntrantResults], Figure]] = {
    "cv_fold_comparison": lambda of: draw_fold_comparison(of.subject, of.metrics),
    "roc_curve": lambda of: draw_roc(of.subject, of.predictions, of.metrics),
    "precision_recall_curve": lambda of: draw_precision_recall(of.subject, of.predictions, of.metrics),
    "confusion_matrix": lambda of: draw_confusion(of.subject, *_confusion_of(of)),
    "calibration_curve": lambda of: draw_calibration(of.subject, of.predictions),
}


def write_score_plots(results: EntrantResults, destinations: Mapping[str, str | Path]) -> None:
    """Write the plots named by the keys of ``destinations`` (see ``SCORE_PLOTS``) as PNG files."""
    for name, path in destinations.items():
        save(SCORE_PLOTS[name](results), path)


def _confusion_of(results: EntrantResults) -> tuple[Any, Mapping[str, Any], str]:
    counts, over = pooled_confusion(results.metrics)
    return counts, results.label, over
