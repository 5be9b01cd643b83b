"""Evaluate one model over the outer folds: its metrics by row, by unit and by slice, and what they are computed on."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from foldwise.data.contract import read_contract
from foldwise.evaluation.constant_prediction import constant_decisions, constant_validation
from foldwise.evaluation.fold_metrics import baseline, by_fold, constant_metrics, fold_metrics, metrics_table
from foldwise.evaluation.interval_records import Intervals
from foldwise.evaluation.intervals import METRICS, OF_PROBABILITIES, intervals_of_level, intervals_over_folds
from foldwise.evaluation.operating_points import (
    EvaluationSettings,
    apply_decision_rules,
    calibration_summary,
    decision_summary,
    fit_decision_rule,
)
from foldwise.evaluation.predictions import (
    inner_out_of_fold,
    out_of_fold,
    prediction_table,
    read_fold_predictions,
    slice_values,
)
from foldwise.evaluation.records import (
    HEADLINE,
    LEVELS,
    Baseline,
    Counts,
    Extent,
    FoldMetrics,
    Headline,
    Level,
    MeanOverFolds,
    Metrics,
    SliceMetrics,
    UnitMetrics,
)
from foldwise.evaluation.validation import cross_validation
from foldwise.folds.assignment import Rows, open_rows
from foldwise.io.files import write_json, write_table
from foldwise.stats.influence_interval import CrossValidation
from foldwise.stats.metrics import confusion


def evaluate_backend(
    *,
    table: str,
    contract: str,
    folds: str,
    predictions: str,
    inner_predictions: str,
    reference: str,
    inner_reference: str,
    backend: str,
    settings: EvaluationSettings,
    metrics: str,
    tidy: str,
    out_of_fold_predictions: str,
) -> None:
    """Write the metrics of a model and its out-of-fold predictions.

    Args:
        table: path of table.parquet.
        contract: path of table.json.
        folds: path of folds.parquet.
        predictions: path of the model's predictions of the test rows, of all folds.
        inner_predictions: path of its inner out-of-fold predictions, of all folds.
        reference: path of the predictions of the logistic regression.
        inner_reference: path of its inner out-of-fold predictions.
        backend: name of a backend, or ``ensemble``.
        settings: the evaluation section of the configuration.
        metrics: where to write metrics.json.
        tidy: where to write metrics.parquet, one line a fold, level, slice and metric.
        out_of_fold_predictions: where to write the test rows of all folds with their predictions.
    """
    columns = read_contract(contract)
    dataset = columns.dataset
    rows = open_rows(table, contract, folds)
    inner = inner_out_of_fold(rows, read_fold_predictions(inner_predictions))
    rules = {int(str(fold)): fit_decision_rule(part, settings) for fold, part in inner.groupby("fold")}
    predicted = apply_decision_rules(out_of_fold(rows, read_fold_predictions(predictions)), rules)
    inner = apply_decision_rules(inner, rules)
    write_table(out_of_fold_predictions, prediction_table(dataset, backend, predicted))
    lines = fold_metrics(dataset, backend, predicted, settings.operating_fpr)
    write_table(tidy, metrics_table(lines))
    logistic = out_of_fold(rows, read_fold_predictions(reference))
    inner_logistic = inner_out_of_fold(rows, read_fold_predictions(inner_reference))
    logistic_lines = fold_metrics(dataset, "logistic_regression", logistic, settings.operating_fpr)
    shares = list(rows.folds.test_shares().values())

    def intervals(level: Level) -> Intervals:
        values = {metric: by_fold(lines, metric, level) for metric in METRICS}
        as_predicted = cross_validation(predicted, inner, rows.folds, level)
        of_test, of_train = (frame.assign(score=frame["calibrated"]) for frame in (predicted, inner))
        calibrated = cross_validation(of_test, of_train, rows.folds, level)
        validations = {metric: calibrated if metric in OF_PROBABILITIES else as_predicted for metric in METRICS}
        return intervals_of_level(values, predicted, validations, level, float(np.mean(shares)), settings.confidence)

    def of_constant(level: Level) -> Mapping[str, CrossValidation]:
        validation = constant_validation(rows, level)
        return {metric: constant_decisions(metric, validation) for metric in METRICS}

    def of_logistic(level: Level) -> Mapping[str, CrossValidation]:
        return dict.fromkeys(METRICS, cross_validation(logistic, inner_logistic, rows.folds, level))

    def with_intervals(
        baseline_lines: pd.DataFrame, validations: Callable[[Level], Mapping[str, CrossValidation]]
    ) -> Baseline:
        of_levels = {}
        for level in LEVELS:
            values = {metric: by_fold(baseline_lines, metric, level) for metric in METRICS}
            of_levels[level] = intervals_over_folds(
                values, validations(level), predicted, level, float(np.mean(shares)), settings.confidence
            )
        return replace(baseline(baseline_lines), intervals=of_levels["row"], unit_intervals=of_levels["unit"])

    evaluated = Metrics(
        headline=headline(lines, "row"),
        dataset=dataset,
        backend=backend,
        unit=UnitMetrics(headline(lines, "unit"), intervals("unit")),
        folds=_fold_results(predicted, lines, rows),
        intervals=intervals("row"),
        slices=_slice_results(predicted, lines),
        baselines={
            "constant": with_intervals(constant_metrics(dataset, rows, settings.operating_fpr), of_constant),
            "logistic_regression": with_intervals(logistic_lines, of_logistic),
        },
        decision=decision_summary(predicted, inner, rows.folds, settings, columns.label),
        calibration=calibration_summary(predicted, settings.calibration),
        counts=counts(rows),
    )
    write_json(metrics, evaluated.as_json())


def headline(lines: pd.DataFrame, level: Level) -> Headline:
    """Return mean and standard deviation (ddof 1) of the headline metrics over outer folds, at the threshold 0.5.

    A fold where a metric is not defined, as in a held-out source of one class, is left out of its mean; ``folds``
    counts the others.
    """
    means = {}
    for metric in HEADLINE:
        values = by_fold(lines, metric, level)
        defined = values[np.isfinite(values)]
        means[metric] = MeanOverFolds(
            mean=float(defined.mean()) if len(defined) else None,
            sd=float(defined.std(ddof=1)) if len(defined) > 1 else None,
            folds=len(defined) if len(defined) < len(values) else None,
        )
    return Headline(means)


def counts(rows: Rows) -> Counts:
    """Return what the metrics of a dataset are computed on."""
    positive_units = rows.frame.groupby("unit")["label"].mean() > 0.5
    folds, n_splits = len(rows.folds.numbers), rows.folds.plan.n_splits
    return Counts(
        rows=len(rows),
        units=len(positive_units),
        groups=rows.frame["group"].nunique(),
        positive_rows=int(rows.frame["label"].sum()),
        positive_units=int(positive_units.sum()),
        folds=folds,
        repeats=folds // n_splits,
        n_splits=n_splits,
    )


def _fold_results(predictions: pd.DataFrame, lines: pd.DataFrame, rows: Rows) -> list[FoldMetrics]:
    overall = lines[lines["slice"] == "all"].set_index(["level", "fold"])
    results = []
    for name, part in predictions.groupby("fold"):
        fold = int(str(name))
        row, unit = (dict(overall.loc[(level, fold), ["metric", "value"]].to_numpy()) for level in ("row", "unit"))
        results.append(
            FoldMetrics(
                fold=fold,
                repeat=rows.folds.repeat_of(fold),
                source=rows.folds.source_of(fold),
                extent=_extent(part),
                row=row,
                confusion=confusion(part["label"].to_numpy(), part["score"].to_numpy()).tolist(),
                unit=unit,
            )
        )
    return results


def _slice_results(predictions: pd.DataFrame, lines: pd.DataFrame) -> list[SliceMetrics]:
    results = []
    first = predictions[predictions["repeat"] == 1]
    for keys, part in lines[lines["slice"] != "all"].groupby(["slice", "slice_value"], sort=True):
        name, value = map(str, keys)
        means = part.groupby("metric", sort=False)["value"].mean()
        results.append(
            SliceMetrics(
                slice=name,
                value=value,
                level="row",
                extent=_extent(first[slice_values(first, name) == value]),
                n_folds=int(part.loc[part["metric"] == "auc", "value"].notna().sum()),
                metrics={str(metric): float(mean) for metric, mean in means.items()},
            )
        )
    return results


def _extent(part: pd.DataFrame) -> Extent:
    return Extent(
        n_rows=len(part),
        n_units=part["unit"].nunique(),
        n_groups=part["group"].nunique(),
        n_positive=int(part["label"].sum()),
    )
