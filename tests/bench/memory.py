"""Peak memory and time of one training job, and of the steps before it, as the table grows.

Every job runs in a process of its own, on a simulated table with a fixed seed: search of one point on three inner
folds, inner curves, refit, predictions and importances, as ``train_fold`` does them.

    PYTHONPATH=scripts:tests python -m bench.memory [--rows 100000 1000000] [--runs 3]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.job import STEPS
from bench.rows import COLUMNS, NAMING, feature_names, write_rows

BACKENDS = ("xgboost", "lightgbm", "catboost")
TREES = 100


def write_sources(folder: Path, rows: int, columns: int = COLUMNS, missing: float = 0.0) -> dict[str, str]:
    """Write the files of a synthetic dataset, 50 rows a group: metadata and two feature tables.

    Args:
        folder: where to write.
        rows: number of rows, a multiple of 50.
        columns: number of float32 features, half of them in each feature table.
        missing: share of the values that are missing.

    Returns:
        Paths of ``metadata``, ``first`` and ``second``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    features, half = feature_names(columns), columns // 2
    columns_of = {"metadata": NAMING, "first": ["sample", *features[:half]], "second": ["sample", *features[half:]]}
    paths = {name: str(folder / f"{name}.parquet") for name in columns_of}
    write_rows({paths[name]: names for name, names in columns_of.items()}, rows, columns, missing=missing)
    return paths


def prepare(folder: Path, rows: int, columns: int = COLUMNS, missing: float = 0.0) -> list[dict[str, Any]]:
    """Write the sources and run the steps up to the folds and the audit, each in a process of its own.

    Returns:
        One measurement a step, as :func:`measured` returns it.
    """
    write_sources(folder, rows, columns, missing)
    return [measured(step, folder, rows, columns) for step in STEPS]


def measured(job: str, folder: Path, rows: int, columns: int = COLUMNS, trees: int = TREES) -> dict[str, Any]:
    """Run a backend's fold job, with that many trees a fit, or a step in a fresh process.

    Returns:
        ``job``, ``rows``, ``columns``, ``raw_mb`` (float32), ``peak_mb`` above the imports, ``imports_mb``,
        ``wall_s``, ``cpu_s``; megabytes are 10**6 bytes.
    """
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-m", "bench.job", job, str(folder), str(trees)]
    environment = {**os.environ, "PYTHONPATH": f"{root / 'scripts'}:{root / 'tests'}"}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if ended.returncode:
        log = (folder / f"{job}.log").read_text(encoding="utf-8")
        raise RuntimeError(f"{job} with {rows} rows failed with {ended.returncode}: {(ended.stderr + log)[-2000:]}")
    figures = json.loads((folder / f"{job}.json").read_text(encoding="utf-8"))
    return {"job": job, "rows": rows, "columns": columns, "raw_mb": rows * columns * 4 / 1e6, **figures}


def measure(repeats: int) -> list[dict[str, Any]]:
    """Return the measurements of :func:`memory_and_growth` in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        return memory_and_growth(Path(folder), runs=repeats)


def summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the measurements, each of which is a median over its runs already."""
    return rows


def show(rows: list[dict[str, Any]]) -> str:
    """Return the measurements as text."""
    return table_of(rows)


def memory_and_growth(
    folder: Path,
    rows: Sequence[int] = (100_000, 1_000_000),
    runs: int = 3,
    trees: int = TREES,
    backends: Iterable[str] = BACKENDS,
) -> list[dict[str, Any]]:
    """Measure every backend's fold job at every number of rows, ``runs`` times.

    Args:
        folder: where the tables are written.
        rows: numbers of rows, the smallest first.
        runs: processes for each figure.
        trees: trees of a fit; CatBoost's peak at 1,000,000 rows is 292, 292 and 301 MB with 5, 20 and 100.
        backends: which backends.

    Returns:
        One dict a job and number of rows: medians, lowest and highest values, ``times_raw`` (peak over raw size),
        ``n`` runs; from the second number of rows on also ``memory_growth`` and ``time_growth`` over the one before.
    """
    measurements = []
    for count in rows:
        measurements += [_summary([step]) for step in prepare(folder / str(count), count)]
        for backend in backends:
            measurements.append(
                _summary([measured(backend, folder / str(count), count, trees=trees) for _ in range(runs)])
            )
    return _with_growth(measurements)


def _summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    summary = {key: runs[0][key] for key in ("job", "rows", "columns", "raw_mb")} | {"n": len(runs)}
    for key in ("peak_mb", "wall_s", "cpu_s", "imports_mb"):
        values = [run[key] for run in runs]
        summary |= {key: statistics.median(values), f"{key}_low": min(values), f"{key}_high": max(values)}
    return summary | {"times_raw": summary["peak_mb"] / summary["raw_mb"]}


def _with_growth(measurements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    before: dict[str, dict[str, Any]] = {}
    for row in measurements:
        if (smaller := before.get(row["job"])) is not None:
            row["memory_growth"] = row["peak_mb"] / smaller["peak_mb"]
            row["time_growth"] = row["cpu_s"] / smaller["cpu_s"]
        before[row["job"]] = row
    return measurements


def table_of(measurements: Sequence[Mapping[str, Any]]) -> str:
    """Return the measurements as a Markdown table."""
    lines = [
        "| job | rows | n | peak above imports, MB | of raw | CPU, s | wall, s | memory growth | time growth |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row in measurements:
        cells = [row["job"], f"{row['rows']:,}", str(row["n"])]
        cells += [_spread(row, "peak_mb", 0), f"{row['times_raw']:.2f}x", _spread(row, "cpu_s", 1)]
        cells += [_spread(row, "wall_s", 1)]
        cells += [f"{row[key]:.1f}x" if key in row else "" for key in ("memory_growth", "time_growth")]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _spread(row: Mapping[str, Any], key: str, digits: int) -> str:
    low, middle, high = (f"{row[k]:.{digits}f}" for k in (f"{key}_low", key, f"{key}_high"))
    return middle if low == high else f"{middle} ({low}-{high})"


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--trees", type=int, default=TREES)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(table_of(memory_and_growth(Path(folder), arguments.rows, arguments.runs, arguments.trees)))


if __name__ == "__main__":
    main()
