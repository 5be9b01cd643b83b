"""Near copies: rows far closer to each other than rows of such a table are by chance."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.special import ndtri
from scipy.stats import rankdata

from foldwise.audit.data import Floats, Integers, Material, share_between
from foldwise.audit.findings import EVIDENCE, Finding
from foldwise.audit.sampling import sample_groups, sampled, share_by_chance
from foldwise.data.feature_matrix import FeatureMatrix
from foldwise.folds.groups import by_first_appearance

NEAR_COPIES, MANY_NEAR_COPIES = 0.05, 0.2
_RATIO = 0.5
_FAR = 30
_CHANCE = 0.02

# Links of a row that may tie it to its group: a video has about ten augmented copies.
_LINKS = 10
_LARGEST_TABLE = 6000
_QUERIES = 2000
_SEEDS = 400
_SURROGATES = 2000
_CODE_LENGTH = 16
_CELLS = 5_000_000


@dataclass(frozen=True)
class Neighbourhood:
    """Where each row lies, and how close two rows must be to count as near copies.

    Attributes:
        points: shape (n, q), every column with a standard normal spread.
        rank: a row is near where its distance is small against that of the neighbour of this rank.
        ratio: largest ratio of the two distances for a near copy: 0.5, or less where 2 % of
            independent rows with these columns would come closer.
    """

    points: Floats
    rank: int
    ratio: float

    @classmethod
    def of(cls, material: Material) -> "Neighbourhood":
        """Place the rows, and measure how close independent rows would come."""
        random = material.random(1)
        points = _normal_scores(material.matrix, random)
        # In a small table the 30th neighbour is as far as any row, and everything seems near.
        rank = min(_FAR, max(5, len(points) // 10), len(points) - 2)
        surrogate = _independent_rows(points, min(len(points), _SURROGATES), random)
        every = np.arange(len(surrogate))
        distance, _ = nearest(surrogate, every, every, rank)
        return cls(points, rank, min(_RATIO, float(np.quantile(_ratios(distance), _CHANCE))))


def near_duplicates(material: Material, near: Neighbourhood) -> Finding:
    """Measure how many test rows have a near copy among the train rows of their fold."""
    queries = np.arange(len(near.points))
    if len(queries) > _LARGEST_TABLE:
        queries = sample_groups(material.group, _QUERIES, material.random(2))
    found = [_copies_in_train(material, near, queries, fold) for fold in material.folds]
    row, copy, ratio = (np.concatenate(column) for column in zip(*found, strict=True))
    close = ratio < near.ratio
    value = float(close.mean()) if len(close) else 0.0
    threshold = max(NEAR_COPIES, share_by_chance(_CHANCE, max(len(close), 1)))
    strength = ", far more than independent rows have" if value > MANY_NEAR_COPIES else ""
    sentence = (
        f"{value:.1%} of the test rows have a near copy among the train rows of their fold{strength} (nearest within "
        f"{near.ratio:.2f} of the distance to neighbour {near.rank}; over {sampled(material, material.take(queries))} "
        f"and {len(material.folds)} folds)."
    )
    worst = np.flatnonzero(close)[np.argsort(ratio[close], kind="stable")][:EVIDENCE]
    ids = material.rows["sample_id"].to_numpy()
    evidence = [{"test row": ids[row[i]], "train row": ids[copy[i]], "ratio": round(ratio[i], 3)} for i in worst]
    return Finding("near_duplicates", "warn" if value > threshold else "pass", value, threshold, sentence, evidence)


@dataclass(frozen=True)
class Components:
    """Groups of near copies.

    Attributes:
        rows: positions of the rows that were looked at.
        group: component of each of them, numbered from 0.
    """

    rows: Integers
    group: Integers

    @property
    def tied(self) -> float:
        """Share of the rows that have a near copy in their component."""
        return float(self._several.mean())

    def labelled(self, label: npt.NDArray[np.int8]) -> bool:
        """Tell whether a component has a label, as a video has: most of the variance lies between components.

        Args:
            label: label of each row of the table.
        """
        tied = self._several
        return bool(tied.any()) and share_between(label[self.rows[tied]].astype(np.float64), self.group[tied]) > 0.5

    @property
    def _several(self) -> npt.NDArray[np.bool_]:
        return np.bincount(self.group)[self.group] > 1


def hidden_components(material: Material, near: Neighbourhood) -> Components:
    """Tie rows that are near copies of each other, both ways, into components.

    In a table of more than 6,000 rows, 400 rows and their near copies are looked at.
    """
    every = np.arange(len(near.points))
    links = min(_LINKS, near.rank)
    queries = every
    if len(every) > _LARGEST_TABLE:
        seeds = np.sort(material.random(3).choice(every, _SEEDS, replace=False))
        distance, position = nearest(near.points, seeds, every, near.rank)
        queries = np.union1d(seeds, position[:, :links][_close(distance, near, links)])
    distance, position = nearest(near.points, queries, every, near.rank)
    close = _close(distance, near, links)
    start, end = np.repeat(queries, links)[close.ravel()], position[:, :links][close]
    shape = (len(every), len(every))
    links_one_way = coo_array((np.ones(len(start), np.int8), (start, end)), shape=shape).tocsr()
    _, component = connected_components(links_one_way.multiply(links_one_way.T), directed=False)
    return Components(queries, by_first_appearance(component[queries]).astype(np.int64))


def hidden_groups(material: Material, components: Components) -> Finding:
    """Report groups of near copies in a table that names no group column."""
    sizes = np.bincount(components.group)
    value = components.tied
    threshold = max(NEAR_COPIES, share_by_chance(_CHANCE, len(components.group)))
    looked = len(components.rows)
    over = "" if looked == len(material.rows) else f", out of {len(material.rows)}: 400 rows and their near copies"
    sentence = (
        f"No group column is given; {value:.1%} of {looked} rows are near copies of others, and the rows form "
        f"{len(sizes)} groups of near copies, the largest of {sizes.max()} rows{over}."
    )
    if value > threshold:
        sentence += " Name the column that ties them in groups:."
    largest = [g for g in np.argsort(-sizes, kind="stable")[:EVIDENCE] if sizes[g] > 1]
    evidence = [_described(material, components.rows[components.group == g]) for g in largest]
    return Finding("hidden_groups", "warn" if value > threshold else "pass", value, threshold, sentence, evidence)


def nearest(points: Floats, queries: Integers, candidates: Integers, rank: int) -> tuple[Floats, Integers]:
    """Return distances to and positions of the nearest other rows, nearest first, each of shape (n_queries, rank).

    Args:
        points: shape (n, q).
        queries: positions of the rows that look for neighbours.
        candidates: positions of the rows that may be neighbours, more than ``rank``.
        rank: number of neighbours.
    """
    others = points[candidates]
    lengths = (others**2).sum(axis=1)
    chunk = max(1, _CELLS // len(candidates))
    distances, positions = [np.empty((0, rank))], [np.empty((0, rank), np.int64)]
    for begin in range(0, len(queries), chunk):
        asked = queries[begin : begin + chunk]
        squares = lengths - 2 * (points[asked] @ others.T)
        squares += (points[asked] ** 2).sum(axis=1)[:, None]
        squares[asked[:, None] == candidates] = np.inf
        first = np.argpartition(squares, rank - 1, axis=1)[:, :rank]
        order = np.argsort(np.take_along_axis(squares, first, axis=1), axis=1, kind="stable")
        first = np.take_along_axis(first, order, axis=1)
        kept = np.take_along_axis(squares, first, axis=1)
        # What is left of the distance between equal rows is rounding.
        distances.append(np.sqrt(np.where(kept < 1e-9, 0.0, kept)))
        positions.append(candidates[first])
    return np.concatenate(distances), np.concatenate(positions)


def _copies_in_train(
    material: Material, near: Neighbourhood, queries: Integers, fold: int
) -> tuple[Integers, Integers, Floats]:
    """Return the queried test rows of a fold, the nearest train row of each, and the ratio of the distances."""
    assignment = material.folds[fold]
    test = queries[assignment[queries] == 0]
    train = np.flatnonzero(assignment > 0)
    distance, position = nearest(near.points, test, train, min(near.rank, len(train) - 1))
    return test, position[:, 0], _ratios(distance)


def _ratios(distance: Floats) -> Floats:
    """Return nearest over farthest, 1 where all are equally near, shape (n,)."""
    far = distance[:, -1]
    return np.where(far > 0, distance[:, 0] / np.where(far > 0, far, 1.0), 1.0)


def _close(distance: Floats, near: Neighbourhood, links: int) -> Any:
    return distance[:, :links] < near.ratio * distance[:, -1:]


def _described(material: Material, rows: Integers) -> dict[str, Any]:
    ids = material.rows["sample_id"].to_numpy()
    examples = ", ".join(str(s) for s in ids[rows[:3]])
    return {"rows": len(rows), "positive": int(material.label[rows].sum()), "such as": examples}


def _normal_scores(matrix: FeatureMatrix, random: np.random.Generator) -> Floats:
    """Return every column as normal scores of its ranks, missing as 0, shape (n, q).

    A category becomes 16 columns with a random sign each, so that two categories are as far apart
    as two numbers drawn at random: sqrt(2).
    """
    widths = [_CODE_LENGTH if j in matrix.categorical else 1 for j in range(len(matrix.names))]
    points = np.zeros((len(matrix.values), sum(widths)))
    for j, (width, end) in enumerate(zip(widths, np.cumsum(widths), strict=True)):
        values = matrix.values[:, j].astype(np.float64)
        known = ~np.isnan(values)
        if j in matrix.categorical:
            codes = np.where(known, values, -1).astype(np.int64) + 1
            signs = random.choice([-1.0, 1.0], (int(codes.max()) + 1, _CODE_LENGTH))
            points[:, end - width : end] = signs[codes] / np.sqrt(_CODE_LENGTH)
        else:
            points[known, end - 1] = ndtri((rankdata(values[known]) - 0.5) / max(known.sum(), 1))
    return points


def _independent_rows(points: Floats, rows: int, random: np.random.Generator) -> Floats:
    """Draw rows with the correlations and the values of ``points``, but none a copy of another (Gaussian copula)."""
    count = len(points)
    scales, axes = np.linalg.eigh(points.T @ points / count)
    drawn: Floats = random.standard_normal((rows, points.shape[1])) @ (axes * np.sqrt(np.maximum(scales, 0))).T
    place = (rankdata(drawn, method="ordinal", axis=0).astype(np.int64) - 1) * count // rows
    # Column by column: sorted all at once, the table would stand in memory twice.
    for column, values in enumerate(points.T):
        drawn[:, column] = np.sort(values)[place[:, column]]
    return drawn
