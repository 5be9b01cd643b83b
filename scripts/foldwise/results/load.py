"""The results of a dataset, loaded into memory: the one reader of a finished run for report, bundle and the rest.

Every reader refuses a file that is broken or was edited with one line that names the file and the way out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from foldwise.audit.findings import Audit, read_audit
from foldwise.data.contract import Contract, read_contract
from foldwise.evaluation.comparison_records import Comparison
from foldwise.evaluation.records import Metrics, MetricSummary
from foldwise.io.files import read_json, read_table, reading_result
from foldwise.io.json_record import JsonRecord
from foldwise.model_names import ENSEMBLE
from foldwise.results import wording
from foldwise.results.training_records import FoldParams, FoldWeight, LeakyReference

Record = TypeVar("Record", bound=JsonRecord)


def read_record(path: str | Path, kind: type[Record]) -> Record:
    """Read a JSON file of the results as the record that it contains, such as metrics.json as ``Metrics``.

    Raises:
        UserError: when the file is broken.
    """
    with reading_result(path):
        return kind.from_json(read_json(path))


def read_params(path: str | Path) -> list[FoldParams]:
    """Read the params.json of a backend, one entry an outer fold in order, or that of one fold or of the final model.

    Raises:
        UserError: when the file is broken.
    """
    content = read_json(path)
    with reading_result(path):
        return [FoldParams.from_json(entry) for entry in (content if isinstance(content, list) else [content])]


def read_weights(path: str | Path) -> list[FoldWeight]:
    """Read weights.parquet of the ensemble, one entry a row.

    Raises:
        UserError: when the file is broken.
    """
    with reading_result(path):
        return [FoldWeight.from_json(row) for row in read_table(path).to_pylist()]


@dataclass(frozen=True)
class Plot:
    """A picture of one backend or of the ensemble; ``name`` is the stem of its file."""

    backend: str
    name: str
    png: bytes


def load_plots(paths: Iterable[str | Path]) -> list[Plot]:
    """Read pictures from ``{backend}/plots/{name}.png``."""
    files = [Path(path) for path in paths]
    return [Plot(backend=file.parent.parent.name, name=file.stem, png=file.read_bytes()) for file in files]


@dataclass(frozen=True)
class DatasetResults:
    """The results of one dataset.

    Attributes:
        contract: table.json.
        audit: audit.json, None where no audit was run.
        comparison: comparison.json.
        metrics: name of a model -> its metrics.json, the backends first, then their ensemble where there is one.
        params: name of a backend -> its params.json, one entry an outer fold in order.
        configuration: sections of the checked configuration, as plain values.
        plots: pictures of the models.
        comparison_plot: picture of all models.
        leaky: leaky_reference.json, None where the run made none.
        weights: the rows of the ensemble's weights.parquet.
    """

    contract: Contract
    audit: Audit | None
    comparison: Comparison
    metrics: Mapping[str, Metrics]
    params: Mapping[str, list[FoldParams]]
    configuration: Mapping[str, Any]
    plots: list[Plot] = field(default_factory=list)
    comparison_plot: bytes | None = None
    leaky: LeakyReference | None = None
    weights: list[FoldWeight] = field(default_factory=list)

    @property
    def dataset(self) -> str:
        """Name of the dataset."""
        return self.comparison.dataset

    @property
    def models(self) -> list[str]:
        """Names of the backends, then of their ensemble where there is one."""
        return list(self.metrics)

    @property
    def backends(self) -> list[str]:
        """Names of the models that were trained."""
        return [name for name in self.metrics if name != ENSEMBLE]

    @property
    def held_out_column(self) -> str | None:
        """The column whose values are held out in turn, None where groups are assigned to folds."""
        if all(fold.source is None for metrics in self.metrics.values() for fold in metrics.folds):
            return None
        return str((self.configuration.get("folds") or {}).get("by") or "the source column")

    @property
    def fold_noun(self) -> str:
        """One outer fold in words: ``fold``, or ``held-out value of camera``."""
        column = self.held_out_column
        return "fold" if column is None else f"held-out value of {column}"

    @property
    def outer_folds(self) -> str:
        """What a mean is over in words: ``outer folds``, or ``held-out values of camera``."""
        column = self.held_out_column
        return "outer folds" if column is None else f"held-out values of {column}"

    def counted_folds(self, count: int | None) -> str:
        """Write a number of outer folds: ``5 folds``, or ``3 held-out values of camera``."""
        column = self.held_out_column
        if column is None:
            return wording.counted(count, "fold")
        return f"{wording.counted(count, 'held-out value')} of {column}"

    def folds_of(self, summary: MetricSummary) -> str:
        """Write the folds that a mean is over; where it is defined on some only, how many of them."""
        folds = self.counted_folds(summary.n_folds)
        return folds if summary.n_defined == summary.n_folds else f"{summary.n_defined} of {folds}"


def read_results(
    *,
    models: Iterable[str],
    contract: str | Path,
    audit: str | Path | None,
    comparison: str | Path,
    metrics: Iterable[str | Path],
    params: Iterable[str | Path] = (),
    configuration: Mapping[str, Any] | None = None,
    plots: Iterable[str | Path] = (),
    comparison_plot: str | Path | None = None,
    leaky: str | Path | None = None,
    weights: str | Path | None = None,
) -> DatasetResults:
    """Read the results of a dataset.

    Args:
        models: names of the backends in their order, then of their ensemble where there is one.
        contract: path of table.json.
        audit: path of audit.json, None where the audit is switched off.
        comparison: path of comparison.json.
        metrics: paths of metrics.json, one a model, in any order.
        params: paths of params.json, one a backend, in any order.
        configuration: sections of the checked configuration, as plain values.
        plots: paths of pictures, ``{model}/plots/{name}.png``.
        comparison_plot: path of the picture of all models.
        leaky: path of leaky_reference.json, None where the run made none.
        weights: path of the ensemble's weights.parquet, None where there is none.

    Raises:
        UserError: when a file is broken.
    """
    metrics_of = {read.backend: read for read in (read_record(path, Metrics) for path in metrics)}
    params_of = {folds[0].backend: folds for folds in map(read_params, params) if folds}
    return DatasetResults(
        contract=read_contract(contract),
        audit=read_audit(audit) if audit else None,
        comparison=read_record(comparison, Comparison),
        metrics={name: metrics_of[name] for name in models if name in metrics_of},
        params={name: params_of[name] for name in models if name in params_of},
        configuration=configuration or {},
        plots=load_plots(plots),
        comparison_plot=Path(comparison_plot).read_bytes() if comparison_plot else None,
        leaky=read_record(leaky, LeakyReference) if leaky else None,
        weights=read_weights(weights) if weights else [],
    )
