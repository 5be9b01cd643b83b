"""Put the final models of a dataset into one folder, with all that a scorer needs of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from foldwise.backends.registry import SPECIFICATIONS
from foldwise.bundle.card import Contents, best_backend, render_card
from foldwise.bundle.onnx_export import export_models, rows_to_compare
from foldwise.bundle.scorer_contract import bundle_contract, bundle_operation
from foldwise.io.files import read_json, replacing, sha256, write_json, write_text
from foldwise.model_names import ENSEMBLE
from foldwise.predict.final_models import FinalModel, load_final_models
from foldwise.results.load import Artefacts, load_all
from foldwise.results.paths import CHECKSUMS, SCORER, final_paths, model_file, onnx_file

_STANDALONE = Path(__file__).parent / "standalone"


def make_bundle(results: str | Path, entrants: Sequence[str], configuration: Mapping[str, Any], folder: Path) -> None:
    """Write the bundle of a dataset; the same results give the same bytes.

    Args:
        results: the dataset's results: table, contract, final models, metrics, parameters of the folds, comparison,
            and the audit where it is switched on.
        entrants: the backends whose models, and their ensemble where it is to vote.
        configuration: ``folds``, ``search``, ``training`` and ``audit`` of the checked configuration, as plain values.
        folder: where to write.

    Raises:
        UserError: when a final model, or a file that belongs to one, is missing.
    """
    results = Path(results)
    loaded = load_final_models(results, entrants)
    models = [entrant for entrant in loaded if isinstance(entrant, FinalModel)]
    artefacts = _artefacts(results, entrants, configuration)
    backends = artefacts.backends
    files = {name: model_file(name) for name in backends}
    _drop_others(folder, backends)
    for name, file in files.items():
        _copy(Path(final_paths(results, name)["model"]), folder / file)
    _copy(_STANDALONE / SCORER, folder / SCORER)
    contract = bundle_contract(artefacts.contract)
    operation = bundle_operation(loaded, files, best_backend(artefacts))
    write_json(folder / "contract.json", contract)
    write_json(folder / "operation.json", operation)
    sample = rows_to_compare(results / "table.parquet", artefacts.contract["features"])
    exports = export_models(models, sample, folder)
    names = [*files.values(), SCORER, "contract.json", "operation.json"]
    names += [onnx_file(export.backend) for export in exports if export.written]
    hashes = {name: sha256(folder / name) for name in names}
    write_text(folder / "README.md", render_card(artefacts, Contents(contract, operation, exports, hashes)))
    hashes["README.md"] = sha256(folder / "README.md")
    write_text(folder / CHECKSUMS, "".join(f"{hashes[name]}  {name}\n" for name in sorted(hashes)))
    for export in exports:
        said = "written" if export.written else export.reason
        print(f"onnx, {export.backend}: {said}; largest difference {export.difference} over {export.rows} rows")


def _artefacts(results: Path, entrants: Sequence[str], configuration: Mapping[str, Any]) -> Artefacts:
    contract = read_json(results / "table.json")
    return Artefacts(
        dataset=str(contract["dataset"]),
        entrants=list(entrants),
        contract=contract,
        audit=read_json(results / "audit.json") if configuration["audit"]["enabled"] else {},
        comparison=read_json(results / "comparison.json"),
        metrics=load_all(results / entrant / "metrics.json" for entrant in entrants),
        params=[fold for b in entrants if b != ENSEMBLE for fold in read_json(results / b / "params.json")],
        configuration=configuration,
    )


def _drop_others(folder: Path, backends: Sequence[str]) -> None:
    """Remove the models of backends that are configured no more: the list of hashes would not name them."""
    for name in SPECIFICATIONS:
        if name not in backends:
            (folder / model_file(name)).unlink(missing_ok=True)
            (folder / onnx_file(name)).unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    with replacing(target) as beside:
        beside.write_bytes(source.read_bytes())
