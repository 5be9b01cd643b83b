"""Parameters that are ignored, or refused, unless another one has a certain value: removed from a space and noted.

Every rule was established by fitting: ``tests/unit/search/test_effects.py`` fits them again with the installed
libraries. Parameters that matter only for tables with categories stay, because a space is not bound to a table.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from foldwise.backends.base import ParameterValue
from foldwise.errors import UserError
from foldwise.search.parameters import Dimension, condition_of, values_of


@dataclass(frozen=True)
class Effect:
    """The condition under which a parameter has an effect.

    Attributes:
        parameter: name of the parameter.
        decider: the parameter whose value decides.
        effective: whether the parameter has an effect with a value of the decider.
        where: the same condition in words.
        default: the library's default of the decider.
        refused: whether the library refuses the parameter otherwise, instead of ignoring it.
    """

    parameter: str
    decider: str
    effective: Callable[[Any], bool]
    where: str
    default: ParameterValue
    refused: bool = False


def _among(*values: ParameterValue) -> Callable[[ParameterValue], bool]:
    return lambda value: value in values


EFFECTS: Mapping[str, tuple[Effect, ...]] = {
    "xgboost": (Effect("sampling_method", "subsample", lambda v: v < 1, "subsample is below 1", 1.0),),
    "lightgbm": (
        Effect("subsample", "subsample_freq", lambda v: v >= 1, "subsample_freq is 1 or more", 0),
        Effect("subsample", "boosting_type", lambda v: v != "goss", "boosting_type is not goss", "gbdt"),
        Effect("learning_rate", "boosting_type", lambda v: v != "rf", "boosting_type is not rf", "gbdt"),
    ),
    # The defaults are those on the CPU: on a GPU they differ, so that only deciders within the space count.
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
        # Without `langevin` in the space, a diffusion temperature switches it on.
        Effect("diffusion_temperature", "langevin", _among(True), "langevin is true", True),
    ),
}


def normalize(
    where: str, backend: str, space: Mapping[str, Dimension], device: str = "cpu"
) -> tuple[dict[str, Dimension], list[str]]:
    """Remove parameters from the points in which they have no effect.

    Args:
        where: path of the space, for error messages and notes.
        backend: name of the backend.
        space: parameter name -> dimension, checked.
        device: ``cpu`` or ``cuda``.

    Returns:
        The space, and one line for each parameter that was changed.

    Raises:
        UserError: for a parameter that the library refuses in every point.

    Example:
        >>> space, notes = normalize("space", "catboost", {"depth": [3], "bagging_temperature": [0, 1]})
        >>> space
        {'depth': [3]}
        >>> notes
        ['space.bagging_temperature has an effect only where bootstrap_type is Bayesian: left out']
    """
    normalized, notes = dict(space), []
    if backend == "lightgbm":
        notes += _set_subsample_freq(where, normalized)
        notes += _note_on_leaves(where, normalized)
    if backend == "catboost" and device == "cuda" and normalized.pop("rsm", None) is not None:
        notes.append(f"{where}.rsm: CatBoost has no share of columns on a GPU: left out")
    for effect in EFFECTS[backend]:
        defaults_apply = backend != "catboost" or device == "cpu"
        if effect.parameter in normalized and (effect.decider in normalized or defaults_apply):
            notes += _restrict(where, effect, normalized)
    return normalized, notes


def _restrict(where: str, effect: Effect, space: dict[str, Dimension]) -> list[str]:
    """Remove a parameter from ``space`` or add a condition to it, in place; return the notes."""
    name, decider = effect.parameter, space.get(effect.decider, [effect.default])
    values = values_of(decider)
    if values is None or condition_of(decider):
        return []
    effective = [v for v in values if effect.effective(v)]
    if not effective:
        if effect.refused:
            raise UserError(
                f"{where}.{name} is accepted only where {effect.where}: add that to the space, or remove {name}"
            )
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


def _conditional(dimension: Dimension, condition: Mapping[str, Sequence[ParameterValue]]) -> Dimension:
    as_mapping = {"values": dimension} if isinstance(dimension, list) else dimension
    return {**as_mapping, "when": {**condition_of(dimension), **condition}}


def _set_subsample_freq(where: str, space: dict[str, Dimension]) -> list[str]:
    subsample = space.get("subsample")
    if subsample is None or "subsample_freq" in space or min(_ends(subsample)) >= 1:
        return []
    condition = condition_of(subsample)
    space["subsample_freq"] = _conditional([1], condition) if condition else [1]
    return [f"{where}.subsample has no effect without subsample_freq: subsample_freq: 1 is set"]


def _note_on_leaves(where: str, space: Mapping[str, Dimension]) -> list[str]:
    """Note numbers of leaves that no tree of that depth can have; ``canonical`` makes such points equal."""
    if "num_leaves" not in space or "max_depth" not in space:
        return []
    depths = [d for d in _ends(space["max_depth"]) if d > 0]
    most = max(_ends(space["num_leaves"]))
    if not depths or most <= 2 ** min(depths):
        return []
    return [f"{where}.num_leaves above 2**max_depth has no effect: such points equal those with 2**max_depth"]


def _ends(dimension: Dimension) -> list[Any]:
    """Return the values of a list, or the bounds of a range."""
    if isinstance(dimension, list):
        return dimension
    return list(dimension["values"]) if "values" in dimension else [dimension["low"], dimension["high"]]
