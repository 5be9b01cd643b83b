"""The coverage study counts what it says: intervals that contain the mean truth, and those that contain their own."""

import numpy as np
import pytest
from coverage_study import METHODS, MODELS, predictions_of, simulated, summary
from fixtures.tables import grouped
from foldwise.stats.metrics import auc
from scipy import stats


def test_an_interval_counts_where_it_contains_the_truth() -> None:
    # Truths .6 .7 .8, mean .7. The first interval contains both, the second neither, the third its own only.
    tables = [(0.6, (0.55, 0.75)), (0.7, (0.71, 0.81)), (0.8, (0.75, 0.85))]
    figures = summary([{"truth": truth, **dict.fromkeys(METHODS, ends)} for truth, ends in tables])
    assert figures["truth"] == pytest.approx(0.7)
    assert figures["sd_of_own_models"] == pytest.approx(0.1)
    for method in figures["methods"].values():
        assert method["covers"] == pytest.approx(1 / 3)
        assert method["own_models"]["covers"] == pytest.approx(2 / 3)
        assert method["mean_width"] == pytest.approx((0.2 + 0.1 + 0.1) / 3)
        # Wilson: (k + z^2 / 2) / (n + z^2) is its middle.
        z = stats.norm.ppf(0.975)
        assert (method["low"] + method["high"]) / 2 == pytest.approx((1 + z**2 / 2) / (3 + z**2))


def test_new_videos_are_none_of_the_table() -> None:
    values, label, video = simulated(1000, None)
    new_values, new_label, new_video = simulated(1000, 40)
    assert (values.shape, len(label), video.max() + 1) == ((3278, 38), 3278, 298)
    assert (new_values.shape, new_label.shape) == ((120, 38), (120,))
    assert np.bincount(new_video).tolist() == [3] * 40
    assert not {row.tobytes() for row in values} & {row.tobytes() for row in new_values}
    assert np.isnan(values).mean() < 0.02


@pytest.mark.parametrize("name", MODELS)
def test_scored_rows_take_no_part_in_the_fit(name: str) -> None:
    data = grouped(groups=80, rows=5, signal=2.0)
    rows, table = len(data.label), 300
    test = data.group[:table] % 5 == 0
    held_out = np.concatenate([test, np.ones(rows - table, bool)])
    flipped = np.where(held_out, 1 - data.label, data.label)
    predictions, new = predictions_of(MODELS[name], data.matrix, data.label, 1, test, with_new=True)
    assert auc(data.label[:table][test], predictions) > 0.65
    assert auc(data.label[table:], new) > 0.65
    for label in (data.label, flipped):
        again = predictions_of(MODELS[name], data.matrix, label, 1, test)
        assert (again[0].tolist(), len(again[1])) == (predictions.tolist(), 0)
    assert predictions_of(MODELS[name], data.matrix, flipped, 1, test, with_new=True)[1].tolist() == new.tolist()
