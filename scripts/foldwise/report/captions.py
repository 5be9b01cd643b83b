"""What the captions of Snakemake's own report say in numbers.

A caption is a template in reStructuredText that sees the params of its job. These objects stand among
them and read the results only when a caption asks, so no number is part of what a job is known by.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import fmean

from foldwise.io.files import read_json, read_table
from foldwise.results import wording
from foldwise.results.load import Json
from foldwise.results.scores import score_of

_LEADING = 3
_MARKUP = re.compile(r"([^\w\s]|_)")


@dataclass(frozen=True)
class BackendCaption:
    """The numbers of one entrant; ``folder`` is results/{dataset}/{backend}. Every text is free of markup."""

    folder: str

    @property
    def backend(self) -> str:
        """Its name in prose."""
        return plain(wording.display_name(str(self._metrics["backend"])))

    @property
    def dataset(self) -> str:
        """Name of the dataset."""
        return plain(str(self._metrics["dataset"]))

    @property
    def extent(self) -> str:
        """What the scores are over: rows, units, groups and folds."""
        counts = self._metrics["counts"]
        return plain(_extent(counts))

    def score(self, metric: str) -> str:
        """Return a metric's mean over folds with its spread and, where there is one, its interval."""
        found = score_of(self._metrics, metric)
        written = f"{wording.metric_named(metric).label} {wording.score(found.mean)}"
        written += "" if found.sd is None else f" ± {found.sd:.3f}"
        interval = found.interval
        if interval is not None and not interval.refused:
            written += (
                f" ({wording.percent(interval.confidence)} interval {wording.interval(interval.low, interval.high)})"
            )
        return plain(written)

    @property
    def confusion(self) -> str:
        """The confusion matrix added up over the folds of the first repeat."""
        folds = [f["confusion"] for f in self._metrics["fold_results"] if f["repeat"] == 1]
        cells = [wording.count(sum(f[i][j] for f in folds)) for i in (0, 1) for j in (0, 1)]
        names = ("true negatives", "false positives", "false negatives", "true positives")
        return plain(", ".join(f"{cell} {name}" for cell, name in zip(cells, names, strict=True)))

    @property
    def calibration(self) -> str:
        """The Brier score before and after calibration."""
        found = self._metrics["calibration"]
        if not found.get("after"):
            return "No calibration was fitted"
        before, after = (wording.score(found[part]["brier"]) for part in ("before", "after"))
        return plain(f"Brier score {before} before and {after} after calibration ({found['method']})")

    @property
    def leading_features(self) -> str:
        """The features with the largest mean absolute SHAP value over folds."""
        table = read_table(Path(self.folder, "importance.parquet"), columns=["feature", "shap"]).to_pandas()
        means = table.groupby("feature")["shap"].mean().sort_values(ascending=False, kind="stable")
        return plain(", ".join(f"{name} {wording.score(value)}" for name, value in means.head(_LEADING).items()))

    @property
    def search(self) -> str:
        """How many points were searched, and the mean inner score of the chosen ones."""
        first = self._params[0]
        label = wording.metric_named(first["metric"]).spoken
        points = wording.counted(first["points"], "point")
        chosen = wording.score(fmean(p["score"] for p in self._params))
        return plain(
            f"{points} in each of {wording.counted(len(self._params), 'outer fold')}, chosen by {label}: {chosen}"
        )

    @property
    def trees(self) -> str:
        """The fewest and the most trees that a fold's model has."""
        found = [p["trees"] for p in self._params]
        few, many = wording.count(min(found)), wording.count(max(found))
        return plain(f"{few} trees in every fold" if few == many else f"{few} to {many} trees by fold")

    @cached_property
    def _metrics(self) -> Json:
        found: Json = read_json(Path(self.folder, "metrics.json"))
        return found

    @cached_property
    def _params(self) -> list[Json]:
        found: list[Json] = read_json(Path(self.folder, "params.json"))
        return found


@dataclass(frozen=True)
class DatasetCaption:
    """The numbers of one dataset; ``folder`` is results/{dataset}. Every text is free of markup."""

    folder: str

    @property
    def dataset(self) -> str:
        """Name of the dataset."""
        return plain(str(self._comparison["dataset"]))

    @property
    def verdict(self) -> str:
        """What the comparison found."""
        return plain(str(self._comparison["verdict"]))

    @property
    def scores(self) -> str:
        """The AUC of every entrant with its interval, and what it is over."""
        counts = self._comparison["counts"]
        over = _extent(counts)
        return plain(f"{'; '.join(_entrant(e) for e in self._comparison['entrants'])}. Over {over}")

    @property
    def audit(self) -> str:
        """What the audit found."""
        path = Path(self.folder, "audit.json")
        if not path.exists():
            return "No audit was run"
        found = read_json(path)
        return plain(f"Audit: {found['verdict']}: {found['sentence'].removesuffix('.')}")

    @cached_property
    def _comparison(self) -> Json:
        found: Json = read_json(Path(self.folder, "comparison.json"))
        return found


def plain(text: str) -> str:
    """Return one line of reStructuredText that shows ``text`` as it is: no name can become markup or a directive."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))


def _extent(counts: Json) -> str:
    nouns = {"rows": "row", "units": "unit", "groups": "group", "folds": "outer fold"}
    return ", ".join(wording.counted(counts[key], noun) for key, noun in nouns.items())


def _entrant(found: Json) -> str:
    written = f"{wording.display_name(found['name'])} {wording.score(found['estimate'])}"
    if found["name"] == "constant" or found["low"] is None:
        return written
    return f"{written} ({wording.interval(found['low'], found['high'])})"
