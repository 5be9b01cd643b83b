"""The verdict says what the results say, and no sentence claims more than the tests of the comparison."""

from dataclasses import replace

import pytest
from fixtures.report_page import Page
from fixtures.run_results import edited, recommending, results_of
from fixtures.runs import FinishedRun
from foldwise.audit.findings import Audit
from foldwise.evaluation.records import HEADLINE_METHOD
from foldwise.report.chart import interval_chart
from foldwise.report.page import render_report
from foldwise.report.verdict import verdict
from foldwise.results import wording
from foldwise.results.load import DatasetResults


@pytest.fixture(scope="module")
def results(tiny_run: FinishedRun) -> DatasetResults:
    return recommending(results_of(tiny_run), "catboost")


def with_interval(results: DatasetResults, low: float | None, refused: str | None = None) -> DatasetResults:
    """Return the results with another interval of the AUC by row in every model."""
    interval = results.metrics["catboost"].intervals["auc"][HEADLINE_METHOD]
    changed = replace(interval, low=low, high=None if low is None else interval.high, refused=refused)
    return edited(results, intervals={"auc": {HEADLINE_METHOD: changed}})


def with_test(results: DatasetResults, p: float, verdict: str = "not distinguishable") -> DatasetResults:
    """Return the results with another corrected p value and verdict in every pair with the constant prediction.

    Args:
        results: those of a run.
        p: the corrected p value.
        verdict: with ``{model}`` for the model of the pair.
    """
    pairs = [
        replace(pair, test=replace(pair.test, p_holm=p, verdict=verdict.format(model=pair.a)))
        if pair.test and pair.b == "constant"
        else pair
        for pair in results.comparison.pairs
    ]
    return replace(results, comparison=replace(results.comparison, pairs=pairs))


BETTER, WORSE = "{model} better than constant", "constant better than {model}"


def test_the_headline_has_metric_interval_method_and_extent(results: DatasetResults) -> None:
    interval = results.metrics["catboost"].intervals["auc"][HEADLINE_METHOD]
    assert interval.ends is not None
    assert verdict(with_test(results, 0.01, BETTER)).headline == (
        f"CatBoost distinguishes fake 1 from fake 0 with AUC {wording.number(interval.estimate)} (95 % interval "
        f"{wording.interval(*interval.ends)}, influence functions over 3 folds; 200 rows, 40 units (video), 40 groups)."
    )


@pytest.mark.parametrize("low", [0.49, 0.501, None])
@pytest.mark.parametrize(
    ("p", "words", "expected"),
    [
        (0.01, BETTER, "CatBoost distinguishes fake 1 from fake 0 with AUC "),
        (0.2, "not distinguishable", "CatBoost is not shown to distinguish fake 1 from fake 0: AUC "),
        (0.01, WORSE, "CatBoost is not shown to distinguish fake 1 from fake 0: AUC "),
    ],
)
def test_the_headline_follows_the_test_against_the_constant_prediction_whatever_the_interval(
    results: DatasetResults, low: float | None, p: float, words: str, expected: str
) -> None:
    assert verdict(with_interval(with_test(results, p, words), low)).headline.startswith(expected)


def test_one_sentence_says_what_counts_where_interval_and_test_differ(results: DatasetResults) -> None:
    not_shown = verdict(with_interval(with_test(results, 0.2), low=0.501)).context[1]
    assert not_shown == (
        "The interval does not include the constant prediction, but it is not corrected for several comparisons: the "
        "test of the difference counts, and it is not significant (p 0.200 after Holm's correction for 8 comparisons "
        "with the baselines)."
    )
    shown = verdict(with_interval(with_test(results, 0.01, BETTER), low=0.49)).context[1]
    assert shown.startswith("The interval includes the constant prediction, but it is not the interval of the ")
    assert "counts, and it is significant (p 0.010 after" in shown
    for agreed in (
        with_interval(with_test(results, 0.2), 0.49),
        with_interval(with_test(results, 0.01, BETTER), 0.501),
    ):
        assert "counts" not in " ".join(verdict(agreed).context)


