"""The plots: written whole, the same bytes every time, and from every table that a run can leave."""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fixtures.runs import FinishedRun
from foldwise.evaluation.comparison_records import Comparison
from foldwise.io.files import read_table
from foldwise.plots.calibration_curve import draw_calibration, reliability
from foldwise.plots.curves import GRID, draw_precision_recall, draw_roc, precision, true_positive_rate
from foldwise.plots.fold_plots import draw_confusion, draw_fold_comparison
from foldwise.plots.labels import shortened
from foldwise.plots.model_comparison import draw_comparison
from foldwise.plots.model_plots import PLOTS, SCORE_PLOTS, BackendResults, read_backend, read_model, write_plots
from foldwise.plots.style import Subject, model_style, save
from foldwise.results.load import read_record
from matplotlib.figure import Figure
from matplotlib.image import imread
from sklearn.metrics import average_precision_score, roc_auc_score

SUBJECT = Subject("tiny", "xgboost", "200 rows of 40 units (video) in 40 groups; 3 test folds")
ODD_NAMES = (
    "MDVP:Jitter(%)",
    "x<1",
    "größe_μ",
    "特徴",
    "$a_b$",
    "$x",
    "line\nbreak",
    "back\\slash",
    "",
    "_hidden",
    "x" * 200,
)


@pytest.fixture(autouse=True)
def _no_warning() -> Iterator[None]:
    # matplotlib warns, rather than fails, of missing glyphs and of layouts that do not fit.
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.fixture(scope="module")
def results(tiny_run: FinishedRun) -> BackendResults:
    files = tiny_run.job("plots", backend="xgboost").input
    names = ("contract", "metrics", "out_of_fold", "search", "curve", "importance", "params")
    return read_backend(**{name: files[name] for name in names})


@pytest.fixture(scope="module")
def comparison(tiny_run: FinishedRun) -> Comparison:
    return read_record(tiny_run.results / "comparison.json", Comparison)


@pytest.fixture(scope="module")
def tidy(tiny_run: FinishedRun) -> pd.DataFrame:
    return read_table(tiny_run.results / "metrics.parquet").to_pandas()


def thirty_folds(results: BackendResults) -> BackendResults:
    """Return the results with every fold ten times, as ten repeats."""
    n, metrics = 3, results.metrics
    folds = [replace(f, fold=f.fold + n * r, repeat=r + 1) for r in range(10) for f in metrics.folds]

    def repeated(table: pd.DataFrame) -> pd.DataFrame:
        return pd.concat([table.assign(fold=table["fold"] + n * r) for r in range(10)], ignore_index=True)

    rows = len(results.predictions)
    return replace(
        results,
        metrics=replace(metrics, folds=folds, counts=replace(metrics.counts, folds=30, repeats=10)),
        predictions=repeated(results.predictions).assign(repeat=np.repeat(np.arange(1, 11), rows)),
        search=repeated(results.search),
        curve=repeated(results.curve),
        importance=repeated(results.importance),
        trees={f.fold: 5 for f in folds},
    )


def few_rows(results: BackendResults) -> BackendResults:
    """Return the results of eight rows, one feature and models of one tree, where no parameter has two values."""
    rows = results.predictions.groupby(["fold", "label"]).head(2).groupby("fold").head(4)
    curve, search = results.curve, results.search
    importance = results.importance
    return replace(
        results,
        predictions=rows[rows["fold"] <= 2],
        curve=curve[(curve["iteration"] == 1) & (curve["fold"] <= 2)],
        importance=importance[importance["feature"] == importance["feature"].iloc[0]],
        search=search[search["chosen"]].drop_duplicates("fold").drop(columns=search.filter(regex="^param_").columns),
        trees={1: 1, 2: 1},
    )


def odd_names(results: BackendResults) -> BackendResults:
    """Return the results of a dataset and features with odd names."""
    one = results.importance[results.importance["feature"] == results.importance["feature"].iloc[0]]
    table = pd.concat([one.assign(feature=name, shap=one["shap"] + n) for n, name in enumerate(ODD_NAMES)])
    subject = replace(results.subject, dataset="$a_b$ " * 12)
    return replace(results, subject=subject, importance=table)


