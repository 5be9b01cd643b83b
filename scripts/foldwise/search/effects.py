"""Parameters that have no effect, or are refused, unless another one has a certain value: put right and noted.

Every rule was found by fitting: ``tests/unit/search/test_effects.py`` fits them again with the installed libraries.
Parameters that matter only for tables with categories stay, since a space does not know its table.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from foldwise.errors import UserError
from foldwise.search.parameters import Dimension, condition_of, values_of


@dataclass(frozen=True)
class Effect:
    """Where a parameter has an effect.

    Attributes:
        parameter: its name.
        decider: the parameter that decides.
        effective: whether a value of the decider gives the parameter an effect.
        where: the same in words.
        default: what the library takes for the decider where a space does not name it.
        refused: whether the library refuses the parameter elsewhere, instead of ignoring it.
    """

    parameter: str
    decider: str
    effective: Callable[[Any], bool]
    where: str
    default: Any
    refused: bool = False


def _among(*values: Any) -> Callable[[Any], bool]:
    return lambda value: value in values


EFFECTS: Mapping[str, tuple[Effect, ...]] = {
    "xgboost": (Effect("sampling_method", "subsample", lambda v: v < 1, "subsample is below 1", 1.0),),
    "lightgbm": (
        Effect("subsample", "subsample_freq", lambda v: v >= 1, "subsample_freq is 1 or more", 0),
        Effect("subsample", "boosting_type", lambda v: v != "goss", "boosting_type is not goss", "gbdt"),
        Effect("learning_rate", "boosting_type", lambda v: v != "rf", "boosting_type is not rf", "gbdt"),
    ),
    # On the CPU; on a GPU CatBoost has other defaults, and only what a space itself decides is put right.
    "catboost": (
        Effect(
            "subsample",
            "bootstrap_type",
            _among("Bernoulli", "MVS", "Poisson"),
            "bootstrap_type is Bernoulli, MVS or Poisson",
            "MVS",
            refused=True,
        ),
        Effect("bagging_temperature", "bootstrap_type", _among("Bayesian"), "bootstrap_type is Bayesian", "MVS"),
        Effect("mvs_reg", "bootstrap_type", _among("MVS"), "bootstrap_type is MVS", "MVS"),
        Effect("sampling_frequency", "bootstrap_type", lambda v: v != "No", "bootstrap_type is not No", "MVS"),
        Effect(
            "min_data_in_leaf",
            "grow_policy",
            _among("Depthwise", "Lossguide"),
            "grow_policy is Depthwise or Lossguide",
            "SymmetricTree",
        ),
        Effect(
            "max_leaves",
            "grow_policy",
            _among("Lossguide"),
            "grow_policy is Lossguide",
            "SymmetricTree",
            refused=True,
        ),
        # Without `langevin` in the space, a temperature switches it on.
        Effect("diffusion_temperature", "langevin", _among(True), "langevin is true", True),
    ),
}


def put_right(
    where: str, backend: str, space: Mapping[str, Dimension], device: str = "cpu"
) -> tuple[dict[str, Dimension], list[str]]:
    """Take parameters out of the points in which they have no effect, and say so.

    Args:
        where: path of the space, for messages.
        backend: the backend's name.
        space: dimensions by parameter, checked.
        device: ``cpu`` or ``cuda``.

    Returns:
        The space, and one line for each parameter that was put right.

    Raises:
        UserError: for a parameter that the library refuses in every point.
    """
    found, notes = dict(space), []
    if backend == "lightgbm":
        notes += _set_subsample_freq(where, found)
        notes += _note_of_leaves(where, found)
    for effect in EFFECTS[backend]:
        defaults_known = backend != "catboost" or device == "cpu"
        if effect.parameter in found and (effect.decider in found or defaults_known):
            notes += _apply(where, effect, found)
    return found, notes


def _apply(where: str, effect: Effect, space: dict[str, Dimension]) -> list[str]:
    """Leave a parameter out, or give it a condition, in ``space``; return the notes."""
    name, decider = effect.parameter, space.get(effect.decider, [effect.default])
    values = values_of(decider)
    if values is None or condition_of(decider):
        return []
    effective = [v for v in values if effect.effective(v)]
    if not effective:
        if effect.refused:
            raise UserError(f"{where}.{name} is taken only where {effect.where}: add that to the space, or take it out")
        if any(name in condition_of(d) for d in space.values()):
            return []
        del space[name]
        return [f"{where}.{name} has an effect only where {effect.where}: left out"]
    if len(effective) == len(values):
        return []
    own = condition_of(space[name]).get(effect.decider, values)
    kept = [v for v in own if v in effective]
    if kept == list(own):
        return []
    space[name] = _conditional(space[name], {effect.decider: kept})
    return [f"{where}.{name} has an effect only where {effect.where}: left out of the other points"]


def _conditional(dimension: Dimension, condition: Mapping[str, Any]) -> Dimension:
    whole = {"values": dimension} if isinstance(dimension, list) else dimension
    return {**whole, "when": {**condition_of(dimension), **condition}}


def _set_subsample_freq(where: str, space: dict[str, Dimension]) -> list[str]:
    subsample = space.get("subsample")
    if subsample is None or "subsample_freq" in space or min(_ends(subsample)) >= 1:
        return []
    condition = condition_of(subsample)
    space["subsample_freq"] = _conditional([1], condition) if condition else [1]
    return [f"{where}.subsample has no effect without subsample_freq: subsample_freq: 1 is set"]


def _note_of_leaves(where: str, space: Mapping[str, Dimension]) -> list[str]:
    """Say which numbers of leaves are beyond a tree's depth; the search fits such points once (``canonical``)."""
    if "num_leaves" not in space or "max_depth" not in space:
        return []
    depths = [d for d in _ends(space["max_depth"]) if d > 0]
    most = max(_ends(space["num_leaves"]))
    if not depths or most <= 2 ** min(depths):
        return []
    return [f"{where}.num_leaves above 2**max_depth has no effect: such points are those of 2**max_depth"]


def _ends(dimension: Dimension) -> list[Any]:
    if isinstance(dimension, list):
        return dimension
    return list(dimension["values"]) if "values" in dimension else [dimension["low"], dimension["high"]]
