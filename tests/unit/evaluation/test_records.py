"""comparison.json is read as typed records and written unchanged."""

import json
from typing import Any

import pytest
from foldwise.evaluation.comparison_records import Comparison
from foldwise.evaluation.interval_records import Interval
from foldwise.evaluation.records import Headline

OVER = {"metric": "auc", "level": "row", "n_folds": 6, "n_groups": 40, "n_rows": 200}
TEST = {
    "low": -0.03,
    "high": 0.01,
    "t": None,
    "df": 5,
    "p": 0.3,
    "rope": 0.01,
    "p_a_better": 0.1,
    "p_equivalent": 0.5,
    "p_b_better": 0.4,
    "p_holm": 1.0,
    "verdict": "not distinguishable",
    "corrected_t": {"low": -0.05, "high": 0.03, "t": -0.6, "df": 5, "p": 0.6},
}
DELONG = {"difference": -0.005, "low": -0.02, "high": 0.02, "p": 0.99}
CONTENT: dict[str, Any] = {
    "dataset": "tiny",
    "metric": "auc",
    "level": "row",
    "confidence": 0.95,
    "rope": 0.01,
    "counts": {
        "rows": 200,
        "units": 40,
        "groups": 40,
        "positive_rows": 100,
        "positive_units": 20,
        "folds": 6,
        "repeats": 2,
        "n_splits": 3,
    },
    "groups_of_rarer_class": 20,
    "entrants": [
        {"name": "xgboost", "estimate": 0.7, "sd": 0.03, "low": 0.6, "high": 0.8},
        {"name": "lightgbm", "estimate": None, "sd": None, "low": None, "high": None, "refused": "one fold only"},
    ],
    "pairs": [
        {"a": "xgboost", "b": "catboost", "family": "models", "difference": -0.01, **TEST, "delong": DELONG, **OVER},
        {"a": "xgboost", "b": "catboost", "family": "models", "difference": -0.01, **TEST, **OVER},
        {"a": "xgboost", "b": "lightgbm", "family": "models", "difference": None, "refused": "one fold only", **OVER},
    ],
    "verdict_baselines": "Shown to be better: none.",
    "verdict": "The 2 backends are not distinguishable.",
    "recommended": "ensemble",
}


def test_a_comparison_is_read_and_written_unchanged() -> None:
    comparison = Comparison.from_json(CONTENT)
    assert json.dumps(comparison.as_json()) == json.dumps(CONTENT)
    tested, without_delong, refused = comparison.pairs
    assert tested.test is not None
    assert tested.test.delong is not None
    assert without_delong.test is not None
    assert without_delong.test.delong is None
    assert (refused.test, refused.refused) == (None, "one fold only")
    assert [model.ends for model in comparison.models] == [(0.6, 0.8), None]


@pytest.mark.parametrize(
    "content",
    [
        {"estimate": 0.7, "low": 0.6, "high": 0.8, "confidence": 0.95, "se": 0.04, "df": 5.5, "n_folds": 6},
        {"estimate": 0.7, "low": 0.6, "high": 0.8, "confidence": 0.95, "se": 0.04, "n_draws": 2000, "level": "row"},
        {"estimate": None, "refused": "not defined in 1 of 6 folds", "n_folds": 6},
    ],
)
def test_an_interval_has_the_keys_of_its_method(content: dict[str, Any]) -> None:
    interval = Interval.from_json(content)
    assert list(interval.as_json().items()) == list(content.items())
    assert (interval.ends is None) == ("refused" in content)


def test_a_headline_with_undefined_folds_says_how_many_are_defined() -> None:
    metrics = ("accuracy", "precision", "recall", "f1", "auc", "ap")
    content: dict[str, Any] = {}
    for metric in metrics:
        content |= {f"test_{metric}": 0.5, f"test_{metric}_std": None}
    content["test_ap_folds"] = 2
    headline = Headline.from_json(content)
    assert list(headline.as_json().items()) == list(content.items())
    assert (headline.means["ap"].folds, headline.means["auc"].folds) == (2, None)
