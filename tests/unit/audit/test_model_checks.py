"""Boundaries of the checks that fit a model, and of the check of provenance."""

import re

import numpy as np
import pytest
from fixtures.audit_data import audit_data, drawn
from foldwise.audit.columns import confounder
from foldwise.audit.model_checks import optimism_gap, scramble
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


def test_a_row_wise_split_may_be_less_optimistic_than_the_grouped_one() -> None:
    data = drawn(rows=120, size=2, seed=4)
    finding = optimism_gap(data, data, hidden=False)
    row_wise, grouped = (entry["auc"] for entry in finding.evidence)
    assert finding.value == pytest.approx(row_wise - grouped, abs=1e-4)
    assert finding.value < -0.01
    assert finding.level == "pass"
    assert re.search(r"a difference of -0\.\d{3} ", finding.sentence)
