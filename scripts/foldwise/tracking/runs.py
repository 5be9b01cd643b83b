"""What is logged of each model on each dataset, read from the files of a finished run."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd

from foldwise.data.contract import read_contract
from foldwise.evaluation.comparison_records import Comparison
from foldwise.evaluation.records import HEADLINE_METHOD, FoldMetrics, Metrics
from foldwise.io.files import read_table, sha256, without_credentials
from foldwise.model_names import ENSEMBLE
from foldwise.results.load import read_params, read_record, read_weights
from foldwise.results.training_records import EnsembleParams, FoldParams
from foldwise.tracking.model_run import FoldRun, ModelRun, Points

# A learning curve keeps its shape in 200 points; a tracker stores each point as a row.
CURVE_POINTS = 200
Section = Mapping[str, object]


@dataclass(frozen=True)
class Settings:
    """The configuration of the run.

    Attributes:
        datasets: section of each dataset by name, in the order of the files.
        backends: names in the order of the files.
        configuration: the sections shared by all datasets, by name.
        spaces: the search space of each backend.
        code: fingerprint of the code that trained each backend, and of the code that fitted the ensemble's weights.
        recommended: name of the recommended model.
    """

    datasets: Mapping[str, Section]
    backends: Sequence[str]
    configuration: Mapping[str, Section]
    spaces: Mapping[str, Section]
    code: Mapping[str, str]
    recommended: str

    def sections(self, dataset: str) -> dict[str, Section]:
        """Return what affects every model: adding a backend or recommending another model changes no other run."""
        left_out = {"search": "space", "evaluation": "recommend"}
        shared = {
            name: {key: value for key, value in section.items() if key != left_out.get(name)}
            for name, section in self.configuration.items()
        }
        return {"dataset": self.datasets[dataset], **shared}


@dataclass(frozen=True)
class DatasetFiles:
    """Files of one dataset that are read or logged for each of its models."""

    contract: str
    table: str
    folds: str
    report: str
    comparison: str


@dataclass(frozen=True)
class BackendFiles:
    """Files of one backend on one dataset; ``model`` and ``final_params`` are those of the final model."""

    metrics: str
    params: str
    curve: str
    final_params: str
    model: str


@dataclass(frozen=True)
class EnsembleFiles:
    """Files of the ensemble on one dataset."""

    metrics: str
    weights: str
    final_params: str


def read_runs(
    settings: Settings,
    datasets: Sequence[DatasetFiles],
    backends: Sequence[BackendFiles],
    ensembles: Sequence[EnsembleFiles],
    plots: Sequence[str],
) -> list[ModelRun]:
    """Read what is logged of each model on each dataset.

    Args:
        settings: the configuration.
        datasets: one entry per dataset.
        backends: one entry per dataset and backend, all backends of the first dataset first.
        ensembles: one entry per dataset, empty without an ensemble.
        plots: pictures in any order, each in the folder ``plots`` next to the metrics of its model.

    Raises:
        UserError: when a file is broken.
    """
    runs = []
    for i, (dataset, shared) in enumerate(zip(settings.datasets, datasets, strict=True)):
        sections = settings.sections(dataset)
        of_dataset = backends[i * len(settings.backends) : (i + 1) * len(settings.backends)]
        for backend, own in zip(settings.backends, of_dataset, strict=True):
            own_sections = {**sections, "space": settings.spaces[backend]}
            runs.append(_backend_run(shared, own, plots, own_sections, settings.code[backend]))
        if ensembles:
            models = [Path(own.model) for own in of_dataset]
            runs.append(_ensemble_run(shared, ensembles[i], models, plots, sections, settings.code[ENSEMBLE]))
    return [replace(run, recommended=run.backend == settings.recommended) for run in runs]


def _backend_run(
    shared: DatasetFiles, own: BackendFiles, plots: Sequence[str], sections: Mapping[str, Section], code: str
) -> ModelRun:
    metrics, folds, [final] = read_record(own.metrics, Metrics), read_params(own.params), read_params(own.final_params)
    curves = _mean_curves(read_table(own.curve).to_pandas())
    fold_metrics = {fold.fold: fold for fold in metrics.folds}
    versions = {f"foldwise.version.{library}": version for library, version in folds[0].versions.items()}
    return ModelRun(
        dataset=metrics.dataset,
        backend=metrics.backend,
        description=_description(shared, metrics),
        params={**_flat(sections), **_chosen(final, "final.")},
        metrics=_summary(metrics),
        tags={**_tags(shared, metrics, code), **versions},
        folds=[
            FoldRun(
                fold=int(params.fold),
                params=_chosen(params),
                metrics=_fold_metrics(fold_metrics[int(params.fold)]),
                costs={
                    **{f"{part}_seconds": float(seconds) for part, seconds in asdict(params.seconds).items()},
                    "peak_memory_mb": float(params.peak_memory_mb),
                },
                curves=curves.get(int(params.fold), {}),
            )
            for params in folds
        ],
        artifacts={
            "": [Path(shared.report), Path(own.metrics)],
            "model": [Path(own.model)],
            "plots": _plots_of(own.metrics, plots),
        },
    )


def _ensemble_run(
    shared: DatasetFiles,
    own: EnsembleFiles,
    models: Sequence[Path],
    plots: Sequence[str],
    sections: Mapping[str, Section],
    code: str,
) -> ModelRun:
    """Return the run of the ensemble, with weights in place of hyperparameters."""
    metrics, final = read_record(own.metrics, Metrics), read_record(own.final_params, EnsembleParams)
    weights = read_weights(own.weights)
    return ModelRun(
        dataset=metrics.dataset,
        backend=metrics.backend,
        description=_description(shared, metrics),
        params={**_flat(sections), **{f"final.weight.{b}": str(w) for b, w in final.weights.items()}},
        metrics=_summary(metrics),
        tags=_tags(shared, metrics, code),
        folds=[
            FoldRun(
                fold=fold.fold,
                params={f"weight.{w.backend}": str(w.weight) for w in weights if w.fold == fold.fold},
                metrics=_fold_metrics(fold),
                costs={},
                curves={},
            )
            for fold in metrics.folds
        ],
        artifacts={
            "": [Path(shared.report), Path(own.metrics), Path(own.weights)],
            "model": [Path(own.final_params), *models],
            "plots": _plots_of(own.metrics, plots),
        },
    )


def _plots_of(metrics: str, plots: Sequence[str]) -> list[Path]:
    folder = Path(metrics).parent / "plots"
    return [Path(plot) for plot in plots if Path(plot).parent == folder]


def _tags(shared: DatasetFiles, metrics: Metrics, code: str) -> dict[str, str]:
    return {
        "foldwise.dataset": metrics.dataset,
        "foldwise.backend": metrics.backend,
        "foldwise.table_sha256": sha256(shared.table),
        "foldwise.folds_sha256": sha256(shared.folds),
        "foldwise.code": code,
    }


def _description(shared: DatasetFiles, metrics: Metrics) -> str:
    counts, unit = metrics.counts, read_contract(shared.contract).unit
    comparison = read_record(shared.comparison, Comparison)
    return (
        f"{metrics.backend} on {metrics.dataset}: test metrics by row, means over {counts.folds} outer folds "
        f"of {counts.rows} rows, {counts.units} units ({unit}), {counts.groups} groups. No group is split across "
        "folds. Threshold 0.5. The final model is fitted on every row: the metrics are those of the folds' models. "
        + " ".join([*metrics.decision.in_use, comparison.verdict_baselines, comparison.verdict])
    )


def _flat(sections: Mapping[str, Section]) -> dict[str, str]:
    """Return ``section.key`` -> value as text, without values that are not set."""
    return {
        f"{section}.{key}": without_credentials(value if isinstance(value, str) else json.dumps(value, default=str))
        for section, content in sections.items()
        for key, value in content.items()
        if value not in (None, [], {})
    }


def _chosen(params: FoldParams, prefix: str = "") -> dict[str, str]:
    return {f"{prefix}{name}": str(value) for name, value in {**params.chosen, "trees": params.trees}.items()}


def _summary(metrics: Metrics) -> dict[str, float]:
    """Return means and standard deviations over the folds by row and unit, and the ends of the headline intervals."""
    by_unit = {f"unit_{name}": value for name, value in metrics.unit.headline.as_json().items()}
    ends: dict[str, float | None] = {}
    for name, methods in metrics.intervals.items():
        interval = methods[HEADLINE_METHOD]
        ends |= {f"test_{name}_low": interval.low, f"test_{name}_high": interval.high}
    return _defined({**metrics.headline.as_json(), **by_unit, **ends})


def _fold_metrics(fold: FoldMetrics) -> dict[str, float]:
    return _defined({**fold.extent.as_json(), **{f"test_{name}": value for name, value in fold.row.items()}})


def _defined(values: Mapping[str, float | None]) -> dict[str, float]:
    return {name: float(value) for name, value in values.items() if value is not None}


def _mean_curves(curve: pd.DataFrame) -> dict[int, dict[str, Points]]:
    """Return fold -> ``<part>_<metric>`` -> the mean over inner folds, at up to ``CURVE_POINTS`` numbers of trees."""
    curves: dict[int, dict[str, Points]] = {}
    for key, values in curve.groupby(["fold", "part", "metric"], sort=True):
        fold, part, metric = cast(tuple[int, str, str], key)
        means = values.groupby("iteration", sort=True)["value"].mean()
        kept = np.unique(np.linspace(0, len(means) - 1, min(len(means), CURVE_POINTS)).round().astype(int))
        points = [(int(means.index[at]), float(means.iloc[at])) for at in kept]
        curves.setdefault(int(fold), {})[f"{part}_{metric}"] = points
    return curves
