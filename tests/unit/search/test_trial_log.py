"""Finished trials outlive their job; an incomplete line or the file of another search does no harm."""

from pathlib import Path
from typing import Any

import pytest
from foldwise.search.trial_log import TrialLog, key_of

TRIALS = [{"point": {"rate": 0.1 + i / 7}, "scores": [1 / 3, float("inf")], "trees": i} for i in range(3)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a log with three trials."""
    path = tmp_path / "fold_1" / "trials.jsonl"
    with TrialLog(path, "a") as log:
        for trial in TRIALS:
            log.append(trial)
    return path


def finished(path: Path, key: str = "a") -> list[dict[str, Any]]:
    with TrialLog(path, key) as log:
        return log.finished


def test_trials_are_read_as_they_were_written(path: Path) -> None:
    assert finished(path) == TRIALS


def test_an_appended_trial_is_in_the_file_at_once(tmp_path: Path) -> None:
    with TrialLog(tmp_path / "trials.jsonl", "a") as log:
        log.append(TRIALS[0])
        assert len((tmp_path / "trials.jsonl").read_text().splitlines()) == 2


@pytest.mark.parametrize("left", [1, 10, 40])
def test_an_incomplete_last_line_is_dropped_and_the_next_one_is_complete(path: Path, left: int) -> None:
    content = path.read_bytes()
    last = content.splitlines(keepends=True)[-1]
    path.write_bytes(content[: len(content) - len(last) + left])
    with TrialLog(path, "a") as log:
        assert log.finished == TRIALS[:2]
        log.append(TRIALS[2])
    assert finished(path) == TRIALS


def test_trials_after_a_line_that_is_not_json_are_dropped(path: Path) -> None:
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], lines[1], "\0\0\0", lines[3], ""]))
    assert finished(path) == TRIALS[:1]


@pytest.mark.parametrize("content", [b"", b"{", b"[1]\n", b'{"key": "a"}'])
def test_a_file_without_a_header_is_replaced(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "trials.jsonl"
    path.write_bytes(content)
    assert finished(path) == []
    assert path.read_text() == '{"key": "a"}\n'


def test_the_trials_of_another_search_are_not_used(path: Path) -> None:
    assert finished(path, "b") == []
    assert finished(path, "a") == []


def test_no_other_file_is_left_in_the_folder(path: Path) -> None:
    assert list(path.parent.iterdir()) == [path]


def test_the_key_depends_on_every_part_but_not_on_their_order() -> None:
    space = {"max_depth": [3, 5], "gamma": {"low": 0, "high": 1}}
    assert key_of(space=space, seed=1) == key_of(seed=1, space=dict(reversed(space.items())))
    assert key_of(space=space, seed=1) != key_of(space=space, seed=2)
    assert key_of(space=space) != key_of(space={**space, "max_depth": [5, 3]})
