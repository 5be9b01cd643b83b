"""The folder that is passed on: every file named with its hash, the same bytes each time, ONNX only where it agrees."""

import hashlib
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from fixtures.bundled import Bundled, write_bundle
from fixtures.final_models import load_models
from fixtures.runs import FinishedRun
from fixtures.small_study import SINGLE
from foldwise.backends.registry import SPECIFICATIONS
from foldwise.bundle import onnx_export
from foldwise.data.contract import read_contract
from foldwise.data.feature_matrix import FeatureMatrix
from foldwise.errors import UserError
from foldwise.io.files import read_json
from foldwise.predict.final_models import FinalModel
from foldwise.results.paths import bundle_files, final_model_files, model_file, onnx_file

NUMBERS = {**SINGLE, "exclude": ["codec", "is_original"]}


@pytest.fixture(scope="module")
def bundled(tmp_path_factory: pytest.TempPathFactory, tiny_run: FinishedRun) -> Bundled:
    return write_bundle(tmp_path_factory.mktemp("numbers"), {**NUMBERS, "id_pattern": "(?P<id>v.*)"}, tiny_run)


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def _sample(bundled: Bundled) -> tuple[Sequence[FinalModel], FeatureMatrix]:
    features = read_contract(bundled.results / "table.json").features
    models = load_models(bundled.results).backends
    return models, onnx_export.rows_to_compare(bundled.results / "table.parquet", features)


def test_every_file_is_named_with_its_hash(bundled: Bundled) -> None:
    files = _contents(bundled.bundle)
    lines = files.pop("SHA256SUMS").decode().splitlines()
    assert lines == [f"{hashlib.sha256(files[name]).hexdigest()}  {name}" for name in sorted(files)]
    assert {*files, "SHA256SUMS"} == {*bundle_files(list(SPECIFICATIONS)), *map(onnx_file, SPECIFICATIONS)}
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=bundled.bundle, check=True)


def test_the_models_are_the_final_ones(bundled: Bundled) -> None:
    for name in SPECIFICATIONS:
        final = Path(final_model_files(bundled.results, name).model)
        assert (bundled.bundle / model_file(name)).read_bytes() == final.read_bytes()


def test_made_twice_it_is_the_same_byte_for_byte(bundled: Bundled, tmp_path: Path) -> None:
    assert _contents(bundled.rebuilt(tmp_path / "again")) == _contents(bundled.bundle)


def test_files_of_backends_that_are_no_longer_configured_are_deleted(bundled: Bundled, tmp_path: Path) -> None:
    folder = bundled.rebuilt(tmp_path / "bundle")
    bundled.rebuilt(folder, ["lightgbm"])
    assert set(_contents(folder)) == {*bundle_files(["lightgbm"]), "onnx/lightgbm.onnx"}
    assert set(read_json(folder / "operation.json")["backends"]) == {"lightgbm"}


def test_the_contract_says_what_is_needed_and_how_it_is_read(bundled: Bundled) -> None:
    contract = read_json(bundled.bundle / "contract.json")
    assert contract["needed"] == ["sample", "noise", "gradient", "frames"]
    assert (contract["id"], contract["unit"], contract["inf"]) == ("sample", "video", "error")
    assert contract["features"][0] == {
        "name": "noise",
        "type": "float32",
        "categories": None,
        "stored": "float",
        "sentinels": [],
    }


def test_calibrator_and_threshold_are_plain_numbers(bundled: Bundled) -> None:
    operation = read_json(bundled.bundle / "operation.json")
    scores = np.linspace(0, 1, 11)
    for model in load_models(bundled.results):
        entry = operation["backends"][model.name]
        odds = np.log(np.clip(scores, 1e-7, 1 - 1e-7) / np.clip(1 - scores, 1e-7, 1 - 1e-7))
        line = entry["calibration"]["intercept"] + entry["calibration"]["slope"] * odds
        np.testing.assert_allclose(1 / (1 + np.exp(-line)), model.rule.calibrator(scores))
        assert entry["threshold"] == model.rule.threshold


