"""Captions of snakemake's own report carry the run's numbers, and nothing in them is markup."""

import html
import re
from pathlib import Path

import pyarrow as pa
import pytest
from docutils.core import publish_parts
from foldwise.io.files import write_json, write_table
from foldwise.report.captions import BackendCaption, DatasetCaption, plain
from report_artefacts import artefacts

HOSTILE = "<script>alert(1)</script> `x`_ *a* |b| video_ \n\n.. raw:: html\n\n   <b>c</b>"


def rendered(text: str) -> str:
    """Return the HTML that docutils makes of a caption."""
    return str(publish_parts(text, writer="html")["body"])


@pytest.fixture
def results(tmp_path: Path) -> Path:
    data = artefacts()
    write_json(tmp_path / "xgboost" / "metrics.json", data.metrics[0])
    write_json(tmp_path / "xgboost" / "params.json", data.params_by_backend()["xgboost"])
    names = ["a", "b", "<b>_", "d"] * 2
    table = pa.table({"feature": names, "shap": [0.1, 0.4, 0.3, 0.2, 0.1, 0.2, 0.3, 0.2]})
    write_table(tmp_path / "xgboost" / "importance.parquet", table)
    entrants = [{"name": "xgboost", "estimate": 0.6912, "low": 0.601, "high": 0.779}]
    entrants.append({"name": "constant", "estimate": 0.5, "low": 0.5, "high": 0.5})
    comparison = {"entrants": entrants, "counts": data.metrics[0]["counts"]}
    write_json(tmp_path / "comparison.json", {**data.comparison, **comparison})
    return tmp_path


def test_a_name_is_shown_as_it_is_and_never_as_markup() -> None:
    shown = rendered(plain(HOSTILE))
    assert re.findall(r"<(\w+)", shown) == ["p"]
    assert html.unescape(re.sub(r"<[^>]*>", "", shown)).strip() == " ".join(HOSTILE.split())


def test_a_backend_says_its_scores_with_spread_interval_and_extent(results: Path) -> None:
    caption = BackendCaption(str(results / "xgboost"))
    assert rendered(caption.score("auc")) == "<p>AUC 0.691 ± 0.042 (95 % interval 0.601 to 0.779)</p>\n"
    assert rendered(caption.score("accuracy")) == "<p>Accuracy 0.691 ± 0.042</p>\n"
    assert rendered(caption.extent) == "<p>3,278 rows, 298 units, 298 groups, 5 outer folds</p>\n"


def test_a_backend_says_what_its_plots_show(results: Path) -> None:
    caption = BackendCaption(str(results / "xgboost"))
    assert "1,000 true negatives, 630 false positives, 650 false negatives, 1,000 true" in rendered(caption.confusion)
    assert "Brier score 0.231 before and 0.230 after calibration (sigmoid)" in rendered(caption.calibration)
    assert "<p>b 0.300, &lt;b&gt;_ 0.300, d 0.200</p>" in rendered(caption.leading_features)
    assert "64 points in each of 5 outer folds, chosen by log loss: 0.651" in rendered(caption.search)
    assert "137 trees in every fold" in rendered(caption.trees)


def test_a_dataset_says_its_verdict_and_the_scores_of_all(results: Path) -> None:
    caption = DatasetCaption(str(results))
    assert rendered(caption.verdict) == "<p>Nobody wins.</p>\n"
    assert "XGBoost 0.691 (0.601 to 0.779); Constant prediction 0.500. Over 3,278 rows" in rendered(caption.scores)
    assert caption.audit == "No audit was run"
    write_json(results / "audit.json", artefacts().audit)
    assert rendered(caption.audit) == "<p>Audit: warn: One warning</p>\n"


def test_nothing_is_read_before_a_caption_asks() -> None:
    assert repr(BackendCaption("nowhere")) == "BackendCaption(folder='nowhere')"
