"""The pages in a real browser: what they say, what they load, and how they are used."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page

from browser.conftest import BACKENDS, ENTRANTS, HOSTILE, Watched

pytestmark = pytest.mark.browser

SHARED_METRICS = {"AUC": "auc", "F1": "f1", "Accuracy": "accuracy", "Precision": "precision", "Recall": "recall"}
PLOTS = 8
SCORE_PLOTS = 5


@pytest.fixture
def report(results: Path, watched: Watched) -> Page:
    return watched.open(results / "hostile" / "report.html")


def test_the_watch_sees_a_request_an_error_and_a_dialog(watched: Watched) -> None:
    watched.page.set_content("<img src='http://127.0.0.1:9/'><script>console.error('no'); alert('harm')</script>")
    assert watched.requests == ["http://127.0.0.1:9/"]
    assert {"error: no", "harm"} <= set(watched.complaints)


@pytest.mark.parametrize("name", ["index.html", "hostile/report.html", "wide/report.html"])
def test_a_page_that_is_used_asks_for_nothing_and_complains_of_nothing(
    results: Path, watched: Watched, name: str
) -> None:
    page = watched.open(results / name)
    for folded in page.locator("summary").all():
        folded.click()
    for heading in page.locator("th button").all()[:40]:
        heading.click()
    for plot in page.locator("button.enlarge").all():
        plot.click()
        page.keyboard.press("Escape")
    page.mouse.wheel(0, 100_000)
    page.wait_for_load_state("networkidle")
    assert watched.requests == [(results / name).as_uri()]
    assert watched.complaints == []


def test_markup_in_tables_is_text_and_runs_nowhere(results: Path, watched: Watched) -> None:
    for name in ("index.html", "hostile/report.html"):
        page = watched.open(results / name)
        assert page.evaluate("window.harmed") is None
        assert page.locator("main script, main link, main style, main svg[onload], main img[onerror]").count() == 0
    assert page.locator("#slices-table").inner_text().count(HOSTILE[0]) == 1
    text = page.locator("body").text_content() or ""
    assert all(hostile in text for hostile in HOSTILE)


def test_verdict_and_audit_come_first_and_are_those_of_the_files(results: Path, report: Page) -> None:
    audit = json.loads((results / "hostile" / "audit.json").read_text(encoding="utf-8"))
    shown = report.locator("#audit .check").evaluate_all(
        "checks => checks.map(c => [c.querySelector('code').textContent, c.querySelector('.badge').textContent])"
    )
    assert dict(shown) == {check["id"]: check["level"] for check in audit["checks"]}
    badge = report.locator("#verdict .badge, #verdict .alarm").first.bounding_box()
    assert badge is not None
    assert badge["y"] < 600
    assert audit["sentence"] in report.locator("#verdict").inner_text()
    assert report.locator("main section").evaluate_all("s => s.slice(0, 2).map(x => x.id)") == ["verdict", "audit"]


def test_the_scores_are_those_of_metrics_json(results: Path, report: Page) -> None:
    rows = report.locator("#metrics-row tbody tr").evaluate_all(
        "rows => rows.map(r => [r.cells[0].firstChild.textContent, "
        "...Array.from(r.cells).slice(1).map(c => Number(c.dataset.value))])"
    )
    shown = {row[0]: row[1:] for row in rows}
    for position, entrant in enumerate(ENTRANTS):
        metrics = json.loads((results / "hostile" / entrant / "metrics.json").read_text(encoding="utf-8"))
        for label, key in SHARED_METRICS.items():
            assert shown[label][position] == metrics[f"test_{key}"]


def test_the_index_shows_the_scores_of_every_dataset_and_leads_to_its_report(results: Path, watched: Watched) -> None:
    page = watched.open(results / "index.html")
    for row, dataset in enumerate(("hostile", "wide")):
        for position, entrant in enumerate(ENTRANTS, start=2):
            metrics = json.loads((results / dataset / entrant / "metrics.json").read_text(encoding="utf-8"))
            # The last bit of a mean depends on how it is summed.
            shown = page.evaluate(f"measure.column('datasets', {position})")[row]
            assert shown == pytest.approx(metrics["test_auc"], rel=1e-12)
    page.get_by_role("link", name="wide", exact=True).click()
    assert page.locator("h1").inner_text() == "wide"


def test_a_heading_sorts_its_table_by_keyboard_and_says_which_way(report: Page) -> None:
    table = report.locator("#folds-table")
    position = table.locator("th").evaluate_all("h => h.findIndex(x => x.textContent.startsWith('AUC'))")
    heading = table.locator("thead th").nth(position)
    before = report.evaluate(f"measure.column('folds-table', {position})")
    heading.locator("button").focus()
    report.keyboard.press("Enter")
    assert heading.get_attribute("aria-sort") == "ascending"
    assert report.evaluate(f"measure.column('folds-table', {position})") == sorted(before)
    report.keyboard.press("Space")
    assert heading.get_attribute("aria-sort") == "descending"
    assert report.evaluate(f"measure.column('folds-table', {position})") == sorted(before, reverse=True)
    assert table.locator("[aria-sort]").count() == 1


def test_a_plot_opens_steps_and_closes_by_keyboard(report: Page) -> None:
    openers, viewer = report.locator("button.enlarge"), report.locator("dialog")
    assert openers.count() == 1 + PLOTS * len(BACKENDS) + SCORE_PLOTS
    openers.nth(1).focus()
    report.keyboard.press("Enter")
    shown = viewer.locator("img")
    assert viewer.is_visible()
    small = openers.nth(1).locator("img").bounding_box()
    large = shown.bounding_box()
    assert small is not None
    assert large is not None
    assert large["width"] > 2 * small["width"]
    report.keyboard.press("ArrowRight")
    assert shown.get_attribute("alt") == openers.nth(2).locator("img").get_attribute("alt")
    report.keyboard.press("Escape")
    assert not viewer.is_visible()
    assert openers.nth(2).evaluate("opener => opener === document.activeElement")


def test_tab_reaches_everything_in_the_order_of_the_page(any_page: Page) -> None:
    expected = any_page.evaluate("measure.reachable()")
    visited = []
    for _ in range(min(expected, 150)):
        any_page.keyboard.press("Tab")
        visited.append(any_page.evaluate("measure.focused()"))
    assert visited == list(range(len(visited)))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_stands_out_from_its_paper(any_page: Page, scheme: str) -> None:
    any_page.emulate_media(color_scheme=scheme)
    for folded in any_page.locator("summary").all():
        folded.click()
    ratio, text = any_page.evaluate("measure.worstContrast()")
    assert ratio >= 4.5, text


def test_the_dark_page_is_dark(report: Page) -> None:
    light = report.evaluate("getComputedStyle(document.body).backgroundColor")
    report.emulate_media(color_scheme="dark")
    assert light == "rgb(252, 251, 248)"
    assert report.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 23, 26)"


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_no_screen_scrolls_sideways(any_page: Page, width: int) -> None:
    any_page.set_viewport_size({"width": width, "height": 800})
    for folded in any_page.locator("summary").all():
        folded.click()
    assert any_page.evaluate("document.documentElement.scrollWidth") <= width


def test_paper_shows_everything_within_its_margins(any_page: Page) -> None:
    # A4 without 12 mm on each side at 96 pixels an inch; Chromium shrinks a page by up to a quarter before it cuts.
    any_page.set_viewport_size({"width": 703, "height": 1000})
    any_page.emulate_media(media="print")
    any_page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert any_page.locator("details:not([open])").count() == 0
    assert any_page.evaluate("document.documentElement.scrollWidth") <= 1.25 * 703


def test_a_thousand_features_and_fifty_slices_make_a_small_page(results: Path, watched: Watched) -> None:
    page = results / "wide" / "report.html"
    assert page.stat().st_size < 5_000_000
    text = watched.open(page).locator("body").inner_text()
    assert "1,000" in text
    assert "slice_49" in text
