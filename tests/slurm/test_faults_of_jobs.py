"""A run in which one job is cancelled, one hangs beyond its time and one needs more memory than it requested."""

from pathlib import Path

import pytest
from workflow.conftest import Study

from slurm.conftest import ClusterStudy, Job, fold_rule, slurm, untrained

pytestmark = pytest.mark.slurm

HANGING, CANCELLED, LARGE = fold_rule(1), fold_rule(2), "train_final"
# SLURM looks at memory once a second: with a quarter of what snakemake alone holds the job is surely seen.
TOO_LITTLE_AT_FIRST = ("--set-resources", "train_final_xgboost:mem_mb=80 * 12 ** (attempt - 1)")


@pytest.fixture(scope="module")
def disturbed(undisturbed: Study, tmp_path_factory: pytest.TempPathFactory) -> ClusterStudy:
    study = untrained(undisturbed, Path(tmp_path_factory.mktemp("jobs")) / "study")
    run = study.start(*TOO_LITTLE_AT_FIRST)
    hanging = study.wait_until_training(1).number
    slurm("scancel", "--full", "--signal=STOP", hanging)
    slurm("scontrol", "update", f"JobId={hanging}", "TimeLimit=1")
    slurm("scancel", study.wait_until_training(2).number)
    study.finish(run)
    return study


def attempts(study: ClusterStudy, rule: str) -> tuple[Job, Job]:
    first, second = study.jobs(rule)
    return first, second


def test_a_cancelled_job_is_sent_again(disturbed: ClusterStudy) -> None:
    assert [job.state for job in attempts(disturbed, CANCELLED)] == ["CANCELLED", "COMPLETED"]


def test_a_job_over_its_time_is_sent_again_with_twice_the_time(disturbed: ClusterStudy) -> None:
    first, second = attempts(disturbed, HANGING)
    assert [first.state, second.state] == ["TIMEOUT", "COMPLETED"]
    assert second.time_limit == "2:00:00"


def test_a_job_over_its_memory_is_sent_again_with_more(disturbed: ClusterStudy) -> None:
    first, second = attempts(disturbed, LARGE)
    assert [first.state, second.state] == ["FAILED", "COMPLETED"]
    assert [first.memory, second.memory] == ["80M", "960M"]


def test_the_results_are_those_of_an_undisturbed_run(disturbed: ClusterStudy, undisturbed: Study) -> None:
    assert disturbed.contents() == ClusterStudy(undisturbed.folder).contents()
