"""Small made-up evaluations are read as a reader would: no two sentences disagree, and no number is impossible."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures.run_results import recommending
from fixtures.scored import compare, write_scored
from foldwise.evaluation.interval_records import Interval
from foldwise.evaluation.records import HEADLINE_METHOD, Metrics
from foldwise.io.files import read_table
from foldwise.report.verdict import verdict
from foldwise.results.load import DatasetResults, read_results

NUMBER = 18
"""Evaluations in a run of the tests: three seconds each."""
MODELS = ["first", "second"]
BASELINES = ("constant prediction", "logistic regression")
LARGEST = {"log_loss": -np.log(np.finfo(np.float64).eps)}


def evaluation(number: int, folder: Path) -> tuple[DatasetResults, dict[str, Any]]:
    """Return the results of a made-up evaluation, and the out-of-fold predictions of its models.

    Of every six, one has 9 groups in the rarer class, one 11, one 30, the others 15. The signal is none, hard to tell
    from none, strong or reversed.
    """
    random = np.random.default_rng(number)
    groups = (30, 60, 22, 30, 18, 30)[number % 6]
    typical = (0.0, 0.3, 0.6, 1.5, 1.0, -0.5)[number % 6]
    signal = {name: float(typical + 0.2 * random.normal()) for name in (*MODELS, "logistic_regression")}
    scored = write_scored(folder, groups, signal=signal, seed=number)
    outputs = compare(scored, MODELS, folder, calibration="auto")
    results = read_results(
        models=MODELS,
        contract=folder / "table.json",
        audit=None,
        comparison=outputs["comparison"],
        metrics=[folder / f"{model}_metrics.json" for model in MODELS],
    )
    tables = {model: read_table(folder / f"{model}_out_of_fold.parquet").to_pandas() for model in MODELS}
    return results, tables


def disagreements(results: DatasetResults) -> Iterator[str]:
    """Yield what two sentences of the verdict, or a sentence and the interval next to it, disagree in."""
    comparison = results.comparison
    named = _named(comparison.verdict_baselines)
    for model in MODELS:
        sentences = verdict(recommending(results, model))
        shown = " distinguishes " in sentences.headline
        context = " ".join(sentences.context)
        if shown == (" is not shown to distinguish " in sentences.headline):
            yield f"two wordings, or none: {sentences.headline}"
        if shown != (model in named["better than the constant prediction"]):
            yield f"{sentences.headline} / {sentences.baselines}"
        if shown and model in named["worse than the constant prediction"]:
            yield f"{sentences.headline} / {sentences.baselines}"
        told = {True: "it is significant (p", False: "it is not significant (p"}
        if told[not shown] in context:
            yield f"{sentences.headline} / {context}"
        interval = results.metrics[model].interval("auc")
        ends = None if interval is None else interval.ends
        if (told[shown] in context) != (ends is not None and (ends[0] > 0.5) != shown):
            yield f"{sentences.headline} / {context}"
        few = f"With {comparison.groups_of_rarer_class} groups in the rarer class"
        if (few in context) != (ends is not None and comparison.groups_of_rarer_class <= 25):
            yield context
        refused = [" no interval: " in sentences.headline, *(" compared " in s for s in _of_families(results))]
        if set(refused) != {ends is None}:
            yield f"{sentences.headline} / {sentences.baselines} / {sentences.comparison}"
    if " better than " in comparison.verdict and re.search("not distinguishable|practically equal", comparison.verdict):
        yield comparison.verdict
    means = {model.name: model.estimate or 0.5 for model in comparison.models}
    claims = re.findall(r"(\w+) better than (\w+)", comparison.verdict)
    claims += [(m, "constant") for m in named["better than the constant prediction"]]
    claims += [("constant", m) for m in named["worse than the constant prediction"]]
    claims += [(m, "logistic_regression") for m in named["better than the logistic regression"]]
    claims += [("logistic_regression", m) for m in named["worse than the logistic regression"]]
    yield from (f"{a} better than {b}" for a, b in claims if means[a] <= means[b])


def _of_families(results: DatasetResults) -> list[str]:
    return [results.comparison.verdict_baselines, results.comparison.verdict]


def _named(sentence: str) -> dict[str, list[str]]:
    """Return ``better than the constant prediction`` and the like -> the models that the sentence names."""
    named: dict[str, list[str]] = {f"{how} than the {b}": [] for how in ("better", "worse") for b in BASELINES}
    for worse, baseline, models in re.findall(r"(worse )?than the ([a-z ]+): ([\w, ]+)", sentence):
        named[f"{'worse' if worse else 'better'} than the {baseline}"] = [
            model for model in models.split(", ") if model != "none"
        ]
    return named


def outside(metrics: Metrics) -> Iterator[str]:
    """Yield the headline intervals of a model and its baselines with an end outside the range of the metric."""
    tables = [metrics.intervals, metrics.unit.intervals]
    for baseline in metrics.baselines.values():
        tables += [baseline.intervals, baseline.unit_intervals]
    found: list[tuple[str, Interval]] = [
        (metric, methods[HEADLINE_METHOD]) for table in tables for metric, methods in table.items()
    ]
    for level in (metrics.decision.row, metrics.decision.unit):
        found += [*level.at_chosen.items(), *level.at_half.items()]
        found += [pair for point in level.operating_points for pair in (("tpr", point.tpr), ("fpr", point.fpr))]
    for metric, interval in found:
        if interval.ends and not 0 <= interval.ends[0] <= interval.ends[1] <= LARGEST.get(metric, 1.0):
            yield f"{metric} {interval.ends}"


def reversed_orders(predictions: Any) -> Iterator[int]:
    """Yield the folds in which calibration puts one row before another that has the higher prediction."""
    for fold, part in predictions.groupby("fold"):
        if (np.diff(part.sort_values(["score", "calibrated"])["calibrated"]) < 0).any():
            yield int(fold)


@pytest.mark.parametrize("number", range(NUMBER))
def test_no_sentence_contradicts_another_and_no_number_is_impossible(number: int, tmp_path: Path) -> None:
    results, predictions = evaluation(number, tmp_path)
    assert not list(disagreements(results))
    for model in MODELS:
        assert not list(outside(results.metrics[model]))
        assert not list(reversed_orders(predictions[model]))
    for pair in results.comparison.pairs:
        assert pair.test is None or -1 <= pair.test.low <= pair.test.high <= 1
