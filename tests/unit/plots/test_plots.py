"""The plots: written whole, the same bytes every time, and with every table that a run can leave."""

import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from artefacts import Study, write_results
from foldwise.evaluation.operating_points import EvaluationSettings, apply_decision_rules
from foldwise.evaluation.predictions import out_of_fold, prediction_table, read_fold_predictions
from foldwise.folds.assignment import open_rows
from foldwise.io.files import read_json, read_table, write_table
from foldwise.plots.calibration_plot import draw_calibration, reliability
from foldwise.plots.comparison import draw_comparison
from foldwise.plots.curves import GRID, draw_precision_recall, draw_roc, precision, true_positive_rate
from foldwise.plots.folds import draw_confusion, draw_fold_comparison, pooled_confusion
from foldwise.plots.labels import shortened
from foldwise.plots.model import PLOTS, BackendResults, read_backend, write_plots
from foldwise.plots.style import Subject, save
from foldwise.results.colours import look
from foldwise.training.collect import TABLES, gather_folds
from matplotlib.figure import Figure
from matplotlib.image import imread
from sklearn.metrics import average_precision_score, roc_auc_score

SUBJECT = Subject("demo", "xgboost", "240 rows of 60 units (original_video) in 60 groups; 5 test folds")
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


def results_of(folder: Path, study: Study, backend: str = "xgboost") -> BackendResults:
    place = folder / backend
    names = {name: f"{name}.parquet" for name in TABLES} | {"params": "params.json"}
    gathered = {name: str(place / file) for name, file in names.items()}
    gather_folds([str(place / f"fold_{fold}" / "params.json") for fold in range(1, study.folds + 1)], gathered)
    choices = EvaluationSettings([0.01, 0.05], 0.95, "sigmoid", "f1")
    contract = str(folder / "table.json")
    rows = open_rows(str(folder / "table.parquet"), contract, str(folder / "folds.parquet"))
    scored = out_of_fold(rows, read_fold_predictions(gathered["predictions"]))
    operated = apply_decision_rules(scored, read_fold_predictions(gathered["inner_predictions"]), choices)
    write_table(place / "out_of_fold.parquet", prediction_table("demo", backend, operated))
    files = {"out_of_fold": place / "out_of_fold.parquet", "metrics": place / "metrics.json"}
    return read_backend({**gathered, **files, "contract": contract})


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> BackendResults:
    study = Study(backends=("xgboost",))
    return results_of(write_results(tmp_path_factory.mktemp("results"), study), study)


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
    write_plots(results, {name: tmp_path / f"{name}.png" for name in PLOTS})
    assert sorted(path.stem for path in tmp_path.iterdir()) == sorted(PLOTS)
    for path in tmp_path.iterdir():
        assert_is_readable_png(path)


@pytest.mark.parametrize("name", PLOTS)
def test_two_writes_are_byte_identical(results: BackendResults, tmp_path: Path, name: str) -> None:
    for copy in ("first.png", "second.png"):
        write_plots(results, {name: tmp_path / copy})
    written = (tmp_path / "first.png").read_bytes()
    assert written == (tmp_path / "second.png").read_bytes()
    assert b"tEXt" not in written
    assert b"tIME" not in written


@pytest.mark.parametrize("name", PLOTS)
def test_a_plot_says_what_it_shows_and_over_what(results: BackendResults, name: str) -> None:
    figure = PLOTS[name](results)
    assert figure.get_suptitle().startswith("demo · XGBoost: ")
    note = figure.get_supxlabel().replace("\n", " ")
    assert "240 rows of 60 units (original_video) in 60 groups; 5 test folds" in note


@pytest.mark.parametrize(
    "study",
    [
        pytest.param(Study(backends=("xgboost",), units=80, n_splits=10, n_repeats=3), id="thirty folds"),
        pytest.param(
            Study(
                backends=("xgboost",),
                units=8,
                rows_per_unit=1,
                n_splits=2,
                inner_splits=2,
                features=("only",),
                space={"n_estimators": (1,)},
                signal=0.0,
            ),
            id="eight rows, one feature, one tree",
        ),
        pytest.param(Study(dataset="$a_b$ " * 12, backends=("xgboost",), features=ODD_NAMES), id="odd names"),
    ],
)
def test_unusual_studies_are_drawn(tmp_path: Path, study: Study) -> None:
    folder = write_results(tmp_path, study)
    write_plots(results_of(folder, study), {name: tmp_path / f"{name}.png" for name in PLOTS})
    for name in PLOTS:
        assert_is_readable_png(tmp_path / f"{name}.png")


