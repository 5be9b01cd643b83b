"""Export the final models as ONNX; a file is written only if its predictions agree with the native model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.data.contract import Feature
from foldwise.data.feature_matrix import FeatureMatrix
from foldwise.io.files import read_table, replacing
from foldwise.predict.final_models import FinalModel
from foldwise.predict.training_profile import sample_of
from foldwise.results.paths import onnx_file

LARGEST_DIFFERENCE = 1e-5
SAMPLED_ROWS = 10_000
BLANKED = 0.2
_SEED = 0
_INPUT, _OUTPUT = "features", "probabilities"


@dataclass(frozen=True)
class Export:
    """Result of exporting one model.

    Attributes:
        backend: name of the backend.
        written: whether the file is in the bundle.
        difference: largest absolute difference from the predictions of the native model, None if not converted.
        rows: number of rows compared.
        reason: why it was not written, or empty.
    """

    backend: str
    written: bool
    difference: float | None
    rows: int
    reason: str = ""


def export_models(models: Sequence[FinalModel], sample: FeatureMatrix, folder: Path) -> list[Export]:
    """Convert every model, compare its predictions with the native model, and write those that agree.

    Args:
        models: the final models.
        sample: rows to compare on.
        folder: the bundle; an older ONNX file that is not written again is deleted.
    """
    exports = []
    for model in models:
        path = folder / onnx_file(model.name)
        path.unlink(missing_ok=True)
        content, export = _converted(model, sample)
        if export.written:
            with replacing(path) as temporary:
                temporary.write_bytes(content)
        exports.append(export)
    return exports


def rows_to_compare(table: str | Path, features: Sequence[Feature]) -> FeatureMatrix:
    """Return up to 10,000 training rows twice: as they are, and with a fifth of their values missing.

    The most frequent error of converters is the direction of missing values at a split, and training rows may have no
    missing values in most columns.

    Args:
        table: path of ``table.parquet``, read one column at a time.
        features: features of the contract.
    """
    names = [feature.name for feature in features]
    categorical = tuple(j for j, feature in enumerate(features) if feature.is_category)
    dtype = np.float64 if any(feature.type == "float64" for feature in features) else np.float32
    columns = (read_table(table, columns=[name]).column(0).to_numpy() for name in names)
    first = next(columns)
    chosen = sample_of(len(first), SAMPLED_ROWS, _SEED)
    rows = np.stack([first[chosen], *(column[chosen] for column in columns)], axis=1).astype(dtype)
    blanked = np.where(np.random.default_rng(_SEED).random(rows.shape) < BLANKED, np.nan, rows).astype(dtype)
    return FeatureMatrix(np.concatenate([rows, blanked]), tuple(names), categorical)


def _converted(model: FinalModel, sample: FeatureMatrix) -> tuple[bytes, Export]:
    """Return an ONNX model and how its predictions compare."""
    rows = len(sample.values)
    if model.name == "catboost" and sample.categorical:
        return b"", Export(model.name, False, None, rows, "CatBoost exports no categorical columns")
    try:
        content = _CONVERTERS[model.name](model.booster, len(sample.names))
        predictions = predict_onnx(content, sample)
    except Exception as fault:
        # Converters and runtime raise errors of any type; a model without ONNX must not cost the bundle.
        reason = " ".join(str(fault).split()) or type(fault).__name__
        return b"", Export(model.name, False, None, rows, f"no conversion: {reason[:200]}")
    difference = float(np.abs(predictions - model.predict(sample, 1)).max())
    if not difference <= LARGEST_DIFFERENCE:
        return b"", Export(model.name, False, difference, rows, f"its predictions differ by up to {difference:.1e}")
    return content, Export(model.name, True, difference, rows)


def predict_onnx(content: bytes, sample: FeatureMatrix) -> npt.NDArray[np.float64]:
    """Return the probability of class 1 from an ONNX model, shape (n,)."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    [probabilities] = session.run([_OUTPUT], {_INPUT: sample.values.astype(np.float32)})
    return np.asarray(probabilities[:, 1], np.float64)


def _xgboost(model: Any, columns: int) -> bytes:
    from onnxmltools import convert_xgboost

    # The converter expects names such as f0; the copy leaves the names of the model itself unchanged.
    renamed = model.copy()
    renamed.feature_names = [f"f{j}" for j in range(columns)]
    return _normalized(convert_xgboost(renamed, initial_types=_input_types(columns), name="xgboost"), columns)


def _lightgbm(model: Any, columns: int) -> bytes:
    from onnxmltools import convert_lightgbm

    types = _input_types(columns)
    return _normalized(convert_lightgbm(model, initial_types=types, name="lightgbm", zipmap=False), columns)


def _catboost(model: Any, columns: int) -> bytes:
    import onnx

    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        model.save_model(str(path), format="onnx", export_parameters={"onnx_graph_name": "catboost"})
        return _normalized(onnx.load(path), columns)


_CONVERTERS: dict[str, Callable[[Any, int], bytes]] = {
    "xgboost": _xgboost,
    "lightgbm": _lightgbm,
    "catboost": _catboost,
}


def _input_types(columns: int) -> list[tuple[str, Any]]:
    from onnxmltools.convert.common.data_types import FloatTensorType

    return [(_INPUT, FloatTensorType([None, columns]))]


def _normalized(model: Any, columns: int) -> bytes:
    """Return a model with one input, float32 (rows, columns), and one output, float32 (rows, 2).

    The converters differ: CatBoost returns a list of dictionaries and includes the training log; LightGBM's declares a
    wrong shape and orders the operator sets by Python's string hash, which differs between processes.
    """
    from onnx import TensorProto, helper

    graph = model.graph
    output = _OUTPUT
    for node in [n for n in graph.node if n.op_type == "ZipMap"]:
        output = node.input[0]
        graph.node.remove(node)
    for node in graph.node:
        node.output[:] = [_OUTPUT if name == output else name for name in node.output]
    del graph.input[:], graph.output[:], model.metadata_props[:]
    graph.input.append(helper.make_tensor_value_info(_INPUT, TensorProto.FLOAT, ["rows", columns]))
    graph.output.append(helper.make_tensor_value_info(_OUTPUT, TensorProto.FLOAT, ["rows", 2]))
    operator_sets = sorted(model.opset_import, key=lambda of: of.domain)
    del model.opset_import[:]
    model.opset_import.extend(operator_sets)
    model.producer_version = model.producer_version.splitlines()[0] if model.producer_version else ""
    content: bytes = model.SerializeToString(deterministic=True)
    return content
