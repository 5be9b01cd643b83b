"""The tables of the folds come below each other, each row with its fold."""

from pathlib import Path

import pyarrow as pa
from foldwise.artifacts import read_json, read_note, read_table, write_json, write_table
from foldwise.gathering import TABLES, gather_folds


def test_folds_are_numbered_in_the_order_given(tmp_path: Path) -> None:
    inputs: dict[str, list[str]] = {name: [] for name in (*TABLES, "params")}
    for fold in (1, 2):
        for name in TABLES:
            path = tmp_path / str(fold) / f"{name}.parquet"
            kind = pa.int64() if fold == 1 else pa.float64()
            write_table(path, pa.table({"value": pa.array([fold] * fold, kind)}), {"metric": "auc"})
            inputs[name].append(str(path))
        write_json(tmp_path / str(fold) / "params.json", {"trees": 10 * fold})
        inputs["params"].append(str(tmp_path / str(fold) / "params.json"))
    outputs = {name: str(tmp_path / name) for name in inputs}
    gather_folds(inputs, outputs)
    for name in TABLES:
        assert read_table(outputs[name]).to_pydict() == {"fold": [1, 2, 2], "value": [1.0, 2.0, 2.0]}
        assert read_note(outputs[name]) == {"metric": "auc"}
    assert read_json(outputs["params"]) == [{"trees": 10}, {"trees": 20}]
