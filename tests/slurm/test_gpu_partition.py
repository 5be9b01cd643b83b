"""A job that trains on a GPU asks for one and goes to the partition that has it."""

from pathlib import Path

import pytest
import yaml
from workflow.conftest import Study

from slurm.conftest import slurm, untrained, wait_until

pytestmark = pytest.mark.slurm

PARTITIONS = {"main": {"max_runtime": 1440, "max_mem_mb": 4000}, "gpu": {"max_runtime": 1440, "max_gpu": 1}}


def test_training_on_a_gpu_goes_to_the_partition_that_has_one(undisturbed: Study, tmp_path: Path) -> None:
    study = untrained(undisturbed, tmp_path / "study")
    partitions = study.folder / "site.yaml"
    partitions.write_text(yaml.safe_dump({"partitions": PARTITIONS}))
    study.write_config(backends=["xgboost", "lightgbm"], training={"device": "cuda"})
    run = study.start("--slurm-partition-config", str(partitions))
    wait_until(lambda: bool(study.jobs("train_fold_xgboost") and study.jobs("train_fold_lightgbm")))
    run.terminate()
    requests = {
        job.comment.split("_wildcards")[0]: slurm("scontrol", "show", "job", job.number) for job in study.jobs()
    }
    slurm("scancel", *(job.number for job in study.jobs()))
    run.wait(timeout=120)
    assert "Partition=gpu" in requests["rule_train_fold_xgboost"]
    assert "TresPerJob=gres:gpu:1" in requests["rule_train_fold_xgboost"]
    assert "Partition=main" in requests["rule_train_fold_lightgbm"]
    assert "TresPerJob" not in requests["rule_train_fold_lightgbm"]
