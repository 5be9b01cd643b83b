"""The lines that a run prints at its end, also with ``python -m foldwise.report.summary results/{dataset}``.

The rules of the workflow import this module, so it imports nothing that is slow.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from foldwise.evaluation.comparison_records import Comparison, ModelEstimate
from foldwise.evaluation.records import HEADLINE_METHOD, METHODS, Metrics
from foldwise.results.search_limits import search_limits
from foldwise.results.training_records import FoldParams


def summarize(results: Path, dataset: str) -> str:
    """Return the path of a dataset's report, the verdict of its audit, the metric of each model and what they show.

    The recommended model is marked.

    Args:
        results: the ``results`` folder.
        dataset: name of the dataset; its results are complete.
    """
    folder = results / dataset
    comparison = Comparison.from_json(json.loads((folder / "comparison.json").read_text(encoding="utf-8")))
    counts = comparison.counts
    lines = [
        f"{dataset}: {folder / 'report.html'}",
        f"  audit: {_audit(folder / 'audit.json')}",
        f"  AUC by row, mean over {counts.folds} outer folds, {comparison.confidence:.0%} interval "
        f"by {METHODS[HEADLINE_METHOD]} ({counts.rows} rows, {counts.units} units, {counts.groups} groups):",
        *(f"    {_estimate(model, comparison.recommended)}" for model in comparison.models),
        f"  {comparison.verdict_baselines}",
        f"  {comparison.verdict}",
        *(f"  {line}" for line in _in_use(folder / comparison.recommended / "metrics.json")),
        *(f"  search: {line}" for line in search_limits(_params(folder, comparison))),
    ]
    return "\n".join(lines)


def _params(folder: Path, comparison: Comparison) -> dict[str, list[FoldParams]]:
    """Return what the searches of every backend chose."""
    paths = {model.name: folder / model.name / "params.json" for model in comparison.models}
    return {
        name: [FoldParams.from_json(fold) for fold in json.loads(path.read_text(encoding="utf-8"))]
        for name, path in paths.items()
        if path.exists()
    }


def _in_use(path: Path) -> Sequence[str]:
    """Return what the recommended model does in use."""
    return Metrics.from_json(json.loads(path.read_text(encoding="utf-8"))).decision.in_use


def _audit(path: Path) -> str:
    if not path.exists():
        return "switched off"
    audit = json.loads(path.read_text(encoding="utf-8"))
    return f"{audit['verdict']}: {audit['sentence']}"


def _estimate(model: ModelEstimate, recommended: str) -> str:
    mean = "undefined" if model.estimate is None else f"{model.estimate:.3f}"
    line = f"{model.name:<20} {mean}"
    if model.name == "constant":
        return line
    mark = ", recommended" if model.name == recommended else ""
    if model.ends is None:
        return f"{line} (no interval: {model.refused}){mark}"
    return f"{line} ({model.ends[0]:.3f} to {model.ends[1]:.3f}){mark}"


if __name__ == "__main__":
    folders = [Path(argument) for argument in sys.argv[1:]]
    print("\n".join(summarize(folder.parent, folder.name) for folder in folders))
