"""Draws of whole groups have the metrics of the drawn rows, as a plain loop over them computes."""

import numpy as np
import pytest
from foldwise.stats import bootstrap
from foldwise.stats.bootstrap import group_bootstrap, pooled_metrics, resampled_metrics
from sklearn import metrics as measures

METRICS = ["auc", "ap", "f1", "accuracy", "precision", "recall", "log_loss", "brier"]


def small(rows: int = 90, groups: int = 14, decimals: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw labels, predictions with many ties, and groups of unequal size that may have rows of both classes."""
    random = np.random.default_rng(4)
    group = random.integers(0, groups, rows)
    label = (random.random(rows) < 0.2 + 0.5 * (group % 2)).astype(np.int8)
    prediction = np.clip(0.5 + 0.1 * (label - 0.5) + 0.2 * random.normal(size=rows), 0.01, 0.99).round(decimals)
    return label, prediction, group


def _by_scikit_learn(label: np.ndarray, prediction: np.ndarray, weight: np.ndarray) -> dict[str, float]:
    called, by = prediction >= 0.5, {"sample_weight": weight}
    return {
        "auc": measures.roc_auc_score(label, prediction, **by),
        "ap": measures.average_precision_score(label, prediction, **by),
        "f1": measures.f1_score(label, called, **by),
        "accuracy": measures.accuracy_score(label, called, **by),
        "precision": measures.precision_score(label, called, zero_division=0, **by),
        "recall": measures.recall_score(label, called, zero_division=0, **by),
        "log_loss": measures.log_loss(label, prediction, labels=[0, 1], **by),
        "brier": measures.brier_score_loss(label, prediction, **by),
    }


def _naive(
    label: np.ndarray, prediction: np.ndarray, group: np.ndarray, draws: int, seed: int
) -> list[dict[str, float]]:
    random, names = np.random.default_rng(seed), np.unique(group)
    metrics = []
    for _ in range(draws):
        drawn = names[random.integers(0, len(names), len(names))]
        rows = np.concatenate([np.flatnonzero(group == g) for g in drawn])
        metrics.append(_by_scikit_learn(label[rows], prediction[rows], np.ones(len(rows))))
    return metrics


@pytest.mark.parametrize("decimals", [1, 9], ids=["ties", "no ties"])
@pytest.mark.parametrize("metric", METRICS)
def test_draws_equal_those_of_a_plain_loop_over_drawn_rows(metric: str, decimals: int) -> None:
    label, prediction, group = small(decimals=decimals)
    expected = [drawn[metric] for drawn in _naive(label, prediction, group, draws=25, seed=7)]
    assert resampled_metrics(label, prediction, group, draws=25, seed=7)[metric] == pytest.approx(expected)


@pytest.mark.parametrize("metric", METRICS)
def test_the_estimate_is_the_metric_of_all_rows(metric: str) -> None:
    label, prediction, group = small()
    expected = _by_scikit_learn(label, prediction, np.ones(len(label)))[metric]
    assert pooled_metrics(label, prediction)[metric] == pytest.approx(expected)
    assert group_bootstrap(label, prediction, group, 0.95, draws=20)[metric].estimate == pytest.approx(expected)


def test_an_interval_is_made_of_percentiles_of_the_draws() -> None:
    label, prediction, group = small()
    values = resampled_metrics(label, prediction, group, 200, bootstrap.SEED)["auc"]
    interval = group_bootstrap(label, prediction, group, 0.9, draws=200)["auc"]
    assert (interval.low, interval.high) == pytest.approx(tuple(np.quantile(values, [0.05, 0.95])))
    assert interval.se == pytest.approx(values.std(ddof=1))
    assert (interval.confidence, interval.n_draws) == (0.9, 200)


def test_a_seed_decides_the_draws_and_the_size_of_a_chunk_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    label, prediction, group = small()
    first = resampled_metrics(label, prediction, group, 50, seed=1)
    monkeypatch.setattr(bootstrap, "_CELLS", 7 * len(label))
    again, other = (resampled_metrics(label, prediction, group, 50, seed=seed) for seed in (1, 2))
    for metric in METRICS:
        assert first[metric].tolist() == again[metric].tolist()
        assert first[metric].tolist() != other[metric].tolist()


def test_copies_of_rows_inside_their_groups_change_nothing() -> None:
    label, prediction, group = small()
    once = group_bootstrap(label, prediction, group, 0.95, draws=100)["auc"]
    tenfold = group_bootstrap(*(np.tile(part, 10) for part in (label, prediction, group)), 0.95, draws=100)["auc"]
    assert (tenfold.low, tenfold.high) == pytest.approx((once.low, once.high))


def test_the_order_of_rows_changes_nothing() -> None:
    label, prediction, group = small()
    shuffled = np.random.default_rng(0).permutation(len(label))
    expected = resampled_metrics(label, prediction, group, 30, seed=1)
    after = resampled_metrics(label[shuffled], prediction[shuffled], group[shuffled], 30, seed=1)
    for metric in METRICS:
        assert after[metric] == pytest.approx(expected[metric])


def test_a_draw_of_one_class_has_no_ranking_and_is_left_out() -> None:
    label, prediction = np.array([0, 0, 1, 1], np.int8), np.array([0.1, 0.4, 0.3, 0.8])
    values = resampled_metrics(label, prediction, np.array([0, 0, 1, 1]), 100, seed=0)
    one_class = np.isnan(values["auc"])
    assert 30 < one_class.sum() < 70
    assert np.isnan(values["ap"][one_class]).all()
    assert np.isfinite(values["brier"]).all()
    intervals = group_bootstrap(label, prediction, np.array([0, 0, 1, 1]), 0.95, draws=100, seed=0)
    assert (intervals["auc"].n_draws, intervals["brier"].n_draws) == (100 - one_class.sum(), 100)
    assert intervals["auc"].low == intervals["auc"].high == 0.75


def test_f1_is_0_where_no_row_is_positive_or_called() -> None:
    assert pooled_metrics(np.zeros(4, np.int8), np.array([0.1, 0.2, 0.3, 0.4]))["f1"] == 0
