"""Compare the models of a dataset on the same folds, each with the others and with the baselines."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from foldwise.evaluation.comparison_records import Comparison, ModelEstimate
from foldwise.evaluation.evaluate import counts
from foldwise.evaluation.fold_metrics import by_fold, constant_metrics, fold_metrics, metrics_table
from foldwise.evaluation.interval_records import Means
from foldwise.evaluation.intervals import groups_of_rarer_class
from foldwise.evaluation.pairs import compare_pairs, verdict
from foldwise.evaluation.predictions import out_of_fold, read_fold_predictions
from foldwise.folds.assignment import Rows, open_rows
from foldwise.io.files import read_json, read_table, write_json, write_table
from foldwise.model_names import BASELINES
from foldwise.stats.corrected_t import corrected_t, reason_to_refuse


def compare_backends(
    *,
    table: str,
    contract: str,
    folds: str,
    reference: str,
    out_of_fold_predictions: Sequence[str],
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
        out_of_fold_predictions: paths of the out-of-fold predictions, one a model.
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
    names = [*models, *BASELINES]
    compared = compare_models(
        dataset, all_lines, rows, names, confidence, recommended=recommended, rope=rope, predictions=predicted
    )
    write_json(comparison, compared.as_json())


def compare_models(
    dataset: str,
    lines: pd.DataFrame,
    rows: Rows,
    models: Sequence[str],
    confidence: float,
    *,
    recommended: str,
    metric: str = "auc",
    rope: float = 0.0,
    predictions: Mapping[str, pd.DataFrame] | None = None,
) -> Comparison:
    """Compare every pair of models by their differences on the same folds.

    Args:
        dataset: name of the dataset.
        lines: the metrics of all models and folds, from :func:`foldwise.evaluation.fold_metrics.fold_metrics`.
        rows: the rows of the dataset with their folds.
        models: names of models and baselines, in the order of the report.
        confidence: confidence of the intervals; 1 minus it is the level of the tests.
        recommended: name of the recommended model.
        metric: the metric that is compared, by row.
        rope: difference in that metric below which two models count as practically equal.
        predictions: name -> out-of-fold predictions, for the cross-check of AUCs by clustered DeLong. The constant
            prediction has none; without any the cross-check is left out.
    """
    share = float(np.mean(list(rows.folds.test_shares().values())))
    values = {name: by_fold(lines[lines["backend"] == name], metric) for name in models}
    groups = groups_of_rarer_class(rows.frame)
    refused = {name: reason_to_refuse(of_folds, groups) for name, of_folds in values.items()}
    pairs = compare_pairs(
        values,
        refused,
        metric=metric,
        over=Means("row", len(values[models[0]]), len(rows), rows.frame["group"].nunique()),
        test_share=share,
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
        models=[_estimate(name, values[name], share, confidence, refused[name]) for name in models],
        pairs=pairs,
        verdict=verdict(pairs, [name for name in models if name not in BASELINES]),
        recommended=recommended,
    )


def _estimate(
    name: str, values: npt.NDArray[np.float64], share: float, confidence: float, refused: str | None
) -> ModelEstimate:
    mean, sd = float(np.nanmean(values)), float(np.nanstd(values, ddof=1))
    if refused:
        return ModelEstimate(name, mean, sd, None, None, refused)
    interval, _, _ = corrected_t(values, share, confidence)
    return ModelEstimate(name, mean, sd, interval.low, interval.high)
