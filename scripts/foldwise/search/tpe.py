"""Search with optuna's tree-structured Parzen estimator (Bergstra et al., NeurIPS 2011), one trial after another."""

import warnings
from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import optuna

from foldwise.backends.base import Backend, FitOptions, ParameterValue
from foldwise.search.fits import InnerFold, TrainPart, plan_fits, shared_threads
from foldwise.search.objective import Evaluation, FoldFit, Objective
from foldwise.search.parameters import Dimension, Point, applies, parents_first, range_of, values_of
from foldwise.search.result import SearchResult, best
from foldwise.search.trial_log import TrialLog

Models = tuple[Any, ...]


class PointEvaluator:
    """Evaluates single points on the inner folds of a train part, which stay binned from one trial to the next."""

    def __init__(
        self,
        trees_name: str,
        train: TrainPart,
        backend: Backend,
        options: FitOptions,
        objective: Objective,
        processors: int = 1,
    ) -> None:
        """Split the rows by inner fold.

        Args:
            trees_name: name of the parameter for the number of trees.
            train: the outer train part with its inner folds.
            backend: the backend's module.
            options: seed, threads of the search, device.
            objective: how a fit is evaluated.
            processors: number of processors that this process may use; the result does not depend on it.
        """
        folds: Sequence[int] = np.unique(train.inner).tolist()
        threads_per_fit, self._workers = shared_threads(options.threads, len(folds), processors)
        self._folds = [InnerFold(train, fold, backend, replace(options, threads=threads_per_fit)) for fold in folds]
        self._trees_name, self._backend, self._objective = trees_name, backend, objective

    def evaluate(self, point: Point) -> tuple[Evaluation, Models]:
        """Return the metric of one point on every inner fold, and the model of each."""
        [fit] = plan_fits([point], self._trees_name, self._backend)
        with ThreadPoolExecutor(self._workers) as pool:
            by_fold: list[FoldFit] = list(
                pool.map(lambda inner: inner.run([fit], self._objective.evaluate)[0], self._folds)
            )
        evaluation = self._objective.combine(fit, [fold_fit.values for fold_fit in by_fold])[fit.trees]
        return evaluation, tuple(fold_fit.model for fold_fit in by_fold)


@dataclass(frozen=True)
class Trial:
    """One trial.

    Attributes:
        point: the point.
        metric: shape (k,): the metric on each inner fold.
        trees: number of trees that the metric was computed with.
        repeated: whether an earlier trial had the same point, so that nothing was fitted.
        models: the model of each inner fold, kept of the best trial alone; None where it comes from the log.
    """

    point: Point
    metric: npt.NDArray[np.float64]
    trees: int
    repeated: bool
    models: Models | None = None


def search_by_tpe(
    space: Mapping[str, Dimension],
    n_trials: int,
    seed: int,
    evaluate: Callable[[Point], tuple[Evaluation, Models]],
    greater_is_better: bool,
    log: TrialLog | None = None,
) -> list[Trial]:
    """Evaluate ``n_trials`` points, each proposed from the results of those before.

    One trial follows the other, so that the result depends on nothing but the arguments. Trials in the log are
    proposed again, which brings the sampler into the same state, and take their metric from the log: the search
    continues as if it had never stopped.

    Args:
        space: parameter name -> dimension, checked.
        n_trials: number of trials, repeated points included.
        seed: random seed of the proposals.
        evaluate: returns the metric of a point on each inner fold, shape (k,), its number of trees, and the models.
        greater_is_better: direction of the metric.
        log: finished trials, or None to keep none.
    """
    study = _study(seed, greater_is_better)
    logged = _by_point(log.finished) if log else {}
    evaluated: dict[Hashable, Trial] = {}
    trials = []
    for number in range(n_trials):
        proposal = study.ask()
        point = _suggest(space, proposal)
        key = tuple(point.items())
        if key in evaluated:
            trial = replace(evaluated[key], point=point, repeated=True)
        else:
            trial = logged.get(key) or _run_trial(point, evaluate, log)
            evaluated[key] = replace(trial, models=None)
        trials.append(trial)
        _keep_models_of_best(trials, greater_is_better)
        mean = float(trial.metric.mean())
        if np.isfinite(mean):
            study.tell(proposal, mean)
        else:
            study.tell(proposal, state=optuna.trial.TrialState.FAIL)
        repeated = " (as before)" if trial.repeated else ""
        print(f"trial {number + 1} of {n_trials}: {mean:.5f} for {point}{repeated}", flush=True)
    return trials


def result_of(trials: Sequence[Trial], greater_is_better: bool) -> SearchResult:
    """Return the result of a search with one point a trial."""
    metric = np.stack([t.metric for t in trials])
    repeated = np.array([t.repeated for t in trials])
    return SearchResult(
        points=[t.point for t in trials],
        metric=metric,
        trees=np.array([t.trees for t in trials], np.int32),
        shared=repeated,
        evaluated=np.full(len(trials), metric.shape[1], np.int16),
        chosen=best(metric, greater_is_better),
        fits=int((~repeated).sum()) * metric.shape[1],
        models=trials[best(metric, greater_is_better)].models,
    )


def _keep_models_of_best(trials: list[Trial], greater_is_better: bool) -> None:
    """Free the models of all trials but the best one so far."""
    chosen = best(np.stack([trial.metric for trial in trials]), greater_is_better)
    trials[:] = [trial if i == chosen else replace(trial, models=None) for i, trial in enumerate(trials)]


def _study(seed: int, greater_is_better: bool) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with warnings.catch_warnings():
        # `group`, which models the parameters that occur together jointly, is marked as experimental.
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True, group=True)
    return optuna.create_study(sampler=sampler, direction="maximize" if greater_is_better else "minimize")


def _suggest(space: Mapping[str, Dimension], proposal: optuna.Trial) -> Point:
    """Return the proposed point; parameters that others depend on are suggested first."""
    point: dict[str, ParameterValue] = {}
    for name in parents_first(space):
        if applies(space[name], point):
            point[name] = _suggest_value(name, space[name], proposal)
    return {name: point[name] for name in sorted(point)}


def _suggest_value(name: str, dimension: Dimension, proposal: optuna.Trial) -> ParameterValue:
    values = values_of(dimension)
    if values is None:
        bounds = range_of(dimension)
        if bounds.whole:
            return proposal.suggest_int(name, int(bounds.low), int(bounds.high), log=bounds.log)
        return bounds.rounded(proposal.suggest_float(name, bounds.low, bounds.high, log=bounds.log))
    if len(values) == 1:
        return values[0]
    if isinstance(dimension, dict) and "step" in dimension:
        return values[proposal.suggest_int(name, 0, len(values) - 1)]
    # By position, because optuna does not distinguish 1, 1.0 and true.
    position: int = proposal.suggest_categorical(name, list(range(len(values))))
    return values[position]


def _run_trial(point: Point, evaluate: Callable[[Point], tuple[Evaluation, Models]], log: TrialLog | None) -> Trial:
    evaluation, models = evaluate(point)
    if log:
        scores = [float(value) for value in evaluation.metric]
        log.append({"point": point, "scores": scores, "trees": int(evaluation.trees)})
    return Trial(point, evaluation.metric, evaluation.trees, False, models)


def _by_point(finished: Sequence[Mapping[str, Any]]) -> dict[Hashable, Trial]:
    return {
        tuple(line["point"].items()): Trial(line["point"], np.array(line["scores"], np.float64), line["trees"], False)
        for line in finished
    }
