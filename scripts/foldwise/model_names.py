"""Who is scored on the folds: the backends, the ensemble of them, and two references that each is held against."""

from collections.abc import Sequence

ENSEMBLE = "ensemble"
REFERENCES = ("logistic_regression", "constant")


def counted(entrants: Sequence[str]) -> str:
    """Write how many backends there are among the entrants, and their ensemble where it is one of them."""
    backends = sum(name != ENSEMBLE for name in entrants)
    noun = f"{backends} backend" + ("" if backends == 1 else "s")
    return f"{noun} and their ensemble" if ENSEMBLE in entrants else noun
