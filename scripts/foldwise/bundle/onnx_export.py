"""The final models as ONNX, written only where their scores are those of the native models."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt

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
    """What became of one model.

    Attributes:
        backend: whose model.
        written: whether the file is in the bundle.
        difference: largest absolute difference between its scores and those of the native model, None without any.
        rows: number of rows that this is over.
        reason: why it was not written, else empty.
    """

    backend: str
    written: bool
    difference: float | None
    rows: int
    reason: str = ""


def export_models(models: Sequence[FinalModel], sample: FeatureMatrix, folder: Path) -> list[Export]:
    """Convert every model, compare its scores with those of the native one, and write what agrees.

    Args:
        models: the final models.
        sample: rows to compare on.
        folder: the bundle; a model as ONNX that stands there and is not written anew goes.
    """
    found = []
    for model in models:
        path = folder / onnx_file(model.name)
        path.unlink(missing_ok=True)
        content, export = _converted(model, sample)
        if export.written:
            with replacing(path) as beside:
                beside.write_bytes(content)
        found.append(export)
    return found


def rows_to_compare(table: str | Path, features: Sequence[Mapping[str, Any]]) -> FeatureMatrix:
    """Return up to 10,000 training rows twice: as they are, and with a fifth of their values missing.

    The direction that a missing value takes at a split is what converters get wrong most, and training rows may have
    none in most columns.

    Args:
        table: path of ``table.parquet``, read one column at a time.
        features: the ``features`` of ``table.json``.
    """
    names = [str(f["name"]) for f in features]
    categorical = tuple(j for j, f in enumerate(features) if f["type"] == "category")
    dtype = np.float64 if any(f["type"] == "float64" for f in features) else np.float32
    columns = (read_table(table, columns=[name]).column(0).to_numpy() for name in names)
    first = next(columns)
    chosen = sample_of(len(first), SAMPLED_ROWS, _SEED)
    rows = np.stack([first[chosen], *(column[chosen] for column in columns)], axis=1).astype(dtype)
    blanked = np.where(np.random.default_rng(_SEED).random(rows.shape) < BLANKED, np.nan, rows).astype(dtype)
    return FeatureMatrix(np.concatenate([rows, blanked]), tuple(names), categorical)


def _converted(model: FinalModel, sample: FeatureMatrix) -> tuple[bytes, Export]:
    """Return an ONNX model and how its scores compare."""
    rows = len(sample.values)
    if model.name == "catboost" and sample.categorical:
        return b"", Export(model.name, False, None, rows, "CatBoost exports no categorical columns")
    try:
        content = _CONVERTERS[model.name](model.model, len(sample.names))
        scores = _scores(content, sample)
    except Exception as fault:
        # Converters and runtime raise anything; what they do not take is no reason to lose the bundle.
        reason = " ".join(str(fault).split()) or type(fault).__name__
        return b"", Export(model.name, False, None, rows, f"no conversion: {reason[:200]}")
    difference = float(np.abs(scores - model.score(sample, 1)).max())
    if not difference <= LARGEST_DIFFERENCE:
        return b"", Export(model.name, False, difference, rows, f"its scores differ by up to {difference:.1e}")
    return content, Export(model.name, True, difference, rows)


def _scores(content: bytes, sample: FeatureMatrix) -> npt.NDArray[np.float64]:
    """Return the probability of class 1 from an ONNX model, shape (n,)."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    [found] = session.run([_OUTPUT], {_INPUT: sample.values.astype(np.float32)})
    return np.asarray(found[:, 1], np.float64)


def _xgboost(model: Any, columns: int) -> bytes:
    from onnxmltools import convert_xgboost

    # The converter reads the column from names such as f0; the copy keeps the model's own.
    renamed = model.copy()
    renamed.feature_names = [f"f{j}" for j in range(columns)]
    return _plain(convert_xgboost(renamed, initial_types=_input_types(columns), name="xgboost"), columns)


def _lightgbm(model: Any, columns: int) -> bytes:
    from onnxmltools import convert_lightgbm

    types = _input_types(columns)
    return _plain(convert_lightgbm(model, initial_types=types, name="lightgbm", zipmap=False), columns)


def _catboost(model: Any, columns: int) -> bytes:
    import onnx

    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        model.save_model(str(path), format="onnx", export_parameters={"onnx_graph_name": "catboost"})
        return _plain(onnx.load(path), columns)


_CONVERTERS: dict[str, Callable[[Any, int], bytes]] = {
    "xgboost": _xgboost,
    "lightgbm": _lightgbm,
    "catboost": _catboost,
}


def _input_types(columns: int) -> list[tuple[str, Any]]:
    from onnxmltools.convert.common.data_types import FloatTensorType

    return [(_INPUT, FloatTensorType([None, columns]))]


def _plain(model: Any, columns: int) -> bytes:
    """Return a model with one input, float32 (rows, columns), and one output, float32 (rows, 2).

    The converters differ: CatBoost returns a list of dictionaries and keeps the log of the training, LightGBM's
    declares a wrong shape and writes the operator sets in an order that Python's hash of a text decides, another one
    in each process.
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
