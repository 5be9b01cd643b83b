"""Trials proposed by TPE: the same for the same arguments, whatever was interrupted, within the space."""

import os
import subprocess
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from foldwise.search.space import Space, grid
from foldwise.search.tpe import Trial, TrialLog, search_by_tpe

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
    """What ends a job from outside."""


class Scorer:
    """Scores points by a formula with its best near a rate of 0.1, and counts."""

    def __init__(self, limit: int = 10**6) -> None:
        self.scored: list[Mapping[str, Any]] = []
        self._limit = limit

    def __call__(self, point: Mapping[str, Any]) -> tuple[npt.NDArray[np.float64], int]:
        if len(self.scored) == self._limit:
            raise Interrupted
        self.scored.append(dict(point))
        rate = np.log10(point.get("learning_rate", 0.1)) + 1
        leaves = 0.1 * abs(np.log(point.get("max_leaves", 40) / 20))
        level = rate**2 + 0.05 * abs(point["max_depth"] - 5) + leaves
        return np.array([level, level + 0.01, level / 3]), int(point["n_estimators"])


def run(path: Path, scorer: Scorer, space: Space = SPACE, trials: int = TRIALS, **changed: Any) -> list[Trial]:
    settings = {"seed": 3, "greater_is_better": False, **changed}
    with TrialLog(path, "key") as log:
        return search_by_tpe(space, trials, score=scorer, log=log, **settings)


def plain(trials: list[Trial]) -> list[Any]:
    return [(list(t.point.items()), t.scores.tolist(), t.trees, t.repeated) for t in trials]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Trial], bytes]:
    """Return the trials of a search that nothing interrupted, and its log."""
    path = tmp_path_factory.mktemp("whole") / "trials.jsonl"
    return run(path, Scorer()), path.read_bytes()


@pytest.mark.parametrize("after", [0, 1, 5, 9, 10, 11, 12, 17, TRIALS - 1])
def test_an_interrupted_search_goes_on_byte_for_byte(
    after: int, whole: tuple[list[Trial], bytes], tmp_path: Path
) -> None:
    path = tmp_path / "trials.jsonl"
    with pytest.raises(Interrupted):
        run(path, Scorer(limit=after))
    rest = Scorer()
    assert plain(run(path, rest)) == plain(whole[0])
    assert path.read_bytes() == whole[1]
    assert len(rest.scored) == TRIALS - after


def test_a_search_may_be_interrupted_many_times(whole: tuple[list[Trial], bytes], tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    for _ in range(TRIALS - 1):
        with pytest.raises(Interrupted):
            run(path, Scorer(limit=1))
    assert plain(run(path, Scorer(limit=1))) == plain(whole[0])


def test_a_torn_trial_is_scored_again(whole: tuple[list[Trial], bytes], tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    path.write_bytes(whole[1][: len(whole[1]) * 2 // 3])
    assert plain(run(path, Scorer())) == plain(whole[0])
    assert path.read_bytes() == whole[1]


def test_points_lie_in_the_space(whole: tuple[list[Trial], bytes]) -> None:
    for trial in whole[0]:
        point = trial.point
        assert list(point) == sorted(point)
        assert 0.001 <= point["learning_rate"] <= 1
        assert point["subsample"] in (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
        assert type(point["max_depth"]) is int
        assert point["max_depth"] in range(2, 10)
        assert ("max_leaves" in point) == (point["grow_policy"] == "lossguide")
        assert trial.trees == point["n_estimators"] == 100


def test_later_points_are_better_than_earlier_ones(whole: tuple[list[Trial], bytes]) -> None:
    means = [t.scores.mean() for t in whole[0]]
    assert np.median(means[12:]) < np.median(means[:12])


def test_the_direction_counts(tmp_path: Path) -> None:
    up = run(tmp_path / "trials.jsonl", Scorer(), greater_is_better=True)
    means = [t.scores.mean() for t in up]
    assert np.median(means[12:]) > np.median(means[:12])


def test_the_seed_counts(whole: tuple[list[Trial], bytes], tmp_path: Path) -> None:
    assert plain(run(tmp_path / "trials.jsonl", Scorer(), seed=4)) != plain(whole[0])


def test_equal_points_are_scored_once(tmp_path: Path) -> None:
    scorer = Scorer()
    found = run(tmp_path / "trials.jsonl", scorer, SMALL, trials=20)
    assert len(scorer.scored) == sum(not t.repeated for t in found) <= 4
    assert len(found) == 20
    assert all(t.point in grid(SMALL) for t in found)


def test_a_point_without_a_score_does_not_end_the_search(tmp_path: Path) -> None:
    class Undefined(Scorer):
        def __call__(self, point: Mapping[str, Any]) -> tuple[npt.NDArray[np.float64], int]:
            scores, trees = super().__call__(point)
            return (scores * np.nan if point["max_depth"] == 2 else scores), trees

    assert len(run(tmp_path / "trials.jsonl", Undefined())) == TRIALS


def test_a_space_of_one_point_is_taken(tmp_path: Path) -> None:
    assert len(run(tmp_path / "trials.jsonl", Scorer(), {"max_depth": [3], "n_estimators": [5]}, trials=3)) == 3


def test_optuna_says_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(tmp_path / "trials.jsonl", Scorer(), trials=12)
    said = capfd.readouterr()
    assert said.err == ""
    assert len(said.out.splitlines()) == 12
    assert all(line.startswith("trial ") for line in said.out.splitlines())


PROGRAM = """
from pathlib import Path
from test_tpe import Scorer, run
run(Path("trials.jsonl"), Scorer())
"""


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_another_process_proposes_the_same(hash_seed: str, whole: tuple[list[Trial], bytes], tmp_path: Path) -> None:
    path = os.pathsep.join(p for p in [str(Path(__file__).parent), *sys.path] if p)
    subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": hash_seed},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    assert (tmp_path / "trials.jsonl").read_bytes() == whole[1]
