"""The ensemble combines the backends' predictions with weights that no test row has influenced."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from foldwise.io.files import read_json, read_table, write_table
from foldwise.results.training_records import EnsembleParams
from foldwise.stats.ensemble_weights import estimate_weights
from foldwise.training.ensemble import combine_backends, combine_final

BACKENDS = ["xgboost", "lightgbm", "catboost"]
FOLDS, INNER, ROWS = 2, 3, 240


class Run:
    """The tables of three backends on two outer folds, edited by a test and combined."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.inner, self.test = [], []
        self.group = (np.arange(ROWS) // 2).astype(np.int32)
        for strength in (1.2, 0.9, 0.5):
            inner, test = [], []
            for fold in range(1, FOLDS + 1):
                label = (np.arange(ROWS) % 2).astype(np.int8)
                noise = np.random.default_rng([fold, int(10 * strength)]).normal(size=ROWS)
                score = 1 / (1 + np.exp(-(strength * (2 * label - 1) + noise)))
                rows = pd.DataFrame({"sample_id": [f"v{n:03d}" for n in range(ROWS)], "label": label, "score": score})
                rows["fold"] = np.int16(fold)
                numbers = np.arange(60, ROWS)
                inner_fold, group = (numbers % INNER + 1).astype(np.int16), self.group[60:]
                inner.append(rows[60:].assign(inner_fold=inner_fold, group=group))
                test.append(rows[:60])
            self.inner.append(pd.concat(inner)[["fold", "sample_id", "group", "label", "inner_fold", "score"]])
            self.test.append(pd.concat(test)[["fold", "sample_id", "label", "score"]])

    def combine(self) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        """Return the test predictions, the inner predictions and the weights."""
        outputs = {name: str(self.folder / f"{name}.parquet") for name in ("predictions", "inner", "weights")}
        combine_backends(
            predictions=self._write_all("predictions", self.test),
            inner_predictions=self._write_all("inner_predictions", self.inner),
            backends=BACKENDS,
            predictions_output=outputs["predictions"],
            inner_predictions_output=outputs["inner"],
            weights_output=outputs["weights"],
        )
        predictions, inner, weights = (read_table(path).to_pandas() for path in outputs.values())
        return predictions, inner, weights

    def combine_final(self) -> tuple[pd.DataFrame, EnsembleParams]:
        """Return the inner predictions and the weights of a final fit on the rows of fold 1."""
        frames = [frame[frame["fold"] == 1].drop(columns="fold") for frame in self.inner]
        inner, params = str(self.folder / "final.parquet"), str(self.folder / "final.json")
        combine_final(
            inner_predictions=self._write_all("final", frames),
            backends=BACKENDS,
            inner_predictions_output=inner,
            params_output=params,
        )
        return read_table(inner).to_pandas(), EnsembleParams.from_json(read_json(params))

    def _write_all(self, name: str, frames: list[pd.DataFrame]) -> list[str]:
        paths = [str(self.folder / f"{backend}_{name}.parquet") for backend in BACKENDS]
        for path, frame in zip(paths, frames, strict=True):
            write_table(path, pa.Table.from_pandas(frame, preserve_index=False))
        return paths


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


def weights_of(weights: pd.DataFrame, fold: int) -> list[float]:
    chosen = weights[weights["fold"] == fold]
    assert chosen["backend"].tolist() == [*BACKENDS, "constant"]
    return list(chosen["weight"])


def test_every_prediction_is_the_weighted_mean_bit_for_bit(run: Run) -> None:
    predictions, inner, weights = run.combine()
    assert predictions.columns.tolist() == run.test[0].columns.tolist()
    assert inner.columns.tolist() == run.inner[0].columns.tolist()
    for table, of_backends in ((predictions, run.test), (inner, run.inner)):
        for fold in range(1, FOLDS + 1):
            here = table["fold"].to_numpy() == fold
            a, b, c, constant = weights_of(weights, fold)
            start = constant * run.inner[0]["label"][run.inner[0]["fold"] == fold].mean()
            x, y, z = (m["score"].to_numpy()[here] for m in of_backends)
            assert table["score"].to_numpy()[here].tobytes() == (start + a * x + b * y + c * z).tobytes()


def test_weights_are_estimated_on_the_inner_predictions_of_the_fold(run: Run) -> None:
    _, _, weights = run.combine()
    for fold in (1, 2):
        rows = [frame[frame["fold"] == fold] for frame in run.inner]
        score = np.stack([r["score"].to_numpy() for r in rows], axis=1)
        expected = estimate_weights(score, rows[0]["label"].to_numpy(), run.group[60:])
        assert weights_of(weights, fold) == [*expected.models.tolist(), expected.constant]
        assert set(weights[weights["fold"] == fold]["n_rows"]) == {len(score)}


def test_test_rows_do_not_influence_any_weight(run: Run) -> None:
    _, inner, weights = run.combine()
    random = np.random.default_rng(9)
    for frame in run.test:
        frame["score"] = random.random(len(frame))
        frame["label"] = 1 - frame["label"]
    predictions, inner_again, weights_again = run.combine()
    pd.testing.assert_frame_equal(weights_again, weights)
    pd.testing.assert_frame_equal(inner_again, inner)
    assert predictions["label"].tolist() == run.test[0]["label"].tolist()


def test_final_weights_use_all_inner_rows_for_the_final_inner_predictions_too(run: Run) -> None:
    scored, params = run.combine_final()
    _, inner, weights = run.combine()
    first = inner[inner["fold"] == 1].drop(columns="fold").reset_index(drop=True)
    pd.testing.assert_frame_equal(scored, first)
    assert list(params.weights.values()) == weights_of(weights, 1)
    assert list(params.weights) == [*BACKENDS, "constant"]
    assert params.prevalence == scored["label"].mean()
    assert params.n_rows == len(scored)


def test_predictions_for_different_rows_are_not_combined(run: Run) -> None:
    run.test[1] = run.test[1].iloc[::-1]
    with pytest.raises(ValueError, match=r"lightgbm_predictions.*its rows are not those of .*xgboost_predictions"):
        run.combine()
