"""Search over a list of points, one inner fold after the other: all of them on every fold, or as a race.

Without a race the result is the table of GridSearchCV over the same splits, from fewer fits. In a race only the most
promising fits continue after each inner fold (successive halving with inner folds as the budget; Jamieson and
Talwalkar 2016, Non-stochastic best arm identification and hyperparameter optimization, algorithm 1, stages fixed).
"""

import math
from collections.abc import Sequence

from foldwise.backends.base import Backend, FitOptions
from foldwise.search.fits import TrainPart
from foldwise.search.fold_runner import fold_runner
from foldwise.search.objective import Objective
from foldwise.search.parameters import Point
from foldwise.search.result import SearchResult

# Share of the fits that run on the second inner fold, and on every later one.
RACE = (1 / 2, 1 / 4)

# At least so many fits run on every fold: the mean over two folds is too uncertain to choose among fewer.
_FEWEST_RACED = 4


def search_grid(
    points: Sequence[Point],
    trees_name: str,
    train: TrainPart,
    backend: Backend,
    options: FitOptions,
    objective: Objective,
    race: bool = False,
    processors: int = 1,
) -> SearchResult:
    """Evaluate points on the inner folds and choose the best mean.

    Args:
        points: the points, each with a number of trees.
        trees_name: name of that parameter.
        train: the outer train part with its inner folds.
        backend: the backend's module.
        options: seed, threads of the search, device.
        objective: how a fit is evaluated.
        race: whether fits are dropped after an inner fold.
        processors: number of processors that this process may use; the result does not depend on it.

    Raises:
        UserError: for a parameter value that the library refuses.
    """
    with fold_runner(points, trees_name, train, backend, options, objective, processors) as runner:
        remaining = list(range(len(runner.fits)))
        for number in range(runner.folds):
            remaining = runner.run(number, remaining, _kept(len(runner.fits), number) if race else None)
        return runner.result()


def _kept(fits: int, stage: int) -> int:
    """Return how many of all fits run after ``stage`` inner folds."""
    share = RACE[min(stage, len(RACE)) - 1] if stage else 1
    return min(fits, max(_FEWEST_RACED, math.ceil(share * fits)))
