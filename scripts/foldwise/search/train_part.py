"""The rows that a search may look at, dealt to inner folds."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from foldwise.matrix import Matrix


@dataclass(frozen=True)
class TrainPart:
    """The rows of an outer train part.

    Attributes:
        matrix: n rows, p columns.
        label: shape (n,), 0 or 1.
        weight: shape (n,), or None when every row counts alike.
        inner: shape (n,), the inner fold, 1..k, of each row.
    """

    matrix: Matrix
    label: npt.NDArray[np.int8]
    weight: npt.NDArray[np.float64] | None
    inner: npt.NDArray[np.int16]

    def without(self, fold: int) -> "TrainPart":
        """Return the rows outside an inner fold."""
        return self.rows(self.inner != fold)

    def only(self, fold: int) -> "TrainPart":
        """Return the rows of an inner fold."""
        return self.rows(self.inner == fold)

    def rows(self, mask: npt.NDArray[np.bool_]) -> "TrainPart":
        """Return the rows where ``mask``, shape (n,), is true."""
        weight = None if self.weight is None else self.weight[mask]
        return TrainPart(self.matrix.rows(mask), self.label[mask], weight, self.inner[mask])
