"""The soft vote of the backends: a weighted mean of their scores, its weights from inner folds alone.

No test row has a part in a weight. The weights that score the test rows of an outer fold rest on the inner
out-of-fold scores of its train part; the ensemble's own inner out-of-fold scores, which its calibrator and its
threshold come from, are cross-fitted: those of an inner fold have weights that rest on the other inner folds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.optimize import nnls

from foldwise.io.files import read_table, write_json, write_table

Scores = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]

# Small beside what rows tell, but enough that of members which are alike each gets the same weight.
_RIDGE = 1e-8
_STEPS = 100
_SMALLEST_STEP = 1e-10

# Finer differences make no score better and rest on how a processor's linear algebra rounds.
_STEPS_OF_A_WEIGHT = 10**6
_SMALLEST_LIKELIHOOD = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Members:
    """The same n rows, scored by m backends.

    Attributes:
        rows: what the backends agree on, the columns of their tables but ``score``; n rows.
        scores: m times shape (n,), probabilities of class 1, in the order of the backends.
    """

    rows: pa.Table
    scores: tuple[Scores, ...]

    @property
    def label(self) -> Labels:
        """0 or 1, shape (n,)."""
        return np.asarray(self.rows.column("label").to_numpy(), np.int8)

    def column(self, name: str) -> npt.NDArray[np.int64]:
        """Return a column of whole numbers, shape (n,)."""
        return np.asarray(self.rows.column(name).to_numpy(), np.int64)

    def where(self, chosen: npt.NDArray[np.bool_]) -> "Members":
        """Return the rows that are chosen, shape (n,)."""
        return Members(self.rows.filter(pa.array(chosen)), tuple(score[chosen] for score in self.scores))

    def weights(self) -> Scores:
        """Return the weights, shape (m,), that suit these rows best."""
        return optimal_weights(np.stack(self.scores, axis=1), self.label)


def optimal_weights(score: Scores, label: Labels) -> Scores:
    """Return the weights whose weighted mean score has the least log-loss: none below 0, their sum 1.

    Log-loss is convex in the weights, and this is the likelihood of mixture proportions with known components: the
    sequential quadratic programming of Kim, Carbonetto, Stephens and Anitescu (2020), A fast algorithm for maximum
    likelihood estimation of mixture proportions, Journal of Computational and Graphical Statistics 29(2), 261-273,
    each step solved as non-negative least squares. Rows count alike, as in the log-loss that is reported and searched
    by, whatever weights the members were trained with.

    Args:
        score: shape (n, m), probabilities of class 1 from m members.
        label: shape (n,), 0 or 1.

    Returns:
        Shape (m,), in steps of a millionth: a processor whose linear algebra rounds otherwise gives the same bits.
        Members that are alike share their weight evenly.
    """
    likelihood = np.where(label[:, None] == 1, score, 1 - score).clip(_SMALLEST_LIKELIHOOD)
    weights = np.full(score.shape[1], 1 / score.shape[1])
    for _ in range(_STEPS):
        step = _newton_target(likelihood / (likelihood @ weights)[:, None]) - weights
        # The quadratic model can overshoot where the likelihood bends away from it.
        loss = _loss(likelihood, weights)
        while _loss(likelihood, weights + step) > loss and np.abs(step).max() > _SMALLEST_STEP:
            step /= 2
        weights = weights + step
        if np.abs(step).max() <= _SMALLEST_STEP:
            break
    steps = (weights / weights.sum() * _STEPS_OF_A_WEIGHT).round()
    return np.asarray(steps / steps.sum())


def _newton_target(ratio: Scores) -> Scores:
    """Return the weights, none below 0, that minimise the quadratic model of the loss.

    Args:
        ratio: shape (n, m), likelihood of each member over that of the mean.
    """
    rows, members = ratio.shape
    curvature = np.linalg.cholesky(ratio.T @ ratio / rows + _RIDGE * np.eye(members))
    found, _ = nnls(curvature.T, np.linalg.solve(curvature, 2 * ratio.mean(axis=0) - 1))
    return np.asarray(found, np.float64)


def _loss(likelihood: Scores, weights: Scores) -> float:
    """Return the log-loss and, in place of the condition on it, the sum of the weights: at the minimum it is 1."""
    return float(-np.log(likelihood @ weights).mean() + weights.sum() + _RIDGE / 2 * (weights @ weights))


def weighted_mean(scores: Sequence[Scores], weights: Sequence[float]) -> Scores:
    """Return the weighted mean of m scores of shape (n,), added up in their order: the same bits everywhere."""
    total = weights[0] * scores[0]
    for score, weight in zip(scores[1:], weights[1:], strict=True):
        total = total + weight * score
    return np.asarray(total)


def combine_backends(inputs: Mapping[str, Sequence[str]], backends: Sequence[str], outputs: Mapping[str, str]) -> None:
    """Write the ensemble's test and inner out-of-fold scores of every outer fold, and its weights.

    Args:
        inputs: for ``predictions`` and ``inner_predictions`` one path a backend, its folds below each other.
        backends: names in the order of the paths.
        outputs: paths of ``predictions`` and ``inner_predictions``, with the columns of a backend's, and of
            ``weights``: fold, inner_fold (0: for the test rows), backend, weight, n_rows that the weight rests on.
    """
    test, inner = (read_members(inputs[name]) for name in ("predictions", "inner_predictions"))
    test_fold, inner_fold = test.column("fold"), inner.column("fold")
    score, inner_score = (np.full(members.rows.num_rows, np.nan) for members in (test, inner))
    lines: list[dict[str, Any]] = []
    for fold in np.unique(inner_fold):
        train = inner.where(inner_fold == fold)
        inner_score[inner_fold == fold], cross_fitted = cross_fit(train, backends)
        weights = train.weights()
        score[test_fold == fold] = weighted_mean(test.where(test_fold == fold).scores, weights.tolist())
        whole = {"inner_fold": 0, "weights": _named(backends, weights), "n_rows": train.rows.num_rows}
        lines += [
            {"fold": fold, "inner_fold": entry["inner_fold"], "backend": b, "weight": w, "n_rows": entry["n_rows"]}
            for entry in (whole, *cross_fitted)
            for b, w in entry["weights"].items()
        ]
        print(f"fold {fold}: {_spoken(whole)}")
    _write_scores(outputs["predictions"], test, score)
    _write_scores(outputs["inner_predictions"], inner, inner_score)
    kinds = {"fold": pa.int16(), "inner_fold": pa.int16(), "backend": pa.string(), "weight": pa.float64()}
    write_table(outputs["weights"], pa.Table.from_pylist(lines, pa.schema([*kinds.items(), ("n_rows", pa.int64())])))


def combine_final(inner_predictions: Sequence[str], backends: Sequence[str], outputs: Mapping[str, str]) -> None:
    """Write the weights that the final models vote with, and the ensemble's inner out-of-fold scores over all groups.

    Args:
        inner_predictions: one path a backend, of its final fit.
        backends: names in the order of the paths.
        outputs: paths of ``inner_predictions``, with the columns of a backend's, and of ``params``: ``weights``,
            ``n_rows`` that they rest on, and ``cross_fitted``, the same of each inner fold.
    """
    members = read_members(inner_predictions)
    score, cross_fitted = cross_fit(members, backends)
    final = {"weights": _named(backends, members.weights()), "n_rows": members.rows.num_rows}
    _write_scores(outputs["inner_predictions"], members, score)
    write_json(outputs["params"], {**final, "cross_fitted": cross_fitted})
    print(f"final: {_spoken(final)}")


def cross_fit(members: Members, backends: Sequence[str]) -> tuple[Scores, list[dict[str, Any]]]:
    """Score every row with weights that rest on the other inner folds.

    The members' scores of those folds come from models that have seen the row's group, as always with inner folds;
    the row itself has no part in its weights.

    Args:
        members: the inner out-of-fold scores of one train part, with ``inner_fold``.
        backends: names in the order of the members.

    Returns:
        The scores, shape (n,), and for each inner fold ``inner_fold``, ``weights`` by backend and ``n_rows``.
    """
    part = members.column("inner_fold")
    score = np.full(len(part), np.nan)
    found: list[dict[str, Any]] = []
    for fold in np.unique(part):
        others = members.where(part != fold)
        weights = others.weights()
        score[part == fold] = weighted_mean(members.where(part == fold).scores, weights.tolist())
        found.append(
            {"inner_fold": int(fold), "weights": _named(backends, weights), "n_rows": others.rows.num_rows},
        )
    return score, found


def read_members(paths: Sequence[str]) -> Members:
    """Read the scores of the backends, one path each.

    Raises:
        ValueError: when they are not of the same rows.
    """
    tables = [read_table(path) for path in paths]
    rows = [table.drop_columns(["score"]) for table in tables]
    for path, other in zip(paths, rows, strict=True):
        if not other.equals(rows[0]):
            raise ValueError(f"{path}: these are not the rows of {paths[0]}")
    return Members(rows[0], tuple(np.asarray(table.column("score").to_numpy(), np.float64) for table in tables))


def _write_scores(path: str, members: Members, score: Scores) -> None:
    write_table(path, members.rows.append_column("score", pa.array(score)))


def _named(backends: Sequence[str], weights: Scores) -> dict[str, float]:
    return dict(zip(backends, weights.tolist(), strict=True))


def _spoken(entry: Mapping[str, Any]) -> str:
    return ", ".join(f"{b} {w:.3f}" for b, w in entry["weights"].items()) + f" from {entry['n_rows']} rows"
