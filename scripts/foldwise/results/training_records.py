"""What the training jobs write about themselves: params.json, the ensemble's weights, leaky_reference.json.

A record is written with ``as_json`` and read with ``from_json``, see :mod:`foldwise.io.json_record`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from foldwise.io.json_record import REST, JsonRecord


@dataclass(frozen=True)
class Seconds(JsonRecord):
    """Seconds that a training job took."""

    search: float
    refit: float
    total: float


@dataclass(frozen=True)
class TrainTest(JsonRecord):
    """Number of rows, or of groups, in the train part and in the test part."""

    train: int
    test: int


@dataclass(frozen=True)
class FoldParams(JsonRecord):
    """What the search of one fold chose, and what the job cost: one entry of params.json.

    Attributes:
        backend: name of the backend.
        fold: number of the outer fold, from 1, or ``final``.
        chosen: the chosen point of the search space: name of a parameter -> value.
        trees: number of trees of the refitted model.
        trees_limit_met: whether early stopping did not end the fit of an inner fold before the limit of trees.
        at_edge: parameters whose chosen value is the ``lowest`` or ``highest`` of their dimension -> which.
        metric: metric of the search.
        score: mean of that metric over the inner folds, at the chosen point.
        points: number of points that were searched.
        fits: number of models that were fitted for it.
        seconds: time of search, refit and the whole job.
        peak_memory_mb: largest memory of the job.
        imports_memory_mb: memory once the libraries are loaded.
        inner_folds: number of inner folds.
        searched_rows: rows of the train part that the search used.
        rows: rows of the train and test part.
        groups: groups of the train and test part.
        features: number of features.
        versions: library -> version.
    """

    backend: str
    fold: int | str
    chosen: Mapping[str, Any]
    trees: int
    trees_limit_met: bool
    at_edge: Mapping[str, str]
    metric: str
    score: float | None
    points: int
    fits: int
    seconds: Seconds
    peak_memory_mb: int
    imports_memory_mb: int
    inner_folds: int
    searched_rows: int
    rows: TrainTest
    groups: TrainTest
    features: int
    versions: Mapping[str, str]


@dataclass(frozen=True)
class EnsembleParams(JsonRecord):
    """The weights of the final models in the ensemble: its params.json.

    Attributes:
        weights: backend, or ``constant``, -> weight; their sum is 1.
        prevalence: the constant prediction.
        n_rows: rows that the weights are estimated on.
    """

    weights: Mapping[str, float]
    prevalence: float
    n_rows: int


@dataclass(frozen=True)
class FoldWeight(JsonRecord):
    """A row of weights.parquet: the weight of one backend in the ensemble of one fold.

    Attributes:
        fold: number of the outer fold, from 1.
        backend: name of the backend, or ``constant``.
        weight: its weight.
        n_rows: rows that the weights are estimated on.
    """

    fold: int
    backend: str
    weight: float
    n_rows: int


@dataclass(frozen=True)
class LeakyMetric(JsonRecord):
    """A metric over row-wise folds compared with the same over the grouped folds; the gap is leaky minus grouped."""

    leaky: float | None
    leaky_sd: float | None
    grouped: float | None
    optimism_gap: float | None


@dataclass(frozen=True)
class LeakyBackend(JsonRecord):
    """The leaky metrics of one backend, with the number of row-wise folds."""

    metrics: Annotated[Mapping[str, LeakyMetric], REST]
    n_folds: int


@dataclass(frozen=True)
class LeakyReference(JsonRecord):
    """The content of leaky_reference.json: what row-wise folds would have shown.

    Attributes:
        sentence: the warning that belongs to it.
        level: ``row``.
        backends: name of a backend -> its leaky metrics.
    """

    sentence: str
    level: str
    backends: Mapping[str, LeakyBackend]
