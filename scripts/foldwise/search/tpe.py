"""Points proposed by optuna's tree-structured Parzen estimator (Bergstra et al., NeurIPS 2011), one after another."""

import hashlib
import json
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt
import optuna

from foldwise.backends.base import Backend, FitOptions
from foldwise.search.fits import InnerFold, TrainPart, plan_fits, shared_threads
from foldwise.search.objective import Measure, Scored
from foldwise.search.parameters import Dimension, applies, parents_first, range_of, values_of
from foldwise.search.result import Choice, best


class Trials:
    """The inner folds of a train part, kept binned from one trial to the next."""

    def __init__(
        self,
        trees_name: str,
        train: TrainPart,
        backend: Backend,
        options: FitOptions,
        measure: Measure,
        affinity: int = 1,
    ) -> None:
        """Part the rows by inner fold.

        Args:
            trees_name: name of the parameter that holds the number of trees.
            train: the outer train part with its inner folds.
            backend: the backend's module.
            options: seed, threads of the search, device.
            measure: how a fit is scored.
            affinity: processors at hand; the outcome does not depend on it.
        """
        folds: Sequence[int] = np.unique(train.inner).tolist()
        each, self._workers = shared_threads(options.threads, len(folds), affinity)
        self._folds = [InnerFold(train, fold, backend, replace(options, threads=each)) for fold in folds]
        self._trees_name, self._backend, self._measure = trees_name, backend, measure

    def score(self, point: Mapping[str, Any]) -> Scored:
        """Return the scores of one point on every inner fold."""
        [fit] = plan_fits([point], self._trees_name, self._backend)
        with ThreadPoolExecutor(self._workers) as pool:
            found = list(pool.map(lambda inner: inner.run([fit], self._measure.score)[0], self._folds))
        return self._measure.read(fit, found)[fit.trees]


class TrialLog:
    """A file of one line a finished trial, after a line with the key of the search.

    Snakemake deletes the declared outputs of an interrupted job: the file must not be one of
    them. A file with another key is of another search, and is replaced.
    """

    def __init__(self, path: str | Path, key: str) -> None:
        """Read the finished trials of the same search, and open the file for the next ones.

        Args:
            path: the file; it need not be there.
            key: hash of everything that the trials depend on, see :func:`key_of`.
        """
        self._path = Path(path)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        header = {"key": key}
        lines = _whole_lines(self._path)
        same = bool(lines) and lines[0] == header
        self.finished: list[dict[str, Any]] = lines[1:] if same else []
        """Trials that an earlier job finished, in order, as :meth:`append` was given them."""
        # Written anew, so that neither a torn line nor another search's trials stand before the next one.
        beside = self._path.with_name(f".{self._path.name}.new")
        beside.write_bytes(b"".join(map(_line, [header, *self.finished])))
        beside.replace(self._path)
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND)

    def append(self, trial: Mapping[str, Any]) -> None:
        """Write a finished trial, plain data, and wait until it is on disk."""
        os.write(self._file, _line(trial))
        os.fsync(self._file)

    def __enter__(self) -> "TrialLog":
        """Return the log."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file; it stays for the next job."""
        os.close(self._file)


