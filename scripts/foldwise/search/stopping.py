"""Where a curve of scores stops."""

import numpy as np
import numpy.typing as npt


def stop(curve: npt.NDArray[np.float64], rounds: int, greater_is_better: bool) -> int:
    """Return the number of trees, from 1, at which a curve was best when patience ran out.

    Args:
        curve: shape (trees,), the score after each tree.
        rounds: trees without a gain after which to stop.
        greater_is_better: direction of the score.
    """
    ordered = -curve if greater_is_better else curve
    best_so_far = 0
    for tree in range(1, len(ordered)):
        if ordered[tree] < ordered[best_so_far]:
            best_so_far = tree
        elif tree - best_so_far >= rounds:
            break
    return best_so_far + 1
