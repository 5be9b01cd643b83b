"""The configuration as typed models: the one truth behind config.yaml, its schema and its documentation."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from foldwise.config_errors import explain
from foldwise.errors import UserError, listed

BackendName = Literal["xgboost", "lightgbm", "catboost"]
FailingCheck = Literal["group_overlap", "mixed_labels", "duplicate_rows", "scramble"]
Scalar = bool | int | float | str

_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
Name = Annotated[str, Field(pattern=_NAME)]
Share = Annotated[float, Field(ge=0, le=1)]
OpenShare = Annotated[float, Field(gt=0, lt=1)]


class _Section(BaseModel):
    """A section of the configuration: unknown keys and values of another type are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Dataset(_Section):
    """One entry under `datasets:`, either `table:` alone or `metadata:` with `features:`."""

    table: str | None = Field(None, description="One file that holds label, groups and features")
    metadata: str | None = Field(None, description="One row a sample: id, label, groups, slices")
    features: dict[Name, str] = Field(
        default_factory=dict,
        description="Feature tables by name, joined on `id`; a column becomes `<table>_<column>`",
    )
    id: str | None = Field(
        None,
        description="Column that names a sample. Needed with `features:`; without it the row number is the name",
    )
    id_pattern: str | None = Field(
        None,
        description="Regular expression with a group `(?P<id>...)`: the part of the id that the tables share",
    )
    label: str = Field(description="Column with the two classes")
    positive: Scalar = Field(1, description="Value of `label` that counts as positive")
    groups: list[str] = Field(
        description="Columns that tie samples together: rows that share a value in any of them never cross a split. "
        "`[]` declares that every row stands for itself"
    )
    unit: str | None = Field(None, description="Column on which a verdict is wanted. Default: the first of `groups:`")
    slices: list[str] = Field(default_factory=list, description="Metadata columns by whose values scores are given")
    exclude: list[str] = Field(default_factory=list, description="Columns that must not become features")
    categorical: Literal["auto"] | list[str] = Field(
        "auto", description="`auto`: string, category and bool columns; or a list of columns"
    )
    sentinels: dict[str, list[Scalar]] = Field(
        default_factory=dict, description="Values that stand for missing, by column: `{codec_bitrate: [0]}`"
    )
    inf: Literal["error", "missing"] = Field("error", description="What an infinite value is")
    max_unmatched: Share = Field(
        0.05,
        description="Largest share of rows that may lack a partner in another table before the run stops",
    )

    @model_validator(mode="after")
    def _one_form(self) -> "Dataset":
        if (self.table is None) == (self.metadata is None):
            raise ValueError("give either table: (one file) or metadata: with features:")
        if self.metadata is not None and not self.features:
            raise ValueError("metadata: needs features: with at least one table, such as {stage2: path.parquet}")
        if self.table is not None and self.features:
            raise ValueError("table: is one file with everything; with features: use metadata: instead")
        if self.features and self.id is None:
            raise ValueError("features: needs id:, the column that the tables are joined on")
        return self

    @field_validator("id_pattern")
    @classmethod
    def _has_id_group(cls, pattern: str | None) -> str | None:
        if pattern is None:
            return None
        try:
            named = re.compile(pattern).groupindex
        except re.error as fault:
            raise ValueError(f"{pattern!r} is no regular expression: {fault}: mend it") from None
        if "id" not in named:
            raise ValueError(f"{pattern!r} needs a group (?P<id>...) around the part that the tables share")
        return pattern


class Folds(_Section):
    """Outer and inner splits."""

    n_splits: int = Field(5, ge=2, le=1000, description="Outer folds of one repeat")
    n_repeats: int = Field(1, ge=1, le=1000, description="Repeats of the outer split, each with another seed")
    inner_splits: int = Field(3, ge=2, le=100, description="Inner folds of an outer train part")
    seed: int = Field(42, ge=0, le=2**32 - 1, description="Seed of splits and models")

    @property
    def count(self) -> int:
        """Number of outer folds over all repeats."""
        return self.n_splits * self.n_repeats


class Search(_Section):
    """How the hyperparameters are chosen on the inner folds."""

    method: Literal["grid"] = Field("grid", description="`grid`: every point, the same table as GridSearchCV")
    metric: Literal["log_loss", "brier", "auc", "ap", "f1", "accuracy"] = Field(
        "log_loss", description="Score on the inner folds that chooses the point"
    )
    early_stopping_rounds: int | None = Field(
        None,
        ge=1,
        description="Rounds without a gain of the mean inner log-loss curve after which trees stop; "
        "the largest number of trees in the space is then the limit",
    )
    space: dict[BackendName, dict[str, Scalar | list[Scalar]]] = Field(
        default_factory=dict,
        description="Values by backend and parameter that replace those of `config/search/{backend}.yaml`",
    )


class Training(_Section):
    """How a model is fitted."""

    threads: int = Field(1, ge=1, le=1024, description="Threads of a fold's job. Part of the result for CatBoost")
    class_weight: Literal["none", "balanced", "unit"] = Field(
        "none", description="Row weights: none, classes alike, or every unit counts once"
    )
    device: Literal["cpu", "cuda"] = Field("cpu", description="Where the trees are grown")


class Evaluation(_Section):
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
        0.01, ge=0, lt=0.5, description="Difference in AUC below which two backends count as practically equal"
    )


class Audit(_Section):
    """The leakage checks."""

    enabled: bool = Field(True, description="Whether the checks run")
    scrambles: int = Field(
        20, ge=0, le=1000, description="Runs with labels shuffled between groups (check `scramble`); 0 leaves it out"
    )
    fail_on: list[FailingCheck] = Field(
        default_factory=lambda: list(get_args(FailingCheck)),
        description="Checks whose failure stops the run before training",
    )


class Config(_Section):
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
