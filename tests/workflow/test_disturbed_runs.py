"""What a run says and does when its folder is disturbed: truncated files, a full disk, a second run."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from killing import Run
from small_disk import SmallDisk, small_disk
from whole_results import contents

from workflow.conftest import Study, new_study

pytestmark = pytest.mark.workflow

COMPARISON, PLOT = "results/tiny/comparison.json", "results/tiny/plots/model_comparison.png"
FOLD = "results/tiny/xgboost/fold_1"


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    """Return the one line with which a run ends in error."""
    assert done.returncode != 0
    shown = done.stdout + done.stderr
    assert "Traceback" not in shown
    lines = [line.strip() for line in shown.splitlines() if line.strip().startswith("error:")]
    assert len(lines) == 1, shown
    return lines[0]


def test_a_result_that_was_cut_short_is_refused_and_rebuilt_once_deleted(study: Study, tmp_path: Path) -> None:
    expected = contents(study.folder / "results")
    path = study.folder / COMPARISON
    path.write_bytes(path.read_bytes()[:100])
    assert f"error: {COMPARISON}: this result is broken" in refusal(study.run(PLOT))
    path.unlink()
    run = Run(study, tmp_path / "shown.txt", [PLOT])
    assert run.status() == 0, run.shown
    assert {job.rule for job in run.jobs().values()} == {"compare_backends", "plot_comparison"}
    assert contents(study.folder / "results") == expected


def test_a_second_run_is_refused_and_logs_that_vanish_cost_nothing(study: Study, tmp_path: Path) -> None:
    expected = contents(study.folder / "results")
    for name in (COMPARISON, PLOT):
        (study.folder / name).unlink()
    first = Run(study, tmp_path / "shown.txt", [PLOT])
    assert first.wait_for_other_rules(set()) == {"compare_backends"}
    first.pause()
    second = study.run(PLOT)
    shutil.rmtree(study.folder / "logs")
    first.resume()
    assert second.returncode != 0
    message = " ".join(second.stderr.split())
    assert "Directory cannot be locked. Please make sure that no other Snakemake process" in message
    assert "It can be removed with the --unlock argument" in message
    assert first.status() == 0, first.shown
    assert contents(study.folder / "results") == expected


@pytest.fixture
def disk(study: Study) -> Iterator[SmallDisk]:
    """Put the results on a small disk."""
    results = study.folder / "results"
    results.rename(study.folder / "kept")
    with small_disk(results, megabytes=30) as mounted:
        shutil.copytree(study.folder / "kept", results, dirs_exist_ok=True)
        yield mounted


def test_a_full_disk_is_reported_and_with_room_the_results_are_the_same(study: Study, disk: SmallDisk) -> None:
    results = study.folder / "results"
    expected = contents(results)
    (results / "tiny/xgboost/fold_1/model.json").unlink()
    disk.fill(left=4096)
    assert f"error: {FOLD}/" in (line := refusal(study.run(f"{FOLD}/model.json")))
    assert "no space is left on its disk: make room and run the same command again" in line
    left = contents(results)
    assert left.items() < expected.items()
    assert {name.rpartition("/")[0] for name in expected.keys() - left.keys()} == {"tiny/xgboost/fold_1"}
    disk.make_room()
    done = study.run(f"{FOLD}/model.json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert contents(results) == expected


def test_results_that_may_not_be_written_are_reported_and_the_folder_is_unlocked(study: Study, disk: SmallDisk) -> None:
    (study.folder / PLOT).unlink()
    disk.forbid_writing()
    line = refusal(study.run(PLOT))
    assert line.startswith("error: results: nothing can be written there: fix the permissions")
    assert not any((study.folder / ".snakemake/locks").glob("*"))


def test_a_disk_without_room_for_snakemake_itself_is_reported(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", megabytes=8) as disk:
        study = new_study(disk.folder)
        disk.fill(left=4096)
        assert "disk: no space is left on its disk: make room" in refusal(study.run("-n"))
