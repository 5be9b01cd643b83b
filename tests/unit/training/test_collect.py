"""The tables of the folds come below each other, each row with its fold."""

from pathlib import Path

import pyarrow as pa
import pytest
from foldwise.errors import UserError
from foldwise.io.files import read_json, read_note, read_table, write_json, write_table
from foldwise.training.collect import TABLES, gather_folds


@pytest.fixture
def summaries(tmp_path: Path) -> list[str]:
    """Write two folds; return the paths of their ``params.json``."""
    for fold, kind in ((1, pa.int64()), (2, pa.float64())):
        for name in TABLES:
            values = pa.array([fold] * fold, kind)
            write_table(tmp_path / str(fold) / f"{name}.parquet", pa.table({"value": values}), {"metric": "auc"})
        write_json(tmp_path / str(fold) / "params.json", {"trees": 10 * fold})
    return [str(tmp_path / str(fold) / "params.json") for fold in (1, 2)]


@pytest.fixture
def outputs(tmp_path: Path) -> dict[str, str]:
    return {name: str(tmp_path / name) for name in (*TABLES, "params")}


def test_folds_are_numbered_in_the_order_given(summaries: list[str], outputs: dict[str, str]) -> None:
    gather_folds(summaries, outputs)
    for name in TABLES:
        assert read_table(outputs[name]).to_pydict() == {"fold": [1, 2, 2], "value": [1.0, 2.0, 2.0]}
        assert read_note(outputs[name]) == {"metric": "auc"}
    assert read_json(outputs["params"]) == [{"trees": 10}, {"trees": 20}]


def test_a_table_of_a_fold_that_is_gone_is_named(summaries: list[str], outputs: dict[str, str]) -> None:
    gone = Path(summaries[1]).with_name("curve.parquet")
    gone.unlink()
    with pytest.raises(UserError, match=f"^{gone}: this table of a fold is gone: run snakemake without a target"):
        gather_folds(summaries, outputs)
