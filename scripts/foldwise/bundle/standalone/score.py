"""Predict a new table with the models of this bundle: python score.py new.parquet scored.parquet

Requires Python 3.11+, numpy, pyarrow and the libraries of the chosen model. The table is one parquet file with the
columns in contract.json. Output: sample_id, score (probability of the positive class), calibrated and verdict (1 =
positive) of every row; in scored_units.parquet, where the table has the unit column, the means of every unit.
"""

import argparse
import hashlib
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

Values = npt.NDArray[Any]
BUNDLE = Path(__file__).resolve().parent
# Rows predicted at a time. The order of summation, and so the last bit of the unit means, depends on it.
PART_ROWS = 32_768


class UserError(Exception):
    """A mistake that the user can correct, described in one line."""


def main() -> None:
    """Predict the table named on the command line."""
    parser = argparse.ArgumentParser(description="Predict a new table with the models of this bundle.")
    parser.add_argument("table", type=Path, help="parquet file with the columns listed in contract.json")
    parser.add_argument("out", type=Path, help="parquet file to write; predictions of units go to <out>_units.parquet")
    parser.add_argument("--backend", help="model to use (default: the recommended one, in operation.json)")
    parser.add_argument("--threads", type=int, default=1, help="threads used to predict (default: 1)")
    arguments = parser.parse_args()
    try:
        print("\n".join(predict(arguments.table, arguments.out, arguments.backend, arguments.threads)))
    except UserError as mistake:
        sys.exit(f"error: {' '.join(str(mistake).split())}")


def predict(path: Path, out: Path, backend: str | None = None, threads: int = 1) -> list[str]:
    """Predict every row and unit of a table, write the predictions, and return messages for the user."""
    contract, operation = json.loads(checked("contract.json")), json.loads(checked("operation.json"))
    backend = backend or operation["default"]
    if backend not in operation["backends"]:
        raise UserError(f"--backend {backend}: this bundle has {', '.join(operation['backends'])}")
    rule = operation["backends"][backend]
    check_libraries(backend, operation)
    with one_line_errors(path, "read as parquet"):
        file = pq.ParquetFile(path, buffer_size=1 << 20, pre_buffer=False)
        schema = file.schema_arrow
    notes = check_columns(path, file, contract)
    columns = [Column(feature, schema, contract["inf"]) for feature in contract["features"]]
    names = {"sample_id": sample_ids(path, file, contract)}
    if contract["unit"] in set(schema.names) - {"sample_id"}:
        names["unit"] = read_texts(path, file, contract["unit"])
    categorical = [j for j, column in enumerate(columns) if column.is_category]
    models = {name: load(name, operation["models"][name], categorical, threads) for name in rule["weights"]}
    predicted = []
    for part in parts(path, file, [c.name for c in columns]):
        values = np.column_stack([column.values(part) for column in columns])
        weighted = (w * models[name](values).astype(np.float64) for name, w in rule["weights"].items())
        predicted.append(sum(weighted, rule["constant"]))
    raw = np.concatenate(predicted)
    predictions = {"score": raw, "calibrated": calibrate(rule["calibration"], raw)}
    write(out, pa.table({**names, **predictions, "verdict": (raw >= rule["threshold"]).astype(np.int8)}))
    if "unit" in names:
        write(out.with_name(f"{out.stem}_units.parquet"), unit_means(names["unit"], predictions, rule["threshold"]))
    return [*notes, *differences(columns, len(raw)), f"{len(raw)} rows predicted with {backend}: {out}"]


