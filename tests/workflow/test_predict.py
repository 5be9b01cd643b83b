"""New tables: the rule and the command predict the same, without any training."""

import json
import sys
from pathlib import Path

import pandas as pd
import pytest
from fixtures.tiny_study import write_tiny

from workflow.conftest import Study, started

pytestmark = pytest.mark.workflow


def test_a_new_table_costs_its_scoring_alone_and_the_command_writes_the_same_bytes(study: Study) -> None:
    new = study.folder / "data" / "new.parquet"
    write_tiny(new, seed=1)
    study.write_config(predict={"new": {"table": "data/new.parquet"}})
    assert study.would_run() == {"score_table": 1}
    study.complete()
    scored = study.folder / "results" / "tiny" / "scored"
    rows = pd.read_parquet(scored / "new.parquet")
    assert len(rows) == 200
    params = json.loads((scored.parent / "ensemble/final/params.json").read_text())
    constant = params["weights"].pop("constant") * params["prevalence"]
    weighted = (weight * rows[f"{backend}_score"].to_numpy() for backend, weight in params["weights"].items())
    assert rows["ensemble_score"].tolist() == sum(weighted, start=constant).tolist()
    assert len(pd.read_parquet(scored / "new_units.parquet")) == 40

    command = [sys.executable, "-m", "foldwise.predict", "--dataset", "tiny", "--table", "data/new.parquet"]
    done = started([*command, "--out", "by_hand.parquet"], study.folder, PYTHONPATH=str(study.workflow / "scripts"))
    assert done.returncode == 0, done.stderr
    for ending in (".parquet", "_units.parquet", ".json"):
        by_hand = study.folder / f"by_hand{ending}"
        assert by_hand.read_bytes() == Path(f"{scored}/new{ending}").read_bytes()


def test_the_command_names_what_is_missing_and_shows_no_traceback(study: Study) -> None:
    pd.DataFrame({"x": [1.0]}).to_csv(study.folder / "x.csv")
    command = [sys.executable, "-m", "foldwise.predict", "--dataset", "tiny", "--table", "x.csv", "--out", "x.parquet"]
    done = started(command, study.folder, PYTHONPATH=str(study.workflow / "scripts"))
    assert done.returncode == 1
    assert done.stderr.startswith("error: x.csv: 5 of the 5 columns that the models need are missing")
    assert "Traceback" not in done.stderr
