"""Mean scores by unit, gathered while the rows go by."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from foldwise.predict.final_models import Entrant

Scores = Mapping[str, npt.NDArray[np.float64]]


class UnitMeans:
    """Sums by unit; rows without a unit are left out."""

    def __init__(self, unit: pa.DictionaryArray | None, entrants: Sequence[Entrant]) -> None:
        """Take the unit of every row, shape (n,), or None where there are no units."""
        encoded = pa.array([], pa.string()).dictionary_encode() if unit is None else unit
        self._names = encoded.dictionary
        self._code = encoded.indices.fill_null(len(self._names)).to_numpy(zero_copy_only=False)
        self._entrants = entrants
        names = [f"{e.name}_{kind}" for e in entrants for kind in ("score", "calibrated")]
        self._sums = {name: np.zeros(len(self._names)) for name in names}

    def add(self, first: int, scores: Scores) -> None:
        """Add the scores of the rows from ``first`` on: ``<entrant>_score``, ``<entrant>_calibrated``."""
        units = len(self._names)
        for name, sums in self._sums.items():
            code = self._code[first : first + len(scores[name])]
            if len(code):
                sums += np.bincount(code, scores[name], units + 1)[:units]

    def table(self) -> pa.Table:
        """Return one row a unit, by name: rows, mean scores, and the verdict on the mean score."""
        rows = np.bincount(self._code, minlength=len(self._names) + 1)[: len(self._names)]
        columns = {"unit": self._names, "n_rows": pa.array(rows, pa.int64())}
        for entrant in self._entrants:
            score = self._sums[f"{entrant.name}_score"] / rows
            columns[f"{entrant.name}_score"] = pa.array(score)
            columns[f"{entrant.name}_calibrated"] = pa.array(self._sums[f"{entrant.name}_calibrated"] / rows)
            columns[f"{entrant.name}_verdict"] = pa.array((score >= entrant.operation.threshold).astype(np.int8))
        return pa.table(columns).take(pc.sort_indices(self._names))
