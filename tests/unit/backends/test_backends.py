"""Every backend implements the same interface with the same promises."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fixtures import wrappers
from fixtures.backend_cases import OPTIONS, SEED, TABLES, TREES, Case, case_of
from fixtures.tables import Grouped, grouped
from foldwise.backends.base import FitOptions
from foldwise.backends.registry import SPECIFICATIONS, get_backend
from foldwise.data.feature_matrix import FeatureMatrix
from foldwise.stats.metrics import auc, log_loss

ODD_NAMES = (
    "MDVP:Jitter(%)",
    "a[0]",
    "a]0[",
    "a_0_",
    "x<1",
    "two words",
    '"q"',
    "größe, 幅",
    "",
    "tab\tline\nend",
    "p=q",
    "{c}",
)


@pytest.fixture(params=[(name, kind) for name in SPECIFICATIONS for kind in TABLES], ids="-".join)
def case(request: pytest.FixtureRequest) -> Case:
    name, kind = request.param
    return case_of(name, TABLES[kind]())


def test_the_first_trees_of_a_fit_are_the_trees_of_a_smaller_fit(case: Case) -> None:
    binned = case.binned()
    large = case.backend.fit(binned, case.params, 40, OPTIONS).model
    small = case.backend.fit(binned, case.params, 20, OPTIONS).model
    rows = case.validation(binned)
    np.testing.assert_array_equal(case.backend.predict(large, rows, 20), case.backend.predict(small, rows))


def test_binned_data_can_be_used_for_several_fits(case: Case) -> None:
    binned = case.binned()
    case.backend.fit(binned, case.params, TREES, OPTIONS, eval_sets=[("rows", case.validation(binned))])
    again = case.backend.fit(binned, case.params, TREES, OPTIONS).model
    np.testing.assert_array_equal(case.predictions(again), case.predictions(case.model()))


def test_prepared_rows_and_raw_rows_have_the_same_predictions(case: Case) -> None:
    binned = case.binned()
    model = case.backend.fit(binned, case.params, TREES, OPTIONS).model
    np.testing.assert_array_equal(case.backend.predict(model, case.validation(binned)), case.predictions(model))


def test_evaluation_sets_do_not_change_the_model(case: Case) -> None:
    binned = case.binned()
    eval_sets = [("one", case.validation(binned)), ("two", case.validation(binned))]
    evaluated = case.backend.fit(binned, case.params, TREES, OPTIONS, eval_sets=eval_sets).model
    np.testing.assert_array_equal(case.predictions(evaluated), case.predictions(case.model()))


@pytest.mark.parametrize("names", [["rows"], ["train", "rows"]], ids=["one", "two"])
def test_curves_have_one_value_a_tree_and_end_at_the_metric_of_the_model(case: Case, names: list[str]) -> None:
    binned = case.binned()
    eval_sets = [(name, case.validation(binned)) for name in names]
    fitted = case.backend.fit(binned, case.params, TREES, OPTIONS, eval_sets=eval_sets)
    probability = case.predictions(fitted.model)
    assert set(fitted.curves) == {(name, metric) for name in names for metric in ("log_loss", "auc")}
    for (_, metric), curve in fitted.curves.items():
        expected = log_loss(case.test.label, probability) if metric == "log_loss" else auc(case.test.label, probability)
        assert curve.shape == (TREES,)
        assert curve[-1] == pytest.approx(expected, rel=1e-5)


def test_only_the_given_metrics_are_evaluated(case: Case) -> None:
    binned = case.binned()
    eval_sets = [("rows", case.validation(binned))]
    fitted = case.backend.fit(binned, case.params, TREES, OPTIONS, eval_sets=eval_sets, metrics=("auc",))
    assert list(fitted.curves) == [("rows", "auc")]


def test_a_saved_model_has_the_same_predictions(case: Case, tmp_path: Path) -> None:
    model = case.model()
    path = tmp_path / SPECIFICATIONS[case.name].model_file
    case.backend.save(model, path)
    np.testing.assert_array_equal(case.predictions(case.backend.load(path)), case.predictions(model))


def test_two_equal_fits_give_the_same_file(case: Case, tmp_path: Path) -> None:
    paths = [tmp_path / str(i) / SPECIFICATIONS[case.name].model_file for i in range(2)]
    for path in paths:
        path.parent.mkdir()
        case.backend.save(case.model(), path)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_gain_is_given_in_the_order_of_the_columns(case: Case) -> None:
    gain = case.backend.gain(case.model())
    assert gain.shape == (12,)
    assert gain.argmax() == 0
    assert gain.min() >= 0


def test_contributions_and_a_base_add_up_to_the_log_odds(case: Case) -> None:
    model = case.model()
    probability = case.predictions(model).astype(np.float64)
    shap = case.backend.contributions(model, case.test.matrix)
    base = np.log(probability / (1 - probability)) - shap.sum(axis=1)
    assert shap.shape == (50, 12)
    assert np.ptp(base) < 1e-5


def test_odd_column_names_change_no_prediction(case: Case, tmp_path: Path) -> None:
    odd = replace(case, **{p: _renamed(getattr(case, p), ODD_NAMES) for p in ("train", "test")})
    model = odd.model()
    path = tmp_path / SPECIFICATIONS[case.name].model_file
    case.backend.save(model, path)
    loaded = case.backend.load(path)
    expected = case.model()
    np.testing.assert_array_equal(odd.predictions(model), case.predictions(expected))
    np.testing.assert_array_equal(odd.predictions(loaded), case.predictions(expected))
    np.testing.assert_allclose(case.backend.gain(loaded), case.backend.gain(expected), rtol=1e-5)


def test_weights_change_the_model(case: Case) -> None:
    weight = np.where(case.train.label == 1, 5.0, 1.0)
    weighted = case.backend.fit(case.binned(weight), case.params, TREES, OPTIONS).model
    assert case.predictions(weighted).mean() > case.predictions(case.model()).mean() + 0.05


def test_two_threads_give_the_model_of_one(case: Case) -> None:
    options = FitOptions(SEED, threads=2)
    model = case.backend.fit(case.binned(options=options), case.params, TREES, options).model
    np.testing.assert_array_equal(case.predictions(model), case.predictions(case.model()))


def test_predictions_are_those_of_the_scikit_learn_classifier(case: Case) -> None:
    params = {**case.params, SPECIFICATIONS[case.name].trees: TREES}
    expected = wrappers.fit_and_score(case.name, params, SEED, case.train.matrix, case.train.label, case.test.matrix)
    np.testing.assert_array_equal(case.predictions(case.model()), expected)


def test_missing_values_are_used_for_splits(case: Case) -> None:
    values = case.train.matrix.values.copy()
    values[case.train.label == 1, 3] = np.nan
    train = replace(case.train, matrix=FeatureMatrix(values, case.train.matrix.names, case.train.matrix.categorical))
    gain = case.backend.gain(replace(case, train=train).model())
    assert gain.argmax() == 3


@pytest.mark.parametrize("name", SPECIFICATIONS)
def test_one_split_separates_any_set_of_categories(name: str) -> None:
    data = grouped(groups=200, columns=2, categories=1)
    odd = (data.matrix.values[:, 1] % 2).astype(np.int8)
    depth = next(p for p in ("max_depth", "depth") if p in SPECIFICATIONS[name].parameters)
    params = {depth: 1, "learning_rate": 0.5}
    backend = get_backend(name)
    model = backend.fit(backend.bin_train(data.matrix, odd, None, params, OPTIONS), params, 1, OPTIONS).model
    assert auc(odd, backend.predict_matrix(model, data.matrix)) == 1.0


@pytest.mark.parametrize("name", SPECIFICATIONS)
def test_double_precision_is_accepted(name: str) -> None:
    wide = case_of(name, grouped(columns=12, missing=0.1, dtype=np.float64))
    assert np.isfinite(wide.predictions(wide.model())).all()


def _renamed(data: Grouped, names: tuple[str, ...]) -> Grouped:
    return replace(data, matrix=FeatureMatrix(data.matrix.values, names, data.matrix.categorical))
