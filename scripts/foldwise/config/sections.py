"""The sections of the configuration but `datasets:` and `predict:`, as typed models."""

import re
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
    field_validator,
    model_validator,
)

from foldwise.config.datasets import Section
from foldwise.errors import shown
from foldwise.io.files import without_credentials
from foldwise.model_names import ENSEMBLE

BackendName = Literal["xgboost", "lightgbm", "catboost"]
FailingCheck = Literal["group_overlap", "mixed_labels", "duplicate_rows", "scramble"]
OpenShare = Annotated[float, Field(gt=0, lt=1)]
# Which of them are models of a run depends on other keys: checked in foldwise.config.models.
Recommended = Annotated[Any, WithJsonSchema({"enum": ["auto", *get_args(BackendName), ENSEMBLE]})]
_METRICS_WITH_A_CURVE = ("log_loss", "auc")
_SCALAR_SCHEMA = {"anyOf": [{"type": kind} for kind in ("boolean", "number", "string")]}
_VALUES_SCHEMA = {"anyOf": [_SCALAR_SCHEMA, {"type": "array", "items": _SCALAR_SCHEMA}]}

_RANGE_SCHEMA = {
    "type": "object",
    "properties": {
        "values": _VALUES_SCHEMA,
        "low": {"type": "number"},
        "high": {"type": "number"},
        "step": {"type": "number"},
        "log": {"type": "boolean"},
        "when": {"type": "object", "additionalProperties": _VALUES_SCHEMA},
        "least_rows": {"type": "object", "additionalProperties": {"type": "integer"}},
    },
    "additionalProperties": False,
}

# Checked in foldwise.search.space, where a file with a space is checked too; the schema is for editors.
SpaceEntry = Annotated[
    Any, WithJsonSchema({"$comment": "value, list or range", "anyOf": [_VALUES_SCHEMA, _RANGE_SCHEMA]})
]


class Folds(Section):
    """Outer and inner splits."""

    method: Literal["stratified_group", "leave_one_group_out"] = Field(
        "stratified_group",
        description="`stratified_group`: groups are assigned to `n_splits` folds; `leave_one_group_out`: the rows of "
        "each value of the column `by` are the test part of one fold, and groups are never split",
    )
    by: str | None = Field(
        None, description="Metadata column for `leave_one_group_out`, such as generator, camera or platform"
    )
    n_splits: int = Field(
        5,
        ge=2,
        le=1000,
        description="Outer folds of one repeat; for `leave_one_group_out` the number of values of `by`",
    )
    n_repeats: int = Field(1, ge=1, le=1000, description="Repeats of the outer split, each with another seed")
    inner_splits: Literal["auto"] | Annotated[int, Field(ge=2, le=100)] = Field(
        "auto",
        description="Inner folds of an outer train part; `auto`: 3, and up to 6 where a train part has fewer than 15 "
        "groups of the rarer class",
    )
    seed: int = Field(42, ge=0, le=2**32 - 1, description="Seed of splits and models")

    @model_validator(mode="after")
    def _by_belongs_to_a_method(self) -> "Folds":
        leaving_out = self.method == "leave_one_group_out"
        if leaving_out and self.by is None:
            raise ValueError("method: leave_one_group_out needs by:, the column whose values are held out in turn")
        if not leaving_out and self.by is not None:
            raise ValueError("by: belongs to method: leave_one_group_out: set it, or take by: out")
        if leaving_out and self.n_repeats > 1:
            raise ValueError("method: leave_one_group_out has one way to split: set n_repeats: 1")
        return self

    @property
    def count(self) -> int:
        """Number of outer folds over all repeats."""
        return self.n_splits * self.n_repeats


class Search(Section):
    """How the hyperparameters are chosen on the inner folds."""

    method: Literal["grid", "race", "screen", "random", "optuna"] = Field(
        "race",
        description="`race`: every point on the first inner fold, the better half on the second, a quarter on the "
        "others, but at least four; `screen`: a balanced third of the fits on the first inner fold, then those that "
        "main effects predict to be best, six on the second and three on the others; `grid`: every point on every "
        "inner fold, with the same results as GridSearchCV; "
        "`random`: `n_trials` random points; `optuna`: `n_trials` points, each proposed from the results of those "
        "before (TPE)",
    )
    metric: Literal["log_loss", "brier", "auc", "ap", "f1", "accuracy"] = Field(
        "log_loss", description="Metric on the inner folds by which the point is chosen"
    )
    early_stopping_rounds: int | None = Field(
        50,
        ge=1,
        description="End a fit once so many trees in a row do not improve `metric` (log_loss or auc) on its own inner "
        "fold; the number of trees in the space is then the limit. `null`: the number of trees is a value of the space "
        "like the others; so it is by default with `method: grid` and with a metric that has no curve",
    )
    fraction: float = Field(
        1.0, gt=0, le=1, description="Share of the train groups of each class that the search uses; the refit uses all"
    )
    n_trials: int = Field(32, ge=1, description="Number of points for `random` and `optuna`")
    shards: int = Field(
        1,
        ge=1,
        le=1000,
        description="Jobs that the search of a fold is split over, for a large grid on a cluster; `grid` and `random` "
        "only. The result is the same",
    )
    space: dict[BackendName, str | dict[str, SpaceEntry]] = Field(
        default_factory=dict,
        description="By backend: values and ranges that replace those of `config/search/{backend}.yaml` one by one, or "
        "the path of a file that is used in its place; see [search spaces](#search-spaces)",
    )

    @model_validator(mode="before")
    @classmethod
    def _no_stopping_by_default(cls, given: Any) -> Any:
        """Leave early stopping out where it was not asked for and a grid or a metric without a curve was."""
        if not isinstance(given, dict) or "early_stopping_rounds" in given:
            return given
        without = given.get("method") == "grid" or given.get("metric", "log_loss") not in _METRICS_WITH_A_CURVE
        return {**given, "early_stopping_rounds": None} if without else given

    @model_validator(mode="after")
    def _stopping_needs_a_curve(self) -> "Search":
        if self.early_stopping_rounds is not None and self.metric not in _METRICS_WITH_A_CURVE:
            raise ValueError(
                f"early_stopping_rounds needs a metric with a curve, {self.metric!r} has none: use log_loss or auc"
            )
        return self

    @model_validator(mode="after")
    def _shards_need_points_known_beforehand(self) -> "Search":
        if self.shards > 1 and self.method not in ("grid", "random"):
            raise ValueError(
                f"shards: {self.shards}: a search by {self.method!r} needs the results of earlier points, so it "
                "cannot be split: set method: grid or random, or shards: 1"
            )
        return self