@pytest.mark.parametrize("recommended", ["ensemble", "lightgbm"])
def test_the_default_is_the_recommended_model(bundled: Bundled, tmp_path: Path, recommended: str) -> None:
    folder = bundled.rebuilt(tmp_path, recommended=recommended)
    assert read_json(folder / "operation.json")["default"] == recommended
    card = " ".join((folder / "README.md").read_text().split())
    named = {"ensemble": "Ensemble", "lightgbm": "LightGBM"}[recommended]
    assert f"Without `--backend`, the recommended model predicts ({named}); `--backend` chooses another one:" in card
    libraries = SPECIFICATIONS if recommended == "ensemble" else [recommended]
    versions = read_json(folder / "operation.json")["models"]
    pip = " ".join(f"{library}=={versions[library]['version']}" for library in libraries)
    assert f"pip install numpy pyarrow {pip} python score.py new.parquet scored.parquet ```" in card


def test_a_bundle_without_the_recommended_model_is_refused(bundled: Bundled, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="the recommended model 'catboost' has no final model here, 'lightgbm' has"):
        bundled.rebuilt(tmp_path, ["lightgbm"], "catboost")


def test_rows_to_compare_have_missing_values_in_every_column(bundled: Bundled) -> None:
    _, sample = _sample(bundled)
    assert sample.values.shape == (96, 3)
    assert not np.isnan(sample.values[:48]).any()
    assert np.isnan(sample.values[48:]).any(axis=0).all()


def test_models_as_onnx_predict_as_the_native_ones(bundled: Bundled) -> None:
    models, sample = _sample(bundled)
    for model in models:
        content = (bundled.bundle / onnx_file(model.name)).read_bytes()
        predictions = onnx_export.predict_onnx(content, sample)
        np.testing.assert_allclose(predictions, model.predict(sample, 1), rtol=0, atol=1e-5)


def test_the_order_of_the_operator_sets_changes_no_byte(bundled: Bundled) -> None:
    written = onnx.load(bundled.bundle / onnx_file("lightgbm"))
    other = onnx.ModelProto.FromString(written.SerializeToString())
    del other.opset_import[:]
    other.opset_import.extend(reversed(written.opset_import))
    assert len(written.opset_import) == 2
    assert onnx_export._normalized(other, 3) == onnx_export._normalized(written, 3)


def _other_way(model: FinalModel) -> FinalModel:
    """Return a model whose native predictions differ from those of its trees."""
    backend: Any = model.backend

    class Other:
        def predict_matrix(self, trees: Any, matrix: FeatureMatrix, threads: int) -> Any:
            return backend.predict_matrix(trees, matrix, threads) + 2e-5

    return replace(model, backend=Other())


def test_a_model_that_differs_or_cannot_be_converted_is_not_written(
    bundled: Bundled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models, sample = _sample(bundled)
    (tmp_path / "onnx").mkdir()
    for name in SPECIFICATIONS:
        (tmp_path / onnx_file(name)).write_text("of an earlier run")

    def refuse(model: Any, columns: int) -> bytes:
        raise RuntimeError("no such\noperator")

    converters: Mapping[str, Any] = {**onnx_export._CONVERTERS, "lightgbm": refuse}
    monkeypatch.setattr(onnx_export, "_CONVERTERS", converters)
    exports = onnx_export.export_models([_other_way(models[0]), models[1], models[2]], sample, tmp_path)
    assert [export.written for export in exports] == [False, False, True]
    assert exports[0].reason == "its predictions differ by up to 2.0e-05"
    assert exports[1].reason == "no conversion: no such operator"
    assert [p.name for p in (tmp_path / "onnx").iterdir()] == ["catboost.onnx"]


def test_catboost_exports_no_categories_and_the_card_says_so(tmp_path: Path, tiny_run: FinishedRun) -> None:
    bundled = write_bundle(tmp_path, SINGLE, tiny_run)
    assert not (bundled.bundle / onnx_file("catboost")).exists()
    card = (bundled.bundle / "README.md").read_text()
    assert "| CatBoost | not written: CatBoost exports no categorical columns |" in card
    assert "| XGBoost | `onnx/xgboost.onnx` |" in card