def texts(figure: Figure) -> list[str]:
    figure.canvas.draw()
    return [text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text"))]


def labels_of_axis(figure: Figure, axes: int = 0) -> list[str]:
    figure.canvas.draw()
    return [text.get_text() for text in figure.axes[axes].get_yticklabels()]


def assert_is_readable_png(path: Path) -> None:
    picture = imread(path)
    height, width = picture.shape[:2]
    assert 600 <= width <= 2000
    assert 250 <= height <= 2000
    assert picture[..., :3].std() > 0.02


def test_every_plot_of_a_backend_is_a_picture(results: BackendResults, tmp_path: Path) -> None:
    write_plots(results, **{name: tmp_path / f"{name}.png" for name in PLOTS})
    assert sorted(path.stem for path in tmp_path.iterdir()) == sorted(PLOTS)
    for path in tmp_path.iterdir():
        assert_is_readable_png(path)


@pytest.mark.parametrize("name", PLOTS)
def test_two_writes_are_byte_identical(results: BackendResults, tmp_path: Path, name: str) -> None:
    for copy in ("first.png", "second.png"):
        write_plots(results, **{name: tmp_path / copy})
    written = (tmp_path / "first.png").read_bytes()
    assert written == (tmp_path / "second.png").read_bytes()
    assert b"tEXt" not in written
    assert b"tIME" not in written


@pytest.mark.parametrize("name", PLOTS)
def test_a_plot_says_what_it_shows_and_over_what(results: BackendResults, name: str) -> None:
    figure = PLOTS[name](results)
    assert figure.get_suptitle().startswith("tiny · XGBoost: ")
    note = figure.get_supxlabel().replace("\n", " ")
    assert "200 rows of 40 units (video) in 40 groups; 3 test folds" in note


@pytest.mark.parametrize("change", [thirty_folds, few_rows, odd_names])
def test_unusual_results_are_drawn(
    tmp_path: Path, results: BackendResults, change: Callable[[BackendResults], BackendResults]
) -> None:
    write_plots(change(results), **{name: tmp_path / f"{name}.png" for name in PLOTS})
    for name in PLOTS:
        assert_is_readable_png(tmp_path / f"{name}.png")


def test_the_ensemble_has_the_plots_of_its_predictions(tiny_run: FinishedRun) -> None:
    ensemble = read_model(**tiny_run.job("plot_ensemble").input)
    for draw in SCORE_PLOTS.values():
        assert draw(ensemble).get_suptitle().startswith("tiny · Ensemble: ")


def test_a_users_own_matplotlib_settings_do_not_show(
    results: BackendResults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_plots(results, roc_curve=tmp_path / "plain.png")
    import matplotlib as mpl

    monkeypatch.setitem(mpl.rcParams, "lines.linewidth", 9.0)
    monkeypatch.setitem(mpl.rcParams, "axes.facecolor", "black")
    write_plots(results, roc_curve=tmp_path / "own.png")
    assert (tmp_path / "plain.png").read_bytes() == (tmp_path / "own.png").read_bytes()


def test_the_mean_precision_line_encloses_the_average_precision() -> None:
    generator = np.random.default_rng(3)
    label = generator.integers(0, 2, 200)
    score = np.round(generator.normal(size=200) + label, 1)
    assert precision(label, score).mean() == pytest.approx(average_precision_score(label, score), abs=2e-3)


def test_the_roc_line_encloses_the_auc_and_starts_at_zero() -> None:
    generator = np.random.default_rng(3)
    label = generator.integers(0, 2, 200)
    score = np.round(generator.normal(size=200) + label, 1)
    line = true_positive_rate(label, score)
    assert line[0] == 0.0
    assert np.trapezoid(line, GRID) == pytest.approx(roc_auc_score(label, score), abs=2e-3)


def test_a_fold_with_one_class_is_left_out_of_the_curves_and_said(results: BackendResults) -> None:
    predictions = results.predictions.copy()
    predictions.loc[predictions["fold"] == 2, "label"] = 0
    for draw in (draw_roc, draw_precision_recall):
        figure = draw(SUBJECT, predictions, results.metrics)
        assert "Left out: 1 fold with one class only" in figure.get_supxlabel().replace("\n", " ")


def test_predictions_of_one_class_give_a_reason_and_no_curve(results: BackendResults) -> None:
    figure = draw_roc(SUBJECT, results.predictions.assign(label=0), results.metrics)
    assert any("both classes" in text.replace("\n", " ") for text in texts(figure))


def test_an_undefined_metric_is_marked_on_its_fold(results: BackendResults, tmp_path: Path) -> None:
    metrics = results.metrics
    folds = [replace(fold, row={**fold.row, "auc": None}) for fold in metrics.folds]
    means = {**metrics.headline.means, "auc": replace(metrics.headline.means["auc"], mean=None, sd=None)}
    odd = replace(metrics, folds=folds, intervals={}, headline=replace(metrics.headline, means=means))
    figure = draw_fold_comparison(SUBJECT, odd)
    assert texts(figure).count("x") == len(folds)
    assert "AUC undefined" in texts(figure)
    save(figure, tmp_path / "drawn.png")


def test_the_confusion_matrix_is_that_of_the_shipped_decision_on_units(results: BackendResults) -> None:
    repeated = thirty_folds(results)
    figure = draw_confusion(SUBJECT, results.metrics, results.label)
    (tn, fp), (fn, tp) = results.metrics.decision.unit.confusion
    assert tn + fp + fn + tp == 40
    assert {f"{tn} of {tn + fp}", f"{tp} of {fn + tp}"} <= set(texts(figure))
    note = draw_confusion(SUBJECT, repeated.metrics, repeated.label).get_supxlabel().replace("\n", " ")
    assert "sum over the 3 test folds of repeat 1" in note


def test_a_confusion_matrix_without_positives_is_drawn(results: BackendResults) -> None:
    label = replace(results.label, column="is_" + "fake" * 20, negative="$real$", positive="fake")
    of_units = replace(results.metrics.decision.unit, confusion=[[7, 3], [0, 0]])
    metrics = replace(results.metrics, decision=replace(results.metrics.decision, unit=of_units))
    figure = draw_confusion(SUBJECT, metrics, label)
    assert "70.0%" in texts(figure)
    assert texts(figure).count("none") == 2


def test_bins_hold_equal_numbers_of_rows() -> None:
    score = np.linspace(0, 1, 1000) ** 2
    bins = reliability((score > 0.5).astype(int), score, np.arange(len(score)))
    assert bins.rows.tolist() == [100] * 10
    assert bins.rows @ bins.positive == pytest.approx((score > 0.5).sum())


@pytest.mark.parametrize("score", [np.full(60, 0.4), np.repeat([0.0, 1.0], 30)], ids=["one value", "two values"])
def test_equal_scores_share_a_bin(score: np.ndarray) -> None:
    bins = reliability(np.arange(60) % 2, score, np.arange(len(score)))
    assert len(bins.rows) == len(np.unique(score))
    assert bins.score.tolist() == pytest.approx(sorted(set(score)))


def test_calibration_takes_the_first_repeat_alone(results: BackendResults) -> None:
    figure = draw_calibration(SUBJECT, thirty_folds(results).predictions)
    assert "negative (n = 100)" in texts(figure)


def test_long_names_keep_both_ends() -> None:
    short = shortened("stage2_" + "x" * 100 + "_mean", 20)
    assert len(short) == 20
    assert short.startswith("stage2_")
    assert short.endswith("_mean")


def test_known_models_differ_in_colour_and_mark_and_others_get_the_same_one_every_time() -> None:
    names = ("xgboost", "lightgbm", "catboost", "ensemble", "logistic_regression", "constant")
    known = [model_style(name) for name in names]
    assert len({style.colour for style in known}) == len({style.mark for style in known}) == 6
    assert model_style("ngboost") == model_style("ngboost")
    assert model_style("ngboost").colour not in {style.colour for style in known}


def test_the_comparison_lists_the_best_model_first_and_the_baselines_last(
    comparison: Comparison, tidy: pd.DataFrame, tmp_path: Path
) -> None:
    figure = draw_comparison(comparison, tidy)
    names = labels_of_axis(figure)
    assert names[-2:] == ["Logistic regression", "Constant prediction"]
    assert names[0] == "CatBoost"
    assert sorted(names[1:4]) == ["Ensemble", "LightGBM", "XGBoost"]
    save(figure, tmp_path / "drawn.png")
    assert_is_readable_png(tmp_path / "drawn.png")


def test_the_comparison_without_estimates_and_intervals_is_drawn(
    comparison: Comparison, tidy: pd.DataFrame, tmp_path: Path
) -> None:
    models = [replace(model, estimate=None, low=None, high=None) for model in comparison.models]
    figure = draw_comparison(
        replace(comparison, models=models), tidy.assign(value=tidy["value"].where(tidy["metric"] != "auc"))
    )
    save(figure, tmp_path / "drawn.png")
    assert_is_readable_png(tmp_path / "drawn.png")
