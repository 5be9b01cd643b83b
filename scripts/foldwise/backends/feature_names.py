"""Feature names that a backend accepts."""

from collections.abc import Sequence


def safe_names(names: Sequence[str], refused: str) -> list[str]:
    """Replace the characters that a backend refuses in feature names; keep the names distinct.

    Args:
        names: the contract's names.
        refused: the characters that the backend does not take.

    Returns:
        One name for each, most of them unchanged: a replaced character, or a name without any,
        becomes ``_``, and a name that then stands twice gets a number.
    """
    table = str.maketrans(dict.fromkeys(refused, "_"))
    replaced = [name.translate(table) or "_" for name in names]
    taken = {name for name, new in zip(names, replaced, strict=True) if name == new}
    safe = []
    for name, plain in zip(names, replaced, strict=True):
        new, number = plain, 2
        while new != name and new in taken:
            new = f"{plain}_{number}"
            number += 1
        taken.add(new)
        safe.append(new)
    return safe
