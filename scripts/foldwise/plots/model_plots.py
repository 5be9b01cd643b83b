"""Read the results of a model and write its plots: eight for a backend, five for the ensemble."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from foldwise.data.contract import Label, read_contract
from foldwise.evaluation.records import Metrics
from foldwise.io.files import read_note, read_table
from foldwise.plots.calibration_curve import draw_calibration
from foldwise.plots.curves import draw_precision_recall, draw_roc
from foldwise.plots.feature_importance import draw_importance
from foldwise.plots.fold_plots import draw_confusion, draw_fold_comparison
from foldwise.plots.labels import population
from foldwise.plots.learning_curves import draw_learning_curves
from foldwise.plots.search_plot import draw_search
from foldwise.plots.style import Subject, save
from foldwise.results.load import read_params, read_record


@dataclass(frozen=True)
class ModelResults:
    """What the plots of a model's predictions show.

    Attributes:
        subject: dataset, model and population.
        label: the label column.
        metrics: metrics.json.
        predictions: out_of_fold.parquet, one row a test row of each fold, with ``score`` and ``calibrated``.
    """

    subject: Subject
    label: Label
    metrics: Metrics
    predictions: pd.DataFrame


@dataclass(frozen=True)
class BackendResults(ModelResults):
    """What the plots of a backend show; tables contain the rows of all folds, with a column ``fold``.

    Attributes:
        search: search.parquet.
        search_metric: key of the metric of the search.
        greater_is_better: its direction.
        curve: curve.parquet.
        importance: importance.parquet.
        trees: outer fold -> number of trees of its model.
    """

    search: pd.DataFrame
    search_metric: str
    greater_is_better: bool
    curve: pd.DataFrame
    importance: pd.DataFrame
    trees: Mapping[int, int]


SCORE_PLOTS: Mapping[str, Callable[[ModelResults], Figure]] = {
    "cv_fold_comparison": lambda of: draw_fold_comparison(of.subject, of.metrics),
    "roc_curve": lambda of: draw_roc(of.subject, of.predictions, of.metrics),
    "precision_recall_curve": lambda of: draw_precision_recall(of.subject, of.predictions, of.metrics),
    "confusion_matrix": lambda of: draw_confusion(of.subject, of.metrics, of.label),
    "calibration_curve": lambda of: draw_calibration(of.subject, of.predictions),
}

PLOTS: Mapping[str, Callable[[BackendResults], Figure]] = {
    **SCORE_PLOTS,
    "hyperparameter_search": lambda of: draw_search(of.subject, of.search, of.search_metric, of.greater_is_better),
    "learning_curves": lambda of: draw_learning_curves(of.subject, of.curve, of.trees),
    "feature_importance": lambda of: draw_importance(of.subject, of.importance),
}


def read_model(*, contract: str | Path, metrics: str | Path, out_of_fold: str | Path) -> ModelResults:
    """Read what the plots of a model's predictions show.

    Args:
        contract: path of table.json.
        metrics: path of the model's metrics.json.
        out_of_fold: path of its out_of_fold.parquet.
    """
    about, measured = read_contract(contract), read_record(metrics, Metrics)
    return ModelResults(
        subject=Subject(measured.dataset, measured.backend, population(measured.counts, about.unit)),
        label=about.label,
        metrics=measured,
        predictions=read_table(out_of_fold).to_pandas(),
    )


def read_backend(
    *,
    contract: str | Path,
    metrics: str | Path,
    out_of_fold: str | Path,
    search: str | Path,
    curve: str | Path,
    importance: str | Path,
    params: str | Path,
) -> BackendResults:
    """Read what the plots of a backend show.

    Args:
        contract: path of table.json.
        metrics: path of the backend's metrics.json.
        out_of_fold: path of its out_of_fold.parquet.
        search: path of its search.parquet, of all folds.
        curve: path of its curve.parquet, of all folds.
        importance: path of its importance.parquet, of all folds.
        params: path of its params.json, of all folds.
    """
    note = read_note(search)
    return BackendResults(
        **vars(read_model(contract=contract, metrics=metrics, out_of_fold=out_of_fold)),
        search=read_table(search).to_pandas(),
        search_metric=note["metric"],
        greater_is_better=note["greater_is_better"] == "true",
        curve=read_table(curve).to_pandas(),
        importance=read_table(importance).to_pandas(),
        trees={int(fold.fold): fold.trees for fold in read_params(params)},
    )


def write_score_plots(results: ModelResults, **paths: str | Path) -> None:
    """Write plots of ``SCORE_PLOTS`` as PNG files: ``roc_curve="roc_curve.png"``."""
    for name, path in paths.items():
        save(SCORE_PLOTS[name](results), path)


def write_plots(results: BackendResults, **paths: str | Path) -> None:
    """Write plots of ``PLOTS`` as PNG files: ``roc_curve="roc_curve.png"``."""
    for name, path in paths.items():
        save(PLOTS[name](results), path)
