"""The paired differences: the verdict with what it rests on, and the cross-checks."""

from foldwise.report import html_table
from foldwise.report.html_table import Cell, Column, Table
from foldwise.results import wording
from foldwise.results.load import Artefacts, Json


def comparison_table(artefacts: Artefacts) -> Table | None:
    """Return the paired differences and their verdicts; None where fewer than two backends were compared."""
    pairs = artefacts.comparison.get("pairs") or []
    if not pairs:
        return None
    columns = [Column("Pair"), Column("Metric"), Column("Level"), Column("Verdict")]
    columns += [Column(c, numeric=True) for c in ("Difference", "Low", "High", "p (Holm)")]
    columns += [
        Column("Practically equal", "probability", numeric=True),
        Column("p", "clustered DeLong", numeric=True),
        *(Column(c, numeric=True) for c in ("Folds", "Groups")),
    ]
    caption = (
        "Paired differences on the same folds (first minus second), corrected t. Verdict: practically equal where that "
        "is almost sure, else by Holm p."
    )
    rows = [_pair_row(p, artefacts.comparison) for p in pairs]
    return Table("pairs", caption, columns, rows, _notes(artefacts.comparison))


def cross_check_table(artefacts: Artefacts) -> Table | None:
    """Return every figure behind the verdicts; None where fewer than two backends were compared."""
    pairs = [p for p in artefacts.comparison.get("pairs") or [] if not p.get("refused")]
    if not pairs:
        return None
    columns = [Column("Pair"), *(Column(c, "corrected t", numeric=True) for c in ("t", "df", "p"))]
    columns += [Column(c, "Bayesian correlated t", numeric=True) for c in ("First better", "Equal", "Second better")]
    columns += [Column(c, "clustered DeLong", numeric=True) for c in ("Difference", "Low", "High", "p")]
    caption = "What each method says of the same differences: first minus second, probabilities and p values."
    return Table("cross-checks", caption, columns, [_check_row(p) for p in pairs])


def _pair_row(pair: Json, comparison: Json) -> list[Cell]:
    metric = wording.metric_named(pair.get("metric") or comparison.get("metric") or "auc")
    return [
        html_table.text(_named(pair), "name"),
        Cell(metric.label, metric.direction),
        html_table.text(pair.get("level") or comparison.get("level")),
        html_table.text(_verdict(pair), "phrase"),
        *(html_table.score(pair.get(k)) for k in ("difference", "low", "high")),
        *(_probability(pair.get(k)) for k in ("p_holm", "p_equivalent")),
        _probability((pair.get("delong") or {}).get("p")),
        html_table.count(pair.get("n_folds")),
        html_table.count(pair.get("n_groups")),
    ]


def _check_row(pair: Json) -> list[Cell]:
    delong = pair.get("delong") or {}
    return [
        html_table.text(_named(pair), "name"),
        html_table.score(pair.get("t")),
        html_table.count(pair.get("df")),
        *(_probability(pair.get(k)) for k in ("p", "p_a_better", "p_equivalent", "p_b_better")),
        *(html_table.score(delong.get(k)) for k in ("difference", "low", "high")),
        _probability(delong.get("p")),
    ]


def _notes(comparison: Json) -> list[str]:
    rope = comparison.get("rope")
    if rope is None:
        return []
    metric = wording.metric_named(comparison.get("metric") or "auc").spoken
    return [
        f"Practically equal: the mean difference in {metric} lies within ±{rope:g} (evaluation.rope; Bayesian "
        "correlated t, Corani and Benavoli 2015).",
        "Clustered DeLong (Obuchowski 1997) is a cross-check on pooled out-of-fold scores of repeat 1; it ignores the "
        "variance of training.",
    ]


def _named(pair: Json) -> str:
    a, b = wording.display_name(pair["a"]), wording.display_name(pair["b"])
    return f"{a} − {b}"  # noqa: RUF001 (a minus sign, not a hyphen between two names)


def _verdict(pair: Json) -> str:
    if pair.get("refused"):
        return f"not compared: {pair['refused']}"
    verdict = str(pair.get("verdict") or wording.UNDEFINED)
    a, b = wording.display_name(pair["a"]), wording.display_name(pair["b"])
    spoken = {
        f"{pair['a']} better than {pair['b']}": f"{a} is better",
        f"{pair['b']} better than {pair['a']}": f"{b} is better",
        "a better": f"{a} is better",
        "b better": f"{b} is better",
    }
    return spoken.get(verdict, verdict)


def _probability(value: float | None) -> Cell:
    return html_table.number(value, wording.probability(value))
