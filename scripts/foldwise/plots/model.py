"""The plots that an entrant's scores are enough for: those of the ensemble, and five of a backend's."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from foldwise.io.files import read_json, read_note, read_table
from foldwise.plots.calibration_plot import draw_calibration
from foldwise.plots.curves import draw_precision_recall, draw_roc
from foldwise.plots.folds import draw_confusion, draw_fold_comparison, pooled_confusion
from foldwise.plots.importance import draw_importance
from foldwise.plots.labels import population
from foldwise.plots.learning import draw_learning_curves
from foldwise.plots.search import draw_search
from foldwise.plots.style import Subject, save


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


@dataclass(frozen=True)
class BackendResults(EntrantResults):
    """What one backend left, all folds below each other with a column ``fold``.

    ``trees`` is the size of each fold's model.
    """

    search: pd.DataFrame
    search_metric: str
    greater_is_better: bool
    curve: pd.DataFrame
    importance: pd.DataFrame
    trees: Mapping[int, int]


def read_backend(files: Mapping[str, str | Path]) -> BackendResults:
    """Read what the plots of one backend need.

    Args:
        files: paths of ``contract``, ``metrics`` and ``out_of_fold``, and of the gathered ``search``,
            ``curve``, ``importance`` and ``params`` of all folds.
    """
    entrant, note = read_entrant(files), read_note(files["search"])
    return BackendResults(
        **vars(entrant),
        search=read_table(files["search"]).to_pandas(),
        search_metric=note["metric"],
        greater_is_better=note["greater_is_better"] == "true",
        curve=read_table(files["curve"]).to_pandas(),
        importance=read_table(files["importance"]).to_pandas(),
        trees={int(fold["fold"]): int(fold["trees"]) for fold in read_json(files["params"])},
    )


PLOTS: Mapping[str, Callable[[BackendResults], Figure]] = {
    **SCORE_PLOTS,
    "hyperparameter_search": lambda of: draw_search(of.subject, of.search, of.search_metric, of.greater_is_better),
    "learning_curves": lambda of: draw_learning_curves(of.subject, of.curve, of.trees),
    "feature_importance": lambda of: draw_importance(of.subject, of.importance),
}


def write_plots(results: BackendResults, destinations: Mapping[str, str | Path]) -> None:
    """Write the plots named by the keys of ``destinations`` (see ``PLOTS``) as PNG files."""
    for name, path in destinations.items():
        save(PLOTS[name](results), path)
