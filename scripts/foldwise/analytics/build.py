"""The analytics database, built from the files of a finished run into a new file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from foldwise.analytics import rows
from foldwise.analytics.session import connect
from foldwise.audit.findings import read_audit
from foldwise.data.contract import read_contract
from foldwise.evaluation.comparison_records import Comparison
from foldwise.evaluation.records import Metrics
from foldwise.folds.assignment import read_folds
from foldwise.io.files import read_note, read_table, replacing
from foldwise.results.load import read_params, read_record, read_weights


@dataclass(frozen=True)
class DatasetFiles:
    """Files of one dataset; ``metrics_table`` is metrics.parquet, ``audit`` is None where it is switched off."""

    contract: str
    folds: str
    predictions: str
    metrics_table: str
    comparison: str
    audit: str | None = None


@dataclass(frozen=True)
class BackendFiles:
    """Files of one backend on one dataset, of all folds."""

    metrics: str
    params: str
    search: str
    importance: str


@dataclass(frozen=True)
class EnsembleFiles:
    """Files of the ensemble on one dataset."""

    metrics: str
    weights: str


def build_analytics(
    datasets: Sequence[DatasetFiles],
    backends: Sequence[BackendFiles],
    ensembles: Sequence[EnsembleFiles],
    output: str | Path,
) -> None:
    """Write the tables of all datasets; readers that have the old file open keep it.

    Equal files give equal tables in the same order of rows.

    Args:
        datasets: one entry per dataset.
        backends: one entry per dataset and backend, all backends of the first dataset first.
        ensembles: one entry per dataset, empty without an ensemble.
        output: the database file.

    Raises:
        UserError: when a file is broken.
    """
    n_backends = len(backends) // len(datasets)
    with replacing(output) as temporary:
        connection = connect(temporary)
        try:
            _execute(connection, "tables.sql", "comments.sql")
            for i, files in enumerate(datasets):
                _add_dataset(connection, files)
                for backend in backends[i * n_backends : (i + 1) * n_backends]:
                    _add_backend(connection, backend)
                if ensembles:
                    _add_ensemble(connection, ensembles[i])
            _execute(connection, "indices.sql")
        finally:
            connection.close()
            temporary.with_name(f"{temporary.name}.wal").unlink(missing_ok=True)


def _execute(connection: duckdb.DuckDBPyConnection, *names: str) -> None:
    for name in names:
        connection.execute(Path(__file__).with_name(name).read_text(encoding="utf-8"))


def _add_dataset(connection: duckdb.DuckDBPyConnection, files: DatasetFiles) -> None:
    contract, comparison, folds = (
        read_contract(files.contract),
        read_record(files.comparison, Comparison),
        read_folds(files.folds),
    )
    audit = read_audit(files.audit) if files.audit else None
    _insert(connection, "datasets", [rows.dataset_row(contract, comparison, audit, folds.plan)])
    _insert(connection, "comparisons", rows.comparison_rows(comparison))
    _insert(connection, "audit", rows.audit_rows(audit) if audit else [])
    for fold in rows.fold_tables(contract.dataset, folds):
        _insert(connection, "folds", fold)
    _insert(connection, "predictions", rows.prediction_table(read_table(files.predictions), contract.slices))
    _insert(connection, "metrics", read_table(files.metrics_table))


def _add_backend(connection: duckdb.DuckDBPyConnection, files: BackendFiles) -> None:
    metrics = read_record(files.metrics, Metrics)
    _insert(connection, "results", rows.result_rows(metrics, read_params(files.params)))
    _insert(connection, "intervals", rows.interval_rows(metrics))
    search, note = read_table(files.search), read_note(files.search)
    _insert(connection, "search", rows.search_rows(metrics.dataset, metrics.backend, search, note))
    _insert(connection, "importances", rows.named(read_table(files.importance), metrics.dataset, metrics.backend))


def _add_ensemble(connection: duckdb.DuckDBPyConnection, files: EnsembleFiles) -> None:
    metrics, weights = read_record(files.metrics, Metrics), read_weights(files.weights)
    _insert(connection, "results", rows.ensemble_rows(metrics, weights))
    _insert(connection, "intervals", rows.interval_rows(metrics))
    _insert(connection, "weights", [{"dataset": metrics.dataset, **weight.as_json()} for weight in weights])


def _insert(connection: duckdb.DuckDBPyConnection, table: str, source: pa.Table | list[rows.Row]) -> None:
    """Insert the columns of the table that the source has; the others become null."""
    columns = [name for name, *_ in connection.execute(f"DESCRIBE {table}").fetchall()]
    if isinstance(source, list):
        source = pa.table({name: [row.get(name) for row in source] for name in columns})
    names = ", ".join(f'"{name}"' for name in columns if name in source.column_names)
    connection.register("source", source)
    connection.execute(f"INSERT INTO {table} BY NAME SELECT {names} FROM source")  # noqa: S608 - names of our own
    connection.unregister("source")
