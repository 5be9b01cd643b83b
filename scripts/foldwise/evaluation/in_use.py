"""What a model does in use, in sentences that page, model card, terminal and trackers share."""

from foldwise.errors import counted
from foldwise.evaluation.decision_records import DecisionsAtLevel
from foldwise.evaluation.interval_records import Interval


def sentences_in_use(decisions: DecisionsAtLevel, positive: str, negative: str) -> list[str]:
    """Return a sentence for each operating point, one for the shipped decision, and one on what they are measured on.

    Args:
        decisions: how good decisions on units, or on rows, are on the test rows.
        positive: value of the label that counts as 1.
        negative: value of the label that counts as 0.

    Example:
        >>> from foldwise.evaluation.interval_records import Means
        >>> rates = {"recall": Interval(0.6, 0.52, 0.68), "fpr": Interval(0.3)}
        >>> decisions = DecisionsAtLevel(Means("unit", 5, 100, 100), [], rates, {}, {}, True, [])
        >>> sentence, extent = sentences_in_use(decisions, "fake", "real")
        >>> sentence.split(", ")[0]
        'The shipped decision finds 60 (52 to 68) of 100 units labelled fake'
        >>> sentence.split(", ")[1]
        'and calls 30 of 100 labelled real positive.'
        >>> extent
        'Means over 5 outer folds of 100 units in 100 groups; in brackets, intervals.'
    """
    units = f"{decisions.over.level}s"
    sentences = []
    for point in decisions.operating_points:
        found = _of_100(point.tpr)
        if found and point.fpr.estimate is not None:
            sentences.append(
                f"At a threshold for {100 * point.fpr_aimed_at:g} % false positives it finds {found} of 100 {units} "
                f"labelled {positive}, and calls {100 * point.fpr.estimate:.0f} of 100 labelled {negative} positive."
            )
    found, wrong = _of_100(decisions.at_chosen["recall"]), decisions.at_chosen["fpr"].estimate
    if found and wrong is not None:
        worse = "" if decisions.better_than_constant else ", which is no better than always giving the same answer"
        sentences.append(
            f"The shipped decision finds {found} of 100 {units} labelled {positive}, and calls {100 * wrong:.0f} of "
            f"100 labelled {negative} positive{worse}."
        )
    over = decisions.over
    extent = f"{counted(over.n_rows, over.level)} in {counted(over.n_groups, 'group')}"
    return (
        [*sentences, f"Means over {over.n_folds} outer folds of {extent}; in brackets, intervals."] if sentences else []
    )


def _of_100(share: Interval) -> str:
    """Write a share as a number of 100, with its interval; empty where it is not defined."""
    if share.estimate is None:
        return ""
    ends = share.ends
    return f"{100 * share.estimate:.0f}" + ("" if ends is None else f" ({100 * ends[0]:.0f} to {100 * ends[1]:.0f})")
