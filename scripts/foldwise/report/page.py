"""The report page of a dataset: its sections, and what each of them shows."""

from pathlib import Path
from typing import Any

from foldwise.io.files import write_text
from foldwise.report import data_tables, fold_tables, html_table, metric_tables, operating_point_tables, run_tables
from foldwise.report.audit_section import checks, tally
from foldwise.report.chart import interval_chart
from foldwise.report.comparison_tables import comparison_table, cross_check_table
from foldwise.report.information_sheet import information_sheet
from foldwise.report.render import render
from foldwise.report.verdict import verdict
from foldwise.results import wording
from foldwise.results.load import DatasetResults

PLOT_TITLES = {
    "roc_curve": "ROC curve",
    "precision_recall_curve": "Precision and recall",
    "cv_fold_comparison": "Metrics by fold",
    "confusion_matrix": "Confusion matrix",
    "calibration_curve": "Calibration",
    "feature_importance": "Feature importance",
    "learning_curves": "Learning curves",
    "hyperparameter_search": "Hyperparameter search",
}

SECTIONS = {
    "verdict": "Verdict",
    "audit": "Leakage audit",
    "metrics": "Metrics",
    "comparison": "Comparison of models",
    "ensemble": "Ensemble",
    "thresholds": "Calibration and thresholds",
    "leaky": "Leaky reference",
    "plots": "Plots",
    "slices": "Slices",
    "folds": "Folds",
    "search": "Hyperparameter search",
    "data": "Data",
    "sheet": "Model information sheet",
    "timings": "Time and memory",
    "configuration": "Versions and configuration",
}


def write_report(results: DatasetResults, path: str | Path) -> None:
    """Write the page of a dataset."""
    write_text(path, render_report(results))


def render_report(results: DatasetResults) -> str:
    """Return the page as HTML: a pure function of the results, with nothing loaded from elsewhere."""
    optional = {"leaky": results.leaky, "ensemble": results.weights}
    return render(
        "report.html.j2",
        ["tables.js", "page.js"],
        dataset=results.dataset,
        sections={key: title for key, title in SECTIONS.items() if optional.get(key, True)},
        **_contents(results),
    )


def _contents(results: DatasetResults) -> dict[str, Any]:
    """Return what the sections show, by the names that the template uses."""
    return {
        "verdict": verdict(results),
        "chart": interval_chart(results),
        "extent": wording.extent(results.comparison.counts, results.contract.unit),
        "classes": wording.classes(results.contract.label),
        "outer_folds": results.outer_folds,
        "tally": tally(results.audit),
        "checks": checks(results.audit),
        "metric_tables": [metric_tables.metric_table(results, "row"), metric_tables.metric_table(results, "unit")],
        "interval_table": metric_tables.interval_table(results),
        "comparison_table": comparison_table(results),
        "cross_check_table": cross_check_table(results),
        "weight_table": fold_tables.weight_table(results),
        "operating_point_tables": [
            make(results, level)
            for make in (
                operating_point_tables.decision_table,
                operating_point_tables.operating_point_table,
                operating_point_tables.calibration_table,
            )
            for level in operating_point_tables.decided_levels(results)
        ],
        "leaky_warning": metric_tables.WARNING,
        "leaky_table": metric_tables.leaky_table(results),
        "comparison_figure": _comparison_figure(results),
        "figures": _figures(results),
        "slice_table": metric_tables.slice_table(results),
        "fold_table": fold_tables.fold_table(results),
        "class_table": fold_tables.class_table(results),
        "search_tables": run_tables.search_tables(results),
        "facts": data_tables.facts(results),
        "notes": results.contract.notes,
        "data_tables": [
            data_tables.feature_table(results),
            data_tables.dropped_table(results),
            data_tables.unmatched_table(results),
            data_tables.source_table(results),
        ],
        "information_sheet": information_sheet(results),
        "timing_table": run_tables.timing_table(results),
        "version_table": run_tables.version_table(results),
        "configuration_text": run_tables.configuration_text(results.configuration),
    }


def _comparison_figure(results: DatasetResults) -> html_table.Figure:
    alt = f"Comparison of the models on {results.dataset}"
    return html_table.figure(results.comparison_plot or b"", "Model comparison", alt)


def _figures(results: DatasetResults) -> list[tuple[str, list[html_table.Figure]]]:
    """Return the name of each model with its pictures in the order of ``PLOT_TITLES``."""
    order = list(PLOT_TITLES)
    figures = []
    for model in results.models:
        name = wording.display_name(model)
        plots = sorted((plot for plot in results.plots if plot.backend == model), key=lambda p: order.index(p.name))
        pictures = [
            html_table.figure(
                plot.png, PLOT_TITLES[plot.name], f"{PLOT_TITLES[plot.name]} of {name} on {results.dataset}"
            )
            for plot in plots
        ]
        figures.append((name, pictures))
    return figures
