"""A search split over jobs ends with the files of a search in one job."""

from pathlib import Path

import pytest
from fixtures.tiny_study import SPACE
from whole_results import contents

from workflow.conftest import Study, new_study

pytestmark = pytest.mark.workflow

TARGETS = ("results/tiny/xgboost/out_of_fold.parquet", "results/tiny/xgboost/model.json")


def test_shards_change_no_byte_of_the_results(finished: Study, tmp_path: Path) -> None:
    study = new_study(tmp_path)
    # The other run's default method stops early, a grid does so where it is asked to.
    search = {"space": SPACE, "method": "grid", "early_stopping_rounds": 50, "shards": 3}
    study.write_config(backends=["xgboost"], search=search)
    done = study.run(*TARGETS)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (study.folder / "logs/search_shard/tiny/xgboost/fold_1/shard_3.log").exists()
    assert (study.folder / "logs/search_shard/tiny/xgboost/final/shard_1.log").exists()
    results = contents(study.folder / "results/tiny/xgboost")
    expected = contents(finished.folder / "results/tiny/xgboost")
    assert len(results) > 10
    assert results == {name: expected[name] for name in results}