def test_a_refused_interval_gives_its_reason(results: DatasetResults) -> None:
    odd = with_interval(results, None, "two folds only")
    assert "(mean over 3 folds, no interval: two folds only;" in verdict(odd).headline
    chart = interval_chart(odd)
    assert chart is not None
    assert [line.ends is None for line in chart.lines] == [True] * 4 + [False]


def test_models_that_were_not_compared_are_not_shown_to_distinguish(results: DatasetResults) -> None:
    pairs = [replace(pair, test=None, refused="two folds only") for pair in results.comparison.pairs]
    odd = replace(results, comparison=replace(results.comparison, pairs=pairs))
    assert verdict(odd).headline.startswith("CatBoost is not shown to distinguish fake 1 from fake 0: AUC ")


@pytest.mark.parametrize(("groups", "low", "said"), [(10, 0.6, 1), (25, 0.6, 1), (26, 0.6, 0), (25, None, 0)])
def test_an_interval_from_few_groups_is_said_to_be_wide(
    results: DatasetResults, groups: int, low: float | None, said: int
) -> None:
    few = replace(results, comparison=replace(results.comparison, groups_of_rarer_class=groups))
    sentence = (
        f"With {groups} groups in the rarer class (25 or fewer), intervals are wide, and how often they cover the true "
        "value is known from simulations only."
    )
    assert verdict(with_interval(few, low)).context.count(sentence) == said
    assert "are wide" not in " ".join(verdict(with_interval(few, low)).context).replace(sentence, "")


def test_the_page_has_the_sentence_of_each_family(results: DatasetResults) -> None:
    text = Page(render_report(results)).text()
    for sentence in (results.comparison.verdict_baselines, results.comparison.verdict):
        assert text.count(sentence) == 2


def test_the_context_has_baselines_units_and_why_the_model_is_named(results: DatasetResults) -> None:
    baselines, *_, unit, named = verdict(results).context
    logistic = wording.number(results.metrics["catboost"].baseline("logistic_regression", "auc"))
    assert baselines == (
        "Baselines on the same outer folds, AUC by row: constant prediction 0.500, logistic regression "
        f"{logistic} (higher is better)."
    )
    assert unit.endswith("mean ± standard deviation over 3 folds, 40 units.")
    assert named.startswith(
        "CatBoost is the recommended model of 3 backends and their ensemble. The configuration names it "
        "(evaluation.recommend), not its result: "
    )


def test_the_verdict_is_on_the_recommended_model_whatever_its_mean(results: DatasetResults) -> None:
    assert results.comparison.recommended == "catboost"
    for name in results.models:
        sentences = verdict(recommending(results, name))
        value = wording.number(results.metrics[name].mean("auc"))
        assert sentences.headline.startswith(f"{wording.subject(name)} ")
        assert f"AUC {value} " in sentences.headline
        assert sentences.context[-1].startswith(f"{wording.subject(name)} is the recommended model of ")


def test_the_ensemble_is_recommended_where_none_is_named_and_there_is_one(
    tiny_run: FinishedRun, lone_run: FinishedRun
) -> None:
    assert verdict(results_of(tiny_run)).headline.startswith("The ensemble ")
    lone = results_of(lone_run)
    assert lone.comparison.recommended == lone.backends[0]
    assert not any("recommended" in line for line in verdict(lone).context)


def test_an_undefined_metric_is_said_in_the_headline(results: DatasetResults) -> None:
    metrics = results.metrics["xgboost"]
    folds = [replace(fold, row={**fold.row, "auc": None}) for fold in metrics.folds]
    means = {**metrics.headline.means, "auc": replace(metrics.headline.means["auc"], mean=None, sd=None)}
    odd = edited(results, folds=folds, headline=replace(metrics.headline, means=means), intervals={})
    undefined = "CatBoost is not shown to distinguish fake 1 from fake 0: AUC is undefined on every fold"
    assert verdict(odd).headline == f"{undefined} (200 rows, 40 units (video), 40 groups)."
    assert interval_chart(odd) is None
    assert undefined in Page(render_report(odd)).text()


