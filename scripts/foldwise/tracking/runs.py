"""What is logged of one entrant on one dataset, read from the files of a finished run."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd

from foldwise.io.files import read_json, read_table, sha256, without_credentials
from foldwise.model_names import ENSEMBLE
from foldwise.results.scores import fold_scores

# A learning curve keeps its shape in 200 points; a tracker takes each point as one row.
CURVE_POINTS = 200
Files = Mapping[str, Any]
Points = list[tuple[int, float]]


@dataclass(frozen=True)
class FoldContent:
    """One outer fold: chosen parameters, scores of its test rows, costs, and curves by name as (tree, value)."""

    fold: int
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    costs: Mapping[str, float]
    curves: Mapping[str, Points]


@dataclass(frozen=True)
class Content:
    """One entrant on one dataset.

    ``artifacts`` maps a folder of the tracker ("" is the root) to files; ``model`` is a file in a format that holds
    data only, None for the ensemble: it is made of the others' models.
    """

    dataset: str
    backend: str
    description: str
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    folds: Sequence[FoldContent]
    model: Path | None
    artifacts: Mapping[str, Sequence[Path]]

    def key(self) -> str:
        """Return 64 hexadecimal digits over everything but costs and pictures: equal results have equal keys."""
        folds = [(f.fold, dict(f.params), dict(f.metrics), dict(f.curves)) for f in self.folds]
        parts = [self.dataset, self.backend, dict(self.params), dict(self.metrics), dict(self.tags), folds]
        whole = json.dumps([*parts, sha256(self.model) if self.model else None], sort_keys=True)
        return hashlib.sha256(whole.encode()).hexdigest()

    def artifacts_key(self) -> str:
        """Return 64 hexadecimal digits over the files."""
        names = [(folder, file.name, sha256(file)) for folder, files in self.artifacts.items() for file in files]
        return hashlib.sha256(json.dumps(names).encode()).hexdigest()


def read_content(files: Files, configuration: Mapping[str, Any], code: str) -> Content:
    """Read what is logged of one backend on one dataset.

    Args:
        files: paths by name: ``contract``, ``table``, ``folds`` and ``report`` of the dataset; ``metrics``, ``params``,
            ``curve``, ``final_params`` and ``model`` of the backend; ``plots`` is a list.
        configuration: sections of the configuration by name; the values of a section become parameters.
        code: fingerprint of the code that trained.
    """
    metrics, folds, final = (read_json(files[name]) for name in ("metrics", "params", "final_params"))
    curves = _mean_curves(read_table(files["curve"]).to_pandas())
    scores = {row["fold"]: row for row in fold_scores(metrics)}
    versions = {f"foldwise.version.{library}": version for library, version in folds[0]["versions"].items()}
    return Content(
        dataset=metrics["dataset"],
        backend=metrics["backend"],
        description=_description(metrics, read_json(files["contract"])),
        params={**_flat(configuration), **_chosen(final, "final.")},
        metrics=_summary(metrics),
        tags={**_tags(files, metrics, code), **versions},
        folds=[_fold_content(found, scores[found["fold"]], curves.get(found["fold"], {})) for found in folds],
        model=Path(files["model"]),
        artifacts={
            "": [Path(files["report"]), Path(files["metrics"])],
            "model": [Path(files["model"])],
            "plots": [Path(plot) for plot in files["plots"]],
        },
    )


def read_ensemble_content(files: Files, configuration: Mapping[str, Any], code: str) -> Content:
    """Read what is logged of the ensemble on one dataset; weights stand where a backend has hyperparameters.

    Args:
        files: paths by name: ``contract``, ``table``, ``folds`` and ``report`` of the dataset; ``metrics``, ``weights``
            and ``final_params`` of the ensemble; ``plots`` is a list.
        configuration: sections of the configuration by name.
        code: fingerprint of the code that weighs.
    """
    metrics, final = read_json(files["metrics"]), read_json(files["final_params"])
    of_test_rows = [line for line in read_table(files["weights"]).to_pylist() if line["inner_fold"] == 0]
    folds = [
        FoldContent(
            fold=row["fold"],
            params={f"weight.{w['backend']}": str(w["weight"]) for w in of_test_rows if w["fold"] == row["fold"]},
            metrics=_measured(row),
            costs={},
            curves={},
        )
        for row in fold_scores(metrics)
    ]
    return Content(
        dataset=metrics["dataset"],
        backend=metrics["backend"],
        description=_description(metrics, read_json(files["contract"])),
        params={**_flat(configuration), **{f"final.weight.{b}": str(w) for b, w in final["weights"].items()}},
        metrics=_summary(metrics),
        tags=_tags(files, metrics, code),
        folds=folds,
        model=None,
        artifacts={
            "": [Path(files["report"]), Path(files["metrics"]), Path(files["weights"])],
            "plots": [Path(plot) for plot in files["plots"]],
        },
    )


def _tags(files: Files, metrics: Mapping[str, Any], code: str) -> dict[str, str]:
    hashes = {f"foldwise.{name}_sha256": sha256(files[name]) for name in ("table", "folds")}
    names = {"foldwise.dataset": metrics["dataset"], "foldwise.backend": metrics["backend"]}
    return {**names, **hashes, "foldwise.code": code}


def _description(metrics: Mapping[str, Any], contract: Mapping[str, Any]) -> str:
    counts = metrics["counts"]
    return (
        f"{metrics['backend']} on {metrics['dataset']}: test scores by row, means over {counts['folds']} outer folds "
        f"of {counts['rows']} rows, {counts['units']} units ({contract['unit']}), {counts['groups']} groups that no "
        "split parts. Threshold 0.5. The final model is fitted on every row: no score here is its own."
    )


def _flat(configuration: Mapping[str, Any]) -> dict[str, str]:
    """Return ``section.key`` -> value as text; what is not set is left out."""
    return {
        f"{section}.{key}": without_credentials(value if isinstance(value, str) else json.dumps(value, default=str))
        for section, content in configuration.items()
        for key, value in content.items()
        if value not in (None, [], {})
    }


def _chosen(params: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    chosen = {**params["chosen"], "trees": params["trees"]}
    return {f"{prefix}{name}": str(value) for name, value in chosen.items()}


def _summary(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Return means and standard deviations over the folds by row and unit, and the headline intervals."""
    by_row = {name: value for name, value in metrics.items() if name.startswith("test_")}
    by_unit = {f"unit_{name}": value for name, value in metrics["unit"].items() if name.startswith("test_")}
    ends = {
        f"test_{metric}_{end}": methods["corrected_t"].get(end)
        for metric, methods in metrics["intervals"].items()
        for end in ("low", "high")
    }
    return _defined({**by_row, **by_unit, **ends})


