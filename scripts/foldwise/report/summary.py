"""The few lines that a run ends with."""

import sys
from pathlib import Path
from typing import Any

from foldwise.io.files import read_json


def summarize(results: Path, dataset: str) -> str:
    """Return where a dataset's report is, its audit verdict and the headline of each entrant.

    Args:
        results: the ``results`` folder.
        dataset: name of the dataset; its results are complete.
    """
    folder = results / dataset
    found = read_json(folder / "comparison.json")
    counts, confidence = found["counts"], found["confidence"]
    lines = [
        f"{dataset}: {folder / 'report.html'}",
        f"  audit: {_audit(folder / 'audit.json')}",
        f"  AUC by row, mean over {counts['folds']} outer folds, {confidence:.0%} corrected t interval "
        f"({counts['rows']} rows, {counts['units']} units, {counts['groups']} groups):",
        *(f"    {_headline(entrant)}" for entrant in found["entrants"]),
        f"  {found['verdict']}",
    ]
    return "\n".join(lines)


def _audit(path: Path) -> str:
    if not path.exists():
        return "switched off"
    found = read_json(path)
    return f"{found['verdict']}: {found['sentence']}"


def _headline(entrant: dict[str, Any]) -> str:
    name = f"{entrant['name']:<20}"
    if entrant["name"] == "constant":
        return f"{name} {entrant['estimate']:.3f}"
    if entrant["low"] is None:
        return f"{name} {entrant['estimate']:.3f} (no interval: {entrant['refused']})"
    return f"{name} {entrant['estimate']:.3f} ({entrant['low']:.3f} to {entrant['high']:.3f})"


if __name__ == "__main__":
    folders = [Path(argument) for argument in sys.argv[1:]]
    print("\n".join(summarize(folder.parent, folder.name) for folder in folders))
