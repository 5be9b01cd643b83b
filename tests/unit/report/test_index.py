"""The page over all datasets says of each what its own report says, and links to it."""

from dataclasses import replace

import pytest
from foldwise.report.index import index_table, render_index
from foldwise.results.load import Artefacts
from report_artefacts import artefacts
from report_page import Page

ATTACK = "<script>alert(1)</script>"
COLUMNS = ["Dataset", "Audit", "XGBoost AUC", "LightGBM AUC", "Constant answer AUC", "Over", "Verdict", "Comparison"]


def dataset(name: str, estimate: float | None = 0.6912) -> Artefacts:
    data = replace(artefacts(), dataset=name)
    low = None if estimate is None else estimate - 0.09
    high = None if estimate is None else estimate + 0.09
    scored = [{"name": b, "estimate": estimate, "low": low, "high": high} for b in data.backends]
    constant = {"name": "constant", "estimate": 0.5, "low": 0.5, "high": 0.5}
    data.comparison.update(entrants=[*scored, constant], counts=data.metrics[0]["counts"])
    return data


@pytest.fixture
def page() -> Page:
    return Page(render_index([dataset("demo"), dataset("flights", 0.7123)]))


def test_each_dataset_has_a_row_with_audit_verdict_scores_and_what_they_are_over(page: Page) -> None:
    heading, demo, flights = page.tables["datasets"]
    assert heading == COLUMNS
    assert demo[:6] == [
        "demo",
        "warn",
        *["0.6910.601 to 0.781"] * 2,
        "0.500",
        "3,278 rows298 units, 298 groups, 5 folds",
    ]
    assert demo[6].startswith("XGBoost separates label 1 from label 0 with AUC 0.691 (95 % interval 0.601 to 0.779")
    assert demo[7] == "Nobody wins."
    assert flights[2] == "0.7120.622 to 0.802"


def test_links_lead_from_a_row_to_the_report_beside_it(page: Page) -> None:
    links = [v for tag, k, v in page.attributes if (tag, k) == ("a", "href") and not v.startswith("#")]
    assert links[:3] == ["demo/report.html", "demo/report.html#audit", "demo/report.html#comparison"]
    assert links[3] == "flights/report.html"


def test_exact_scores_stand_beside_the_rounded_ones(page: Page) -> None:
    assert {"0.6912", "0.7123"} <= {v for _, k, v in page.attributes if k == "data-value"}


def test_the_worst_audit_sorts_first() -> None:
    levels = ("pass", "warn", "fail")
    found = [replace(dataset(level), audit={"verdict": level, "checks": []}) for level in levels]
    assert [row[1].value for row in index_table(found).rows] == ["2", "1", "0"]


def test_a_run_without_an_audit_says_so() -> None:
    page = Page(render_index([replace(dataset("demo"), audit={})]))
    assert page.tables["datasets"][1][1] == "noneno audit was run"


def test_a_score_without_an_interval_and_one_without_a_value_are_named() -> None:
    refused, undefined = dataset("refused"), dataset("undefined", None)
    refused.comparison["entrants"][0] |= {"low": None, "high": None, "refused": "two folds only"}
    rows = Page(render_index([refused, undefined])).tables["datasets"]
    assert rows[1][2] == "0.691no interval"
    assert rows[2][2].startswith("undefined")


def test_text_from_tables_is_escaped() -> None:
    data = dataset(ATTACK)
    data.contract["label"] |= {"column": ATTACK, "positive": ATTACK, "negative": ATTACK}
    data.comparison["verdict"] = ATTACK
    html = render_index([data, dataset("demo")])
    assert ATTACK not in html
    assert Page(html).scripts == 1
