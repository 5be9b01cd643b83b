"""The literal command of the README, on the demo with a small search."""

import sys
from pathlib import Path

import pytest
import yaml
from fixtures.tiny_study import SPACE
from whole_results import contents
from workflow.conftest import copy_workflow, results_without_pages, started

from slurm.conftest import slurm

pytestmark = pytest.mark.slurm

SNAKEMAKE = str(Path(sys.executable).with_name("snakemake"))
SENT = {"build_table": 1, "audit_leakage": 1, "train_reference": 1, "train_fold": 15, "train_final": 3}


def small_demo(folder: Path) -> None:
    """Copy the workflow; its demo gets fewer and smaller models: what is tested is the way through the cluster."""
    copy_workflow(folder)
    file = folder / "config/config.yaml"
    shipped = yaml.safe_load(file.read_text(encoding="utf-8"))
    smaller = {**shipped, "search": {"space": SPACE}, "tracking": {"mlflow": False}}
    file.write_text(yaml.safe_dump(smaller), encoding="utf-8")


def run(folder: Path, *arguments: str) -> str:
    done = started([SNAKEMAKE, *arguments], folder)
    assert done.returncode == 0, (done.stdout + done.stderr)[-5000:]
    return done.stdout + done.stderr


def test_the_demo_gives_the_same_bytes_on_the_cluster_as_on_two_cores(cluster: None, tmp_path: Path) -> None:
    for place in ("cluster", "local"):
        small_demo(tmp_path / place)
    output = run(tmp_path / "cluster", "--profile", "slurm")
    assert "results/demo/report.html" in output
    comments = slurm("squeue", "--states=all", "--noheader", "--format=%Z %k").splitlines()
    sent = [line.split()[1] for line in comments if line.startswith(str(tmp_path / "cluster"))]
    assert {rule: sum(comment.startswith(f"rule_{rule}") for comment in sent) for rule in SENT} == SENT
    assert len(sent) == sum(SENT.values()), "a job was sent twice, or one too many"

    run(tmp_path / "local", "--cores", "2", results_without_pages("demo"))
    on_the_cluster = contents(tmp_path / "cluster/results/demo")
    local = contents(tmp_path / "local/results/demo")
    assert len(local) > 4 * SENT["train_fold"]
    assert local == {name: on_the_cluster[name] for name in local}
