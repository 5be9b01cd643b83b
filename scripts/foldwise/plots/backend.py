"""The eight plots of one backend, from the files that its folds left."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from foldwise.artifacts import read_json, read_note, read_table
from foldwise.plots.entrant import SCORE_PLOTS, EntrantResults, read_entrant
from foldwise.plots.importance import draw_importance
from foldwise.plots.learning import draw_learning_curves
from foldwise.plots.search import draw_search
from foldwise.plots.style import save


@dataclass(frozen=True)
class BackendResults(EntrantResults):
    """What one backend left, all folds below each other with a column ``fold``.

    ``trees`` is the size of each fold's model.
    """

    search: pd.DataFrame
    search_metric: str
    greater_is_better: bool
    curve: pd.DataFrame
    importance: pd.DataFrame
    trees: Mapping[int, int]


def read_backend(files: Mapping[str, str | Path]) -> BackendResults:
    """Read what the plots of one backend need.

    Args:
        files: paths of ``contract``, ``metrics`` and ``out_of_fold``, and of the gathered ``search``,
            ``curve``, ``importance`` and ``params`` of all folds.
    """
    entrant, note = read_entrant(files), read_note(files["search"])
    return BackendResults(
        **vars(entrant),
        search=read_table(files["search"]).to_pandas(),
        search_metric=note["metric"],
        greater_is_better=note["greater_is_better"] == "true",
        curve=read_table(files["curve"]).to_pandas(),
        importance=read_table(files["importance"]).to_pandas(),
        trees={int(fold["fold"]): int(fold["trees"]) for fold in read_json(files["params"])},
    )


PLOTS: Mapping[str, Callable[[BackendResults], Figure]] = {
    **SCORE_PLOTS,
    "hyperparameter_search": lambda of: draw_search(of.subject, of.search, of.search_metric, of.greater_is_better),
    "learning_curves": lambda of: draw_learning_curves(of.subject, of.curve, of.trees),
    "feature_importance": lambda of: draw_importance(of.subject, of.importance),
}


def write_plots(results: BackendResults, destinations: Mapping[str, str | Path]) -> None:
    """Write the plots named by the keys of ``destinations`` (see ``PLOTS``) as PNG files."""
    for name, path in destinations.items():
        save(PLOTS[name](results), path)
