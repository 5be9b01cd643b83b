"""The plots of search, learning and importance: what is shown, left out and counted."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from fixtures.runs import FinishedRun
from foldwise.io.files import read_table
from foldwise.plots.feature_importance import draw_importance
from foldwise.plots.learning_curves import draw_learning_curves
from foldwise.plots.search_plot import aligned, draw_search
from foldwise.plots.style import Subject
from matplotlib.figure import Figure

SUBJECT = Subject("demo", "xgboost", "240 rows of 60 units (original_video) in 60 groups; 5 test folds")


GRID = {
    "max_depth": [3, 5],
    "learning_rate": [0.01, 0.1],
    "n_estimators": [100, 200],
    "subsample": [0.8, 1.0],
    "colsample_bytree": [0.8, 1.0],
    "reg_alpha": [0.0, 0.1],
    "reg_lambda": [1.0],
}


@pytest.fixture(scope="module")
def search() -> pd.DataFrame:
    """The search tables of five outer folds with three inner folds: a grid of 64 points."""
    points = pd.DataFrame(list(product(*GRID.values())), columns=[f"param_{name}" for name in GRID])
    tables = []
    for fold in range(1, 6):
        scores = 0.65 + 0.01 * np.random.default_rng(fold).normal(size=(len(points), 3))
        table = points.assign(fold=fold, score_1=scores[:, 0], score_2=scores[:, 1], score_3=scores[:, 2])
        table["mean_score"] = scores.mean(axis=1)
        table["rank"] = table["mean_score"].rank().astype(int)
        tables.append(table.assign(chosen=table["rank"] == 1))
    return pd.concat(tables, ignore_index=True)


@pytest.fixture(scope="module")
def curve(tiny_run: FinishedRun) -> pd.DataFrame:
    return read_table(tiny_run.results / "xgboost/curve.parquet").to_pandas()


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text"))]


def note_of(figure: Figure) -> str:
    return figure.get_supxlabel().replace("\n", " ")


def names_of_features(importance: pd.DataFrame) -> list[str]:
    return [text.get_text() for text in draw_importance(SUBJECT, importance).axes[0].get_yticklabels()]


def test_parameters_with_one_value_are_left_out(search: pd.DataFrame) -> None:
    figure = draw_search(SUBJECT, search, "log_loss", greater_is_better=False)
    shown = [axes.get_title(loc="left") for axes in figure.axes]
    assert shown == ["max_depth", "learning_rate", "n_estimators", "subsample", "colsample_bytree", "reg_alpha"]


def test_a_search_of_one_point_shows_the_metric_of_every_fold(search: pd.DataFrame) -> None:
    chosen = search[search["chosen"]].filter(regex="^(?!param_)")
    figure = draw_search(SUBJECT, chosen.assign(param_max_depth=3), "log_loss", greater_is_better=False)
    assert [axes.get_xlabel() for axes in figure.axes] == ["Outer fold"]


def test_points_stopped_early_are_counted_and_not_drawn(search: pd.DataFrame) -> None:
    raced = search.copy()
    raced.loc[(raced["rank"] > 40), ["score_3", "mean_score"]] = np.nan
    figure = draw_search(SUBJECT, raced, "log_loss", greater_is_better=False)
    assert "(120 of 320 not evaluated on all inner folds and not shown)" in note_of(figure)


def test_a_value_whose_points_were_all_stopped_keeps_its_place(search: pd.DataFrame) -> None:
    raced = search.copy()
    raced.loc[raced["param_max_depth"] == 5, ["score_3", "mean_score"]] = np.nan
    raced.loc[raced["param_max_depth"] == 5, "chosen"] = False
    figure = draw_search(SUBJECT, raced, "log_loss", greater_is_better=False)
    labels = [label.get_text().split("\n")[0] for label in figure.axes[0].get_xticklabels()]
    assert labels == ["3", "5"]
    assert "A value without a dot: none of its points was evaluated on all inner folds." in note_of(figure)


def test_a_conditional_parameter_says_in_how_many_points_it_is(search: pd.DataFrame) -> None:
    rate = np.where(search["param_max_depth"] == 3, np.geomspace(0.001, 1, len(search)), np.nan)
    figure = draw_search(SUBJECT, search.assign(param_rate=rate), "log_loss", greater_is_better=False)
    assert "rate\n(in 160 of 320 points)" in [axes.get_title(loc="left") for axes in figure.axes]


def test_many_texts_are_shown_value_by_value(search: pd.DataFrame) -> None:
    texts_of = np.array([f"kind_{i:02d}" for i in range(12)])[np.arange(len(search)) % 12]
    figure = draw_search(SUBJECT, search.assign(param_kind=texts_of), "log_loss", greater_is_better=False)
    [panel] = [axes for axes in figure.axes if axes.get_title(loc="left") == "kind"]
    assert len(panel.get_xticklabels()) == 12


def test_few_trials_of_a_range_are_dots_and_no_list(search: pd.DataFrame) -> None:
    few = search[search["fold"] == 1].head(6).assign(param_leaves=[4, 9, 13, 20, 31, 60], chosen=False)
    figure = draw_search(SUBJECT, few, "log_loss", greater_is_better=False)
    [panel] = [axes for axes in figure.axes if axes.get_title(loc="left") == "leaves"]
    assert "4\n0/1" not in [label.get_text() for label in panel.get_xticklabels()]


def test_a_search_without_a_complete_point_is_drawn(search: pd.DataFrame) -> None:
    unscored = search.assign(score_1=np.nan, mean_score=np.nan, chosen=False)
    figure = draw_search(SUBJECT, unscored, "log_loss", greater_is_better=False)
    assert "No point was evaluated on all inner folds." in texts(figure)


@pytest.mark.parametrize("greater_is_better", [True, False])
def test_a_wide_range_gets_a_logarithmic_axis_that_hides_no_good_point(greater_is_better: bool) -> None:
    generator = np.random.default_rng(0)
    rate = 10 ** generator.uniform(-4, 0, 100)
    score = 0.6 + 0.01 * generator.normal(size=100)
    score[0] += -5 if greater_is_better else 5
    best = score == (score.max() if greater_is_better else score.min())
    search = pd.DataFrame(
        {"fold": 1, "chosen": best, "score_1": score, "mean_score": score, "param_learning_rate": rate}
    )
    figure = draw_search(SUBJECT, search, "auc", greater_is_better)
    low, high = figure.axes[0].get_ylim()
    assert figure.axes[0].get_xscale() == "log"
    assert ((score > low) & (score < high)).sum() == 99
    assert "1 point with a worse metric outside the axis" in note_of(figure)


def test_alignment_removes_the_level_of_a_fold_and_nothing_else() -> None:
    search = pd.DataFrame({"fold": [1, 1, 2, 2], "param_a": [1, 2, 1, 2], "mean_score": [0.5, 0.6, 0.7, 0.8]})
    assert aligned(search, ["param_a"]).tolist() == pytest.approx([0.6, 0.7, 0.6, 0.7])


def test_learning_curves_have_one_panel_for_each_metric(curve: pd.DataFrame) -> None:
    trees = dict.fromkeys(curve["fold"], 5)
    assert [axes.get_title(loc="left") for axes in draw_learning_curves(SUBJECT, curve, trees).axes] == [
        "Log loss",
        "AUC",
    ]
    assert len(draw_learning_curves(SUBJECT, curve[curve["metric"] == "auc"], trees).axes) == 1


def test_feature_names_are_shown_as_they_are() -> None:
    names = ["MDVP:Jitter(%)", "x<1", "größe_μ", "特徴", "$a_b$"]
    importance = pd.DataFrame({"fold": 1, "feature": names, "gain": 0.2, "shap": [5.0, 4.0, 3.0, 2.0, 1.0]})
    assert names_of_features(importance) == [*names[:3], "\\u7279\\u5fb4", "$a_b$"]


def test_a_feature_missing_from_a_fold_counts_as_zero_there() -> None:
    importance = pd.DataFrame(
        {"fold": [1, 1, 2], "feature": ["rare", "steady", "steady"], "gain": [0.5, 0.5, 1.0], "shap": [0.5, 0.3, 0.3]}
    )
    assert names_of_features(importance) == ["steady", "rare"]
