"""The vote of the backends: the weights with the least log-loss, and none that has seen what it scores."""

import os
import subprocess
import sys
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pytest
from foldwise.io.files import read_json, read_table, write_table
from foldwise.stats.metrics import log_loss
from foldwise.training.ensemble import combine_backends, combine_final, optimal_weights, weighted_mean
from scipy.optimize import minimize

BACKENDS = ["xgboost", "lightgbm", "catboost"]
FOLDS, INNER, ROWS = 2, 3, 240
Arrays = npt.NDArray[np.float64]


def members(seed: int, strengths: tuple[float, ...] = (1.2, 0.9, 0.5), rows: int = ROWS) -> tuple[Arrays, Any]:
    """Return scores of members that see more or less of the truth, shape (rows, m), and labels."""
    random = np.random.default_rng(seed)
    label = (np.arange(rows) % 2).astype(np.int8)
    odds = [s * (label - 0.5) * 2 + random.normal(size=rows) for s in strengths]
    return np.stack([1 / (1 + np.exp(-o)) for o in odds], axis=1), label


@pytest.mark.parametrize("seed", range(5))
def test_no_other_weights_have_a_smaller_log_loss(seed: int) -> None:
    score, label = members(seed)
    weights = optimal_weights(score, label)
    assert weights.sum() == pytest.approx(1, abs=1e-15)
    assert (weights >= 0).all()
    found = minimize(
        lambda w: log_loss(label, score @ w),
        np.full(3, 1 / 3),
        method="SLSQP",
        bounds=[(0, 1)] * 3,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
        options={"ftol": 1e-14, "maxiter": 500},
    )
    assert log_loss(label, score @ weights) <= found.fun + 1e-12
    assert weights == pytest.approx(found.x, abs=1e-4)


def test_of_two_constant_members_the_weights_make_the_share_of_positives() -> None:
    # 0.9 w + 0.2 (1 - w) is to be the share of positives, 0.41.
    label = np.repeat([1, 0], [41, 59]).astype(np.int8)
    score = np.tile([0.9, 0.2], (100, 1))
    assert optimal_weights(score, label) == pytest.approx([0.3, 0.7], abs=1e-6)


def test_a_member_that_knows_nothing_has_no_weight() -> None:
    score, label = members(0, (2.0,))
    against = 1 - score
    assert optimal_weights(np.hstack([score, against]), label).tolist() == [1.0, 0.0]


def test_one_member_has_all_the_weight() -> None:
    score, label = members(0, (1.0,))
    assert optimal_weights(score, label).tolist() == [1.0]


def test_the_order_of_the_members_does_not_matter() -> None:
    score, label = members(1)
    weights = optimal_weights(score, label)
    for order in permutations(range(3)):
        assert optimal_weights(score[:, order], label) == pytest.approx(weights[list(order)], abs=1e-6)


def test_members_that_are_alike_share_their_weight() -> None:
    score, label = members(2, (1.0, 0.8))
    twice = optimal_weights(score[:, [0, 0, 1]], label)
    once = optimal_weights(score, label)
    assert twice[0] == pytest.approx(twice[1], abs=1e-6)
    assert twice[0] + twice[1] == pytest.approx(once[0], abs=1e-4)
    assert optimal_weights(score[:, [0, 0, 0]], label) == pytest.approx(np.full(3, 1 / 3), abs=1e-6)


@pytest.mark.parametrize("seed", range(10))
def test_the_last_bits_of_the_scores_do_not_move_the_weights(seed: int) -> None:
    score, label = members(seed, (1.2, 1.1, 1.0), rows=2000)
    shaken = score * (1 + np.random.default_rng(seed).integers(-4, 5, score.shape) * np.finfo(float).eps)
    assert optimal_weights(shaken, label).tolist() == optimal_weights(score, label).tolist()


def test_the_linear_algebra_of_another_processor_gives_the_same_weights() -> None:
    code = (
        "from test_ensemble import members; from foldwise.training.ensemble import optimal_weights;"
        "print([optimal_weights(*members(seed, rows=3001)).tolist() for seed in range(10)])"
    )
    surroundings = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    found = []
    for kernels in ({}, {"OPENBLAS_CORETYPE": "Prescott"}):
        done = subprocess.run(
            [sys.executable, "-c", code], env={**surroundings, **kernels}, capture_output=True, check=True
        )
        found.append(done.stdout)
    assert found[0] == found[1]


def test_scores_of_0_and_1_that_are_wrong_are_no_trouble() -> None:
    label = np.array([0, 1, 0, 1], np.int8)
    wrong, fair = 1.0 - label, np.full(4, 0.5)
    assert optimal_weights(np.stack([wrong, fair], axis=1), label) == pytest.approx([0, 1], abs=1e-6)
    assert optimal_weights(np.stack([wrong, wrong], axis=1), label) == pytest.approx([0.5, 0.5])


