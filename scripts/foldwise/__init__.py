"""Foldwise: honest fold splits, tuned gradient boosting and scores with their evidence.

``train_gradient_boosting`` runs the workflow from Python. Its module is read at first use, so that
``import foldwise`` costs next to nothing, and by name, so that no rule's code depends on it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from foldwise.errors import UserError
    from foldwise.workflow_call import TrainingError, train_gradient_boosting

__all__ = ["TrainingError", "UserError", "train_gradient_boosting"]

_MODULES = {
    "TrainingError": "foldwise.workflow_call",
    "UserError": "foldwise.errors",
    "train_gradient_boosting": "foldwise.workflow_call",
}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module 'foldwise' has no attribute {name!r}")
