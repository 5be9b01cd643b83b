"""Foldwise: honest fold splits, tuned gradient boosting and scores with their evidence.

``train_gradient_boosting`` runs the workflow from Python. Its module is read at first use, so that
``import foldwise`` costs next to nothing, and by name, so that no rule's code depends on it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from foldwise.api.gradient_boosting import TrainingError, train_gradient_boosting
    from foldwise.errors import UserError


__all__ = ["TrainingError", "UserError", "train_gradient_boosting"]

_MODULES = {
    "TrainingError": "foldwise.api.gradient_boosting",
    "UserError": "foldwise.errors",
    "train_gradient_boosting": "foldwise.api.gradient_boosting",
}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module 'foldwise' has no attribute {name!r}")
