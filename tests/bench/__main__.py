"""Measure time, memory and accuracy, print the figures and write them as JSON: ``make bench``."""

import argparse
import os
import platform
from collections.abc import Iterator
from dataclasses import asdict, is_dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml
from foldwise.io.files import read_json, write_json

from bench import accuracy, calibration, memory, scoring, search
from bench.tables import TABLES

LIBRARIES = ("xgboost", "lightgbm", "catboost", "scikit-learn", "numpy", "pyarrow")
REPEATED = {"search": search, "memory": memory, "scoring": scoring, "calibration": calibration}
PARTS: dict[str, Any] = {**REPEATED, "accuracy": accuracy}


def main() -> None:
    """Run the chosen parts, print each and write all of them as JSON."""
    arguments = _parser().parse_args()
    machine = {"processors": len(os.sched_getaffinity(0)), "platform": platform.machine()}
    written: dict[str, Any] = {"machine": machine, "versions": {name: version(name) for name in LIBRARIES}}
    for name in arguments.parts:
        part = PARTS[name]
        rows: list[dict[str, Any]] = []
        for rows in _measured(name, arguments):
            written[name] = {"summary": _plain(part.summary(rows)), "measurements": rows}
            arguments.output.parent.mkdir(parents=True, exist_ok=True)
            write_json(arguments.output, written)
        print(f"\n{part.__doc__}\n{part.show(rows)}\n")
    print(f"written: {arguments.output}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5, help="of every measurement but accuracy (default 5)")
    parser.add_argument(
        "--parts", nargs="+", choices=PARTS, default=list(REPEATED), help="what to measure (default: all but accuracy)"
    )
    parser.add_argument("--output", type=Path, default=Path("results/bench.json"))
    of_accuracy = parser.add_argument_group("accuracy")
    of_accuracy.add_argument("--tables", nargs="+", choices=TABLES, default=list(TABLES))
    of_accuracy.add_argument("--methods", nargs="+", choices=accuracy.CHOICES, default=list(accuracy.CHOICES))
    of_accuracy.add_argument("--folds", type=int, choices=range(1, 6), default=5, help="the first outer folds")
    of_accuracy.add_argument(
        "--config", type=Path, help="YAML file whose search:, training: and other sections the method now has"
    )
    of_accuracy.add_argument(
        "--keep", action="store_true", help="keep what the output already has of other tables and methods"
    )
    return parser


def _measured(name: str, arguments: argparse.Namespace) -> Iterator[list[dict[str, Any]]]:
    """Yield the measurements of a part; those of accuracy so far after every method of every table."""
    if name in REPEATED:
        yield REPEATED[name].measure(arguments.repeats)
        return
    sections = yaml.safe_load(arguments.config.read_text(encoding="utf-8")) if arguments.config else {}
    choice = accuracy.Choice(arguments.tables, arguments.methods, arguments.folds, sections)
    kept = []
    if arguments.keep and arguments.output.exists():
        kept = read_json(arguments.output).get("accuracy", {"measurements": []})["measurements"]
    yield from accuracy.measure(choice, kept)


def _plain(value: Any) -> Any:
    """Return nested rows with every spread as a mapping."""
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list) else value


if __name__ == "__main__":
    main()
