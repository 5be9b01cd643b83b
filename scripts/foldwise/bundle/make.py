"""Put the final models of a dataset into one folder, with a model card and everything needed to predict."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from foldwise.backends.registry import SPECIFICATIONS
from foldwise.bundle.card import Contents, render_card
from foldwise.bundle.onnx_export import export_models, rows_to_compare
from foldwise.bundle.scorer_contract import bundle_contract, bundle_operation
from foldwise.data.contract import read_contract
from foldwise.io.files import replacing, sha256, write_json, write_text
from foldwise.predict.final_models import load_final_models
from foldwise.results.load import read_results
from foldwise.results.paths import (
    CARD,
    CHECKSUMS,
    SCORER,
    SCORER_CONTRACT,
    SCORER_OPERATION,
    FinalModelFiles,
    model_file,
    onnx_file,
)

_STANDALONE = Path(__file__).parent / "standalone"


def make_bundle(
    *,
    files: Mapping[str, FinalModelFiles],
    table: str | Path,
    contract: str | Path,
    comparison: str | Path,
    audit: str | Path | None,
    params: Iterable[str | Path],
    configuration: Mapping[str, Any],
    folder: Path,
) -> None:
    """Write the bundle of a dataset; equal results give the same bytes.

    Args:
        files: name of a backend, or ``ensemble`` -> the files of its final model.
        table: table.parquet.
        contract: table.json.
        comparison: comparison.json.
        audit: audit.json, None if the audit is switched off.
        params: params.json of each backend.
        configuration: ``folds``, ``search``, ``training`` and ``audit`` of the checked configuration, as plain values.
        folder: folder to write.

    Raises:
        UserError: if a file of a final model is missing or broken.
    """
    columns = read_contract(contract)
    results = read_results(
        models=files,
        contract=contract,
        audit=audit,
        comparison=comparison,
        metrics=[paths.metrics for paths in files.values()],
        params=params,
        configuration=configuration,
    )
    models = load_final_models(files, results.comparison.recommended)
    bundled = {model.name: model_file(model.name) for model in models.backends}
    _delete_others(folder, list(bundled))
    for name, file in bundled.items():
        _copy(Path(files[name].model), folder / file)
    _copy(_STANDALONE / SCORER, folder / SCORER)
    write_json(folder / SCORER_CONTRACT, bundle_contract(columns))
    write_json(folder / SCORER_OPERATION, bundle_operation(models, bundled))
    exports = export_models(models.backends, rows_to_compare(table, columns.features), folder)
    names = [*bundled.values(), SCORER, SCORER_CONTRACT, SCORER_OPERATION]
    names += [onnx_file(export.backend) for export in exports if export.written]
    hashes = {name: sha256(folder / name) for name in names}
    card = render_card(results, Contents(columns, models, exports, hashes))
    write_text(folder / CARD, card)
    hashes[CARD] = sha256(folder / CARD)
    write_text(folder / CHECKSUMS, "".join(f"{hashes[name]}  {name}\n" for name in sorted(hashes)))
    for export in exports:
        result = "written" if export.written else export.reason
        print(f"onnx, {export.backend}: {result}; largest difference {export.difference} over {export.rows} rows")


def _delete_others(folder: Path, backends: Sequence[str]) -> None:
    """Delete the models of backends that are no longer configured, which are not in the list of hashes."""
    for name in SPECIFICATIONS:
        if name not in backends:
            (folder / model_file(name)).unlink(missing_ok=True)
            (folder / onnx_file(name)).unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    with replacing(target) as temporary:
        temporary.write_bytes(source.read_bytes())
