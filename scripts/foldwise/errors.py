"""The one exception that stands for a user's mistake."""

from collections.abc import Iterable
from difflib import get_close_matches


class UserError(Exception):
    """A mistake in the configuration or in the data, told in one line without a traceback.

    The message names the thing, what was found and the way out.
    """

    def __init__(self, message: str) -> None:
        """Keep the message as one line."""
        super().__init__(" ".join(message.split()))


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean X?"`` for the known name closest to ``name``, or an empty string."""
    names = [str(k) for k in known]
    same_letters = [k for k in names if sorted(k) == sorted(name)]
    matches = same_letters or get_close_matches(name, names, n=1, cutoff=0.6)
    return f"; did you mean {matches[0]!r}?" if matches else ""


def listed(names: Iterable[object], limit: int = 5) -> str:
    """Join names for a message, the first ``limit`` of them, with the number that is left out."""
    texts = [repr(n) for n in names]
    left = len(texts) - limit
    return ", ".join(texts[:limit]) + (f" and {left} more" if left > 0 else "")
