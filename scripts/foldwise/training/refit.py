"""What a training job does between reading and writing: search, choose, refit."""

from typing import Any

from foldwise.backends.base import Backend, FitOptions
from foldwise.backends.registry import SPECIFICATIONS
from foldwise.search.fits import Fit, TrainPart
from foldwise.search.result import Choice
from foldwise.search.settings import Settings


def chosen_fit(choice: Choice, settings: Settings, backend: Backend) -> Fit:
    """Return the fit of the chosen point."""
    trees = int(choice.trees[choice.chosen])
    point = choice.points[choice.chosen]
    params = backend.canonical({k: v for k, v in point.items() if k != SPECIFICATIONS[settings.backend].trees})
    return Fit(params, {trees: [0]}, backend.bin_key(params))


def refit(part: TrainPart, fit: Fit, backend: Backend, settings: Settings) -> Any:
    """Return the model of a fit on the whole train part."""
    options = FitOptions(settings.seed, settings.threads, settings.device)
    binned = backend.bin_train(part.matrix, part.label, part.weight, fit.params, options)
    return backend.fit(binned, fit.params, fit.trees, options).model
