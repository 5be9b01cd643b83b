"""A change of one thing reruns exactly what depends on it."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from fixtures.tiny_study import SPACE, write_tiny

from workflow.conftest import Study

pytestmark = pytest.mark.workflow

TRAINING = {
    f"train_{kind}_{b}": n for b in ("xgboost", "lightgbm", "catboost") for kind, n in (("fold", 2), ("final", 1))
}
COMBINED = {"combine_backends": 1, "combine_final": 1}
AFTER_TRAINING = {"gather_folds": 3, **COMBINED, "evaluate_backend": 4, "compare_backends": 1, "build_analytics": 1}
AFTER_TRAINING |= {"make_bundle": 1}
REPORTS = {"execute_notebook": 1, "report": 1, "report_index": 1}
PAGE = {"report": 1, "report_index": 1}
PAGES = {"plots": 3, "plot_ensemble": 1, "plot_comparison": 1, **REPORTS}
AFTER_AUDIT = {"train_reference": 1, **TRAINING, **AFTER_TRAINING, **PAGES}
AFTER_FOLDS = {"audit_leakage": 1, "pass_audit": 1, **AFTER_AUDIT}
AFTER_COMPARISON = {"compare_backends": 1, "build_analytics": 1, "make_bundle": 1, "plot_comparison": 1, **REPORTS}
ENSEMBLE = {"combine_backends": 1, "evaluate_backend": 1, "plot_ensemble": 1, **AFTER_COMPARISON}
# The backend's own evaluation, and that of the ensemble.
ONE_BACKEND = {**ENSEMBLE, "gather_folds": 1, "evaluate_backend": 2, "plots": 1}

TABLES = ("predictions", "inner_predictions", "search", "curve", "importance")
READ = ("params.json", *(f"{name}.parquet" for name in TABLES))


def edit(path: Path, pattern: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    changed = re.sub(pattern, new, text, count=1)
    assert changed != text
    path.write_text(changed, encoding="utf-8")


def library(name: str, pattern: str, new: str) -> Callable[[Study], None]:
    return lambda study: edit(study.workflow / "scripts" / "foldwise" / name, pattern, new)


def config(**more: object) -> Callable[[Study], None]:
    return lambda study: study.write_config(**more)


def delete(name: str) -> Callable[[Study], None]:
    return lambda study: (study.folder / "results" / "tiny" / name).unlink()


CHANGES = {
    "nothing": (lambda study: None, {}),
    "a comment in a library module": (library("stats/metrics.py", r"\ndef brier", "\n# a comment\ndef brier"), {}),
    "a docstring in a library module": (library("folds/make_folds.py", "Split rows", "Divide rows"), {}),
    "the words of report, plots and model card": (
        library("results/wording.py", r"\ndef ", "\nADDED = 1\n\n\ndef "),
        {"build_analytics": 1, "make_bundle": 1, **PAGES},
    ),
    "the template of the report": (
        library("report/report.html.j2", "</main>", "<!-- --></main>"),
        {"make_bundle": 1, **REPORTS},
    ),
    "the template of the model card": (library("bundle/README.md.j2", "## Limits", "## Limit"), {"make_bundle": 1}),
    "a comment in the bundle's score.py": (
        library("bundle/standalone/score.py", r"\nclass ", "\n# A comment.\nclass "),
        {"make_bundle": 1},
    ),
    "a model of the bundle is gone": (delete("bundle/models/lightgbm/model.txt"), {"make_bundle": 1}),
    "the looks of the plots": (
        library("plots/style.py", "DOTS_PER_INCH = 150", "DOTS_PER_INCH = 140"),
        PAGES,
    ),
    "a script": (
        lambda study: edit(study.workflow / "scripts" / "plot_comparison.py", r"\nwith", "\n# edited\nwith"),
        {"plot_comparison": 1, **PAGE},
    ),
    "the code of one backend": (
        library("backends/xgboost.py", '"tree_method": "hist"', '"tree_method": "approx"'),
        {"train_fold_xgboost": 2, "train_final_xgboost": 1, "combine_final": 1, **ONE_BACKEND},
    ),
    "the code of the intervals": (
        library("stats/corrected_t.py", "FEWEST_GROUPS = 10", "FEWEST_GROUPS = 11"),
        {"evaluate_backend": 4, "compare_backends": 1, "build_analytics": 1, "make_bundle": 1, **PAGES},
    ),
    "the false-positive rates": (
        config(evaluation={"operating_fpr": [0.1]}),
        {"evaluate_backend": 4, "compare_backends": 1, "build_analytics": 1, "make_bundle": 1, **PAGES},
    ),
    "the space of one backend": (
        config(search={"space": {**SPACE, "xgboost": {**SPACE["xgboost"], "max_depth": [2, 4]}}}),
        {"train_fold_xgboost": 2, "train_final_xgboost": 1, "combine_final": 1, **ONE_BACKEND},
    ),
    "the code of the weights": (
        library("stats/ensemble_weights.py", "_PRIOR_GROUPS = 10", "_PRIOR_GROUPS = 11"),
        {**ENSEMBLE, **COMBINED},
    ),
    "the ensemble is switched off": (config(evaluation={"ensemble": False}), AFTER_COMPARISON),
    "the recommended model": (config(evaluation={"recommend": "lightgbm"}), AFTER_COMPARISON),
    "the weights are gone": (delete("ensemble/weights.parquet"), ENSEMBLE),
    "the final weights are gone": (
        delete("ensemble/final/params.json"),
        {"combine_final": 1, "execute_notebook": 1, "make_bundle": 1},
    ),
    "the class weights": (config(training={"class_weight": "unit"}), {**TRAINING, **AFTER_TRAINING, **PAGES}),
    "the seed": (config(folds={"n_splits": 2, "inner_splits": 2, "seed": 7}), {"make_folds": 1, **AFTER_FOLDS}),
    "what the audit fails on": (config(audit={"fail_on": ["group_overlap"]}), {"pass_audit": 1, **AFTER_AUDIT}),
    "the input": (
        lambda study: write_tiny(study.folder / "data" / "tiny.parquet", seed=3),
        {"build_table": 1, "make_folds": 1, **AFTER_FOLDS},
    ),
    "a fold's model is gone": (delete("catboost/fold_2/model.cbm"), {"train_fold_catboost": 1, **ONE_BACKEND}),
    **{
        f"a fold's {name} is gone, which gather_folds has read": (delete(f"catboost/fold_2/{name}"), {})
        for name in READ
    },
    "a fold is gone": (
        lambda study: shutil.rmtree(study.folder / "results" / "tiny" / "catboost" / "fold_2"),
        {"train_fold_catboost": 1, **ONE_BACKEND},
    ),
    "the predictions of all backends are gone": (delete("predictions.parquet"), AFTER_COMPARISON),
    "the metrics of all backends are gone": (delete("metrics.parquet"), AFTER_COMPARISON),
    "the contract is gone": (delete("table.json"), {"build_table": 1, "make_folds": 1, **AFTER_FOLDS}),
    "the audit is gone": (delete("audit.json"), AFTER_FOLDS),
    "a column of the analytics database": (
        library("analytics/tables.sql", "n_features INTEGER", "n_features BIGINT"),
        {"build_analytics": 1},
    ),
    "a plot is gone": (delete("xgboost/plots/roc_curve.png"), {"plots": 1, **REPORTS}),
}


def test_an_audit_that_runs_by_itself_first_does_not_train_again(study: Study) -> None:
    study.write_config(audit={"scrambles": 3})
    done = study.run("results/tiny/audit.passed")
    assert done.returncode == 0, done.stdout + done.stderr
    assert dict(study.would_run()) == {**REPORTS, "build_analytics": 1, "make_bundle": 1}


def test_a_changed_search_is_seen_while_the_audit_is_to_run_too(study: Study) -> None:
    space = {**SPACE, "xgboost": {**SPACE["xgboost"], "max_depth": [2, 4]}}
    study.write_config(audit={"scrambles": 3}, search={"space": space})
    assert study.would_run()["train_fold_xgboost"] == 2


def test_a_table_of_a_fold_that_is_deleted_is_made_again_for_one_target_that_needs_it(study: Study) -> None:
    for name in ("fold_2/curve.parquet", "curve.parquet", "plots/learning_curves.png"):
        delete(f"catboost/{name}")(study)
    planned = study.would_run("results/tiny/catboost/plots/learning_curves.png")
    assert dict(planned) == {"train_fold_catboost": 1, "gather_folds": 1, "evaluate_backend": 1, "plots": 1}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_reruns_exactly_what_depends_on_it(study: Study, change: str) -> None:
    apply, expected = CHANGES[change]
    apply(study)
    assert dict(study.would_run()) == expected
