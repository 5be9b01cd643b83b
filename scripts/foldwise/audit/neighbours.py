"""Near copies: rows far closer to each other than independent rows with the same columns."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.special import ndtri
from scipy.stats import rankdata

from foldwise.audit.data import AuditData, Floats, Integers, share_between
from foldwise.audit.findings import EVIDENCE, Check, Finding
from foldwise.audit.sampling import sample_groups, sampled, share_by_chance
from foldwise.data.feature_matrix import FeatureMatrix
from foldwise.errors import counted
from foldwise.folds.groups import by_first_appearance

NEAR_COPIES, MANY_NEAR_COPIES = 0.05, 0.2
_RATIO = 0.5
_FAR = 30
_CHANCE = 0.02

# Nearest neighbours that may tie a row to its group: a video has about ten augmented copies.
_LINKS = 10
_LARGEST_TABLE = 6000
_QUERIES = 2000
_SEEDS = 400
_SURROGATES = 2000
_CODE_LENGTH = 16
_CELLS = 5_000_000

NEAR_DUPLICATES = Check(
    "near_duplicates",
    title="Near copies in train and test",
    meaning="Models are tested on rows that nearly equal rows of their train part, so the metrics may be too high.",
    what_to_do="Add the column that ties the copies together to groups:, or remove the copies.",
)
HIDDEN_GROUPS = Check(
    "hidden_groups",
    title="Near copies that form groups",
    meaning="The rows come in groups that the folds do not keep together, so the metrics may be too high.",
    what_to_do="Add the column that ties the copies together to groups:.",
)


@dataclass(frozen=True)
class Neighbourhood:
    """The rows as points, and how close two of them must be to count as near copies.

    Attributes:
        points: shape (n, q), every column with a standard normal spread.
        rank: the distance of a neighbour is compared with that of the neighbour of this rank.
        ratio: largest ratio of the two distances for a near copy: 0.5, or less where 2 % of
            independent rows with these columns are closer.
    """

    points: Floats
    rank: int
    ratio: float

    @classmethod
    def of(cls, data: AuditData) -> "Neighbourhood":
        """Turn rows into points, and measure how close independent rows would be."""
        random = data.random(1)
        points = _normal_scores(data.features, random)
        # In a small table the 30th neighbour is as far away as any row, and everything would seem near.
        rank = min(_FAR, max(5, len(points) // 10), len(points) - 2)
        surrogate = _independent_rows(points, min(len(points), _SURROGATES), random)
        every = np.arange(len(surrogate))
        distance, _ = nearest(surrogate, every, every, rank)
        return cls(points, rank, min(_RATIO, float(np.quantile(_ratios(distance), _CHANCE))))


def near_duplicates(data: AuditData, near: Neighbourhood) -> Finding:
    """Measure how many test rows have a near copy among the train rows of their fold."""
    queries = np.arange(len(near.points))
    if len(queries) > _LARGEST_TABLE:
        queries = sample_groups(data.group, _QUERIES, data.random(2))
    nearest_of_fold = [_nearest_train_rows(data, near, queries, fold) for fold in data.outer_folds]
    row, copy, ratio = (np.concatenate(column) for column in zip(*nearest_of_fold, strict=True))
    close = ratio < near.ratio
    value = float(close.mean()) if len(close) else 0.0
    threshold = max(NEAR_COPIES, share_by_chance(_CHANCE, max(len(close), 1)))
    strength = ", far more than independent rows have" if value > MANY_NEAR_COPIES else ""
    sentence = (
        f"{value:.1%} of the test rows have a near copy among the train rows of their fold{strength} (distance to the "
        f"nearest row below {near.ratio:.2f} of that to neighbour {near.rank}; computed on "
        f"{sampled(data, data.take(queries))} and {len(data.outer_folds)} folds)."
    )
    worst = np.flatnonzero(close)[np.argsort(ratio[close], kind="stable")][:EVIDENCE]
    ids = data.rows["sample_id"].to_numpy()
    evidence = [{"test row": ids[row[i]], "train row": ids[copy[i]], "ratio": round(ratio[i], 3)} for i in worst]
    return NEAR_DUPLICATES.judged(value, threshold, sentence, evidence)


@dataclass(frozen=True)
class Components:
    """Groups of near copies.

    Attributes:
        rows: positions of the rows that were compared.
        group: component of each of them, numbered from 0.
    """

    rows: Integers
    group: Integers

    @property
    def tied(self) -> float:
        """Share of the rows that have a near copy in their component."""
        return float(self._several.mean())

    def labelled(self, label: npt.NDArray[np.int8]) -> bool:
        """Return whether components have labels, as videos do: most of the variance of the label is between components.

        Args:
            label: label of each row of the table.
        """
        tied = self._several
        return bool(tied.any()) and share_between(label[self.rows[tied]].astype(np.float64), self.group[tied]) > 0.5

    @property
    def _several(self) -> npt.NDArray[np.bool_]:
        return np.bincount(self.group)[self.group] > 1


def hidden_components(data: AuditData, near: Neighbourhood) -> Components:
    """Join rows that are near copies of each other, in both directions, into components.

    Of a table with more than 6,000 rows, 400 rows and their near copies are compared.
    """
    every = np.arange(len(near.points))
    links = min(_LINKS, near.rank)
    queries = every
    if len(every) > _LARGEST_TABLE:
        seeds = np.sort(data.random(3).choice(every, _SEEDS, replace=False))
        distance, position = nearest(near.points, seeds, every, near.rank)
        queries = np.union1d(seeds, position[:, :links][_close(distance, near, links)])
    distance, position = nearest(near.points, queries, every, near.rank)
    close = _close(distance, near, links)
    start, end = np.repeat(queries, links)[close.ravel()], position[:, :links][close]
    shape = (len(every), len(every))
    links_one_way = coo_array((np.ones(len(start), np.int8), (start, end)), shape=shape).tocsr()
    _, component = connected_components(links_one_way.multiply(links_one_way.T), directed=False)
    return Components(queries, by_first_appearance(component[queries]).astype(np.int64))


def hidden_groups(data: AuditData, components: Components) -> Finding:
    """Report groups of near copies in a table that names no group column."""
    sizes = np.bincount(components.group)
    value = components.tied
    threshold = max(NEAR_COPIES, share_by_chance(_CHANCE, len(components.group)))
    compared = len(components.rows)
    sample = "" if compared == len(data.rows) else f" (400 rows and their near copies, out of {len(data.rows)} rows)"
    sentence = (
        f"No group column is configured; {value:.1%} of {compared} rows are near copies of others, and the rows form "
        f"{len(sizes)} groups of near copies, the largest with {counted(sizes.max(), 'row')}{sample}."
    )
    largest = [g for g in np.argsort(-sizes, kind="stable")[:EVIDENCE] if sizes[g] > 1]
    evidence = [_described(data, components.rows[components.group == g]) for g in largest]
    return HIDDEN_GROUPS.judged(value, threshold, sentence, evidence)


def nearest(points: Floats, queries: Integers, candidates: Integers, rank: int) -> tuple[Floats, Integers]:
    """Return distances to and positions of the nearest other rows, nearest first, each of shape (n_queries, rank).

    Args:
        points: shape (n, q).
        queries: positions of the rows whose neighbours are searched.
        candidates: positions of the rows that may be neighbours, more than ``rank``.
        rank: number of neighbours.
    """
    others = points[candidates]
    lengths = (others**2).sum(axis=1)
    chunk = max(1, _CELLS // len(candidates))
    distances, positions = [np.empty((0, rank))], [np.empty((0, rank), np.int64)]
    for begin in range(0, len(queries), chunk):
        rows = queries[begin : begin + chunk]
        squares = lengths - 2 * (points[rows] @ others.T)
        squares += (points[rows] ** 2).sum(axis=1)[:, None]
        squares[rows[:, None] == candidates] = np.inf
        first = np.argpartition(squares, rank - 1, axis=1)[:, :rank]
        order = np.argsort(np.take_along_axis(squares, first, axis=1), axis=1, kind="stable")
        first = np.take_along_axis(first, order, axis=1)
        kept = np.take_along_axis(squares, first, axis=1)
        # The distance between equal rows is rounding error.
        distances.append(np.sqrt(np.where(kept < 1e-9, 0.0, kept)))
        positions.append(candidates[first])
    return np.concatenate(distances), np.concatenate(positions)


def _nearest_train_rows(
    data: AuditData, near: Neighbourhood, queries: Integers, fold: int
) -> tuple[Integers, Integers, Floats]:
    """Return the test rows of a fold among the queries, the nearest train row of each, and the distance ratio."""
    test = queries[data.folds.is_test(fold)[queries]]
    train = np.flatnonzero(data.folds.is_train(fold))
    distance, position = nearest(near.points, test, train, min(near.rank, len(train) - 1))
    return test, position[:, 0], _ratios(distance)


def _ratios(distance: Floats) -> Floats:
    """Return the smallest over the largest distance, 1 where all are 0, shape (n,)."""
    far = distance[:, -1]
    return np.where(far > 0, distance[:, 0] / np.where(far > 0, far, 1.0), 1.0)


def _close(distance: Floats, near: Neighbourhood, links: int) -> Any:
    return distance[:, :links] < near.ratio * distance[:, -1:]


def _described(data: AuditData, rows: Integers) -> dict[str, Any]:
    ids = data.rows["sample_id"].to_numpy()
    examples = ", ".join(str(s) for s in ids[rows[:3]])
    return {"rows": len(rows), "positive": int(data.label[rows].sum()), "such as": examples}


def _normal_scores(features: FeatureMatrix, random: np.random.Generator) -> Floats:
    """Return every column as normal scores of its ranks, missing as 0, shape (n, q).

    A category becomes 16 columns with a random sign each, so that the distance of two categories is that of two
    random numbers: sqrt(2).
    """
    widths = [_CODE_LENGTH if j in features.categorical else 1 for j in range(len(features.names))]
    points = np.zeros((len(features.values), sum(widths)))
    for j, (width, end) in enumerate(zip(widths, np.cumsum(widths), strict=True)):
        values = features.values[:, j].astype(np.float64)
        present = ~np.isnan(values)
        if j in features.categorical:
            codes = np.where(present, values, -1).astype(np.int64) + 1
            signs = random.choice([-1.0, 1.0], (int(codes.max()) + 1, _CODE_LENGTH))
            points[:, end - width : end] = signs[codes] / np.sqrt(_CODE_LENGTH)
        else:
            points[present, end - 1] = ndtri((rankdata(values[present]) - 0.5) / max(present.sum(), 1))
    return points


def _independent_rows(points: Floats, rows: int, random: np.random.Generator) -> Floats:
    """Draw independent rows with the correlations and the values of ``points`` (Gaussian copula)."""
    count = len(points)
    scales, axes = np.linalg.eigh(points.T @ points / count)
    drawn: Floats = random.standard_normal((rows, points.shape[1])) @ (axes * np.sqrt(np.maximum(scales, 0))).T
    position = (rankdata(drawn, method="ordinal", axis=0).astype(np.int64) - 1) * count // rows
    # Column by column: sorting all at once would take the table's memory twice.
    for column, values in enumerate(points.T):
        drawn[:, column] = np.sort(values)[position[:, column]]
    return drawn