class Training(Section):
    """How a model is fitted."""

    threads: int = Field(1, ge=1, le=1024, description="Threads of a fold's job. The models of CatBoost depend on it")
    class_weight: Literal["none", "balanced", "unit"] = Field(
        "none",
        description="Row weights: `none`; `balanced`: both classes have the same total weight; `unit`: every unit has "
        "the same total weight",
    )
    device: Literal["cpu", "cuda"] = Field("cpu", description="Device on which the models are fitted")


class FixedFpr(Section):
    """A decision threshold with a limited false-positive rate."""

    fixed_fpr: OpenShare = Field(description="Largest false-positive rate on inner out-of-fold predictions")


class Costs(Section):
    """What wrong decisions cost."""

    false_positive: float = Field(gt=0, allow_inf_nan=False, description="Cost of a false positive")
    false_negative: float = Field(gt=0, allow_inf_nan=False, description="Cost of a false negative")


class Cost(Section):
    """A decision threshold with the least total cost."""

    cost: Costs = Field(description="Costs of wrong decisions")


def _one_message(given: Any, check: ValidatorFunctionWrapHandler) -> Any:
    """Say in one message what is allowed, in place of one for each kind that it is not."""
    try:
        return check(given)
    except ValidationError:
        raise ValueError(
            f"{shown(given)} is not allowed: use youden, f1, mcc, accuracy, a threshold between 0 and 1, "
            "{fixed_fpr: 0.05} or {cost: {false_positive: 5, false_negative: 1}}"
        ) from None


Threshold = Annotated[
    Literal["youden", "f1", "mcc", "accuracy"] | OpenShare | FixedFpr | Cost, WrapValidator(_one_message)
]


class Evaluation(Section):
    """What is reported."""

    confidence: OpenShare = Field(0.95, description="Confidence of every interval")
    operating_fpr: list[OpenShare] = Field(
        default_factory=lambda: [0.01, 0.05],
        description="False-positive rates at which the true-positive rate is reported",
    )
    calibration: Literal["auto", "sigmoid", "isotonic", "none"] = Field(
        "auto",
        description="How predictions are calibrated, on inner out-of-fold predictions; `auto`: the sigmoid, as far as "
        "the number of groups can tell that it is needed",
    )
    threshold: Threshold = Field(
        "youden",
        description="Criterion of the decision threshold on inner out-of-fold predictions by unit, "
        "`{fixed_fpr: 0.05}`, `{cost: {false_positive: 5, false_negative: 1}}`, or the threshold itself",
    )
    rope: float = Field(
        0.01, ge=0, lt=0.5, description="Difference in AUC below which two models are practically equal"
    )
    ensemble: bool = Field(
        True,
        description="Whether the weighted mean of the backends' predictions is evaluated too, where there are two or "
        "more backends; its weights are fitted on inner out-of-fold predictions",
    )
    recommend: Recommended = Field(
        "auto",
        description="The recommended model, which report, bundle, MLflow and predictions put first. It is set before "
        "the results are known, so that its metrics are not those of the best of several; `auto`: the ensemble where "
        "there is one, else the first of `backends`",
    )


class Audit(Section):
    """The leakage checks."""

    enabled: bool = Field(True, description="Whether the checks run")
    row_wise_reference: bool = Field(
        False, description="Whether the same settings also run on row-wise splits, reported as the leaky reference only"
    )
    scrambles: int = Field(
        20, ge=0, le=1000, description="Runs with labels shuffled between groups (check `scramble`); 0 leaves it out"
    )
    fail_on: list[FailingCheck] = Field(
        default_factory=lambda: list(get_args(FailingCheck)),
        description="Checks whose failure stops the run before the training",
    )


class Tracking(Section):
    """Experiment tracking. A tracker that is not reachable causes a warning, and the next run tries again."""

    mlflow: bool = Field(True, description="Whether a finished run is logged to MLflow")
    uri: str = Field(
        "sqlite:///results/mlflow.db",
        description="Address of a database (`sqlite:///`, `postgresql://`, `mysql://`, `mssql://`) or of a server "
        "(`http://`, `https://`)",
    )
    experiment: str = Field(
        "foldwise", min_length=1, description="Name of the experiment, created if it does not exist"
    )
    timeout: int = Field(
        300,
        ge=1,
        le=86400,
        description="Seconds after which logging stops; the next run logs what is missing",
    )

    @field_validator("uri")
    @classmethod
    def _is_an_address(cls, uri: str) -> str:
        if not re.match(r"(https?|(sqlite|postgresql|mysql|mssql)(\+\w+)?)://", uri):
            raise ValueError(
                f"{without_credentials(uri)!r} is not the address of a database or a server: use "
                "sqlite:///results/mlflow.db or an address such as http://localhost:5000"
            )
        return uri
