"""The report on a predicted table: models, files, differences from the training table, and notes in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from foldwise.data.contract import Contract
from foldwise.io.json_record import INLINE, JsonRecord, Key
from foldwise.predict.drift import DriftReport
from foldwise.predict.explanation import Explanation
from foldwise.predict.final_models import FinalModels, ModelRecord
from foldwise.predict.new_columns import ContractColumn, Conversion, UnseenCategories
from foldwise.predict.new_rows import NewRows, RowsReport

_NAMED = 5

_UNEXPLAINED = (
    "The ensemble has no SHAP values: those of a backend add up to its log-odds, and the ensemble is a mean of "
    "probabilities."
)


@dataclass(frozen=True)
class PositiveClass(JsonRecord):
    """The label column and the value that is class 1."""

    column: str
    value: str


@dataclass(frozen=True)
class PredictionReport(JsonRecord):
    """The content of the report.

    Attributes:
        dataset: name of the dataset whose final models predicted.
        rows: number of rows.
        n_units: number of units, None without units (key ``units``).
        unit: name of the unit column.
        positive: the positive class.
        recommended: name of the recommended model.
        models: name of a model -> its record, the recommended one first.
        files: where the rows come from.
        converted: columns whose type differs from training.
        unseen_categories: columns with categories unseen in training.
        missing: column -> number of missing values.
        drift: comparison with the training table.
        mean_absolute_shap: backend -> column -> mean |SHAP|, None unless configured.
        notes: sentences for the user.
    """

    dataset: str
    rows: int
    n_units: Annotated[int | None, Key("units")]
    unit: str
    positive: PositiveClass
    recommended: str
    models: Mapping[str, ModelRecord]
    files: Annotated[RowsReport, INLINE]
    converted: Sequence[Conversion]
    unseen_categories: Sequence[UnseenCategories]
    missing: Mapping[str, int]
    drift: DriftReport
    mean_absolute_shap: Mapping[str, Mapping[str, float]] | None
    notes: Sequence[str]

    def as_json(self) -> dict[str, object]:
        """Return the keys of the report; ``mean_absolute_shap`` only where it was configured."""
        return {k: v for k, v in super().as_json().items() if k != "mean_absolute_shap" or v is not None}


def make_report(
    contract: Contract,
    rows: NewRows,
    columns: Sequence[ContractColumn],
    models: FinalModels,
    n_units: int,
    drift: DriftReport,
    explanation: Explanation | None,
) -> PredictionReport:
    """Return the report on a table whose rows have all been read and predicted."""
    unexplained = explanation is not None and models.ensemble is not None
    return PredictionReport(
        dataset=contract.dataset,
        rows=len(rows.sample_id),
        n_units=None if rows.unit is None else n_units,
        unit=contract.unit,
        positive=PositiveClass(contract.label.column, contract.label.positive),
        recommended=models.recommended,
        models={model.name: model.record for model in models},
        files=rows.report,
        converted=[c.conversion for c in columns if c.conversion],
        unseen_categories=[UnseenCategories(c.name, c.unseen, dict(c.unseen_values)) for c in columns if c.unseen],
        missing={c.name: c.missing for c in columns},
        drift=drift,
        mean_absolute_shap=explanation.means() if explanation else None,
        notes=[*notes(contract, rows, columns), *([_UNEXPLAINED] if unexplained else []), drift.sentence],
    )


def notes(contract: Contract, rows: NewRows, columns: Sequence[ContractColumn]) -> list[str]:
    """Return one sentence for each difference between the new table and the contract."""
    files, sentences = rows.report, []
    if rows.unit is None and contract.unit != "sample_id":
        sentences.append(f"There is no column {contract.unit!r}: predictions are by row only.")
    if files.order_differs:
        sentences.append("The columns are in a different order than in training; they were reordered.")
    if files.extra_columns:
        sentences.append(f"Columns unknown in training are not used: {', '.join(files.extra_columns)}.")
    if files.extra_tables:
        sentences.append(f"Feature tables unknown in training are not read: {', '.join(files.extra_tables)}.")
    sentences += conversion_note([c.conversion for c in columns if c.conversion], len(columns))
    n_rows = len(rows.sample_id)
    for column in columns:
        if column.unseen:
            values = ", ".join(list(column.unseen_values)[:_NAMED])
            sentences.append(
                f"{column.name}: {column.unseen} of {n_rows} rows have a category unseen in training ({values})."
            )
    for table, counts in (files.unmatched or {}).items():
        parts = [f"{n} {key.replace('_', ' ')}" for key, n in counts.items()]
        sentences.append(f"{table}: {', '.join(parts)}.")
    if files.rows_left_out:
        sentences.append(f"{files.rows_left_out} samples have no features in any table and were left out.")
    return sentences


def conversion_note(conversions: Sequence[Conversion], n_columns: int) -> list[str]:
    """Return how many columns differ in type, and name the first of them: in a csv file it may be all."""
    if not conversions:
        return []
    named = ", ".join(f"{c.name} ({c.new_type} as {c.training_type})" for c in conversions[:_NAMED])
    more = f" and {len(conversions) - _NAMED} more" if len(conversions) > _NAMED else ""
    return [
        f"{len(conversions)} of {n_columns} columns differ in type from training and were converted: {named}{more}."
    ]


def headline(models: FinalModels) -> str:
    """Return the AUC of each model from the evaluation in words, the recommended one first, and its extent."""
    aucs = []
    for model in models:
        auc = model.record.headline
        estimate = "undefined" if auc.estimate is None else f"{auc.estimate:.3f}"
        ends = "" if auc.low is None else f" ({auc.low:.3f} to {auc.high:.3f})"
        aucs.append(f"{model.name} {estimate}{ends}{', recommended' if model.name == models.recommended else ''}")
    counts = models.backends[0].record.headline
    return f"AUC by row: {'; '.join(aucs)}; {counts.rows} rows, {counts.groups} groups, {counts.folds} folds"