def test_where_lower_is_better_the_upper_end_is_compared_with_the_constant_prediction(
    results: DatasetResults,
) -> None:
    interval = replace(results.metrics["catboost"].intervals["log_loss"][HEADLINE_METHOD], low=0.5, high=0.69)
    tested = with_test(results, 0.01, BETTER)
    tested = replace(tested, comparison=replace(tested.comparison, metric="log_loss"))
    odd = edited(tested, intervals={"log_loss": {HEADLINE_METHOD: interval}})
    assert "distinguishes fake 1 from fake 0 with Log loss" in verdict(odd).headline
    assert not any(line.startswith("The interval") for line in verdict(odd).context)
    odd = edited(odd, intervals={"log_loss": {HEADLINE_METHOD: replace(interval, high=0.75)}})
    assert any(line.startswith("The interval includes") for line in verdict(odd).context)


def test_a_failed_audit_is_said_before_anything_may_be_used(results: DatasetResults) -> None:
    assert results.audit is not None
    failed = replace(results, audit=replace(results.audit, verdict="fail", sentence="Groups overlap."))
    assert "The audit failed: do not use these metrics as evidence." in Page(render_report(failed)).text()


def test_information_is_no_warning_in_the_verdict(results: DatasetResults) -> None:
    assert results.audit is not None
    informs = [replace(check, level="info") for check in results.audit.checks]
    sentences = verdict(replace(results, audit=Audit.of("tiny", informs)))
    assert (sentences.audit_level, sentences.audit_word) == ("pass", "The audit passed.")


def test_a_run_without_an_audit_says_so(lone_run: FinishedRun) -> None:
    sentences = verdict(results_of(lone_run))
    assert (sentences.audit_level, sentences.audit_word, sentences.audit) == ("none", "No audit was run.", "")


def test_held_out_values_take_the_place_of_folds(source_run: FinishedRun) -> None:
    results = results_of(source_run)
    headline = verdict(results).headline
    assert "mean over 2 held-out values of camera, no interval: two outer folds do not show" in headline
    text = Page(render_report(results)).text()
    assert "Baselines on the same held-out values of camera, AUC by row:" in text
    assert "AUC by row: mean over held-out values of camera and its interval" in text


def test_the_chart_has_every_model_inside_its_axis(results: DatasetResults) -> None:
    chart = interval_chart(results)
    assert chart is not None
    assert [line.name for line in chart.lines] == ["XGBoost", "LightGBM", "CatBoost", "Ensemble", "Logistic regression"]
    assert [line.baseline for line in chart.lines] == [False] * 4 + [True]
    assert all(line.ends for line in chart.lines)
    places = [place for line in chart.lines for place in (line.mean, *(line.ends or ())) if place is not None]
    assert all(0 < place < 100 for place in places)
    assert chart.ticks[0][0] == 0
    assert chart.ticks[-1][0] == 100


def test_a_pair_has_its_verdict_and_its_cross_checks(results: DatasetResults) -> None:
    page = Page(render_report(results))
    pair = results.comparison.pairs[0]
    assert pair.test is not None
    assert page.tables["pairs"][1] == [
        *("XGBoost − LightGBM", pair.test.verdict),  # noqa: RUF001
        *map(wording.number, (pair.difference, pair.test.low, pair.test.high)),
        *map(wording.probability, (pair.test.p_holm, pair.test.p_equivalent)),
        wording.probability(pair.test.delong and pair.test.delong.p),
    ]
    assert len(page.tables["cross-checks"]) == 1 + 14
    assert "the 8 pairs with a baseline, and the 6 pairs of models" in page.text()
    assert "the mean difference in AUC is within ±0.01" in page.text()


def test_a_refused_pair_gives_its_reason_and_has_no_cross_checks(results: DatasetResults) -> None:
    pair = replace(results.comparison.pairs[0], test=None, difference=None, refused="one fold only")
    page = Page(render_report(replace(results, comparison=replace(results.comparison, pairs=[pair]))))
    assert page.tables["pairs"][1][1] == "not compared: one fold only"
    assert "cross-checks" not in page.tables


def test_a_winner_has_its_display_name(results: DatasetResults) -> None:
    pair = results.comparison.pairs[0]
    assert pair.test is not None
    won = replace(pair, test=replace(pair.test, verdict="lightgbm better than xgboost"))
    page = Page(render_report(replace(results, comparison=replace(results.comparison, pairs=[won]))))
    assert page.tables["pairs"][1][1] == "LightGBM is better"
