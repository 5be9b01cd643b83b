"""What the page is made of, loaded into memory."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from foldwise.io.files import read_json
from foldwise.model_names import ENSEMBLE

Json = dict[str, Any]


@dataclass(frozen=True)
class Plot:
    """A picture of one backend or of the ensemble; ``name`` is the stem of its file."""

    backend: str
    name: str
    png: bytes


@dataclass(frozen=True)
class Artefacts:
    """The artefacts of one dataset.

    ``entrants`` are the backends and, where there is one, their ensemble. ``metrics`` holds one metrics.json an
    entrant, ``params`` one params.json a backend and fold, ``weights`` the rows of the ensemble's weights.parquet;
    ``leaky`` is leaky_reference.json, empty where the run made none.
    """

    dataset: str
    entrants: list[str]
    contract: Json
    audit: Json
    comparison: Json
    metrics: list[Json]
    params: list[Json]
    configuration: Mapping[str, Any]
    plots: list[Plot] = field(default_factory=list)
    comparison_plot: bytes | None = None
    leaky: Json = field(default_factory=dict)
    weights: list[Json] = field(default_factory=list)

    @property
    def backends(self) -> list[str]:
        """The entrants that were trained."""
        return [name for name in self.entrants if name != ENSEMBLE]

    def metrics_by_entrant(self) -> dict[str, Json]:
        """Return the metrics in the order of the entrants."""
        found = {m["backend"]: m for m in self.metrics}
        return {name: found[name] for name in self.entrants if name in found}

    def params_by_backend(self) -> dict[str, list[Json]]:
        """Return the fold parameters of each backend, by fold, in the configured order of the backends."""
        return {
            name: sorted((p for p in self.params if p["backend"] == name), key=lambda p: int(p["fold"]))
            for name in self.backends
        }


def load_plots(paths: Iterable[str | Path]) -> list[Plot]:
    """Read pictures laid out as ``{backend}/plots/{name}.png``."""
    found = [Path(p) for p in paths]
    return [Plot(backend=p.parent.parent.name, name=p.stem, png=p.read_bytes()) for p in found]


def load_all(paths: Iterable[str | Path]) -> list[Json]:
    """Read JSON files."""
    return [read_json(p) for p in paths]