def key_of(**parts: Any) -> str:
    """Return the SHA-256, 64 hexadecimal digits, of plain data by name."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _line(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content).encode() + b"\n"


def _whole_lines(path: Path) -> list[Any]:
    """Return what a file holds up to the first line that is torn or no JSON."""
    found: list[Any] = []
    content = path.read_bytes() if path.is_file() else b""
    for line in content.split(b"\n")[:-1]:
        try:
            found.append(json.loads(line))
        except ValueError:
            break
    return found


Point = dict[str, Any]
Score = Callable[[Mapping[str, Any]], tuple[npt.NDArray[np.float64], int]]


@dataclass(frozen=True)
class Trial:
    """One trial.

    Attributes:
        point: parameter values.
        scores: shape (k,): the metric on each inner fold.
        trees: number of trees that the scores rest on.
        repeated: whether an earlier trial had the same point and paid for the scores.
    """

    point: Point
    scores: npt.NDArray[np.float64]
    trees: int
    repeated: bool


def search_by_tpe(
    space: Mapping[str, Dimension],
    n_trials: int,
    seed: int,
    score: Score,
    greater_is_better: bool,
    log: TrialLog | None = None,
) -> list[Trial]:
    """Score ``n_trials`` points, each proposed from the scores of those before.

    One trial follows the other, so that the outcome depends on nothing but the arguments. Trials
    that the log holds are proposed again, which brings the sampler into the state that it had,
    and told their logged scores: the search goes on as if it had never stopped.

    Args:
        space: dimensions by parameter, checked.
        n_trials: the budget, repeated points included.
        seed: of the proposals.
        score: returns the scores of a point on each inner fold, shape (k,), and its number of trees.
        greater_is_better: whether the largest mean score wins.
        log: finished trials; None keeps none.
    """
    study = _study(seed, greater_is_better)
    finished = _by_point(log.finished) if log else {}
    trials: dict[tuple[Any, ...], Trial] = {}
    found = []
    for number in range(n_trials):
        proposal = study.ask()
        point = _suggest(space, proposal)
        key = tuple(point.items())
        if key in trials:
            first = trials[key]
            trial = Trial(point, first.scores, first.trees, repeated=True)
        else:
            trial = finished.get(key) or _scored(point, score, log)
            trials[key] = trial
        found.append(trial)
        mean = float(trial.scores.mean())
        if np.isfinite(mean):
            study.tell(proposal, mean)
        else:
            study.tell(proposal, state=optuna.trial.TrialState.FAIL)
        again = " (as before)" if trial.repeated else ""
        print(f"trial {number + 1} of {n_trials}: {mean:.5f} for {point}{again}", flush=True)
    return found


def choice_of(trials: Sequence[Trial], greater_is_better: bool) -> Choice:
    """Return the trials as the outcome of a search, a row for each of them."""
    scores = np.stack([t.scores for t in trials])
    repeated = np.array([t.repeated for t in trials])
    return Choice(
        points=[t.point for t in trials],
        scores=scores,
        trees=np.array([t.trees for t in trials], np.int32),
        shared=repeated,
        dropped_after=np.zeros(len(trials), np.int16),
        chosen=best(scores, greater_is_better),
        fits=int((~repeated).sum()) * scores.shape[1],
    )


def _study(seed: int, greater_is_better: bool) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with warnings.catch_warnings():
        # `group` is marked experimental: it models conditional parameters together where they stand together.
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True, group=True)
    return optuna.create_study(sampler=sampler, direction="maximize" if greater_is_better else "minimize")


def _suggest(space: Mapping[str, Dimension], proposal: optuna.Trial) -> Point:
    """Ask for a value of every parameter that stands in the point, those that others depend on first."""
    point: Point = {}
    for name in parents_first(space):
        if applies(space[name], point):
            point[name] = _suggest_value(name, space[name], proposal)
    return {name: point[name] for name in sorted(point)}


def _suggest_value(name: str, dimension: Dimension, proposal: optuna.Trial) -> Any:
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
    # By position: optuna takes 1, 1.0 and true for the same choice.
    return values[proposal.suggest_categorical(name, list(range(len(values))))]


def _scored(point: Point, score: Score, log: TrialLog | None) -> Trial:
    scores, trees = score(point)
    if log:
        log.append({"point": point, "scores": [float(s) for s in scores], "trees": int(trees)})
    return Trial(point, scores, trees, repeated=False)


def _by_point(finished: Sequence[Mapping[str, Any]]) -> dict[tuple[Any, ...], Trial]:
    return {
        tuple(line["point"].items()): Trial(line["point"], np.array(line["scores"], np.float64), line["trees"], False)
        for line in finished
    }
