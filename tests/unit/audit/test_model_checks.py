"""Boundaries of the checks that fit a model, and of the check of provenance."""

import re
from itertools import cycle

import numpy as np
import pytest
from fixtures.audit_data import audit_data, drawn, near_copies, reassigned
from foldwise.audit.columns import confounder
from foldwise.audit.model_checks import model_sample, optimism_gap, scramble, shift
from foldwise.audit.neighbours import Neighbourhood, hidden_components
from foldwise.audit.sampling import auc_by_chance


def test_the_margin_of_the_scramble_shrinks_with_the_root_of_the_shuffles() -> None:
    data = drawn(rows=24, size=2)
    margin = auc_by_chance(*data.classes(), 1, 0.001) - 0.5
    assert margin / 2 > 0.1
    assert scramble(data, data, 1).threshold == pytest.approx(0.5 + margin)
    assert scramble(data, data, 4).threshold == pytest.approx(0.5 + margin / 2)


def test_provenance_that_falls_with_the_label_counts_as_much_as_one_that_rises() -> None:
    random = np.random.default_rng(1)
    label = np.arange(60) % 2
    values = (label + 1.5 * random.normal(size=60))[:, None]
    rising, falling = (audit_data(sign * values, label, np.arange(60), names=["codec_fps"]) for sign in (1, -1))
    assert confounder(rising).value > 0.6
    assert confounder(falling).value == pytest.approx(confounder(rising).value)


def test_provenance_that_predicts_the_label_is_named_with_its_auc() -> None:
    label = np.arange(60) % 2
    values = (label + 0.6 * np.random.default_rng(1).normal(size=60))[:, None]
    found = confounder(audit_data(values, label, np.arange(60), names=["codec_fps"]))
    assert found.level == "warn"
    assert found.evidence == [{"column": "codec_fps", "auc": round(found.value, 4)}]


def test_a_row_wise_split_may_be_less_optimistic_than_the_grouped_one() -> None:
    data = drawn(rows=120, size=2, seed=4)
    finding = optimism_gap(data, data, hidden=False)
    row_wise, grouped = (entry["auc"] for entry in finding.evidence)
    assert finding.value == pytest.approx(row_wise - grouped, abs=1e-4)
    assert finding.value < -0.01
    assert finding.level == "pass"
    assert re.search(r"a difference of -0\.\d{3} ", finding.sentence)


def test_an_optimism_gap_informs_where_the_folds_keep_groups_and_warns_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row_wise_and_grouped = cycle([[0.9], [0.6]])
    monkeypatch.setattr("foldwise.audit.model_checks._mean_aucs", lambda *_: next(row_wise_and_grouped))
    kept = drawn()
    split = reassigned(kept, 1, np.arange(300) % 2)
    ungrouped = near_copies()
    hidden = model_sample(ungrouped, hidden_components(ungrouped, Neighbourhood.of(ungrouped)))
    found = [
        optimism_gap(kept, kept, hidden=False),
        optimism_gap(split, split, hidden=False),
        optimism_gap(ungrouped, hidden, hidden=True),
    ]
    assert [(f.level, f.by_chance) for f in found] == [("info", False), ("warn", True), ("warn", True)]
    assert all("a row-wise split of this table is invalid" in f.sentence for f in found)


def test_a_row_wise_plan_is_optimistic_where_it_splits_near_copies() -> None:
    data = near_copies()
    sample = model_sample(data, hidden_components(data, Neighbourhood.of(data)))
    row_wise, grouped = (entry["auc"] for entry in optimism_gap(data, sample, hidden=True).evidence)
    assert row_wise > 0.9
    assert grouped < 0.7


@pytest.mark.parametrize(("value", "level"), [(0.55, "pass"), (0.56, "warn"), (0.6, "warn"), (0.61, "fail")])
def test_a_scramble_warns_above_0_55_and_fails_above_0_6(
    value: float, level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("foldwise.audit.model_checks._mean_aucs", lambda _, labels, __: [value] * len(labels))
    data = drawn()
    assert scramble(data, data, 16).level == level


def test_folds_without_train_rows_show_no_shift() -> None:
    data = drawn(n_splits=1)
    found = shift(data, data)
    assert (found.level, found.value, found.evidence) == ("pass", 0.5, [])
