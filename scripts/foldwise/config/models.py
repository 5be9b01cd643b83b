"""The configuration as typed models, from which config/schema.json and config/README.md are generated."""

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import Field, ValidationError, field_validator, model_validator

from foldwise.config.datasets import Dataset, Name, NewTable, Section
from foldwise.config.messages import explain
from foldwise.config.sections import Audit, BackendName, Evaluation, Folds, Search, Tracking, Training
from foldwise.errors import UserError, listed, nearest, shown
from foldwise.model_names import ENSEMBLE

# Files in results/ next to the folders of the datasets.
_TAKEN = ("index.html", "analytics.duckdb", "mlflow.db", "mlartifacts", "tracking.json")


class Config(Section):
    """The configuration."""

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
        default_factory=dict, description="New tables to predict with the final models, by name"
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
        # On some file systems Mine and mine are the same folder.
        taken = {name: f"results/{name} is a file of every run" for name in _TAKEN}
        for name in datasets:
            if name.lower() in taken:
                raise ValueError(f"{name!r} cannot be the name of a dataset: {taken[name.lower()]}: use another name")
            taken[name.lower()] = f"it differs from {name!r} only in upper and lower case"
        return datasets

    @field_validator("predict")
    @classmethod
    def _names_of_rows_are_not_those_of_units(cls, predict: dict[str, NewTable]) -> dict[str, NewTable]:
        for name in predict:
            if name.endswith("_units"):
                raise ValueError(f"{name!r}: tables of units have names like this: use another name")
        return predict

    @model_validator(mode="after")
    def _scored_by_a_dataset(self) -> "Config":
        for name, entry in self.predict.items():
            if entry.dataset is None and len(self.datasets) > 1:
                raise ValueError(
                    f"predict.{name}: dataset: is missing, and there are {listed(self.datasets)}: name the one whose "
                    "models predict"
                )
            if entry.dataset is not None and entry.dataset not in self.datasets:
                raise ValueError(
                    f"predict.{name}.dataset: there is no dataset {entry.dataset!r}"
                    f"{nearest(entry.dataset, self.datasets)}; there are {listed(self.datasets)}"
                )
        return self

    @model_validator(mode="after")
    def _recommended_is_a_model(self) -> "Config":
        name, known = self.evaluation.recommend, ["auto", *self.entrants]
        if name not in known:
            without = ""
            if name == ENSEMBLE:
                reason = "there is one backend" if self.evaluation.ensemble else "evaluation.ensemble is false"
                without = f" ({reason}, so there is no ensemble)"
            raise ValueError(
                f"evaluation.recommend: {shown(name)} is not a model of this configuration{without}: use "
                f"{listed(known)}{nearest(name, known)}"
            )
        return self

    @property
    def recommended(self) -> str:
        """The recommended model, named before the results: the ensemble or the first backend if none is set."""
        name: str = self.evaluation.recommend
        if name != "auto":
            return name
        return ENSEMBLE if ENSEMBLE in self.entrants else self.backends[0]

    @property
    def entrants(self) -> list[str]:
        """The models that are evaluated and compared: the backends, then their ensemble where there is one."""
        together = self.evaluation.ensemble and len(self.backends) > 1
        return [*self.backends, *([ENSEMBLE] if together else [])]

    def scores_with(self, name: str) -> str:
        """Return the dataset whose final models predict an entry of ``predict``."""
        return self.predict[name].dataset or next(iter(self.datasets))

    @field_validator("backends")
    @classmethod
    def _no_repeats(cls, backends: list[BackendName]) -> list[BackendName]:
        twice = sorted({b for b in backends if backends.count(b) > 1})
        if twice:
            raise ValueError(f"{listed(twice)} appears more than once: name each backend once")
        return backends


def parse(content: Mapping[str, Any]) -> Config:
    """Check a configuration and fill in the defaults.

    Args:
        content: the mapping that YAML gave.

    Raises:
        UserError: for the first wrong key or value, with its path, what was given, what is allowed and the closest
            valid name.

    Example:
        >>> table = {"table": "data.parquet", "label": "fake", "groups": ["video"]}
        >>> parse({"datasets": {"mine": table}, "folds": {"n_repeats": 2}}).folds.count
        10
        >>> parse({"datasets": {"mine": table}, "fold": {}})
        Traceback (most recent call last):
        foldwise.errors.UserError: config: unknown key fold; did you mean 'folds'?...
    """
    try:
        return Config.model_validate(dict(content))
    except ValidationError as error:
        raise UserError(explain(error, Config, content)) from None
