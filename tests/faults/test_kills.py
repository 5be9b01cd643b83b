"""Snakemake and its jobs are killed again and again: nothing that was finished is lost, and no result is another."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from fixtures.tiny_study import SPACE
from killing import Run
from whole_results import contents
from workflow.conftest import Study, new_study

pytestmark = pytest.mark.kill

BACKENDS = ["xgboost", "lightgbm", "catboost"]
# Fewer kills than this are for a look: one backend, up to its scores, and the kills come from the training on.
MANY = 15
FEW = ("results/tiny/metrics.parquet", "results/tiny/xgboost/model.json")
EARLY = {"build_table", "make_folds", "audit_leakage", "pass_audit", "train_reference"}
# So often a copy of the killed study runs to its end while the study itself is killed on.
COMPLETED = 5
SEED = 8


@pytest.fixture(scope="module")
def kills(pytestconfig: pytest.Config) -> int:
    return int(pytestconfig.getoption("kills"))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, kills: int) -> dict[str, str]:
    study = new(tmp_path_factory.mktemp("undisturbed"), kills)
    return completed(study, kills)


def new(folder: Path, kills: int) -> Study:
    backends = BACKENDS if kills >= MANY else BACKENDS[:1]
    study = new_study(folder)
    study.write_config(backends=backends, search={"space": {b: SPACE[b] for b in backends}})
    return study


def targets(kills: int) -> tuple[str, ...]:
    return () if kills >= MANY else FEW


def completed(study: Study, kills: int) -> dict[str, str]:
    """Let a study run to its end, without a leftover of an earlier run; return what its results contain."""
    unlock(study)
    done = study.run(*targets(kills))
    assert done.returncode == 0, done.stdout + done.stderr
    assert not [p for p in (study.folder / "results").rglob(".*") if p.is_file()]
    return contents(study.folder / "results")


def unlock(study: Study) -> None:
    """Do what the documentation says after a kill, where a lock is left."""
    if any((study.folder / ".snakemake/locks").glob("*")):
        assert study.run("--unlock", cores=None).returncode == 0


def test_whenever_a_run_is_killed_it_ends_with_the_same_results(
    undisturbed: dict[str, str], kills: int, tmp_path: Path
) -> None:
    """Every third kill comes after a drawn time, the others once a rule runs that was not killed before.

    A run that ends before its kill comes makes room for a new study, whose kills come as they are drawn.
    """
    random = np.random.default_rng(SEED)
    killed_rules: set[str] = set() if kills >= MANY else set(EARLY)
    killed = rounds = finished_runs = 0
    study, finished = new(tmp_path / "round_0", kills), set[str]()
    while killed < kills:
        run = Run(study, tmp_path / "shown.txt", targets(kills))
        by_rule = killed % 3 != 2
        rules = run.wait_for_other_rules(killed_rules if rounds == 0 else set()) if by_rule else set[str]()
        if not run.wait(random.uniform(0, 0.6) if by_rule else random.uniform(0.5, 6)):
            assert run.status() == 0, run.shown
            assert contents(study.folder / "results") == undisturbed
            rounds, finished_runs, finished = rounds + 1, finished_runs + 1, set()
            study = new(tmp_path / f"round_{rounds}", kills)
            continue
        run.kill()
        killed, killed_rules = killed + 1, killed_rules | rules
        jobs = run.jobs().values()
        assert not finished & {job.outputs for job in jobs}, "finished before an earlier kill and run again"
        finished |= {job.outputs for job in jobs if job.finished}
        results = contents(study.folder / "results")
        assert results.items() <= undisturbed.items(), "an incomplete file has the name of a result"
        unlock(study)
        if kills >= MANY and killed % (kills // COMPLETED) == 0:
            shutil.copytree(study.folder, tmp_path / f"copy_{killed}", symlinks=True)
            assert completed(Study(tmp_path / f"copy_{killed}"), kills) == undisturbed
            finished_runs += 1
    assert completed(study, kills) == undisturbed
    print(f"{killed} kills, {finished_runs + 1} runs to the end; killed in {sorted(killed_rules)}")
