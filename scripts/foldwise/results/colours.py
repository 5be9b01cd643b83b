"""One colour, one mark and one printed name per entrant, the same wherever it is shown.

The colours are those of Okabe and Ito (2008), told apart with every common colour vision. This module
imports no plotting library, so that the report page can use it too.
"""

from typing import NamedTuple
from zlib import crc32

from foldwise.model_names import ENSEMBLE


class Look(NamedTuple):
    """How an entrant is shown: colour as ``#rrggbb``, matplotlib mark, printed name."""

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
    ENSEMBLE: Look("#CC79A7", "P", "ensemble"),
    "logistic_regression": Look("#595959", "D", "logistic regression"),
    "constant": Look("#767676", "X", "constant answer"),
}

_SPARE = (("#56B4E9", "v"), ("#E69F00", "h"))


def look(entrant: str) -> Look:
    """Return how ``entrant`` is shown; an unknown one gets a spare colour that its name decides."""
    if entrant in _KNOWN:
        return _KNOWN[entrant]
    # crc32 and not hash(): Python salts hash() anew in every process.
    colour, mark = _SPARE[crc32(entrant.encode()) % len(_SPARE)]
    return Look(colour, mark, entrant)
