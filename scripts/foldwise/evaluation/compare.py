"""Compare the models of a dataset on the same folds, each with the others and with the baselines."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from foldwise.evaluation.comparison_records import Comparison, ModelEstimate
from foldwise.evaluation.constant_prediction import constant_decisions, constant_validation
from foldwise.evaluation.evaluate import counts
from foldwise.evaluation.fold_metrics import constant_metrics, fold_metrics, metrics_table
from foldwise.evaluation.interval_records import Means
from foldwise.evaluation.intervals import groups_of_rarer_class, interval_by_influence, reason_without_training_variance
from foldwise.evaluation.pairs import compare_pairs, verdict, verdict_baselines
from foldwise.evaluation.predictions import inner_out_of_fold, out_of_fold, read_fold_predictions
from foldwise.evaluation.validation import cross_validation
from foldwise.folds.assignment import Rows, open_rows
from foldwise.io.files import read_json, read_table, write_json, write_table
from foldwise.model_names import BASELINES, CONSTANT
from foldwise.stats.corrected_t import reason_to_refuse
from foldwise.stats.influence_interval import Influences, influences

_METRIC = "auc"


def compare_backends(
    *,
    table: str,
    contract: str,
    folds: str,
    reference: str,
    inner_reference: str,
    out_of_fold_predictions: Sequence[str],
    inner_predictions: Sequence[str],
    tidy_metrics: Sequence[str],
    models: Sequence[str],
    recommended: str,
    operating_fpr: Sequence[float],
    confidence: float,
    rope: float,
    predictions: str,
    tidy: str,
    comparison: str,
) -> None:
    """Write the predictions, the fold metrics and the comparison of all models of a dataset.

    Args:
        table: path of table.parquet.
        contract: path of table.json.
        folds: path of folds.parquet.
        reference: path of the predictions of the logistic regression.
        inner_reference: path of its inner out-of-fold predictions.
        out_of_fold_predictions: paths of the out-of-fold predictions, one a model.
        inner_predictions: paths of the inner out-of-fold predictions, one a model.
        tidy_metrics: paths of metrics.parquet, one a model.
        models: names of the backends and of their ensemble, if there is one, in the order of the paths.
        recommended: name of the recommended model.
        operating_fpr: false-positive rates at which the true-positive rate is given.
        confidence: confidence of the intervals; 1 minus it is the level of the tests.
        rope: difference in AUC below which two models count as practically equal.
        predictions: where to write the out-of-fold predictions of all models.
        tidy: where to write the fold metrics of all models and baselines.
        comparison: where to write comparison.json.
    """
    dataset = str(read_json(contract)["dataset"])
    rows = open_rows(table, contract, folds)
    tables = [read_table(path) for path in out_of_fold_predictions]
    write_table(predictions, pa.concat_tables(tables))
    predicted = {name: table.to_pandas() for name, table in zip(models, tables, strict=True)}
    logistic = out_of_fold(rows, read_fold_predictions(reference))
    predicted["logistic_regression"] = logistic
    lines = [read_table(path).to_pandas() for path in tidy_metrics]
    lines.append(fold_metrics(dataset, "logistic_regression", logistic, operating_fpr))
    lines.append(constant_metrics(dataset, rows, operating_fpr))
    all_lines = pd.concat(lines, ignore_index=True)
    write_table(tidy, metrics_table(all_lines))
    measured = {}
    for name, path in zip([*models, "logistic_regression"], [*inner_predictions, inner_reference], strict=True):
        inner = inner_out_of_fold(rows, read_fold_predictions(path))
        measured[name] = influences(_METRIC, cross_validation(predicted[name], inner, rows.folds, "row"))
    measured[CONSTANT] = influences(_METRIC, constant_decisions(_METRIC, constant_validation(rows, "row")))
    compared = compare_models(
        dataset, measured, rows, confidence, recommended=recommended, rope=rope, predictions=predicted
    )
    write_json(comparison, compared.as_json())


def compare_models(
    dataset: str,
    measured: Mapping[str, Influences],
    rows: Rows,
    confidence: float,
    *,
    recommended: str,
    rope: float = 0.0,
    predictions: Mapping[str, pd.DataFrame] | None = None,
) -> Comparison:
    """Compare models with the baselines and with each other by their differences on the same folds.

    Args:
        dataset: name of the dataset.
        measured: name of a model or baseline -> a metric by row with the influences on it, in the order of the report;
            the metric is the same for all.
        rows: the rows of the dataset with their folds.
        confidence: confidence of the intervals; 1 minus it is the level of the tests.
        recommended: name of the recommended model.
        rope: difference in that metric below which two models count as practically equal.
        predictions: name -> out-of-fold predictions, for the cross-check of AUCs by clustered DeLong. The constant
            prediction has none; without any the cross-check is left out.
    """
    metric = next(iter(measured.values())).metric
    models = [name for name in measured if name not in BASELINES]
    groups = groups_of_rarer_class(rows.frame)
    refused = {
        name: reason_to_refuse(model.by_fold, groups) or reason_without_training_variance(model)
        for name, model in measured.items()
    }
    pairs = compare_pairs(
        measured,
        refused,
        over=Means("row", len(rows.folds.numbers), len(rows), rows.frame["group"].nunique()),
        test_share=float(np.mean(list(rows.folds.test_shares().values()))),
        confidence=confidence,
        rope=rope,
        predictions=predictions if metric == "auc" else None,
    )
    return Comparison(
        dataset=dataset,
        metric=metric,
        level="row",
        confidence=confidence,
        rope=rope,
        counts=counts(rows),
        groups_of_rarer_class=groups,
        models=[_estimate(name, model, refused[name], confidence) for name, model in measured.items()],
        pairs=pairs,
        verdict_baselines=verdict_baselines(pairs, models),
        verdict=verdict(pairs, models),
        recommended=recommended,
    )


def _estimate(name: str, model: Influences, refused: str | None, confidence: float) -> ModelEstimate:
    interval = interval_by_influence(model, refused, confidence)
    sd = float(np.nanstd(model.by_fold, ddof=1))
    return ModelEstimate(name, interval.estimate, sd, interval.low, interval.high, interval.refused)
