"""Log-loss, AUC and time on the test rows of the outer folds of eight tables, next to methods written by hand.

Every method has the workflow's own folds, five outer ones with three to six inner ones each, split by group. Each
line says how many outer folds its means and standard deviations (ddof 1) are over, and how many rows and groups the
table has.
Seconds are the CPU time of an outer fold with one thread: choosing, fitting and predicting.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

import numpy as np
import yaml
from foldwise.config.models import Config
from foldwise.stats.metrics import auc, log_loss
from threadpoolctl import threadpool_limits

from bench.by_hand import METHODS, Method, Task
from bench.printing import table
from bench.tables import ROOT, TABLES, NotHereError, Prepared, prepare
from bench.workflow_models import Predicted, configuration, predict

FIRST_VERSION, NOW = "first-version", "now"
CHOICES = (*METHODS, FIRST_VERSION, NOW)
SPACES = ROOT / "config" / "search"
FIRST_VERSION_SPACES = Path(__file__).with_name("first_version")
_KEYS = ("table", "method", "model")


@dataclass(frozen=True)
class Choice:
    """What is measured.

    Attributes:
        tables: names of :data:`bench.tables.TABLES`.
        methods: names of :data:`CHOICES`.
        folds: number of outer folds, the first ones.
        sections: sections of the configuration that ``now`` has instead of the defaults.
    """

    tables: Sequence[str] = tuple(TABLES)
    methods: Sequence[str] = CHOICES
    folds: int = 5
    sections: Mapping[str, Any] = field(default_factory=dict)


def measure(choice: Choice, kept: Iterable[dict[str, Any]] = ()) -> Iterator[list[dict[str, Any]]]:
    """Yield all measurements so far after each method of each table.

    Args:
        choice: what is measured.
        kept: earlier measurements; those of a table and method that are measured now are left out.

    Returns:
        One row a table, method, model and outer fold: log_loss, auc, seconds, and numbers of rows.
    """
    rows = [r for r in kept if r["table"] not in choice.tables or r["method"] not in choice.methods]
    yield rows
    for name in choice.tables:
        with TemporaryDirectory() as folder:
            try:
                prepared = prepare(name, Path(folder))
            except NotHereError as reason:
                print(f"{name} left out: {reason}", flush=True)
                continue
            for method in choice.methods:
                for predicted in _predictions(prepared, method, choice, Path(folder) / method):
                    rows.append(measurement(prepared, method, predicted))
                    print(line(rows[-1]), flush=True)
                yield rows


def task(prepared: Prepared, fold: int) -> Task:
    """Return what a method by hand may see of an outer fold."""
    part = prepared.folds.assignments[fold]
    train, test = part > 0, part == 0
    return Task(prepared.matrix.rows(train), prepared.label[train], part[train], prepared.matrix.rows(test))


def first_version() -> Config:
    """Return the configuration of the first version."""
    path = FIRST_VERSION_SPACES / "config.yaml"
    return configuration(yaml.safe_load(path.read_text(encoding="utf-8")))


def _predictions(prepared: Prepared, method: str, choice: Choice, folder: Path) -> Iterator[Predicted]:
    with threadpool_limits(1):
        if method == FIRST_VERSION:
            yield from predict(prepared, choice.folds, first_version(), FIRST_VERSION_SPACES, folder)
        elif method == NOW:
            yield from predict(prepared, choice.folds, configuration(choice.sections), SPACES, folder)
        else:
            yield from _by_hand(METHODS[method], prepared, choice.folds)


def _by_hand(method: Method, prepared: Prepared, folds: int) -> Iterator[Predicted]:
    for fold in range(1, folds + 1):
        seen = task(prepared, fold)
        started = process_time()
        score = method(seen)
        yield Predicted("", fold, score, process_time() - started)


def measurement(prepared: Prepared, method: str, predicted: Predicted) -> dict[str, Any]:
    """Return one measurement: what was predicted by what, and how well."""
    test = prepared.folds.is_test(predicted.fold)
    label = prepared.label[test]
    return {
        "table": prepared.name,
        **prepared.size,
        "grouped": prepared.grouped,
        "method": method,
        "model": predicted.model,
        "fold": predicted.fold,
        "test_rows": int(test.sum()),
        "log_loss": log_loss(label, predicted.score),
        "auc": auc(label, predicted.score),
        "seconds": predicted.seconds,
    }


def line(row: Mapping[str, Any]) -> str:
    """Return a measurement as one line of text."""
    name = " ".join(str(row[key]) for key in _KEYS if row[key])
    figures = f"log-loss {row['log_loss']:.4f}, AUC {row['auc']:.4f}, {row['seconds']:.1f} s"
    return f"{name}, outer fold {row['fold']}, {row['test_rows']} test rows: {figures}"


def summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return, by table, method and model, mean and standard deviation over outer folds.

    A standard deviation (ddof 1) of a single fold is None.
    """
    of: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows:
        of.setdefault(tuple(row[key] for key in _KEYS), []).append(row)
    summaries = []
    for key, folds in of.items():
        shape = {name: folds[0][name] for name in ("rows", "groups", "features", "positives")}
        means: dict[str, Any] = {**dict(zip(_KEYS, key, strict=True)), **shape, "folds": len(folds)}
        for metric in ("log_loss", "auc", "seconds"):
            values = [row[metric] for row in folds]
            means[metric] = float(np.mean(values))
            means[f"{metric}_sd"] = float(np.std(values, ddof=1)) if len(values) > 1 else None
        summaries.append(means)
    return summaries


def show(rows: list[dict[str, Any]]) -> str:
    """Return the summary as text: one table for each table."""
    summaries = summary(rows)
    head = ["method", "log-loss", "AUC", "seconds an outer fold", "outer folds"]
    parts = []
    for name in dict.fromkeys(means["table"] for means in summaries):
        own = [means for means in summaries if means["table"] == name]
        size = "{rows:,} rows of {groups:,} groups, {features} features, {positives:,} positive".format(**own[0])
        shown = [
            [
                f"{means['method']} {means['model']}".strip(),
                _spread(means, "log_loss", 4),
                _spread(means, "auc", 4),
                _spread(means, "seconds", 1),
                means["folds"],
            ]
            for means in own
        ]
        parts.append(f"{name}: {size}; mean (standard deviation) over outer folds\n{table(head, shown)}")
    return "\n\n".join(parts)


def _spread(means: Mapping[str, Any], metric: str, digits: int) -> str:
    deviation = means[f"{metric}_sd"]
    return f"{means[metric]:.{digits}f}" + ("" if deviation is None else f" ({deviation:.{digits}f})")
