"""What is logged of a whole run: every backend on every dataset."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foldwise.tracking.content import Content, read_content

_OF_DATASET = ("contract", "table", "folds", "report")
_OF_BACKEND = ("metrics", "params", "curve", "final_params", "model")


@dataclass(frozen=True)
class Settings:
    """What the run was asked to do.

    Attributes:
        datasets: the configuration of each dataset by name, in the order of the files.
        backends: names in the order of the files.
        configuration: the sections that all datasets share.
        spaces: the search space of each backend.
        code: the fingerprint of the code that trained each backend.
    """

    datasets: Mapping[str, Mapping[str, Any]]
    backends: Sequence[str]
    configuration: Mapping[str, Mapping[str, Any]]
    spaces: Mapping[str, Mapping[str, Any]]
    code: Mapping[str, str]


def read_contents(inputs: Mapping[str, Sequence[str]], settings: Settings) -> list[Content]:
    """Read what is logged of each backend on each dataset.

    Args:
        inputs: for ``contract``, ``table``, ``folds`` and ``report`` one path a dataset; for ``metrics``, ``params``,
            ``curve``, ``final_params`` and ``model`` one a dataset and backend, the backends of the first dataset
            first; ``plots`` in any order, each in a folder beside its backend's metrics.
        settings: what the run was asked to do.
    """
    contents = []
    for at, dataset in enumerate(settings.datasets.values()):
        for place, backend in enumerate(settings.backends, start=at * len(settings.backends)):
            files: dict[str, Any] = {name: inputs[name][at] for name in _OF_DATASET}
            files |= {name: inputs[name][place] for name in _OF_BACKEND}
            beside = Path(files["metrics"]).parent / "plots"
            files["plots"] = [plot for plot in inputs["plots"] if Path(plot).parent == beside]
            contents.append(read_content(files, _sections(settings, dataset, backend), settings.code[backend]))
    return contents


def _sections(settings: Settings, dataset: Mapping[str, Any], backend: str) -> dict[str, Mapping[str, Any]]:
    """Return the sections that bear on one backend and dataset, so that another backend changes none of its runs."""
    search = {key: value for key, value in settings.configuration["search"].items() if key != "space"}
    return {"dataset": dataset, **settings.configuration, "search": search, "space": settings.spaces[backend]}
