"""Tables of the paired differences between models: the verdicts, and the cross-checks by other methods."""

from foldwise.evaluation.comparison_records import DelongDifference, DifferenceTest, Pair
from foldwise.evaluation.records import HEADLINE_METHOD
from foldwise.report import html_table
from foldwise.report.html_table import Cell, Column, Table
from foldwise.results import wording
from foldwise.results.load import DatasetResults


def comparison_table(results: DatasetResults) -> Table:
    """Return the paired differences of the models and baselines with their verdicts."""
    comparison = results.comparison
    metric = wording.metric_named(comparison.metric)
    columns = [Column("Pair"), Column("Verdict")]
    columns += [Column(c, numeric=True) for c in ("Difference", "Low", "High", "p (Holm)")]
    columns += [Column("Practically equal", "probability", True), Column("p", "clustered DeLong", True)]
    counts = comparison.counts
    caption = (
        f"Paired differences in {metric.label} by row ({metric.direction}) on the same {results.outer_folds}, first "
        f"minus second: mean over {results.counted_folds(counts.folds)} ({wording.counted(counts.rows, 'row')}, "
        f"{wording.counted(counts.groups, 'group')}), {wording.percent(comparison.confidence)} "
        f"{wording.HEADLINE_INTERVAL}."
    )
    baselines, models = (wording.counted(len(comparison.family(family)), "pair") for family in ("baselines", "models"))
    notes = [
        f"Verdict: practically equal where the probability of that is at least "
        f"{wording.percent(comparison.confidence)}; else better or not distinguishable by p. Against the constant "
        f"prediction only p counts.",
        f"p is corrected (Holm) within each of two families: the {baselines} with a baseline, and the {models} of "
        "models. The intervals are not corrected.",
        f"Practically equal: the mean difference in {metric.spoken} is within ±{comparison.rope:g} (evaluation.rope), "
        "with a flat prior and the standard error of the interval (as in Corani and Benavoli 2015).",
        "Clustered DeLong (Obuchowski 1997) is a cross-check on the pooled out-of-fold predictions of repeat 1; it "
        "ignores the variance of training.",
    ]
    return Table("pairs", caption, columns, [_pair_row(pair) for pair in comparison.pairs], notes)


def cross_check_table(results: DatasetResults) -> Table | None:
    """Return the same differences by each method; None where no pair could be compared."""
    rows = [_cross_check_row(pair, pair.test) for pair in results.comparison.pairs if pair.test is not None]
    if not rows:
        return None
    columns = [Column("Pair")]
    columns += [Column(c, wording.method_name(HEADLINE_METHOD), numeric=True) for c in ("t", "df", "p")]
    columns += [Column(c, "posterior probability", numeric=True) for c in ("First better", "Equal", "Second better")]
    columns += [Column(c, "corrected t", numeric=True) for c in ("Low", "High", "p")]
    columns += [Column(c, "clustered DeLong", numeric=True) for c in ("Difference", "Low", "High", "p")]
    caption = "The same differences by each method, first minus second; p values are not corrected for several pairs."
    return Table("cross-checks", caption, columns, rows)


def _pair_row(pair: Pair) -> list[Cell]:
    test = pair.test
    if test is None:
        verdict = html_table.text(f"not compared: {pair.refused}", "phrase")
        return [_name(pair), verdict, *[html_table.metric(None)] * 6]
    return [
        _name(pair),
        html_table.text(_verdict(pair, test.verdict), "phrase"),
        *(html_table.metric(value) for value in (pair.difference, test.low, test.high)),
        *(_probability(value) for value in (test.p_holm, test.p_equivalent)),
        _probability(None if test.delong is None else test.delong.p),
    ]


def _cross_check_row(pair: Pair, test: DifferenceTest) -> list[Cell]:
    delong = test.delong or DelongDifference(None, None, None, None)
    return [
        _name(pair),
        html_table.metric(test.t),
        html_table.count(test.df),
        *(_probability(value) for value in (test.p, test.p_a_better, test.p_equivalent, test.p_b_better)),
        *(html_table.metric(value) for value in (test.corrected_t.low, test.corrected_t.high)),
        _probability(test.corrected_t.p),
        *(html_table.metric(value) for value in (delong.difference, delong.low, delong.high)),
        _probability(delong.p),
    ]


def _name(pair: Pair) -> Cell:
    a, b = wording.display_name(pair.a), wording.display_name(pair.b)
    return html_table.text(f"{a} − {b}", "name")  # noqa: RUF001 (a minus sign, not a hyphen between two names)


def _verdict(pair: Pair, verdict: str) -> str:
    better = {f"{first} better than {second}": first for first, second in ((pair.a, pair.b), (pair.b, pair.a))}
    return f"{wording.display_name(better[verdict])} is better" if verdict in better else verdict


def _probability(value: float | None) -> Cell:
    return html_table.number(value, wording.probability(value))
