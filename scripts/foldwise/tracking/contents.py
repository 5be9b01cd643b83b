"""What is logged of a whole run: every entrant on every dataset."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foldwise.entrants import ENSEMBLE
from foldwise.tracking.content import Content, read_content, read_ensemble_content

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
