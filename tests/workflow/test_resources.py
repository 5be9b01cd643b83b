"""What each job asks of a cluster, read from dry runs."""

import re
from pathlib import Path

import pytest

from workflow.conftest import Study, new_study

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return new_study(Path(tmp_path_factory.mktemp("fresh")))


def planned(study: Study, *arguments: str) -> dict[str, dict[str, str]]:
    """Return rule -> resources of the rules that are sent to the cluster (a dry run does not mark the local ones)."""
    done = study.run("-n", "--profile", str(study.workflow / "profiles/slurm"), *arguments, cores=None)
    text = done.stdout + done.stderr
    assert done.returncode == 0, text
    matches = re.findall(
        r"^rule (train_\w+|build_table|audit_leakage):\n(?: .*\n)*? +resources: (.*)$", text, re.MULTILINE
    )
    return {rule: dict(re.findall(r"(\w+)=([^,]+)", resources)) for rule, resources in matches}


def test_the_second_attempt_gets_twice_the_memory_and_the_time(fresh: Study) -> None:
    first, second = planned(fresh), planned(fresh, "--attempt", "2")
    for rule, resources_of_rule in first.items():
        for name in ("mem_mb", "runtime"):
            assert int(second[rule][name]) == pytest.approx(2 * int(resources_of_rule[name]), abs=1), (rule, name)


def test_a_larger_table_gets_more_time(fresh: Study) -> None:
    small = planned(fresh)
    table = fresh.folder / "data/tiny.parquet"
    content = table.read_bytes()
    table.write_bytes(content + bytes(10_000_000))
    try:
        large = planned(fresh)
    finally:
        table.write_bytes(content)
    assert {rule for rule in small if int(large[rule]["runtime"]) <= int(small[rule]["runtime"])} == set()


def test_a_gpu_is_asked_for_only_by_what_trains_on_one(fresh: Study) -> None:
    assert not [rule for rule, resources_of_rule in planned(fresh).items() if "gpu" in resources_of_rule]
    fresh.write_config(training={"device": "cuda"})
    asking = {rule for rule, resources_of_rule in planned(fresh).items() if resources_of_rule.get("gpu") == "1"}
    fresh.write_config()
    assert asking == {f"train_{what}_{b}" for what in ("fold", "final") for b in ("xgboost", "catboost")}
