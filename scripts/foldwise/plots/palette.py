"""One colour, one mark and one printed name per backend, the same wherever a backend is shown.

The colours are those of Okabe and Ito (2008), told apart with every common colour vision. This module
imports no plotting library, so that the report page can use it too.
"""

from typing import NamedTuple
from zlib import crc32


class Look(NamedTuple):
    """How a backend is shown: colour as ``#rrggbb``, matplotlib mark, printed name."""

    colour: str
    mark: str
    name: str


INK = "#222222"
GREY = "#767676"
PALE = "#D9D9D9"

_KNOWN = {
    "xgboost": Look("#0072B2", "o", "XGBoost"),
    "lightgbm": Look("#D55E00", "s", "LightGBM"),
    "catboost": Look("#009E73", "^", "CatBoost"),
    "logistic_regression": Look("#595959", "D", "logistic regression"),
    "constant": Look("#767676", "X", "constant answer"),
}
_SPARE = (("#CC79A7", "v"), ("#56B4E9", "P"), ("#E69F00", "h"))

REFERENCES = ("logistic_regression", "constant")


def look(backend: str) -> Look:
    """Return how ``backend`` is shown; an unknown one gets a spare colour that its name decides."""
    if backend in _KNOWN:
        return _KNOWN[backend]
    # crc32 and not hash(): Python salts hash() anew in every process.
    colour, mark = _SPARE[crc32(backend.encode()) % len(_SPARE)]
    return Look(colour, mark, backend)
