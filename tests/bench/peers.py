"""Other AutoML libraries on the outer folds of ``bench.accuracy``, in the workflow's time: ``make bench-peers``.

The libraries are AutoGluon, told the groups, FLAML and mljar-supervised, each in a process of its own on one core, with
the workflow's mean seconds an outer fold as the limit, and with three times as many. The seconds are read from what
``make bench BENCH="--parts accuracy"`` wrote, so both should run on the same idle machine. A library that cannot be
imported or fails is listed with the reason.

    PYTHONPATH=scripts:tests python -m bench.peers --python .venv-peers/bin/python [--tables cells] [--peers flaml]
"""

import argparse
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from foldwise.data.contract import read_contract
from foldwise.io.files import read_json, write_json

from bench import accuracy
from bench.peer_job import PEERS
from bench.tables import ROOT, TABLES, NotHereError, Prepared, prepare
from bench.workflow_models import CALIBRATED, Predicted

TIMES = (1.0, 3.0)
# Beyond its limit: starting, predicting, and what a library does not count.
_GRACE_SECONDS = 600


def main() -> None:
    """Run the chosen libraries, print and write their measurements."""
    arguments = _parser().parse_args()
    ours = seconds_of_ours(read_json(arguments.accuracy)["accuracy"]["measurements"])
    rows: list[dict[str, Any]] = []
    for name in arguments.tables:
        with TemporaryDirectory() as folder:
            try:
                table = prepare(name, Path(folder))
            except NotHereError as reason:
                print(f"{name} left out: {reason}", flush=True)
                continue
            if name not in ours:
                print(f"{name} left out: {arguments.accuracy} has no seconds of the method {accuracy.NOW} on it")
                continue
            for row in _measured(table, ours[name], Path(folder), arguments):
                rows.append(row)
                arguments.output.parent.mkdir(parents=True, exist_ok=True)
                write_json(arguments.output, {"summary": accuracy.summary(_finished(rows)), "measurements": rows})
    print(f"\n{__doc__}\n{show(rows)}\n\nwritten: {arguments.output}")


def seconds_of_ours(measurements: list[dict[str, Any]]) -> dict[str, float]:
    """Return by table the mean CPU seconds of an outer fold of the workflow: the backends and their ensemble."""
    by_table: dict[str, list[float]] = {}
    for row in measurements:
        if (row["method"], row["model"]) == (accuracy.NOW, CALIBRATED):
            by_table.setdefault(row["table"], []).append(row["seconds"])
    return {name: float(np.mean(seconds)) for name, seconds in by_table.items()}


def write_job(table: Prepared, fold: int, folder: Path) -> None:
    """Write an outer fold for ``bench.peer_job``: train rows with label, group and inner fold, and test features.

    Args:
        table: the table; its groups are written where rows share them.
        fold: the outer fold, from 1.
        folder: where to write ``train.parquet`` and ``test.parquet``.
    """
    part = table.folds.assignments[fold]
    features = features_of(table)
    train = features[part > 0].assign(label=table.label[part > 0], inner=part[part > 0])
    if table.grouped:
        train = train.assign(group=table.folds.group[part > 0])
    folder.mkdir(parents=True, exist_ok=True)
    train.to_parquet(folder / "train.parquet", index=False)
    features[part == 0].to_parquet(folder / "test.parquet", index=False)


def features_of(table: Prepared) -> pd.DataFrame:
    """Return the features, n x p: numbers as they are, category codes as pandas categories of their text."""
    columns: dict[str, Any] = {}
    for position, feature in enumerate(read_contract(table.inputs["contract"]).features):
        values = table.matrix.values[:, position]
        if feature.categories is not None:
            codes = np.where(np.isnan(values), -1, values).astype(np.int64)
            # Numbered names: some libraries refuse the brackets and colons of real column names.
            columns[f"x{position:03d}"] = pd.Categorical.from_codes(codes, pd.Index(list(feature.categories)))
        else:
            columns[f"x{position:03d}"] = values
    return pd.DataFrame(columns)


def _measured(table: Prepared, seconds: float, folder: Path, arguments: argparse.Namespace) -> Iterator[dict[str, Any]]:
    for fold in range(1, arguments.folds + 1):
        for peer in arguments.peers:
            for times in arguments.times:
                job = folder / f"{peer}_{fold}_{times:g}"
                write_job(table, fold, job)
                outcome = _run(arguments.python, peer, job, seconds * times)
                yield _row(table, fold, peer, times, outcome)


def _run(python: Path, peer: str, folder: Path, limit: float) -> dict[str, Any]:
    """Run one fit in a process of its own, its output in ``log.txt``; return what it wrote, or why it failed."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    environment = {**os.environ, **threads, "PYTHONPATH": str(ROOT / "tests")}
    command = [str(python.absolute()), "-m", "bench.peer_job", peer, str(folder), str(limit)]
    with (folder / "log.txt").open("wb") as log:
        try:
            subprocess.run(
                command, env=environment, cwd=folder, stdout=log, stderr=log, timeout=limit + _GRACE_SECONDS, check=True
            )
        except subprocess.TimeoutExpired:
            return {"limit_s": limit, "failed": f"not finished {_GRACE_SECONDS} s after its limit"}
        except subprocess.CalledProcessError as fault:
            return {"limit_s": limit, "failed": f"ended with status {fault.returncode}"}
    return {"limit_s": limit, **read_json(folder / "outcome.json")}


def _row(table: Prepared, fold: int, peer: str, times: float, outcome: Mapping[str, Any]) -> dict[str, Any]:
    """Return a measurement as those of ``bench.accuracy``, and print it; one that failed has no metrics."""
    more = {key: outcome[key] for key in ("limit_s", "wall_s", "version", "failed") if key in outcome}
    model = f"{times:g} x our seconds"
    if "failed" in outcome:
        row = {"table": table.name, "method": peer, "model": model, "fold": fold, **more}
        print(f"{table.name} {peer} {model}, outer fold {fold}: failed: {outcome['failed']}", flush=True)
        return row
    predicted = Predicted(model, fold, np.array(outcome["score"], np.float64), outcome["cpu_s"])
    row = {**accuracy.measurement(table, peer, predicted), **more}
    print(accuracy.line(row), flush=True)
    return row


def show(rows: list[dict[str, Any]]) -> str:
    """Return the summary as text, then each reason of a failure with how often it occurred."""
    reasons: dict[str, int] = {}
    for row in rows:
        if "failed" in row:
            reason = f"{row['table']} {row['method']}: {row['failed']}"
            reasons[reason] = reasons.get(reason, 0) + 1
    failures = [f"failed, {count} fits: {reason}" for reason, count in reasons.items()]
    return "\n".join([accuracy.show(_finished(rows)), *failures])


def _finished(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if "failed" not in row]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", type=Path, required=True, help="of the environment with the libraries")
    parser.add_argument("--accuracy", type=Path, default=Path("results/bench.json"), help="what make bench wrote")
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=list(TABLES))
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS))
    parser.add_argument("--times", nargs="+", type=float, default=TIMES, help="limits, in our seconds (default 1 3)")
    parser.add_argument("--folds", type=int, choices=range(1, 6), default=5, help="the first outer folds")
    parser.add_argument("--output", type=Path, default=Path("results/peers.json"))
    return parser


if __name__ == "__main__":
    main()
