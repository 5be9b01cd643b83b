"""Early stopping on the mean curve of the inner folds, so that no scored row decides when to stop."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.backends.contract import Backend, FitOptions
from foldwise.search.grid import Choice, TrainPart, best, run_fits, shared_points
from foldwise.search.plan import Fit, plan_fits


def search_with_early_stopping(
    points: Sequence[Mapping[str, Any]],
    trees_name: str,
    train: TrainPart,
    backend: Backend,
    options: FitOptions,
    metric: str,
    greater_is_better: bool,
    rounds: int,
    workers: int = 1,
) -> Choice:
    """Score every point on every inner fold, each with the number of trees that its mean curve chooses.

    The trees of a point are the limit; its number of trees is where the mean of the inner folds'
    curves is best before ``rounds`` trees in a row bring no gain.

    Args:
        points: parameter values, the largest number of trees among them.
        trees_name: name of that parameter.
        train: the outer train part with its inner folds.
        backend: the backend's module.
        options: seed, threads of a fit, device.
        metric: ``log_loss`` or ``auc``, which the libraries evaluate after every tree.
        greater_is_better: whether the largest mean wins.
        rounds: patience, in trees.
        workers: fits that run at a time.
    """
    fits = plan_fits(points, trees_name, backend)
    folds = np.unique(train.inner)
    curves = np.empty((len(fits), len(folds)), dtype=object)

    def curve(fit: Fit, data: Any, validation: Any, _: TrainPart) -> npt.NDArray[np.float64]:
        watched = [("validation", validation)]
        fitted = backend.fit(data, fit.params, fit.trees, options, watch=watched, metrics=(metric,))
        return fitted.curves["validation", metric]

    for column, fold in enumerate(folds):
        print(f"inner fold {column + 1} of {len(folds)}: {len(fits)} fits for {len(points)} points", flush=True)
        for row, found in enumerate(run_fits(fits, train, int(fold), backend, options, workers, curve)):
            curves[row, column] = found
    scores = np.full((len(points), len(folds)), np.nan)
    trees = np.zeros(len(points), np.int32)
    for fit, fold_curves in zip(fits, curves, strict=True):
        for limit, positions in fit.points.items():
            by_fold = np.stack([c[:limit] for c in fold_curves])
            chosen = stop(by_fold.mean(axis=0), rounds, greater_is_better)
            scores[positions], trees[positions] = by_fold[:, chosen - 1], chosen
    return Choice(points, scores, trees, shared_points(fits, len(points)), best(scores, greater_is_better), len(fits))


def stop(curve: npt.NDArray[np.float64], rounds: int, greater_is_better: bool) -> int:
    """Return the number of trees, from 1, at which a curve was best when patience ran out.

    Args:
        curve: shape (trees,), the score after each tree.
        rounds: trees without a gain after which to stop.
        greater_is_better: direction of the score.
    """
    ordered = -curve if greater_is_better else curve
    best_so_far = 0
    for tree in range(1, len(ordered)):
        if ordered[tree] < ordered[best_so_far]:
            best_so_far = tree
        elif tree - best_so_far >= rounds:
            break
    return best_so_far + 1
