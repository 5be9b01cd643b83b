"""Render the report page of a dataset and write it."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from foldwise.io.files import read_json, read_table, write_text
from foldwise.report import data_tables, html_table, operation_tables, run_tables, score_tables
from foldwise.report.comparison_tables import comparison_table, cross_check_table
from foldwise.report.information_sheet import information_sheet
from foldwise.report.render import render
from foldwise.report.score_tables import WARNING, ensemble_table, interval_table, leaky_table
from foldwise.report.verdict import checks, verdict
from foldwise.results import wording
from foldwise.results.load import Artefacts, load_all, load_plots
from foldwise.results.scores import outer_folds

PLOT_TITLES = {
    "roc_curve": "ROC curve",
    "precision_recall_curve": "Precision and recall",
    "cv_fold_comparison": "Scores by fold",
    "confusion_matrix": "Confusion matrix",
    "calibration_curve": "Calibration",
    "feature_importance": "Feature importance",
    "learning_curves": "Learning curves",
    "hyperparameter_search": "Hyperparameter search",
}

SECTIONS = {
    "verdict": "Verdict",
    "audit": "Leakage audit",
    "scores": "Scores",
    "comparison": "Comparison of backends",
    "ensemble": "Ensemble",
    "operation": "Calibration and thresholds",
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


def render_report(artefacts: Artefacts) -> str:
    """Return the page as HTML: a pure function of the artefacts, with nothing loaded from elsewhere."""
    return render(
        "report.html.j2",
        ["tables.js", "page.js"],
        dataset=artefacts.dataset,
        sections=_sections(artefacts),
        **_contents(artefacts),
    )


def _sections(artefacts: Artefacts) -> dict[str, str]:
    """Return the titles of the sections that the run has something for."""
    optional = {"leaky": artefacts.leaky, "ensemble": artefacts.weights}
    return {key: title for key, title in SECTIONS.items() if optional.get(key, True)}


def write_report(
    output: str | Path,
    *,
    dataset: str,
    entrants: Iterable[str],
    contract: str | Path,
    audit: str | Path | None,
    comparison: str | Path,
    metrics: Iterable[str | Path],
    params: Iterable[str | Path],
    plots: Iterable[str | Path],
    comparison_plot: str | Path,
    configuration: Mapping[str, Any],
    leaky: str | Path | None = None,
    weights: str | Path | None = None,
) -> None:
    """Load the artefacts of a dataset and write its page.

    Args:
        output: the HTML file.
        dataset: its name.
        entrants: the backends in the order of the page, then their ensemble where there is one.
        contract: table.json.
        audit: audit.json, None where the audit is switched off.
        comparison: comparison.json.
        metrics: metrics.json of every entrant.
        params: the gathered params.json of every backend.
        plots: pictures, laid out as ``{entrant}/plots/{name}.png``.
        comparison_plot: the picture of all entrants.
        configuration: the validated configuration of the dataset, as plain values.
        leaky: leaky_reference.json, None where the run made none.
        weights: weights.parquet of the ensemble, None where there is none.
    """
    artefacts = Artefacts(
        dataset=dataset,
        entrants=list(entrants),
        contract=read_json(contract),
        audit=read_json(audit) if audit else {},
        comparison=read_json(comparison),
        metrics=load_all(metrics),
        params=[fold for path in params for fold in read_json(path)],
        configuration=configuration,
        plots=load_plots(plots),
        comparison_plot=Path(comparison_plot).read_bytes(),
        leaky=read_json(leaky) if leaky else {},
        weights=read_table(weights).to_pylist() if weights else [],
    )
    write_text(output, render_report(artefacts))


def _contents(artefacts: Artefacts) -> dict[str, Any]:
    """Return what each section shows, by the names the template uses."""
    first = next(iter(artefacts.metrics_by_entrant().values()))
    return {
        "verdict": verdict(artefacts),
        "extent": wording.extent(first["counts"], artefacts.contract.get("unit")),
        "classes": wording.classes(artefacts.contract),
        "checks": checks(artefacts.audit),
        "score_tables": [
            score_tables.score_table(artefacts, "row"),
            score_tables.score_table(artefacts, "unit"),
        ],
        "interval_table": interval_table(artefacts),
        "outer_folds": outer_folds(artefacts),
        "operation_tables": [
            operation_tables.calibration_table(artefacts),
            operation_tables.decision_table(artefacts),
            operation_tables.operating_point_table(artefacts),
        ],
        "leaky_warning": WARNING,
        "leaky_table": leaky_table(artefacts),
        "information_sheet": information_sheet(artefacts),
        "comparison_table": comparison_table(artefacts),
        "cross_check_table": cross_check_table(artefacts),
        "ensemble_table": ensemble_table(artefacts),
        "comparison_figure": _comparison_figure(artefacts),
        "figures": _figures(artefacts),
        "slice_table": score_tables.slice_table(artefacts),
        "fold_table": score_tables.fold_table(artefacts),
        "class_table": score_tables.class_table(artefacts),
        "search_tables": run_tables.search_tables(artefacts),
        "facts": data_tables.facts(artefacts),
        "notes": artefacts.contract.get("notes") or [],
        "data_tables": [
            data_tables.feature_table(artefacts),
            data_tables.dropped_table(artefacts),
            data_tables.unmatched_table(artefacts),
            data_tables.source_table(artefacts),
        ],
        "timing_table": run_tables.timing_table(artefacts),
        "version_table": run_tables.version_table(artefacts),
        "configuration_text": run_tables.configuration_text(artefacts.configuration),
    }


def _comparison_figure(artefacts: Artefacts) -> html_table.Figure | None:
    if artefacts.comparison_plot is None:
        return None
    alt = f"Comparison of the entrants on {artefacts.dataset}"
    return html_table.figure(artefacts.comparison_plot, "Model comparison", alt)


def _figures(artefacts: Artefacts) -> list[tuple[str, list[html_table.Figure]]]:
    """Return the pictures of each entrant in a fixed order, unknown ones last by name."""
    order = list(PLOT_TITLES)
    result = []
    for entrant in artefacts.entrants:
        plots = [p for p in artefacts.plots if p.backend == entrant]
        plots.sort(key=lambda p: (order.index(p.name) if p.name in order else len(order), p.name))
        name = wording.display_name(entrant)
        figures = []
        for plot in plots:
            title = PLOT_TITLES.get(plot.name, plot.name.replace("_", " "))
            figures.append(html_table.figure(plot.png, title, f"{title} of {name} on {artefacts.dataset}"))
        if figures:
            result.append((name, figures))
    return result
