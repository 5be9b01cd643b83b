"""The settings of a training job, and the points, objective and fit options that follow from them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from foldwise.backends.base import FitOptions
from foldwise.backends.registry import SPECIFICATIONS
from foldwise.search.objective import AtTreeCounts, EarlyStopping, Objective
from foldwise.search.parameters import Dimension, Point, for_rows
from foldwise.search.space import draw, grid
from foldwise.stats.metrics import LOWER_IS_BETTER, search_metric


@dataclass(frozen=True)
class TrainingSettings:
    """What the configuration says about a training job; the attributes are the params of its rule.

    Attributes:
        backend: name of the backend.
        seed: random seed of the models and of the search.
        threads: threads of the search, shared among its fits, and of the refit.
        device: ``cpu`` or ``cuda``.
        class_weight: ``none``, ``balanced`` or ``unit``.
        metric: metric that chooses the point.
        early_stopping_rounds: patience in trees, or None.
        space: parameter name -> dimension, checked.
        n_trials: number of points drawn from the space, None for all of them.
        fraction: share of the train groups of each class that the search uses.
        method: ``grid``, ``race``, ``screen``, ``random`` or ``optuna``.
        code: fingerprint of the code that the trials of optuna depend on.
    """

    backend: str
    seed: int
    threads: int
    device: str
    class_weight: str
    metric: str
    early_stopping_rounds: int | None
    space: Mapping[str, Dimension]
    n_trials: int | None = None
    fraction: float = 1.0
    method: str = "grid"
    code: str = ""

    @property
    def greater_is_better(self) -> bool:
        """Direction of the metric."""
        return self.metric not in LOWER_IS_BETTER

    @property
    def trees_name(self) -> str:
        """Name of the backend's parameter for the number of trees."""
        return SPECIFICATIONS[self.backend].trees

    @property
    def fit_options(self) -> FitOptions:
        """Seed, threads and device."""
        return FitOptions(self.seed, self.threads, self.device)

    def for_rows(self, rows: int) -> "TrainingSettings":
        """Return the settings for a train part of so many rows: values that need more are left out of the space."""
        return replace(self, space={name: for_rows(dimension, rows) for name, dimension in self.space.items()})

    def points(self) -> list[Point]:
        """Return the points to evaluate: all points of the space, or ``n_trials`` drawn by the seed."""
        if self.n_trials is None:
            return grid(self.space)
        return draw(self.space, self.n_trials, self.seed)

    def objective(self) -> Objective:
        """Return how fits are evaluated: at the points' own numbers of trees, or with early stopping."""
        if self.early_stopping_rounds is None:
            return AtTreeCounts(search_metric(self.metric), self.greater_is_better)
        return EarlyStopping(self.metric, self.greater_is_better, self.early_stopping_rounds)
