"""The rows of a table with their group and folds."""

import json

import pandas as pd

from foldwise.io.files import read_json, read_note, read_table


def read_rows(table: str, contract: str, folds: str) -> pd.DataFrame:
    """Return what is known of every row: sample_id, label, unit, group, the slices and the fold columns.

    A slice column is named ``slice: <column>``; the frame's ``attrs`` hold ``slices``, ``unit``,
    ``n_splits`` and the ``sources`` that are held out in turn, if any.
    """
    found = read_json(contract)
    unit, slices = found["unit"], found["slices"]
    columns = list(dict.fromkeys(["sample_id", "label", unit, *slices]))
    data: pd.DataFrame = read_table(table, columns=columns).to_pandas()
    assignment: pd.DataFrame = read_table(folds).to_pandas()
    rows = pd.DataFrame({"sample_id": data["sample_id"], "label": data["label"], "unit": data[unit]})
    rows["group"] = assignment["group"]
    kept = [c for c in assignment.columns if c.startswith("fold_")]
    whole: pd.DataFrame = pd.concat([rows, data[slices].add_prefix("slice: "), assignment[kept]], axis=1)
    note = read_note(folds)
    sources = json.loads(note.get("sources", "[]"))
    whole.attrs = {"slices": slices, "unit": unit, "n_splits": int(note["n_splits"]), "sources": sources}
    return whole
