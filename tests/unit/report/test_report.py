"""The report page says what the artefacts say, loads nothing, and escapes what came from a table."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from foldwise.io.files import write_json
from foldwise.report.page import PLOT_TITLES, SECTIONS, render_report, write_report
from report_artefacts import BACKENDS, artefacts, feature, png, slice_entry
from report_page import Page

ATTACK = "<script>alert(1)</script>"


@pytest.fixture
def page() -> Page:
    return Page(render_report(artefacts()))


def test_sections_stand_in_the_order_of_the_reader(page: Page) -> None:
    assert page.sections == [section for section in SECTIONS if section not in ("leaky", "ensemble")]
    assert page.sections[:4] == ["verdict", "audit", "scores", "comparison"]


def test_verdict_names_score_interval_method_and_what_it_rests_on(page: Page) -> None:
    assert (
        "XGBoost separates label 1 from label 0 with AUC 0.691 (95 % interval 0.601 to 0.779, corrected t "
        "over 5 folds; 3,278 rows, 298 units (original_video), 298 groups)."
    ) in page.text()
    assert "Nobody wins." in page.text()
    assert "warn The audit passed with warnings. Checks: 1 warn, 1 pass." in page.text()
    assert "One warning." in page.text()


def test_interval_that_reaches_the_constant_answer_is_no_separation() -> None:
    data = artefacts()
    for found in data.metrics:
        found["intervals"]["auc"]["corrected_t"]["low"] = 0.49
    assert "XGBoost is not shown to separate label 1 from label 0: AUC 0.691" in Page(render_report(data)).text()


def test_failed_audit_is_said_before_anything_may_be_used() -> None:
    data = replace(artefacts(), audit={"verdict": "fail", "sentence": "Groups overlap.", "checks": []})
    assert "The audit failed: do not use these scores as evidence." in Page(render_report(data)).text()


def test_scores_equal_the_artefacts(page: Page) -> None:
    rows = {row[0]: row[1:] for row in page.tables["scores-row"]}
    auc = next(row for name, row in rows.items() if name.startswith("AUC"))
    assert auc == ["0.691 ± 0.0420.601 to 0.779", "0.679 ± 0.0420.589 to 0.767", "0.675", "0.500"]
    loss = next((name, row) for name, row in rows.items() if name.startswith("Log loss"))
    assert "lower is better" in loss[0]
    assert loss[1][0].startswith("0.639 ± 0.021")


def test_exact_values_stand_beside_the_rounded_ones(page: Page) -> None:
    exact = {v for _, k, v in page.attributes if k == "data-value"}
    assert {"0.6912", "0.4623", "0.6512", "13.21"} <= exact


def test_each_slice_has_its_counts(page: Page) -> None:
    assert page.tables["slices-table"][1] == [
        *("is_original", "0", "row", "2,980", "297", "296", "1,500", "5"),
        *("0.712", "0.712", "0.604", "0.604"),
    ]


def test_undefined_score_is_called_undefined(page: Page) -> None:
    assert page.tables["slices-table"][2][8] == "undefined"


def test_fold_without_a_score_is_counted() -> None:
    data = artefacts()
    data.metrics[0]["fold_results"][2]["log_loss"] = None
    rows = Page(render_report(data)).tables["scores-row"]
    assert "4 of 5 folds" in next(row[1] for row in rows if row[0].startswith("Log loss"))


def test_refused_interval_gives_its_reason() -> None:
    data = artefacts()
    for found in data.metrics:
        found["intervals"]["auc"]["corrected_t"] = {"estimate": 0.6912, "refused": "two folds only"}
    text = Page(render_report(data)).text()
    assert "XGBoost scores AUC 0.691 in telling label 1 from label 0 (no interval: two folds only" in text
    assert "No interval for XGBoost AUC, LightGBM AUC: two folds only." in text


def test_every_interval_says_what_it_is_over_and_what_it_covers(page: Page) -> None:
    rows = page.tables["intervals"][1:]
    assert rows[0][:7] == ["XGBoost", "row3,278 rows", "AUC", "corrected t", "0.691", "0.601", "0.779"]
    assert rows[1][3:] == ["bootstrap of whole groups", "0.685", "0.628", "0.737", "95 %", "pooled", "298", ""]
    assert rows[4][:6] == ["XGBoost", "unit298 units", "AUC", "corrected t", "0.711", "0.621"]
    assert [row[1] for row in rows] == ["row3,278 rows"] * 4 + ["unit298 units"] * 4
    assert "Corrected t: mean over folds." in page.text()
    assert "Bootstrap of whole groups: draws of groups; ignores the variance of training." in page.text()


def test_a_pair_has_its_verdict_and_its_cross_checks(page: Page) -> None:
    assert page.tables["pairs"][1] == [
        *("XGBoost − LightGBM", "AUChigher is better", "row", "not distinguishable"),  # noqa: RUF001
        *("0.012", "-0.031", "0.056", "0.462", "0.322", "0.472", "undefined", "undefined"),
    ]
    assert page.tables["cross-checks"][1][1:] == [
        *("0.812", "4", "0.462", "0.542", "0.322", "0.137", "0.012", "-0.020", "0.044", "0.472"),
    ]
    assert "the mean difference in AUC lies within ±0.01" in page.text()


def test_a_pair_that_was_refused_has_no_cross_checks() -> None:
    data = artefacts()
    data.comparison["pairs"] = [{"a": "xgboost", "b": "lightgbm", "difference": None, "refused": "one fold only"}]
    page = Page(render_report(data))
    assert page.tables["pairs"][1][3] == "not compared: one fold only"
    assert "cross-checks" not in page.tables


def test_a_winner_is_named_as_in_prose() -> None:
    data = artefacts()
    data.comparison["pairs"][0]["verdict"] = "lightgbm better than xgboost"
    assert Page(render_report(data)).tables["pairs"][1][3] == "LightGBM is better"


def test_scores_undefined_everywhere_give_no_verdict() -> None:
    data = artefacts()
    for found in data.metrics:
        found["test_auc"] = found["test_auc_std"] = None
        found["intervals"] = {}
        for fold in found["fold_results"]:
            fold["auc"] = None
    assert "No verdict: AUC is undefined on every fold." in Page(render_report(data)).text()


def test_text_from_tables_is_escaped() -> None:
    data = artefacts()
    data.contract["features"].append(feature(ATTACK))
    data.contract["dropped"].append({"name": ATTACK, "reason": ATTACK})
    data.audit["checks"][0] |= {"evidence": [ATTACK], "sentence": ATTACK}
    data.audit["checks"][1] |= {"evidence": [{ATTACK: ATTACK}]}
    for found in data.metrics:
        found["slices"].append(slice_entry(ATTACK, f'"{ATTACK}'))
    html = render_report(replace(data, dataset=ATTACK, configuration={ATTACK: ATTACK}))
    assert ATTACK not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert Page(html).scripts == 1


def test_nothing_is_loaded_from_elsewhere(page: Page) -> None:
    html = render_report(artefacts())
    loaded = [v for _, k, v in page.attributes if k in ("src", "href", "srcset", "action", "data", "poster")]
    assert all(v.startswith(("data:", "#")) for v in loaded)
    assert not re.search(r"url\(|@import|fetch\(", html)
    assert all(not k.startswith("on") for _, k, _ in page.attributes)
    assert any(k == "content" and v.startswith("default-src 'none'") for _, k, v in page.attributes)


def test_links_lead_to_something_on_the_page(page: Page) -> None:
    ids = [v for _, k, v in page.attributes if k == "id"]
    assert len(ids) == len(set(ids))
    assert {v[1:] for tag, k, v in page.attributes if tag == "a" and k == "href"} <= set(ids)


def test_every_plot_is_embedded_once_with_words_for_it(page: Page) -> None:
    pictures = [v for tag, k, v in page.attributes if (tag, k) == ("img", "src")]
    assert len(pictures) == 1 + len(BACKENDS) * len(PLOT_TITLES)
    assert ("img", "alt", "ROC curve of XGBoost on demo") in page.attributes


def test_password_of_the_tracker_is_left_out(page: Page) -> None:
    assert "hush" not in page.text()
    assert "https://***@tracker.example/x" in page.text()


def test_large_tables_keep_the_page_small() -> None:
    data = artefacts()
    data.contract["features"] = [feature(f"stage2_feature_{n}") for n in range(1000)]
    for found in data.metrics:
        found["slices"] = [slice_entry(f"slice_{n}", str(v)) for n in range(50) for v in range(20)]
    html = render_report(data)
    assert len(html.encode()) < 1_000_000
    assert html.count("stage2_feature_") == 2 * 30
    assert "1,000 features" in html
    assert "600 more rows are in metrics.parquet." in html


def test_page_depends_on_its_artefacts_alone(tmp_path: Path) -> None:
    data = artefacts()
    sources = {"contract": data.contract, "audit": data.audit, "comparison": data.comparison}
    for name, content in sources.items():
        write_json(tmp_path / f"{name}.json", content)
    paths: dict[str, list[Path]] = {"metrics": [], "params": [], "plots": []}
    for backend, found in zip(BACKENDS, data.metrics, strict=True):
        paths["metrics"].append(tmp_path / backend / "metrics.json")
        write_json(paths["metrics"][-1], found)
    for backend, found in data.params_by_backend().items():
        paths["params"].append(tmp_path / backend / "params.json")
        write_json(paths["params"][-1], found)
    for plot in data.plots:
        paths["plots"].append(tmp_path / plot.backend / "plots" / f"{plot.name}.png")
        paths["plots"][-1].parent.mkdir(exist_ok=True)
        paths["plots"][-1].write_bytes(plot.png)
    (tmp_path / "model_comparison.png").write_bytes(png())
    write_report(
        tmp_path / "report.html",
        dataset="demo",
        entrants=BACKENDS,
        **{name: tmp_path / f"{name}.json" for name in sources},
        metrics=reversed(paths["metrics"]),
        params=reversed(paths["params"]),
        plots=reversed(paths["plots"]),
        comparison_plot=tmp_path / "model_comparison.png",
        configuration=json.loads(json.dumps(data.configuration)),
    )
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == render_report(data)
