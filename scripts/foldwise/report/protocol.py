"""How the outer folds of a run are spoken of: dealt folds, or held-out values of a column."""

from foldwise.report import words
from foldwise.report.artefacts import Artefacts
from foldwise.report.scores import Score


def held_out_column(artefacts: Artefacts) -> str | None:
    """Return the column whose values are held out in turn, None where groups were dealt to folds."""
    folds = [fold for found in artefacts.metrics for fold in found["fold_results"]]
    if not any("source" in fold for fold in folds):
        return None
    return str((artefacts.configuration.get("folds") or {}).get("by") or "the source column")


def fold_noun(artefacts: Artefacts) -> str:
    """Name one outer fold: ``fold``, or ``held-out value of camera``."""
    column = held_out_column(artefacts)
    return "fold" if column is None else f"held-out value of {column}"


def outer_folds(artefacts: Artefacts) -> str:
    """Name the parts that a mean is over: ``outer folds``, or ``held-out values of camera``."""
    column = held_out_column(artefacts)
    return "outer folds" if column is None else f"held-out values of {column}"


def counted_folds(artefacts: Artefacts, count: int | None) -> str:
    """Write a number of outer folds: ``5 folds``, or ``3 held-out values of camera``."""
    column = held_out_column(artefacts)
    if column is None:
        return words.counted(count, "fold")
    return f"{words.counted(count, 'held-out value')} of {column}"


def folds_of(artefacts: Artefacts, score: Score) -> str:
    """Write the folds that a mean is over; where it is defined on some only, how many of them."""
    over = counted_folds(artefacts, score.folds)
    return over if score.defined == score.folds else f"{score.defined} of {over}"
