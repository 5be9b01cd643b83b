"""The score.py of a bundle: the workflow's own scores bit for bit, without the workflow."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from fixtures import final_models
from fixtures.bundled import Bundled, scorer, write_bundle
from fixtures.runs import FinishedRun
from fixtures.small_study import JOINED, SINGLE, table
from foldwise.backends.registry import SPECIFICATIONS
from foldwise.config.datasets import NewTable
from foldwise.errors import UserError
from foldwise.io.files import read_json, read_table
from foldwise.model_names import ENSEMBLE
from foldwise.predict import predict_table
from foldwise.stats.calibration import fit_calibrator

Frame = Callable[[], pd.DataFrame]
# Everything that score.py must do without; only one backend can be imported.
ALONE = """
import runpy, sys
from importlib.abc import MetaPathFinder
class Refused(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {refused}:
            raise ImportError(f"{{name}} is not here")
sys.modules.update(dict.fromkeys({missing}))
sys.meta_path.insert(0, Refused())
sys.path = [p for p in sys.path if not p.endswith(("scripts", "tests"))]
sys.argv = {arguments}
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture(scope="module")
def bundled(tmp_path_factory: pytest.TempPathFactory, tiny_run: FinishedRun) -> Bundled:
    folder = tmp_path_factory.mktemp("bundled")
    sentinels = {"frames": [20], "codec": ["avc"], "noise": [0.1]}
    return write_bundle(folder, {**SINGLE, "sentinels": sentinels, "inf": "missing"}, tiny_run)


def _with(**columns: Any) -> Frame:
    return lambda: table().assign(**columns)


NEW_TABLES: dict[str, Frame] = {
    "the training table": table,
    "another order, other columns, no label": lambda: table().iloc[:, ::-1].drop(columns=["fake", "video"]).assign(x=1),
    "units that are not known": lambda: table().assign(video=[None, "a", "b", "a"] * 12),
    "double precision": lambda: table().astype({"noise": "float64", "gradient": "float64"}),
    "numbers as text": lambda: table().astype({"noise": str, "frames": str}),
    "a category as dictionary": lambda: table().astype({"codec": "category"}),
    "unseen and missing categories": lambda: table().assign(codec=["av1", None, "vp9", "hevc"] * 12),
    "missing values and sentinels": _with(noise=[np.nan, 0.1, -0.1, 2.0] * 12, frames=[20, 21, 22, 23] * 12),
    "a sentinel in single precision": _with(noise=np.tile(np.array([0.1, 0.5, np.nan, -0.1], np.float32), 12)),
    "infinities": _with(gradient=np.tile(np.array([np.inf, -np.inf, 0, 1], np.float32), 12)),
    "whole numbers for single precision": _with(noise=[1, 2, 3, 4] * 12),
    "booleans for numbers": _with(frames=[True, False, False, True] * 12),
    "an empty column": _with(noise=pa.nulls(48).to_pandas()),
    "categories as numbers": _with(codec=[1.0, 2.0, 3.5, np.nan] * 12),
    "sample_id in place of the id": lambda: table().rename(columns={"sample": "sample_id"}),
}
REFUSED: dict[str, tuple[Frame, str]] = {
    "missing columns": (
        lambda: table().drop(columns=["noise", "codec"]),
        "2 of 6 required columns are missing: noise, codec",
    ),
    "no id": (lambda: table().drop(columns="sample"), "1 of 6 required columns are missing: sample"),
    "one name twice": (lambda: table().assign(sample="a"), "'sample' has missing or repeated ids"),
    "text that is no number": (_with(noise="loud"), "'noise' cannot be read as numbers"),
    "lists": (_with(codec=[["avc"]] * 48), "'codec' has type list<"),
    "lists for numbers": (_with(noise=[[1.0]] * 48), "'noise' has type list<"),
    "too large a number": (_with(frames=1e39), "'frames' contains infinite values or values above 3.4e38"),
    "whole numbers beyond single precision": (_with(noise=2**24 + 1), "'noise' contains integers"),
    "whole numbers beyond double precision": (_with(noise=2**60 + 1), "'noise' cannot be read as numbers"),
    "no rows": (lambda: table().iloc[:0], "it has no rows"),
}


def _both(bundled: Bundled, folder: Path, new: pd.DataFrame, backend: str) -> list[list[pa.Table]]:
    """Return rows and units from the workflow, and those from score.py under the same names."""
    new.to_parquet(folder / "new.parquet")
    final_models.predict(bundled.results, NewTable(table=str(folder / "new.parquet")), folder)
    scorer(bundled.bundle).predict(folder / "new.parquet", folder / "scored.parquet", backend)
    workflow = [read_table(folder / f"{name}.parquet") for name in ("rows", "units")]
    alone = [read_table(path) for name in ("scored", "scored_units") if (path := folder / f"{name}.parquet").exists()]
    names = {f"{backend}_{kind}": kind for kind in ("score", "calibrated", "verdict")}
    kept = [t.select([n for n in t.column_names if n in {"sample_id", "unit", "n_rows", *names}]) for t in workflow]
    return [[t.rename_columns([names.get(n, n) for n in t.column_names]) for t in kept], alone]


@pytest.mark.parametrize("new", NEW_TABLES)
def test_scores_are_those_of_the_workflow_bit_for_bit(bundled: Bundled, tmp_path: Path, new: str) -> None:
    for backend in (*SPECIFICATIONS, ENSEMBLE):
        workflow, alone = _both(bundled, tmp_path, NEW_TABLES[new](), backend)
        assert alone[0].equals(workflow[0])
        assert not np.isnan(alone[0]["calibrated"].to_numpy()).any()
        if "video" in NEW_TABLES[new]():
            assert alone[1].equals(workflow[1])


def test_the_ensemble_of_a_bundle_contains_the_constant_prediction(bundled: Bundled, tmp_path: Path) -> None:
    table().to_parquet(tmp_path / "new.parquet")
    score = {}
    for name in (*SPECIFICATIONS, ENSEMBLE):
        scorer(bundled.bundle).predict(tmp_path / "new.parquet", tmp_path / f"{name}.parquet", name)
        score[name] = read_table(tmp_path / f"{name}.parquet")["score"].to_numpy()
    members = sum(final_models.WEIGHTS[name] * score[name] for name in SPECIFICATIONS)
    constant = final_models.WEIGHTS["constant"] * final_models.PREVALENCE
    np.testing.assert_allclose(score[ENSEMBLE], members + constant, rtol=1e-14)
    for name, entry in read_json(bundled.bundle / "operation.json")["backends"].items():
        assert entry["constant"] == (constant if name == ENSEMBLE else 0)
        assert "constant" not in entry["weights"]


def test_a_sentinel_that_single_precision_does_not_represent_is_missing(bundled: Bundled, tmp_path: Path) -> None:
    values = np.tile(np.array([0.1, 0.5, 0.1, -0.1], np.float32), 12)
    assert float(values[0]) != 0.1
    predicted = []
    for noise in (values, np.where(values == np.float32(0.1), np.nan, values)):
        _, [rows, _] = _both(bundled, tmp_path, table().assign(noise=noise), "xgboost")
        predicted.append(rows["score"].to_pylist())
    assert predicted[0] == predicted[1]


def test_catboost_gets_a_missing_category_as_minus_one(bundled: Bundled) -> None:
    model = SimpleNamespace(feature_names_=["a", "b"], predict=lambda rows, **how: np.full((2, 2), 0.5))
    seen: list[Any] = []
    library = SimpleNamespace(Pool=lambda rows, **described: seen.append(rows.tolist()))
    values = np.array([[0.5, 2], [1.5, np.nan]], np.float32)
    scorer(bundled.bundle).predict_catboost(library, model, values, [1], 1)
    assert seen == [[[0.5, 2], [1.5, -1]]]


def test_neither_parts_nor_threads_change_a_bit(
    bundled: Bundled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predict_table, "PART_ROWS", 7)
    new = tmp_path / "new.parquet"
    table().to_parquet(new, row_group_size=10)
    final_models.predict(bundled.results, NewTable(table=str(new)), tmp_path)
    module = scorer(bundled.bundle)
    monkeypatch.setattr(module, "PART_ROWS", 7)
    for backend in (*SPECIFICATIONS, ENSEMBLE):
        module.predict(new, tmp_path / "scored.parquet", backend, threads=2)
        for ours, theirs in (("rows", "scored"), ("units", "scored_units")):
            alone = read_table(tmp_path / f"{theirs}.parquet")["score"].to_numpy()
            workflow = read_table(tmp_path / f"{ours}.parquet")[f"{backend}_score"].to_numpy()
            assert alone.tobytes() == workflow.tobytes()


@pytest.mark.parametrize("method", ["auto", "sigmoid", "isotonic", "none"])
def test_every_calibrator_is_the_workflows_bit_for_bit(bundled: Bundled, method: str) -> None:
    random = np.random.default_rng(1)
    fitted = fit_calibrator(method, random.random(200), random.integers(0, 2, 200).astype(np.int8), np.arange(200))
    raw = np.concatenate([[0, 1], random.random(1000)])
    calibrated = scorer(bundled.bundle).calibrate({"method": fitted.method, **fitted.numbers}, raw)
    assert calibrated.tobytes() == fitted(raw).tobytes()


@pytest.mark.parametrize("fault", REFUSED)
def test_what_the_workflow_refuses_is_refused_in_one_line(bundled: Bundled, tmp_path: Path, fault: str) -> None:
    make, words = REFUSED[fault]
    new = tmp_path / "new.parquet"
    make().to_parquet(new)
    module = scorer(bundled.bundle)
    with pytest.raises(module.UserError, match=words.replace("<", r"\<")):
        module.predict(new, tmp_path / "scored.parquet", "xgboost")
    with pytest.raises(UserError):
        final_models.predict(bundled.results, NewTable(table=str(new)), tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["new.parquet"]


def test_infinities_are_refused_where_training_refused_them(tmp_path: Path, tiny_run: FinishedRun) -> None:
    joined = write_bundle(tmp_path, JOINED, tiny_run)
    new = table().rename(columns={n: f"stage2_{n}" for n in ("noise", "gradient", "frames", "codec")})
    new.assign(stage2_noise=np.float32("inf")).to_parquet(tmp_path / "new.parquet")
    module = scorer(joined.bundle)
    with pytest.raises(module.UserError, match="contains infinite values"):
        module.predict(tmp_path / "new.parquet", tmp_path / "scored.parquet", "xgboost")
    workflow, alone = _both(joined, tmp_path, new, "lightgbm")
    assert alone == workflow


def _run_without(refused: set[str], bundled: Bundled, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run score.py where libraries cannot be imported."""
    arguments = [str(bundled.bundle / "score.py"), "new.parquet", "scored.parquet", *options]
    missing = sorted(refused & set(SPECIFICATIONS))
    code = ALONE.format(refused=sorted(refused), missing=missing, arguments=arguments)
    return subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("backend", SPECIFICATIONS)
def test_one_backend_is_enough_and_nothing_of_foldwise_is_needed(
    bundled: Bundled, tmp_path: Path, backend: str
) -> None:
    table().to_parquet(tmp_path / "new.parquet")
    refused = {*SPECIFICATIONS, "sklearn", "joblib", "foldwise", "onnx", "onnxruntime"} - {backend}
    # CatBoost itself imports pandas.
    refused |= {"pandas"} if backend != "catboost" else set()
    done = _run_without(refused, bundled, tmp_path, "--backend", backend)
    assert done.returncode == 0, done.stderr
    expected = scorer(bundled.bundle).predict(tmp_path / "new.parquet", tmp_path / "expected.parquet", backend)
    assert done.stdout.splitlines()[:-1] == expected[:-1]
    assert (tmp_path / "scored.parquet").read_bytes() == (tmp_path / "expected.parquet").read_bytes()


@pytest.mark.parametrize(
    ("missing", "options", "needs"),
    [
        (["lightgbm"], [], "ensemble needs lightgbm"),
        (["lightgbm", "catboost"], [], "ensemble needs lightgbm, catboost"),
        (["lightgbm"], ["--backend", "lightgbm"], "lightgbm needs lightgbm"),
    ],
)
def test_a_missing_library_is_told_with_the_way_out_and_the_other_models(
    bundled: Bundled, tmp_path: Path, missing: list[str], options: list[str], needs: str
) -> None:
    table().to_parquet(tmp_path / "new.parquet")
    done = _run_without(set(missing), bundled, tmp_path, *options)
    chosen, versions = needs.split()[0], read_json(bundled.bundle / "operation.json")["models"]
    pip = " ".join(f"{name}=={versions[name]['version']}" for name in missing)
    libraries = {"ensemble": "xgboost, lightgbm, catboost", **{name: name for name in SPECIFICATIONS}}
    others = "".join(f", or --backend {name} (needs {libraries[name]})" for name in libraries if name != chosen)
    assert done.stderr == f"error: {needs}, not installed here: pip install {pip}{others}\n"
    assert (done.returncode, done.stdout) == (1, "")


def test_the_recommended_model_predicts_where_none_is_named(bundled: Bundled, tmp_path: Path) -> None:
    table().to_parquet(tmp_path / "new.parquet")
    for recommended in (ENSEMBLE, "catboost"):
        module = scorer(bundled.rebuilt(tmp_path / recommended, recommended=recommended))
        lines = module.predict(tmp_path / "new.parquet", tmp_path / "default.parquet")
        assert lines[-1].startswith(f"48 rows predicted with {recommended}: ")
        module.predict(tmp_path / "new.parquet", tmp_path / "named.parquet", recommended)
        assert (tmp_path / "default.parquet").read_bytes() == (tmp_path / "named.parquet").read_bytes()


def test_nothing_beside_score_py_is_taken_for_a_library(bundled: Bundled) -> None:
    assert not {path.stem for path in bundled.bundle.iterdir()} & {*SPECIFICATIONS, "numpy", "pyarrow"}


def test_a_file_that_was_changed_or_lost_is_not_read(bundled: Bundled, tmp_path: Path) -> None:
    copy = bundled.rebuilt(tmp_path / "copy")
    table().to_parquet(tmp_path / "new.parquet")
    module = scorer(copy)
    operation = (copy / "operation.json").read_text()
    (copy / "operation.json").write_text(operation.replace("sigmoid", "none"))
    with pytest.raises(module.UserError, match=r"operation.json: its SHA-256 differs from SHA256SUMS"):
        module.predict(tmp_path / "new.parquet", tmp_path / "scored.parquet", "xgboost")
    (copy / "operation.json").write_text(operation)
    (copy / "models" / "xgboost" / "model.json").unlink()
    with pytest.raises(module.UserError, match="No such file or directory: copy the complete bundle again"):
        module.predict(tmp_path / "new.parquet", tmp_path / "scored.parquet", "xgboost")
    module.predict(tmp_path / "new.parquet", tmp_path / "scored.parquet", "lightgbm")


def test_unusable_files_and_names_are_told_in_one_line(bundled: Bundled, tmp_path: Path) -> None:
    module = scorer(bundled.bundle)
    (tmp_path / "x.parquet").write_text("no parquet")
    table().to_parquet(tmp_path / "new.parquet")
    for given, words in (
        ((tmp_path / "gone.parquet", tmp_path / "s.parquet"), "cannot be read as parquet"),
        ((tmp_path / "x.parquet", tmp_path / "s.parquet"), "cannot be read as parquet"),
        ((tmp_path / "new.parquet", tmp_path / "no" / "s.parquet"), "cannot be written"),
        (
            (tmp_path / "new.parquet", tmp_path / "s.parquet", "forest"),
            "this bundle has ensemble, xgboost, lightgbm, catboost",
        ),
    ):
        with pytest.raises(module.UserError, match=words):
            module.predict(*given)


def test_differences_to_the_training_table_are_told(bundled: Bundled, tmp_path: Path) -> None:
    table().astype({"noise": str}).assign(codec="av1", colour="red").to_parquet(tmp_path / "new.parquet")
    said = scorer(bundled.bundle).predict(tmp_path / "new.parquet", tmp_path / "scored.parquet", "lightgbm")
    assert said == [
        "columns not used: fake, colour",
        "1 of 5 columns differ in type from training and were converted: noise (text as float)",
        "codec: 48 of 48 rows have a category unseen in training, read as missing",
        f"48 rows predicted with lightgbm: {tmp_path / 'scored.parquet'}",
    ]


def test_many_columns_of_another_type_are_counted_and_the_first_named(bundled: Bundled) -> None:
    columns = [SimpleNamespace(name=f"f{j}", new_type="double", training_type="float", unseen=0) for j in range(38)]
    [said] = scorer(bundled.bundle).differences(columns, 48)
    assert said.startswith("38 of 38 columns differ in type from training and were converted: f0 (double as float")
    assert said.endswith("f4 (double as float) and 33 more")
