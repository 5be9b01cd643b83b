"""Sentences on searches that met a limit: choices at the edge of the search space, and the limit of trees."""

from collections.abc import Mapping, Sequence

from foldwise.results.training_records import FoldParams

# With two values, a choice lies at either edge in every fold: only a clear majority says something.
_MOST_FOLDS = 0.8


def search_limits(params: Mapping[str, Sequence[FoldParams]]) -> list[str]:
    """Return one sentence for each parameter that most outer folds choose at the same edge, and for the limit of trees.

    Args:
        params: name of a backend -> what the search of each outer fold chose.

    Returns:
        Sentences without a full stop; most folds are at least four of five.
    """
    lines = []
    for backend, folds in params.items():
        for name in dict.fromkeys(name for fold in folds for name in fold.at_edge):
            for end, wider in (("lowest", "lower"), ("highest", "higher")):
                chosen = [fold.chosen[name] for fold in folds if fold.at_edge.get(name) == end]
                if len(chosen) >= _MOST_FOLDS * len(folds):
                    lines.append(
                        f"{backend}: {name} {chosen[0]} is the {end} value of its dimension and chosen in "
                        f"{len(chosen)} of {len(folds)} outer folds: {wider} values of search.space.{backend}.{name} "
                        "may be better"
                    )
        met = sum(fold.trees_limit_met for fold in folds)
        if met >= _MOST_FOLDS * len(folds):
            lines.append(
                f"{backend}: the limit of trees is met before early stopping in {met} of {len(folds)} outer folds: "
                f"more trees in search.space.{backend} may be better"
            )
    return lines
