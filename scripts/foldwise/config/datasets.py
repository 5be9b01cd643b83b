"""One entry under `datasets:` of the configuration, as a typed model."""

import re
from collections.abc import Iterable, Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from foldwise.errors import shown


def _storable(value: int) -> int:
    if not -(2**63) <= value < 2**64:
        raise ValueError(f"{shown(value)} is too large for a column: correct the value")
    return value


Scalar = bool | Annotated[int, AfterValidator(_storable)] | float | str
_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"

# It becomes part of file names, which may have 255 bytes on most file systems.
Name = Annotated[str, Field(pattern=_NAME, max_length=100)]
Share = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    """A section of the configuration: unknown keys and values of another type are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Dataset(Section):
    """One entry under `datasets:`, either `table:` alone or `metadata:` with `features:`."""

    table: str | None = Field(None, description="One file with label, groups and features")
    metadata: str | None = Field(None, description="One row a sample: id, label, groups, slices")
    features: dict[Name, str] = Field(
        default_factory=dict,
        description="Feature tables by name, joined on `id`; a column becomes `<table>_<column>`",
    )
    id: str | None = Field(
        None,
        description="Column that identifies a sample. Needed with `features:`; without it the row number is the id",
    )
    id_pattern: str | None = Field(
        None,
        description="Regular expression with a group `(?P<id>...)`: the part of the id that the tables share",
    )
    label: str = Field(description="Column with the two classes")
    positive: Scalar = Field(1, description="Value of `label` that counts as positive")
    groups: list[str] = Field(
        description="Columns that tie samples together: rows that share a value in any of them never cross a split. "
        "`[]` declares that every row is its own group"
    )
    unit: str | None = Field(
        None,
        description="Column whose values a decision is wanted for, such as the video. Default: the first of `groups:`",
    )
    slices: list[str] = Field(default_factory=list, description="Metadata columns; metrics are reported for each value")
    exclude: list[str] = Field(default_factory=list, description="Columns that must not become features")
    categorical: Literal["auto"] | list[str] = Field(
        "auto", description="`auto`: string, category and bool columns; or a list of columns"
    )
    sentinels: dict[str, list[Scalar]] = Field(
        default_factory=dict, description="Values that are read as missing, by column: `{codec_bitrate: [0]}`"
    )
    inf: Literal["error", "missing"] = Field("error", description="How an infinite value is treated")
    max_unmatched: Share = Field(
        0.05,
        description="Largest share of rows that may lack a partner in another table before the run stops",
    )

    video_root: str | None = Field(
        None, description="Folder of the video files that `id` names: the notebook shows their first frames"
    )

    @property
    def files(self) -> list[str]:
        """The files that the entry names: ``table``, or ``metadata`` and then those of ``features``."""
        return [f for f in (self.table, self.metadata) if f is not None] + list(self.features.values())

    def with_files(self, files: Sequence[str]) -> "Dataset":
        """Return the same entry with other paths, in the order of :attr:`files`."""
        if self.table is not None:
            return self.model_copy(update={"table": files[0]})
        return self.model_copy(
            update={"metadata": files[0], "features": dict(zip(self.features, files[1:], strict=True))}
        )

    @model_validator(mode="after")
    def _one_form(self) -> "Dataset":
        if (self.table is None) == (self.metadata is None):
            raise ValueError("give either table: (one file) or metadata: with features:")
        if self.metadata is not None and not self.features:
            raise ValueError("metadata: needs features: with at least one table, such as {stage2: path.parquet}")
        if self.table is not None and self.features:
            raise ValueError("table: is one file with everything: use metadata: with features:")
        if self.features and self.id is None:
            raise ValueError("features: needs id:, the column that the tables are joined on")
        return self

    @field_validator("slices")
    @classmethod
    def _all_is_taken(cls, slices: list[str]) -> list[str]:
        if "all" in slices:
            raise ValueError("'all' is the name that the results use for all rows: rename the column")
        return slices

    @field_validator("id_pattern")
    @classmethod
    def _has_id_group(cls, pattern: str | None) -> str | None:
        if pattern is None:
            return None
        try:
            named = re.compile(pattern).groupindex
        except (re.error, OverflowError, RecursionError) as fault:
            raise ValueError(f"{pattern!r} is not a regular expression: {fault}: correct it") from None
        if "id" not in named:
            raise ValueError(f"{pattern!r} needs a group (?P<id>...) around the part that the tables share")
        return pattern


class NewTable(Section):
    """One entry under `predict:`, either `table:` alone or `features:`: new rows for the final models of a dataset."""

    dataset: str | None = Field(
        None, description="The dataset whose final models predict. Needed where several datasets are configured"
    )
    table: str | None = Field(None, description="One file with every column under its name in `table.parquet`")
    features: dict[Name, str] = Field(
        default_factory=dict,
        description="Feature tables under the names that the dataset gives them, joined on `id`",
    )
    metadata: str | None = Field(
        None, description="With `features:`, a file with the samples to predict and the unit of each"
    )
    explain: bool = Field(
        False,
        description="Whether to add the five features with the largest effect on each prediction (SHAP values)",
    )

    @model_validator(mode="after")
    def _one_form(self) -> "NewTable":
        if (self.table is None) == (not self.features):
            raise ValueError("give either table: (one file) or features: with at least one table")
        if self.metadata is not None and not self.features:
            raise ValueError("metadata: goes with features:; table: is one file with everything")
        return self

    @property
    def files(self) -> list[str]:
        """The files that the entry names."""
        return [f for f in (self.table, self.metadata) if f is not None] + list(self.features.values())

    def located(self, paths: Iterable[str]) -> "NewTable":
        """Return the entry with other paths for its files, in the order of :attr:`files`."""
        path = dict(zip(self.files, paths, strict=True))
        features = {name: path[file] for name, file in self.features.items()}
        return self.model_copy(
            update={
                "table": self.table and path[self.table],
                "metadata": self.metadata and path[self.metadata],
                "features": features,
            }
        )