def checked(name: str) -> bytes:
    """Return the content of a file of the bundle after comparing its hash with SHA256SUMS."""
    try:
        lines = (BUNDLE / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
        content = (BUNDLE / name).read_bytes()
    except OSError as fault:
        raise UserError(f"{fault.filename}: {fault.strerror}: copy the complete bundle again") from None
    if f"{hashlib.sha256(content).hexdigest()}  {name}" not in lines:
        raise UserError(f"{BUNDLE / name}: its SHA-256 differs from SHA256SUMS: copy the complete bundle again")
    return content


def check_libraries(backend: str, operation: dict[str, Any]) -> None:
    """Stop where a library of a model is missing: say how to install it, and which other model needs which library."""
    needed = {name: list(rule["weights"]) for name, rule in operation["backends"].items()}
    missing = [name for name in needed.pop(backend) if find_spec(name) is None]
    if missing:
        pip = " ".join(f"{name}=={operation['models'][name]['version']}" for name in missing)
        others = "".join(f", or --backend {name} (needs {', '.join(needed[name])})" for name in needed)
        raise UserError(f"{backend} needs {', '.join(missing)}, not installed here: pip install {pip}{others}")


def load(name: str, settings: dict[str, Any], categorical: list[int], threads: int) -> Callable[[Values], Values]:
    """Return a function from features, shape (n, p), to the probability of the positive class, shape (n,)."""
    checked(settings["file"])
    path = BUNDLE / settings["file"]
    library: Any = import_module(name)
    if name == "lightgbm":
        booster = library.Booster(model_str=path.read_text(encoding="utf-8"))
        return lambda values: np.asarray(booster.predict(values, num_threads=threads))
    if name == "xgboost":
        model = library.Booster({"nthread": threads}, model_file=path)
        options = {"feature_names": model.feature_names, "feature_types": model.feature_types, "nthread": threads}
        options["enable_categorical"] = bool(categorical)
        return lambda values: np.asarray(model.predict(library.DMatrix(values, **options)))
    catboost = library.CatBoost().load_model(str(path), format="cbm")
    return lambda values: predict_catboost(library, catboost, values.astype(np.float32), categorical, threads)


def predict_catboost(library: Any, model: Any, values: Values, categorical: list[int], threads: int) -> Values:
    """Predict rows with CatBoost, which takes categories as integers; -1 is a missing category."""
    if categorical:
        codes = np.nan_to_num(values[:, categorical], nan=-1).astype(np.int32)
        values = values.astype(object)
        values[:, categorical] = codes.astype(object)
    options = {"cat_features": categorical or None, "feature_names": model.feature_names_, "thread_count": threads}
    rows = library.Pool(values, **options)
    return np.asarray(model.predict(rows, prediction_type="Probability", thread_count=threads))[:, 1]


def calibrate(calibration: dict[str, Any], raw: Values) -> Values:
    """Return calibrated probabilities: a logistic curve over the log-odds, or linear interpolation between knots."""
    if calibration["method"] == "isotonic":
        return np.asarray(np.interp(raw, calibration["score"], calibration["probability"]))
    if calibration["method"] == "none":
        return raw
    inside = np.clip(raw, 1e-7, 1 - 1e-7)
    odds = calibration["intercept"] + calibration["slope"] * np.log(inside / (1 - inside))
    return np.asarray(1 / (1 + np.exp(-np.clip(odds, -500, 500))))


class Column:
    """Reads one feature as training did: the same types, category codes, sentinels and infinities."""

    def __init__(self, feature: dict[str, Any], schema: pa.Schema, inf: str) -> None:
        """Take a feature of contract.json, the schema of the new table, and how the contract treats infinities."""
        self.name, self.is_category = feature["name"], feature["type"] == "category"
        self.unseen, self._feature, self._inf = 0, feature, inf
        kind = str(schema.field(self.name).type)
        self.new_type, self.training_type = "text" if "string" in kind else kind, feature["stored"]

    def values(self, part: pa.Table) -> Values:
        """Return the column's values in n rows, shape (n,): NaN is missing; a category is its integer code."""
        array = plain(part.column(self.name))
        return self._codes(array) if self.is_category else self._numbers(array, array.type)

    def _numbers(self, array: pa.Array, kind: pa.DataType) -> Values:
        text, integer = kind_of(kind) == "text", pa.types.is_integer(kind) and self.new_type != self.training_type
        if kind_of(kind) == "other" and not (pa.types.is_boolean(kind) or pa.types.is_null(kind)):
            raise self._refusal(f"has type {kind}")
        try:
            wide = pc.cast(pc.utf8_trim_whitespace(array) if text else array, pa.float64(), safe=text or integer)
        except pa.ArrowInvalid as fault:
            raise self._refusal(f"cannot be read as numbers ({str(fault).rstrip('.')})") from None
        values = np.array(wide.fill_null(np.nan).to_numpy(zero_copy_only=False), np.float64)
        missing = wide.is_null().to_numpy(zero_copy_only=False)
        for value in map(float, self._feature["sentinels"]):
            # 0.1 in single precision differs from 0.1 in double precision.
            missing |= values == (pc.cast(value, kind, safe=False).as_py() if pa.types.is_floating(kind) else value)
        missing |= np.isinf(values) if self._inf == "missing" else False
        values[missing] = np.nan
        if (np.abs(values[~missing]) > np.finfo(np.float32).max).any():
            raise self._refusal("contains infinite values or values above 3.4e38")
        narrow = values if self._feature["type"] == "float64" else values.astype(np.float32)
        if integer and (narrow != values)[~missing].any():
            raise self._refusal("contains integers that single precision, used in training, cannot represent")
        return narrow

    def _codes(self, array: pa.Array) -> Values:
        if self.training_type == "bool" and kind_of(array.type) == "number":
            if not pc.all(pc.is_in(array.drop_null(), value_set=pa.array([0, 1]).cast(array.type))).as_py():
                raise self._refusal("contains numbers other than 0 and 1")
            text = pc.if_else(pc.equal(array, pa.scalar(1, array.type)), "true", "false")
        else:
            text = texts(array, self.name)
        sentinels = pa.array(self._feature["sentinels"], pa.string())
        text = pc.if_else(pc.is_in(text, value_set=sentinels), pa.scalar(None, pa.string()), text)
        codes = pc.index_in(text, value_set=pa.array(self._feature["categories"], pa.string()))
        self.unseen += codes.null_count - text.null_count
        return np.asarray(codes.cast(pa.float32()).fill_null(np.nan).to_numpy(zero_copy_only=False))

    def _refusal(self, problem: str) -> UserError:
        return UserError(f"column {self.name!r} {problem}; in training its type was {self.training_type}")


def differences(columns: list[Column], rows: int) -> list[str]:
    """Describe how the columns differ from those of the training table."""
    other = [f"{c.name} ({c.new_type} as {c.training_type})" for c in columns if c.new_type != c.training_type]
    named = ", ".join(other[:5]) + (f" and {len(other) - 5} more" if len(other) > 5 else "")
    types = f"{len(other)} of {len(columns)} columns differ in type from training and were converted: {named}"
    unseen = "{0.name}: {0.unseen} of {1} rows have a category unseen in training, read as missing"
    return [*([types] if other else []), *(unseen.format(c, rows) for c in columns if c.unseen)]


def unit_means(units: pa.Array, predictions: dict[str, Values], threshold: float) -> pa.Table:
    """Return each unit's mean predictions and decision, sorted by name; rows without a unit are left out."""
    encoded = units.dictionary_encode()
    count = len(encoded.dictionary)
    code = encoded.indices.fill_null(count).to_numpy(zero_copy_only=False)
    rows = np.bincount(code, minlength=count + 1)[:count]
    means = {"unit": encoded.dictionary, "n_rows": rows}
    for name, values in predictions.items():
        sums = np.zeros(count)
        for i in range(0, len(code), PART_ROWS):
            sums += np.bincount(code[i : i + PART_ROWS], values[i : i + PART_ROWS], count + 1)[:count]
        means[name] = sums / rows
    means["verdict"] = (means["score"] >= threshold).astype(np.int8)
    return pa.table(means).take(pc.sort_indices(encoded.dictionary))


def check_columns(path: Path, file: pq.ParquetFile, contract: dict[str, Any]) -> list[str]:
    """Reject a table without rows or without a required column; return which columns are ignored."""
    names = file.schema_arrow.names
    needed = [n for n in contract["needed"] if n != contract["id"] or "sample_id" not in names]
    missing = [n for n in needed if n not in names]
    if file.metadata.num_rows == 0 or len(set(names)) < len(names):
        raise UserError(f"{path}: it has no rows, or two columns with the same name")
    if missing:
        raise UserError(f"{path}: {len(missing)} of {len(needed)} required columns are missing: {', '.join(missing)}")
    ignored = [n for n in names if n not in {*needed, contract["id"], contract["unit"], "sample_id"}]
    return [f"columns not used: {', '.join(ignored)}"] if ignored else []


def sample_ids(path: Path, file: pq.ParquetFile, contract: dict[str, Any]) -> pa.Array:
    """Return each row's id: from the id column, else from ``sample_id``, else its row number."""
    name, pattern = contract["id"], contract["id_pattern"]
    names, rows = file.schema_arrow.names, file.metadata.num_rows
    if name not in names and "sample_id" in names:
        name, pattern = "sample_id", None
    if name is None:
        return pa.array([str(i).zfill(len(str(rows))) for i in range(1, rows + 1)], pa.string())
    ids = read_texts(path, file, name)
    if pattern is not None:
        matches = [re.search(pattern, text or "") for text in ids.to_pylist()]
        ids = pa.array([(match["id"] or None) if match else None for match in matches], pa.string())
    if ids.null_count or pc.count_distinct(ids).as_py() < rows:
        raise UserError(f"{path}: column {name!r} has missing or repeated ids")
    return ids


def read_texts(path: Path, file: pq.ParquetFile, name: str) -> pa.Array:
    """Read one column as text."""
    with one_line_errors(path, "read as parquet"):
        return texts(plain(file.read(columns=[name]).column(name)), name)


def parts(path: Path, file: pq.ParquetFile, names: list[str]) -> Iterator[pa.Table]:
    """Yield the named columns in batches of rows."""
    with one_line_errors(path, "read as parquet"):
        for batch in file.iter_batches(PART_ROWS, columns=names):
            yield pa.Table.from_batches([batch])


def plain(column: pa.ChunkedArray) -> pa.Array:
    """Return a column as one array without dictionary encoding, NaN replaced by null."""
    array = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    array = array.dictionary_decode() if pa.types.is_dictionary(array.type) else array
    return pc.if_else(pc.is_nan(array), None, array) if pa.types.is_floating(array.type) else array


def texts(array: pa.Array, name: str) -> pa.Array:
    """Return values as text: integral numbers without ``.0``, booleans as ``true`` and ``false``."""
    if pa.types.is_floating(array.type):
        wide = pc.cast(array, pa.float64())
        integral = pc.and_(pc.less_equal(pc.abs(wide), 2.0**53), pc.equal(pc.floor(wide), wide))
        array = pc.cast(array, pa.int64()) if pc.all(integral, skip_nulls=True).as_py() else array
    try:
        return pc.cast(array, pa.string())
    except pa.ArrowException:
        raise UserError(f"column {name!r} has type {array.type}, which cannot be read as text") from None


def kind_of(column: pa.DataType) -> str:
    """Return the kind of a column type: ``text``, ``number`` or ``other``."""
    text = str(column) in ("string", "large_string", "string_view")
    number = pa.types.is_integer(column) or pa.types.is_floating(column) or pa.types.is_decimal(column)
    return "text" if text else "number" if number else "other"


@contextmanager
def one_line_errors(path: Path, action: str) -> Iterator[None]:
    """Turn an error in reading or writing a file into a one-line UserError."""
    try:
        yield
    except (pa.ArrowException, OSError, ValueError) as fault:
        raise UserError(f"{path}: cannot be {action}: {str(fault).split(chr(10))[0]}") from None


def write(path: Path, table: pa.Table) -> None:
    """Write a table atomically."""
    temporary = path.with_name(f".{os.getpid()}.{path.name}")
    with one_line_errors(path, "written"):
        pq.write_table(table, temporary, compression="zstd")
        temporary.replace(path)


if __name__ == "__main__":
    main()
