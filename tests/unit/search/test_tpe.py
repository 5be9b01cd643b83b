"""Trials proposed by TPE: within the space, and the same for the same arguments, interrupted or not."""

import os
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from foldwise.search.objective import Evaluation
from foldwise.search.parameters import Point
from foldwise.search.space import Space, grid
from foldwise.search.tpe import Trial, search_by_tpe
from foldwise.search.trial_log import TrialLog

TRIALS = 24
SPACE: Space = {
    "learning_rate": {"low": 0.001, "high": 1.0, "log": True},
    "subsample": {"low": 0.5, "high": 1.0, "step": 0.1},
    "max_depth": {"low": 2, "high": 9},
    "grow_policy": ["depthwise", "lossguide"],
    "max_leaves": {"low": 4, "high": 64, "log": True, "when": {"grow_policy": ["lossguide"]}},
    "n_estimators": [100],
}
SMALL: Space = {"max_depth": [2, 3], "n_estimators": [5, 10]}


class Interrupted(BaseException):
    """An interruption of the job from outside."""


class Evaluator:
    """Evaluates points by a formula with its best near a rate of 0.1, and keeps them."""

    def __init__(self, limit: int = 10**6) -> None:
        self.evaluated: list[Point] = []
        self._limit = limit

    def __call__(self, point: Any) -> tuple[Evaluation, tuple[()]]:
        if len(self.evaluated) == self._limit:
            raise Interrupted
        self.evaluated.append(dict(point))
        rate = np.log10(point.get("learning_rate", 0.1)) + 1
        leaves = 0.1 * abs(np.log(point.get("max_leaves", 40) / 20))
        level = rate**2 + 0.05 * abs(point["max_depth"] - 5) + leaves
        return Evaluation(np.array([level, level + 0.01, level / 3]), int(point["n_estimators"])), ()


def run(path: Path, evaluator: Evaluator, space: Space = SPACE, trials: int = TRIALS, **changed: Any) -> list[Trial]:
    settings = {"seed": 3, "greater_is_better": False, **changed}
    with TrialLog(path, "key") as log:
        return search_by_tpe(space, trials, evaluate=evaluator, log=log, **settings)


def plain(trials: list[Trial]) -> list[Any]:
    return [(list(t.point.items()), t.metric.tolist(), t.trees, t.repeated) for t in trials]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Trial], bytes]:
    """Return the trials of an uninterrupted search, and its log."""
    path = tmp_path_factory.mktemp("uninterrupted") / "trials.jsonl"
    return run(path, Evaluator()), path.read_bytes()


@pytest.mark.parametrize("after", [0, 1, 5, 9, 10, 11, 12, 17, TRIALS - 1])
def test_an_interrupted_search_continues_byte_for_byte(
    after: int, uninterrupted: tuple[list[Trial], bytes], tmp_path: Path
) -> None:
    path = tmp_path / "trials.jsonl"
    with pytest.raises(Interrupted):
        run(path, Evaluator(limit=after))
    rest = Evaluator()
    assert plain(run(path, rest)) == plain(uninterrupted[0])
    assert path.read_bytes() == uninterrupted[1]
    assert len(rest.evaluated) == TRIALS - after


def test_a_search_may_be_interrupted_many_times(uninterrupted: tuple[list[Trial], bytes], tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    for _ in range(TRIALS - 1):
        with pytest.raises(Interrupted):
            run(path, Evaluator(limit=1))
    assert plain(run(path, Evaluator(limit=1))) == plain(uninterrupted[0])


def test_an_incomplete_trial_is_evaluated_again(uninterrupted: tuple[list[Trial], bytes], tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    path.write_bytes(uninterrupted[1][: len(uninterrupted[1]) * 2 // 3])
    assert plain(run(path, Evaluator())) == plain(uninterrupted[0])
    assert path.read_bytes() == uninterrupted[1]


def test_points_are_in_the_space(uninterrupted: tuple[list[Trial], bytes]) -> None:
    for trial in uninterrupted[0]:
        point = trial.point
        assert list(point) == sorted(point)
        assert 0.001 <= point["learning_rate"] <= 1
        assert point["subsample"] in (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
        assert type(point["max_depth"]) is int
        assert point["max_depth"] in range(2, 10)
        assert ("max_leaves" in point) == (point["grow_policy"] == "lossguide")
        assert trial.trees == point["n_estimators"] == 100


def test_later_points_are_better_than_earlier_ones(uninterrupted: tuple[list[Trial], bytes]) -> None:
    means = [t.metric.mean() for t in uninterrupted[0]]
    assert np.median(means[12:]) < np.median(means[:12])


def test_the_search_follows_the_direction_of_the_metric(tmp_path: Path) -> None:
    up = run(tmp_path / "trials.jsonl", Evaluator(), greater_is_better=True)
    means = [t.metric.mean() for t in up]
    assert np.median(means[12:]) > np.median(means[:12])


def test_another_seed_gives_other_trials(uninterrupted: tuple[list[Trial], bytes], tmp_path: Path) -> None:
    assert plain(run(tmp_path / "trials.jsonl", Evaluator(), seed=4)) != plain(uninterrupted[0])


def test_equal_points_are_evaluated_once(tmp_path: Path) -> None:
    evaluator = Evaluator()
    trials = run(tmp_path / "trials.jsonl", evaluator, SMALL, trials=20)
    assert len(evaluator.evaluated) == sum(not t.repeated for t in trials) <= 4
    assert len(trials) == 20
    assert all(t.point in grid(SMALL) for t in trials)


def test_an_undefined_metric_does_not_stop_the_search(tmp_path: Path) -> None:
    class Undefined(Evaluator):
        def __call__(self, point: Any) -> tuple[Evaluation, tuple[()]]:
            evaluation, models = super().__call__(point)
            return replace(evaluation, metric=evaluation.metric * (np.nan if point["max_depth"] == 2 else 1)), models

    assert len(run(tmp_path / "trials.jsonl", Undefined())) == TRIALS


def test_a_space_can_have_one_point(tmp_path: Path) -> None:
    assert len(run(tmp_path / "trials.jsonl", Evaluator(), {"max_depth": [3], "n_estimators": [5]}, trials=3)) == 3


def test_optuna_prints_nothing_of_its_own(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(tmp_path / "trials.jsonl", Evaluator(), trials=12)
    printed = capfd.readouterr()
    assert printed.err == ""
    assert len(printed.out.splitlines()) == 12
    assert all(line.startswith("trial ") for line in printed.out.splitlines())


PROGRAM = """
from pathlib import Path
from test_tpe import Evaluator, run
run(Path("trials.jsonl"), Evaluator())
"""


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_another_process_proposes_the_same(
    hash_seed: str, uninterrupted: tuple[list[Trial], bytes], tmp_path: Path
) -> None:
    path = os.pathsep.join(p for p in [str(Path(__file__).parent), *sys.path] if p)
    subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": hash_seed},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    assert (tmp_path / "trials.jsonl").read_bytes() == uninterrupted[1]
