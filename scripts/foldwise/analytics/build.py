"""The analytics database, built from the files of a finished run into a new file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from foldwise.analytics import rows
from foldwise.analytics.session import connect
from foldwise.io.files import read_json, read_note, read_table, replacing

_SQL = Path(__file__).parent
_OF_DATASET = ("contract", "folds", "predictions", "tidy", "comparison", "audit")
_OF_BACKEND = ("metrics", "params", "search", "importance")
_OF_ENSEMBLE = ("ensemble_metrics", "weights")
Files = Mapping[str, str]


def build_analytics(
    inputs: Mapping[str, Sequence[str]], datasets: Sequence[str], backends: Sequence[str], output: str | Path
) -> None:
    """Write the tables of all datasets; a reader of the old file keeps what it has open.

    Equal files give equal tables in the same order of rows.

    Args:
        inputs: for ``contract``, ``folds``, ``predictions``, ``tidy``, ``comparison`` and ``audit`` one path a
            dataset (``audit`` is empty where the audit is switched off); for ``metrics``, ``params``, ``search`` and
            ``importance`` one path a dataset and backend, the backends of the first dataset first; for
            ``ensemble_metrics`` and ``weights`` one path a dataset, none where there is no ensemble.
        datasets: names in the order of the paths.
        backends: names in the order of the paths.
        output: the database file.
    """
    with replacing(output) as beside:
        connection = connect(beside)
        try:
            _execute(connection, "tables.sql", "comments.sql")
            for at, dataset in enumerate(datasets):
                _add_dataset(connection, dataset, _at(inputs, _OF_DATASET, at))
                for place, backend in enumerate(backends, start=at * len(backends)):
                    _add_backend(connection, dataset, backend, _at(inputs, _OF_BACKEND, place))
                if inputs["weights"]:
                    _add_ensemble(connection, dataset, _at(inputs, _OF_ENSEMBLE, at))
            _execute(connection, "indices.sql")
        finally:
            connection.close()
            beside.with_name(f"{beside.name}.wal").unlink(missing_ok=True)


def _at(inputs: Mapping[str, Sequence[str]], names: Sequence[str], place: int) -> Files:
    return {name: inputs[name][place] for name in names if inputs[name]}


def _execute(connection: duckdb.DuckDBPyConnection, *names: str) -> None:
    for name in names:
        connection.execute(Path(__file__).with_name(name).read_text(encoding="utf-8"))


def _add_dataset(connection: duckdb.DuckDBPyConnection, dataset: str, files: Files) -> None:
    contract, comparison = read_json(files["contract"]), read_json(files["comparison"])
    audit = read_json(files["audit"]) if "audit" in files else {}
    plan = read_note(files["folds"])
    _insert(connection, "datasets", [rows.dataset_row(contract, comparison, audit, plan)])
    _insert(connection, "comparisons", rows.comparison_rows(comparison))
    _insert(connection, "audit", rows.audit_rows(audit))
    for fold in rows.fold_tables(dataset, read_table(files["folds"]), int(plan["n_splits"])):
        _insert(connection, "folds", fold)
    _insert(connection, "predictions", rows.prediction_table(read_table(files["predictions"]), contract["slices"]))
    _insert(connection, "metrics", read_table(files["tidy"]))


def _add_backend(connection: duckdb.DuckDBPyConnection, dataset: str, backend: str, files: Files) -> None:
    metrics = read_json(files["metrics"])
    _insert(connection, "results", rows.result_rows(metrics, read_json(files["params"])))
    _insert(connection, "intervals", rows.interval_rows(metrics))
    table, note = read_table(files["search"]), read_note(files["search"])
    _insert(connection, "search", rows.search_rows(dataset, backend, table, note))
    _insert(connection, "importances", rows.named(read_table(files["importance"]), dataset, backend))


def _add_ensemble(connection: duckdb.DuckDBPyConnection, dataset: str, files: Files) -> None:
    metrics, weights = read_json(files["ensemble_metrics"]), read_table(files["weights"])
    _insert(connection, "results", rows.ensemble_rows(metrics, weights))
    _insert(connection, "intervals", rows.interval_rows(metrics))
    _insert(connection, "weights", weights.append_column("dataset", pa.repeat(dataset, weights.num_rows)))


def _insert(connection: duckdb.DuckDBPyConnection, table: str, source: pa.Table | list[dict[str, Any]]) -> None:
    """Insert the columns that the table has; those that the source lacks become null."""
    known = [name for name, *_ in connection.execute(f"DESCRIBE {table}").fetchall()]
    if isinstance(source, list):
        source = pa.table({name: [row.get(name) for row in source] for name in known})
    wanted = ", ".join(f'"{name}"' for name in known if name in source.column_names)
    connection.register("source", source)
    connection.execute(f"INSERT INTO {table} BY NAME SELECT {wanted} FROM source")  # noqa: S608 - names of our own
    connection.unregister("source")
