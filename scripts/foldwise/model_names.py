"""Names of the models that are evaluated: backends, their ensemble, and the two baselines."""

from collections.abc import Sequence

from foldwise.errors import counted

ENSEMBLE = "ensemble"
CONSTANT = "constant"
BASELINES = ("logistic_regression", CONSTANT)


def counted_models(models: Sequence[str]) -> str:
    """Return how many backends are among the models, and whether their ensemble is.

    Example:
        >>> counted_models(["xgboost", "lightgbm", "ensemble"])
        '2 backends and their ensemble'
    """
    backends = counted(sum(name != ENSEMBLE for name in models), "backend")
    return f"{backends} and their ensemble" if ENSEMBLE in models else backends
