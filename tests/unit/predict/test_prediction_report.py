"""The report of a prediction in words: how well the models did in the evaluation."""

from foldwise.backends.registry import get_backend
from foldwise.evaluation.operating_points import DecisionRule
from foldwise.predict.final_models import FinalModel, FinalModels, HeadlineAuc, ModelRecord
from foldwise.predict.prediction_report import headline
from foldwise.stats.calibration import Calibrator


def _model(name: str, estimate: float | None, low: float | None = None, high: float | None = None) -> FinalModel:
    auc = HeadlineAuc("auc", estimate, low, high, rows=48, units=12, groups=10, folds=3)
    record = ModelRecord("model", "", 0.5, "f1", "none", "", auc)
    return FinalModel(name, DecisionRule(Calibrator("none"), 0.5, {}), record, get_backend(name), None)


def test_the_headline_has_the_auc_of_each_model_and_its_interval_where_they_are_defined() -> None:
    models = [_model("xgboost", 0.7, 0.6, 0.8), _model("lightgbm", 0.65), _model("catboost", None)]
    assert headline(FinalModels(models, None, "lightgbm")) == (
        "AUC by row: lightgbm 0.650, recommended; xgboost 0.700 (0.600 to 0.800); catboost undefined; 48 rows, "
        "10 groups, 3 folds"
    )
