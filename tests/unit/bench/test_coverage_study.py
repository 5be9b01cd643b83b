"""The coverage study counts what it says: intervals that contain their own models' truth, and the mean truth."""

from dataclasses import replace

import numpy as np
import pytest
from coverage_study import INNER_SPLITS, METHODS, METRICS, MODELS, SPLITS, fitted, intervals, summary
from fixtures.coverage_tables import KINDS, Rows
from foldwise.folds.assignment import Plan
from foldwise.folds.make_folds import split
from scipy import stats


def test_an_interval_counts_where_it_contains_the_truth() -> None:
    # Truths .6 .7 .8, mean .7. The first interval contains both, the second neither, the third its own only.
    ends = {0.6: (0.55, 0.75), 0.7: (0.71, 0.81), 0.8: (0.75, 0.85)}
    tables = [
        {"auc": {"truth 5x1": truth, "truth 5x5": truth, **dict.fromkeys(METHODS, of_truth)}}
        for truth, of_truth in ends.items()
    ]
    figures = summary(tables)["auc"]
    assert figures["truth"] == pytest.approx(0.7)
    assert list(figures["methods"]) == list(METHODS)
    for method in figures["methods"].values():
        assert method["own_models"]["covers"] == pytest.approx(2 / 3)
        assert method["mean_of_tables"]["covers"] == pytest.approx(1 / 3)
        assert method["mean_width"] == pytest.approx((0.2 + 0.1 + 0.1) / 3)
        # Wilson: (k + z^2 / 2) / (n + z^2) is its middle.
        z = stats.norm.ppf(0.975)
        middle = (method["mean_of_tables"]["low"] + method["mean_of_tables"]["high"]) / 2
        assert middle == pytest.approx((1 + z**2 / 2) / (3 + z**2))


@pytest.mark.parametrize("kind", ["small", "mixed"])
def test_new_rows_are_none_of_the_table_and_have_its_pattern(kind: str) -> None:
    table, new = (KINDS[kind](1000, is_new) for is_new in (False, True))
    groups, positive = {"small": (60, 12), "mixed": (150, None)}[kind]
    assert table.group.max() + 1 == groups
    assert new.group.max() + 1 == 2000
    with_positive = np.unique(table.group[table.label == 1])
    assert positive is None or len(with_positive) == positive
    of_both = np.intersect1d(with_positive, table.group[table.label == 0])
    assert len(of_both) == 0 if kind == "small" else len(of_both) > 100
    assert not {row.tobytes() for row in table.values} & {row.tobytes() for row in new.values}
    assert table.label.mean() == pytest.approx(new.label.mean(), abs=0.1)


def test_new_videos_are_none_of_the_demo() -> None:
    table, new = (KINDS["demo"](1000, is_new) for is_new in (False, True))
    assert (table.values.shape, len(table.label), table.group.max() + 1) == ((3278, 38), 3278, 298)
    assert (new.values.shape, new.label.shape) == ((24000, 38), (24000,))
    assert set(np.bincount(new.group).tolist()) == {3}
    assert not {row.tobytes() for row in table.values} & {row.tobytes() for row in new.values}


@pytest.mark.parametrize("name", MODELS)
def test_predicted_rows_take_no_part_in_the_fit(name: str) -> None:
    table, new = _some_rows()
    folds = split(table.label, table.group, Plan(SPLITS, 1, INNER_SPLITS, 1))
    given, truths = fitted(MODELS[name], table, new, folds, 1)
    assert np.mean([truth["auc"] for truth in truths]) > 0.55
    changed = replace(table, label=np.where(folds[0] == 0, 1 - table.label, table.label))
    again, _ = fitted(MODELS[name], changed, new, folds[:1], 1)
    assert again.test[0].prediction.tolist() == given.test[0].prediction.tolist()
    assert again.inner[0].prediction.tolist() == given.inner[0].prediction.tolist()
    changed = replace(table, label=np.where(folds[0] == 1, 1 - table.label, table.label))
    again, _ = fitted(MODELS[name], changed, new, folds[:1], 1)
    of_first = folds[0][folds[0] > 0] == 1
    assert again.test[0].prediction.tolist() != given.test[0].prediction.tolist()
    same = again.inner[0].prediction == given.inner[0].prediction
    assert same[of_first].all()
    assert not same[~of_first].all()


def test_every_method_has_ends_for_its_metrics() -> None:
    table, new = _some_rows()
    folds = split(table.label, table.group, Plan(SPLITS, 2, INNER_SPLITS, 1))
    validation, truths = fitted(MODELS["logistic regression"], table, new, folds, 1)
    for metric in METRICS:
        results = intervals(metric, validation, truths)
        assert results["truth 5x1"] == pytest.approx(np.mean([truth[metric] for truth in truths[:SPLITS]]))
        assert results["truth 5x2"] == pytest.approx(np.mean([truth[metric] for truth in truths]))
        methods = {
            method for method in METHODS if method.endswith("5x1") and (metric == "auc" or "delong" not in method)
        }
        assert {*methods, "influence 5x2", "corrected_t 5x2", "truth 5x1", "truth 5x2"} == set(results)


def _some_rows() -> tuple[Rows, Rows]:
    """Return a table of mixed groups, and the rows of some new ones."""
    table, new = (KINDS["mixed"](7, is_new) for is_new in (False, True))
    some = new.group < 100
    return table, Rows(new.values[some], new.label[some], new.group[some])