def _measured(scores: Mapping[str, Any]) -> dict[str, float]:
    return _defined({name: value for name, value in scores.items() if name.startswith(("test_", "n_"))})


def _defined(values: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in values.items() if value is not None}


def _fold_content(params: Mapping[str, Any], scores: Mapping[str, Any], curves: Mapping[str, Points]) -> FoldContent:
    seconds = {f"{part}_seconds": float(value) for part, value in params["seconds"].items()}
    return FoldContent(
        fold=params["fold"],
        params=_chosen(params),
        metrics=_measured(scores),
        costs={**seconds, "peak_memory_mb": float(params["peak_memory_mb"])},
        curves=curves,
    )


def _mean_curves(curve: pd.DataFrame) -> dict[int, dict[str, Points]]:
    """Return fold -> ``<part>_<metric>`` -> the mean over inner folds, at up to ``CURVE_POINTS`` numbers of trees."""
    found: dict[int, dict[str, Points]] = {}
    for key, part in curve.groupby(["fold", "part", "metric"], sort=True):
        fold, side, metric = cast(tuple[int, str, str], key)
        means = part.groupby("iteration", sort=True)["value"].mean()
        kept = np.unique(np.linspace(0, len(means) - 1, min(len(means), CURVE_POINTS)).round().astype(int))
        points = [(int(means.index[at]), float(means.iloc[at])) for at in kept]
        found.setdefault(int(fold), {})[f"{side}_{metric}"] = points
    return found


_OF_DATASET = ("contract", "table", "folds", "report")
_OF_BACKEND = ("metrics", "params", "curve", "final_params", "model")
_OF_ENSEMBLE = ("metrics", "weights", "final_params")


@dataclass(frozen=True)
class Settings:
    """What the run was asked to do.

    Attributes:
        datasets: the configuration of each dataset by name, in the order of the files.
        backends: names in the order of the files.
        configuration: the sections that all datasets share.
        spaces: the search space of each backend.
        code: the fingerprint of the code that trained each backend, and of that which weighs the ensemble.
    """

    datasets: Mapping[str, Mapping[str, Any]]
    backends: Sequence[str]
    configuration: Mapping[str, Mapping[str, Any]]
    spaces: Mapping[str, Mapping[str, Any]]
    code: Mapping[str, str]


def read_contents(inputs: Mapping[str, Sequence[str]], settings: Settings) -> list[Content]:
    """Read what is logged of each entrant on each dataset.

    Args:
        inputs: for ``contract``, ``table``, ``folds`` and ``report`` one path a dataset; for ``metrics``, ``params``,
            ``curve``, ``final_params`` and ``model`` one a dataset and backend, the backends of the first dataset
            first; for ``ensemble_metrics``, ``ensemble_weights`` and ``ensemble_final_params`` one a dataset, none
            without an ensemble; ``plots`` in any order, each in a folder beside its entrant's metrics.
        settings: what the run was asked to do.
    """
    contents = []
    for at, dataset in enumerate(settings.datasets.values()):
        of_dataset = {name: inputs[name][at] for name in _OF_DATASET}
        for place, backend in enumerate(settings.backends, start=at * len(settings.backends)):
            files = _with_plots({**of_dataset, **{name: inputs[name][place] for name in _OF_BACKEND}}, inputs["plots"])
            sections = {**_sections(settings, dataset), "space": settings.spaces[backend]}
            contents.append(read_content(files, sections, settings.code[backend]))
        if inputs["ensemble_metrics"]:
            own = {name: inputs[f"{ENSEMBLE}_{name}"][at] for name in _OF_ENSEMBLE}
            files = _with_plots({**of_dataset, **own}, inputs["plots"])
            contents.append(read_ensemble_content(files, _sections(settings, dataset), settings.code[ENSEMBLE]))
    return contents


def _with_plots(files: Mapping[str, str], plots: Sequence[str]) -> dict[str, Any]:
    beside = Path(files["metrics"]).parent / "plots"
    return {**files, "plots": [plot for plot in plots if Path(plot).parent == beside]}


def _sections(settings: Settings, dataset: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the sections that bear on every entrant, so that another backend changes none of its runs."""
    search = {key: value for key, value in settings.configuration["search"].items() if key != "space"}
    return {"dataset": dataset, **settings.configuration, "search": search}
