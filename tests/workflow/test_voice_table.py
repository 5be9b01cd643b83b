"""A real grouped table: 195 voice recordings of 32 people (Little et al. 2007), where the file is there."""

import json
from pathlib import Path

import pytest
import yaml

from workflow.conftest import ROOT, Study, copy_workflow

pytestmark = pytest.mark.workflow

TABLE = ROOT.parent / "shared" / "data" / "parkinsons.parquet"


@pytest.mark.skipif(not TABLE.exists(), reason="the voice table is not on this machine")
def test_people_are_kept_together_and_odd_column_names_pass(tmp_path: Path) -> None:
    dataset = {"table": str(TABLE), "label": "label", "groups": ["subject"]}
    space = {"xgboost": {"max_depth": 3, "learning_rate": 0.1, "n_estimators": 50, "subsample": 0.8}}
    space["xgboost"] |= {"colsample_bytree": 0.8, "reg_alpha": 0.0}
    config = {
        "datasets": {"voice": dataset},
        "backends": ["xgboost"],
        # Eight healthy people: no more than four outer folds leave two of them for each inner part.
        "folds": {"n_splits": 4, "inner_splits": 2},
        "search": {"space": space},
    }
    study = Study(tmp_path)
    copy_workflow(study.workflow)
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    study.complete()
    results = tmp_path / "results" / "voice"
    contract = json.loads((results / "table.json").read_text())
    metrics = json.loads((results / "xgboost" / "metrics.json").read_text())
    assert "MDVP:Jitter(%)" in {f["name"] for f in contract["features"]}
    assert metrics["counts"]["groups"] == 32
    # By person it is a weak classifier; split by row it reaches 0.955.
    assert 0.55 < metrics["test_auc"] < 0.92
    assert "fewer than 10" in metrics["intervals"]["auc"]["corrected_t"]["refused"]