class Run:
    """The files of three backends on two outer folds, changed by a test and combined."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.inner, self.test = [], []
        for place in range(3):
            inner, test = [], []
            for fold in range(1, FOLDS + 1):
                score, label = members(10 * fold)
                rows = {"sample_id": [f"v{n:03d}" for n in range(ROWS)], "label": label, "score": score[:, place]}
                whole = pd.DataFrame(rows).assign(fold=np.int16(fold))
                inner.append(whole[60:].assign(inner_fold=(np.arange(60, ROWS) % INNER + 1).astype(np.int16)))
                test.append(whole[:60])
            self.inner.append(pd.concat(inner)[["fold", "sample_id", "label", "inner_fold", "score"]])
            self.test.append(pd.concat(test)[["fold", "sample_id", "label", "score"]])

    def combine(self) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        """Return test scores, inner scores and weights."""
        inputs = {
            name: [self._write(f"{backend}_{name}", frame) for backend, frame in zip(BACKENDS, frames, strict=True)]
            for name, frames in (("predictions", self.test), ("inner_predictions", self.inner))
        }
        names = ("predictions", "inner_predictions", "weights")
        outputs = {name: str(self.folder / f"{name}.parquet") for name in names}
        combine_backends(inputs, BACKENDS, outputs)
        predictions, inner, weights = (read_table(outputs[name]).to_pandas() for name in names)
        return predictions, inner, weights

    def combine_final(self) -> tuple[pd.DataFrame, dict[str, Any]]:
        """Return the inner scores and the weights of a final fit on the rows of fold 1."""
        frames = [frame[frame["fold"] == 1].drop(columns="fold") for frame in self.inner]
        inputs = [self._write(f"{b}_final", frame) for b, frame in zip(BACKENDS, frames, strict=True)]
        outputs = {"inner_predictions": str(self.folder / "final.parquet"), "params": str(self.folder / "final.json")}
        combine_final(inputs, BACKENDS, outputs)
        return read_table(outputs["inner_predictions"]).to_pandas(), read_json(outputs["params"])

    def _write(self, name: str, frame: pd.DataFrame) -> str:
        path = str(self.folder / f"{name}.parquet")
        write_table(path, pa.Table.from_pandas(frame, preserve_index=False))
        return path


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


def weights_of(weights: pd.DataFrame, fold: int, inner_fold: int) -> list[float]:
    chosen = weights[(weights["fold"] == fold) & (weights["inner_fold"] == inner_fold)]
    assert chosen["backend"].tolist() == BACKENDS
    found: list[float] = chosen["weight"].tolist()
    return found


def test_every_score_is_the_weighted_mean_bit_for_bit(run: Run) -> None:
    predictions, inner, weights = run.combine()
    assert predictions.columns.tolist() == run.test[0].columns.tolist()
    assert inner.columns.tolist() == run.inner[0].columns.tolist()
    for table, members_of, parts in ((predictions, run.test, [0]), (inner, run.inner, [1, 2, 3])):
        part = np.zeros(len(table), int) if parts == [0] else table["inner_fold"].to_numpy()
        for fold in range(1, FOLDS + 1):
            for number in parts:
                here = (table["fold"].to_numpy() == fold) & (part == number)
                a, b, c = weights_of(weights, fold, number)
                x, y, z = (m["score"].to_numpy()[here] for m in members_of)
                assert table["score"].to_numpy()[here].tobytes() == (a * x + b * y + c * z).tobytes()


def test_weights_rest_on_the_inner_rows_that_they_name(run: Run) -> None:
    _, _, weights = run.combine()
    for fold in (1, 2):
        rows = [frame[frame["fold"] == fold] for frame in run.inner]
        for number in range(INNER + 1):
            used = (rows[0]["inner_fold"] != number).to_numpy()
            score = np.stack([r["score"].to_numpy()[used] for r in rows], axis=1)
            expected = optimal_weights(score, rows[0]["label"].to_numpy()[used])
            assert weights_of(weights, fold, number) == expected.tolist()
            assert set(weights[(weights["fold"] == fold) & (weights["inner_fold"] == number)]["n_rows"]) == {used.sum()}


def test_nothing_of_the_test_rows_reaches_a_weight(run: Run) -> None:
    _, inner, weights = run.combine()
    random = np.random.default_rng(9)
    for frame in run.test:
        frame["score"] = random.random(len(frame))
        frame["label"] = 1 - frame["label"]
    predictions, inner_again, weights_again = run.combine()
    pd.testing.assert_frame_equal(weights_again, weights)
    pd.testing.assert_frame_equal(inner_again, inner)
    assert predictions["label"].tolist() == run.test[0]["label"].tolist()


def test_nothing_of_an_inner_fold_reaches_the_weights_that_score_it(run: Run) -> None:
    _, _, weights = run.combine()
    for frame in run.inner:
        hidden = (frame["inner_fold"] == 2) & (frame["fold"] == 1)
        frame.loc[hidden, "score"] = 1 - frame.loc[hidden, "score"]
    _, _, again = run.combine()
    assert weights_of(again, 1, 2) == weights_of(weights, 1, 2)
    for number in (0, 1, 3):
        assert weights_of(again, 1, number) != weights_of(weights, 1, number)
        assert weights_of(again, 2, number) == weights_of(weights, 2, number)


def test_the_final_weights_rest_on_all_inner_rows_and_its_scores_are_cross_fitted(run: Run) -> None:
    scored, params = run.combine_final()
    _, inner, weights = run.combine()
    first = inner[inner["fold"] == 1].drop(columns="fold").reset_index(drop=True)
    pd.testing.assert_frame_equal(scored, first)
    assert list(params["weights"].values()) == weights_of(weights, 1, 0)
    assert list(params["weights"]) == BACKENDS
    assert params["n_rows"] == len(scored)
    for number, entry in enumerate(params["cross_fitted"], start=1):
        assert entry["inner_fold"] == number
        assert list(entry["weights"].values()) == weights_of(weights, 1, number)


def test_backends_that_scored_other_rows_are_not_combined(run: Run) -> None:
    run.test[1] = run.test[1].iloc[::-1]
    with pytest.raises(ValueError, match=r"lightgbm_predictions.*these are not the rows of .*xgboost_predictions"):
        run.combine()


def test_the_sum_is_taken_in_the_order_of_the_members() -> None:
    scores = [np.array([0.1]), np.array([0.2]), np.array([0.3])]
    assert weighted_mean(scores, [0.2, 0.3, 0.5])[0] == 0.2 * 0.1 + 0.3 * 0.2 + 0.5 * 0.3
