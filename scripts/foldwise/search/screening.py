"""Search by screening: a balanced third of the fits on one inner fold says which others are worth a fit.

Most hyperparameters act nearly independently of each other, so that main effects, estimated from a fraction of a
grid, predict the rest (fractional factorial designs; Box, Hunter and Hunter 2005, Statistics for experimenters,
chapter 6). The design is the most informative of some random ones by the determinant of its information matrix
(D-optimality; Atkinson, Donev and Tobias 2007, Optimum experimental designs, with SAS, chapter 11).
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse

from foldwise.backends.base import Backend, FitOptions
from foldwise.search.fits import Fit, TrainPart
from foldwise.search.fold_runner import FoldRunner, fold_runner
from foldwise.search.objective import Objective
from foldwise.search.parameters import Point
from foldwise.search.result import SearchResult

# The share of the fits that the main effects are estimated from, and of how many draws it is the best one.
_SHARE = 1 / 3
_DRAWS = 400

# How many of the best predicted and of the best measured fits are candidates after the first inner fold.
_PREDICTED, _MEASURED = 6, 2

# How many fits run on the second inner fold, and on every later one.
_KEPT = (6, 3)

# Added to the diagonal of X'X: the columns of all values of a parameter sum to the intercept, which leaves the
# determinant at 0 and the coefficients undefined; so does a value that is in no measured fit.
_RIDGE = 1e-3

_MISSING = "(not part of the point)"


def search_screen(
    points: Sequence[Point],
    trees_name: str,
    train: TrainPart,
    backend: Backend,
    options: FitOptions,
    objective: Objective,
    processors: int = 1,
) -> SearchResult:
    """Evaluate the most promising points on the inner folds and choose the best mean.

    Args:
        points: the points, each with a number of trees.
        trees_name: name of that parameter.
        train: the outer train part with its inner folds.
        backend: the backend's module.
        options: seed, threads of the search, device.
        objective: how a fit is evaluated.
        processors: number of processors that this process may use; the result does not depend on it.

    Raises:
        UserError: for a parameter value that the library refuses.
    """
    with fold_runner(points, trees_name, train, backend, options, objective, processors) as runner:
        remaining = _first_fold(runner, options.seed)
        for number in range(1, runner.folds):
            remaining = runner.run(number, remaining, _KEPT[min(number, len(_KEPT)) - 1])
        return runner.result()


def _first_fold(runner: FoldRunner, seed: int) -> list[int]:
    """Run the first inner fold, and return the candidates for the second."""
    columns = indicators(runner.fits)
    measured = design(columns, seed)
    everything = list(range(len(runner.fits)))
    if len(measured) == len(everything):
        return runner.run(0, everything)
    runner.run(0, measured)
    runner.wait()
    losses = runner.losses(measured)
    predicted = _best(everything, predict(columns, measured, losses), _PREDICTED)
    missing = [i for i in predicted if i not in measured]
    if missing:
        runner.run(0, missing)
    return sorted({*predicted, *_best(measured, losses, _MEASURED)})


def _best(fits: Sequence[int], losses: Sequence[float] | npt.NDArray[np.float64], count: int) -> list[int]:
    """Return the fits with the least losses; of equal ones the first."""
    return sorted(np.asarray(fits)[np.argsort(losses, kind="stable")[:count]].tolist())


def indicators(fits: Sequence[Fit]) -> sparse.csr_array:
    """Return which fit has which value: shape (fits, 1 + values), an intercept and a column for each value.

    Only parameters that vary have columns. Not to have a parameter, because its condition is not met, is a value too.
    So is the number of trees where it distinguishes fits, because the first trees of a fit are not those of another.
    """
    names = sorted({name for fit in fits for name in fit.params})
    values = [[repr(fit.params.get(name, _MISSING)) for fit in fits] for name in names]
    values.append([repr(fit.trees) for fit in fits])
    columns, count = [np.zeros(len(fits), np.int64)], 1
    for of_parameter in values:
        levels, position = np.unique(of_parameter, return_inverse=True)
        if len(levels) > 1:
            columns.append(count + position)
            count += len(levels)
    rows = np.repeat(np.arange(len(fits)), len(columns))
    ones = np.ones(len(rows))
    return sparse.csr_array((ones, (rows, np.stack(columns, axis=1).ravel())), shape=(len(fits), count))


def design(columns: sparse.csr_array, seed: int) -> list[int]:
    """Return the fits that the main effects are estimated from: a third of them, with every value about equally often.

    More than a third where there are not more fits than coefficients otherwise, and all fits where the candidates
    after it would leave none out.

    Args:
        columns: the values of each fit, see :func:`indicators`.
        seed: of the draws.
    """
    fits, parameters = columns.shape[0], round(columns[:1].sum()) - 1
    coefficients = columns.shape[1] - parameters
    size = max(math.ceil(_SHARE * fits), coefficients + 1)
    if size + _PREDICTED >= fits:
        return list(range(fits))
    random = np.random.default_rng(seed)
    drawn = [np.sort(random.choice(fits, size, replace=False)) for _ in range(_DRAWS)]
    information = [float(np.linalg.slogdet(_information(columns[rows]))[1]) for rows in drawn]
    # Rounded, because the last bits depend on the processor and must not decide between equally good draws.
    chosen: list[int] = drawn[int(np.argmax(np.round(information, 6)))].tolist()
    return chosen


def predict(columns: sparse.csr_array, measured: Sequence[int], losses: Sequence[float]) -> npt.NDArray[np.float64]:
    """Return the loss of every fit by a ridge regression on main effects, shape (fits,).

    Args:
        columns: the values of each fit, see :func:`indicators`.
        measured: the fits that the coefficients are estimated from.
        losses: their losses; one that is not finite counts as the worst of the others.
    """
    loss, rows = np.asarray(losses), columns[measured]
    finite = np.isfinite(loss)
    loss = np.where(finite, loss, loss[finite].max() if finite.any() else 0.0)
    # Centred, so that a value without a measured fit counts as the mean of its parameter.
    coefficients = np.linalg.solve(_information(rows), rows.T @ (loss - loss.mean()))
    # Rounded, because the order of equal fits must not depend on the last bits.
    predicted: npt.NDArray[np.float64] = np.round(columns @ coefficients, 9)
    return predicted


def _information(rows: sparse.csr_array) -> npt.NDArray[np.float64]:
    """Return X'X with a ridge, shape (columns, columns)."""
    square: npt.NDArray[np.float64] = (rows.T @ rows).toarray()
    return square + _RIDGE * np.eye(len(square))
