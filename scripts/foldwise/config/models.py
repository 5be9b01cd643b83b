"""The configuration as typed models: the one truth behind config.yaml, its schema and its documentation."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, ValidationError, WithJsonSchema, field_validator, model_validator

from foldwise.config.datasets import Dataset, Name, NewTable, Section
from foldwise.config.messages import explain
from foldwise.errors import UserError, listed, nearest
from foldwise.io.files import without_credentials
from foldwise.model_names import ENSEMBLE


class Tracking(Section):
    """Experiment tracking. A tracker that is down costs a warning, never a result; the next run tries again."""

    mlflow: bool = Field(True, description="Whether a finished run is logged to MLflow")
    uri: str = Field(
        "sqlite:///results/mlflow.db",
        description="Where to: a database (`sqlite:///`, `postgresql://`, `mysql://`, `mssql://`) or a server "
        "(`http://`, `https://`)",
    )
    experiment: str = Field("foldwise", min_length=1, description="Name of the experiment; it is made if there is none")
    timeout: int = Field(
        300,
        ge=1,
        le=86400,
        description="Seconds after which logging is given up; what is missing comes with the next run",
    )

    @field_validator("uri")
    @classmethod
    def _is_an_address(cls, uri: str) -> str:
        if not re.match(r"(https?|(sqlite|postgresql|mysql|mssql)(\+\w+)?)://", uri):
            raise ValueError(
                f"{without_credentials(uri)!r} is neither a database nor a server: use sqlite:///results/mlflow.db or "
                "an address such as http://localhost:5000"
            )
        return uri


# What stands beside the datasets' folders in results/.
_TAKEN = ("index.html", "analytics.duckdb", "mlflow.db", "mlartifacts", "tracking.json")
BackendName = Literal["xgboost", "lightgbm", "catboost"]
FailingCheck = Literal["group_overlap", "mixed_labels", "duplicate_rows", "scramble"]
OpenShare = Annotated[float, Field(gt=0, lt=1)]
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
        description="`stratified_group`: groups dealt to `n_splits` folds; `leave_one_group_out`: each value of the "
        "column `by` is the test part of one fold, with the groups still intact",
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
    inner_splits: int = Field(3, ge=2, le=100, description="Inner folds of an outer train part")
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

    method: Literal["grid", "race", "random", "optuna"] = Field(
        "race",
        description="`race`: every point on the first inner fold; the better half of the fits goes on to the second, a "
        "quarter to the others, never fewer than four; `grid`: every point on every inner fold, the same table as "
        "GridSearchCV; `random`: `n_trials` points, drawn by the seed; `optuna`: `n_trials` "
        "points, each proposed from the scores of those before (TPE)",
    )
    metric: Literal["log_loss", "brier", "auc", "ap", "f1", "accuracy"] = Field(
        "log_loss", description="Score on the inner folds that chooses the point"
    )
    early_stopping_rounds: int | None = Field(
        None,
        ge=1,
        description="Trees without a gain of the mean inner curve of `metric` (log_loss or auc) after which to stop; "
        "the number of trees in the space is then the limit",
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
        "only. The outcome is the same",
    )
    space: dict[BackendName, str | dict[str, SpaceEntry]] = Field(
        default_factory=dict,
        description="By backend: values and ranges that replace those of `config/search/{backend}.yaml` one by one, or "
        "the path of a file that stands in its place; see [search spaces](#search-spaces)",
    )

    @model_validator(mode="after")
    def _stopping_needs_a_curve(self) -> "Search":
        if self.early_stopping_rounds is not None and self.metric not in ("log_loss", "auc"):
            raise ValueError(
                f"early_stopping_rounds needs a metric with a curve, {self.metric!r} has none: use log_loss or auc"
            )
        return self

    @model_validator(mode="after")
    def _shards_need_points_known_beforehand(self) -> "Search":
        if self.shards > 1 and self.method not in ("grid", "random"):
            raise ValueError(
                f"shards: {self.shards}: a search by {self.method!r} decides on the next fits from those before, so it "
                "cannot be split: set method: grid or random, or shards: 1"
            )
        return self


class Training(Section):
    """How a model is fitted."""

    threads: int = Field(1, ge=1, le=1024, description="Threads of a fold's job. Part of the result for CatBoost")
    class_weight: Literal["none", "balanced", "unit"] = Field(
        "none", description="Row weights: none, classes alike, or every unit counts once"
    )
    device: Literal["cpu", "cuda"] = Field("cpu", description="Where the trees are grown")


class Evaluation(Section):
    """What is reported."""

    confidence: OpenShare = Field(0.95, description="Confidence of every interval")
    operating_fpr: list[OpenShare] = Field(
        default_factory=lambda: [0.01, 0.05],
        description="False-positive rates at which the true-positive rate is given",
    )
    calibration: Literal["sigmoid", "isotonic", "none"] = Field(
        "sigmoid", description="How scores become probabilities, fitted on inner out-of-fold scores"
    )
    threshold: Literal["f1", "youden", "fpr"] = Field(
        "f1",
        description="What the decision threshold is best for on inner out-of-fold scores; `fpr` keeps the "
        "false-positive rate at the first of `operating_fpr`",
    )
    rope: float = Field(
        0.01, ge=0, lt=0.5, description="Difference in AUC below which two entrants count as practically equal"
    )
    ensemble: bool = Field(
        True,
        description="Whether the weighted mean of the backends' scores takes part too, where there are two or more; "
        "its weights come from inner out-of-fold scores",
    )


class Audit(Section):
    """The leakage checks."""

    enabled: bool = Field(True, description="Whether the checks run")
    row_wise_reference: bool = Field(
        False, description="Whether the same settings also run on row-wise splits, reported as leaky reference only"
    )
    scrambles: int = Field(
        20, ge=0, le=1000, description="Runs with labels shuffled between groups (check `scramble`); 0 leaves it out"
    )
    fail_on: list[FailingCheck] = Field(
        default_factory=lambda: list(get_args(FailingCheck)),
        description="Checks whose failure stops the run before training",
    )


class Config(Section):
    """The whole configuration."""

    datasets: dict[Name, Dataset] = Field(min_length=1, description="The tables to work on, by name")
    backends: list[BackendName] = Field(
        default_factory=lambda: list(get_args(BackendName)),
        min_length=1,
        description="Model families",
    )
    folds: Folds = Field(default_factory=Folds, description="Outer and inner splits")
    search: Search = Field(default_factory=Search, description="Choice of hyperparameters")
    training: Training = Field(default_factory=Training, description="Fitting of models")
    evaluation: Evaluation = Field(default_factory=Evaluation, description="What is reported")
    audit: Audit = Field(default_factory=Audit, description="The leakage checks")
    tracking: Tracking = Field(default_factory=Tracking, description="Experiment tracking")
    predict: dict[Name, NewTable] = Field(
        default_factory=dict, description="New tables to score with the final models, by name"
    )

    @model_validator(mode="after")
    def _held_out_column_is_a_slice(self) -> "Config":
        for name, dataset in self.datasets.items():
            if self.folds.by is not None and self.folds.by not in (*dataset.slices, *dataset.groups):
                raise ValueError(
                    f"folds.by: {self.folds.by!r} must be in slices: or groups: of dataset {name!r}: "
                    "add it to one of them"
                )
        return self

    @field_validator("datasets")
    @classmethod
    def _folders_are_distinct(cls, datasets: dict[str, Dataset]) -> dict[str, Dataset]:
        # Some file systems hold Mine and mine for one name.
        taken = {name: f"results/{name} is a file of every run" for name in _TAKEN}
        for name in datasets:
            if name.lower() in taken:
                raise ValueError(f"{name!r} cannot name a dataset: {taken[name.lower()]}: name it otherwise")
            taken[name.lower()] = f"it differs from {name!r} in capitals alone, and so would their folders"
        return datasets

    @field_validator("predict")
    @classmethod
    def _names_of_rows_are_not_those_of_units(cls, predict: dict[str, NewTable]) -> dict[str, NewTable]:
        for name in predict:
            if name.endswith("_units"):
                raise ValueError(f"{name!r}: a table of units is named so: name it otherwise")
        return predict

    @model_validator(mode="after")
    def _scored_by_a_dataset(self) -> "Config":
        for name, entry in self.predict.items():
            if entry.dataset is None and len(self.datasets) > 1:
                raise ValueError(
                    f"predict.{name}: dataset: is missing, and there are {listed(self.datasets)}: name the one whose "
                    "models score"
                )
            if entry.dataset is not None and entry.dataset not in self.datasets:
                raise ValueError(
                    f"predict.{name}.dataset: there is no dataset {entry.dataset!r}"
                    f"{nearest(entry.dataset, self.datasets)}; there are {listed(self.datasets)}"
                )
        return self

    @property
    def entrants(self) -> list[str]:
        """Who is evaluated and compared: the backends, then their ensemble where there is one."""
        together = self.evaluation.ensemble and len(self.backends) > 1
        return [*self.backends, *([ENSEMBLE] if together else [])]

    def scores_with(self, name: str) -> str:
        """Return the dataset whose final models score an entry of ``predict``."""
        return self.predict[name].dataset or next(iter(self.datasets))

    @field_validator("backends")
    @classmethod
    def _no_repeats(cls, backends: list[BackendName]) -> list[BackendName]:
        twice = sorted({b for b in backends if backends.count(b) > 1})
        if twice:
            raise ValueError(f"{listed(twice)} stands there more than once: name each backend once")
        return backends


def parse(content: Mapping[str, Any]) -> Config:
    """Check a configuration and fill in the defaults.

    Args:
        content: the mapping that YAML gave.

    Raises:
        UserError: on the first wrong key or value, with the key's path, what was given, what is
            allowed and the nearest right name.
    """
    try:
        return Config.model_validate(dict(content))
    except ValidationError as found:
        raise UserError(explain(found, Config, content)) from None