def test_a_users_own_matplotlib_settings_do_not_show(
    results: BackendResults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_plots(results, {"roc_curve": tmp_path / "plain.png"})
    import matplotlib as mpl

    monkeypatch.setitem(mpl.rcParams, "lines.linewidth", 9.0)
    monkeypatch.setitem(mpl.rcParams, "axes.facecolor", "black")
    write_plots(results, {"roc_curve": tmp_path / "own.png"})
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


def test_an_undefined_score_is_marked_in_its_fold(results: BackendResults, tmp_path: Path) -> None:
    folds = [dict(fold) for fold in results.metrics["fold_results"]]
    for fold in folds:
        fold["auc"] = None
    figure = draw_fold_comparison(SUBJECT, {**results.metrics, "fold_results": folds, "intervals": {}})
    assert texts(figure).count("x") == len(folds)
    assert "AUC not defined" in texts(figure)
    save(figure, tmp_path / "drawn.png")


def test_the_confusion_matrix_counts_every_row_once_over_repeats(tmp_path: Path) -> None:
    study = Study(backends=("xgboost",), n_repeats=3)
    metrics = read_json(write_results(tmp_path, study) / "xgboost" / "metrics.json")
    counts, over = pooled_confusion(metrics)
    assert counts.sum() == metrics["counts"]["rows"]
    assert over == "Sum over the 5 test folds of repeat 1"


def test_a_confusion_matrix_without_positives_is_drawn() -> None:
    label = {"column": "is_" + "fake" * 20, "negative": "$real$", "positive": "fake"}
    figure = draw_confusion(SUBJECT, np.array([[7, 3], [0, 0]]), label, "Sum over the 2 test folds")
    assert "70.0%" in texts(figure)
    assert texts(figure).count("no rows") == 2


def test_bins_hold_equal_numbers_of_rows() -> None:
    score = np.linspace(0, 1, 1000) ** 2
    found = reliability((score > 0.5).astype(int), score, np.arange(len(score)))
    assert found.rows.tolist() == [100] * 10
    assert found.rows @ found.positive == pytest.approx((score > 0.5).sum())


@pytest.mark.parametrize("score", [np.full(60, 0.4), np.repeat([0.0, 1.0], 30)], ids=["one value", "two values"])
def test_equal_scores_share_a_bin(score: np.ndarray) -> None:
    found = reliability(np.arange(60) % 2, score, np.arange(len(score)))
    assert len(found.rows) == len(np.unique(score))
    assert found.score.tolist() == pytest.approx(sorted(set(score)))


def test_calibration_takes_the_first_repeat_alone(tmp_path: Path) -> None:
    study = Study(backends=("xgboost",), n_repeats=2)
    drawn = results_of(write_results(tmp_path, study), study)
    figure = draw_calibration(SUBJECT, drawn.predictions)
    assert "negative (n = 120)" in texts(figure)


def test_long_names_keep_both_ends() -> None:
    short = shortened("stage2_" + "x" * 100 + "_mean", 20)
    assert len(short) == 20
    assert short.startswith("stage2_")
    assert short.endswith("_mean")


def test_known_backends_differ_in_colour_and_mark_and_unknown_ones_are_steady() -> None:
    known = [look(name) for name in ("xgboost", "lightgbm", "catboost", "logistic_regression", "constant")]
    assert len({shown.colour for shown in known}) == len({shown.mark for shown in known}) == 5
    assert look("ngboost") == look("ngboost")
    assert look("ngboost").colour not in {shown.colour for shown in known}


def test_the_comparison_lists_references_last(tmp_path: Path) -> None:
    folder = write_results(tmp_path, Study())
    figure = draw_comparison(read_json(folder / "comparison.json"), read_table(folder / "metrics.parquet").to_pandas())
    names = labels_of_axis(figure)
    assert names[-2:] == ["logistic regression", "constant answer"]
    assert sorted(names[:3]) == ["CatBoost", "LightGBM", "XGBoost"]
    save(figure, tmp_path / "drawn.png")
    assert_is_readable_png(tmp_path / "drawn.png")


def test_the_comparison_of_one_backend_without_an_interval_is_drawn(tmp_path: Path) -> None:
    folder = write_results(tmp_path, Study(backends=("lightgbm",)))
    comparison = read_json(folder / "comparison.json")
    for entrant in comparison["entrants"]:
        entrant.update(low=None, high=None)
    figure = draw_comparison(comparison, read_table(folder / "metrics.parquet").to_pandas())
    save(figure, tmp_path / "drawn.png")
    assert_is_readable_png(tmp_path / "drawn.png")
