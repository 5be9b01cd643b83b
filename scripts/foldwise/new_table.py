"""One entry under `predict:` of the configuration, as a typed model."""

from pydantic import Field, model_validator

from foldwise.dataset import Name, Section


class NewTable(Section):
    """One entry under `predict:`, either `table:` alone or `features:`, scored with the final models of a dataset."""

    dataset: str | None = Field(
        None, description="The dataset whose final models score it. Needed where several datasets are configured"
    )
    table: str | None = Field(None, description="One file that holds every column under its name in `table.parquet`")
    features: dict[Name, str] = Field(
        default_factory=dict, description="Feature tables under the names of the dataset's own, joined on its `id`"
    )
    metadata: str | None = Field(
        None, description="With `features:`, a file that says which samples to score and to which unit they belong"
    )
    explain: bool = Field(
        False, description="Whether each row gets the five columns that moved its score most (SHAP values)"
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
