"""How the threads of a search are shared among its fits."""


def shared_threads(threads: int, fits: int, affinity: int) -> tuple[int, int]:
    """Return threads of one fit and fits at a time.

    The threads of a fit follow from the configuration alone, since CatBoost's model depends on them; fits run
    at a time as far as there are processors.

    Args:
        threads: threads of the whole search.
        fits: number of independent fits.
        affinity: processors at hand.
    """
    each = max(1, threads // max(1, fits))
    return each, max(1, min(threads // each, affinity // each))
