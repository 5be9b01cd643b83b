"""Measure time and memory, print the figures and write them as JSON: ``make bench``."""

import argparse
import os
import platform
from dataclasses import asdict, is_dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from foldwise.io.files import write_json

from bench import memory, scoring, search

LIBRARIES = ("xgboost", "lightgbm", "catboost", "scikit-learn", "numpy", "pyarrow")
PARTS = {"search": search, "memory": memory, "scoring": scoring}


def main() -> None:
    """Run the chosen parts, print each and write all of them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5, help="of every measurement (default 5)")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS), help="what to measure")
    parser.add_argument("--output", type=Path, default=Path("results/bench.json"))
    arguments = parser.parse_args()
    machine = {"processors": len(os.sched_getaffinity(0)), "platform": platform.machine()}
    written: dict[str, Any] = {"machine": machine, "versions": {name: version(name) for name in LIBRARIES}}
    for name in arguments.parts:
        part = PARTS[name]
        rows = part.measure(arguments.repeats)
        written[name] = {"summary": _plain(part.summary(rows)), "measurements": rows}
        arguments.output.parent.mkdir(parents=True, exist_ok=True)
        write_json(arguments.output, written)
        print(f"\n{part.__doc__}\n{part.show(rows)}\n")
    print(f"written: {arguments.output}")


def _plain(value: Any) -> Any:
    """Return nested rows with every spread as a mapping."""
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list) else value


if __name__ == "__main__":
    main()
