"""The workflow from end to end on a tiny table."""

import json
import os
import sys
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml
from fixtures.tiny_study import tiny_config, write_tiny
from foldwise.analytics import DuckDBAnalytics
from foldwise.io.files import read_json
from foldwise.results.paths import bundle_files
from whole_results import contents

from workflow.conftest import ROOT, Study, new_study, started

pytestmark = pytest.mark.workflow

BACKENDS = {"xgboost": ["model.json"], "lightgbm": ["model.joblib", "model.txt"], "catboost": ["model.cbm"]}
FOLD_MODELS = {"xgboost": "model.json", "lightgbm": "model.txt", "catboost": "model.cbm"}
PLOTS = [
    "cv_fold_comparison",
    "hyperparameter_search",
    "learning_curves",
    "roc_curve",
    "precision_recall_curve",
    "confusion_matrix",
    "calibration_curve",
    "feature_importance",
]
SCORE_PLOTS = ["cv_fold_comparison", "roc_curve", "precision_recall_curve", "confusion_matrix", "calibration_curve"]
MODELS = [*BACKENDS, "ensemble"]
# They contain the hash of the input file, the column that names its rows, or checks of the row order in it.
OF_THE_FILE = {
    *("analytics.duckdb", "tiny/table.json", "tiny/audit.json", "tiny/report.html"),
    *("tiny/bundle/contract.json", "tiny/bundle/README.md", "tiny/bundle/SHA256SUMS"),
}


def test_every_promised_file_is_there(finished: Study) -> None:
    results = finished.folder / "results" / "tiny"
    expected = {f"{name}" for name in ("table.parquet", "table.json", "folds.parquet", "audit.json")}
    expected |= {"metrics.parquet", "predictions.parquet", "comparison.json", "report.html", "results.ipynb"}
    expected |= {"plots/model_comparison.png"}
    for backend, finals in BACKENDS.items():
        expected |= {f"{backend}/{name}" for name in [*finals, "metrics.json"]}
        expected |= {f"{backend}/plots/{name}.png" for name in PLOTS}
        tables = [f"{t}.parquet" for t in ("predictions", "search", "curve", "importance")]
        names = [FOLD_MODELS[backend], "params.json", *tables]
        expected |= {f"{backend}/fold_{fold}/{name}" for fold in (1, 2) for name in names}
    expected |= {f"ensemble/{name}" for name in ("metrics.json", "weights.parquet", "final/params.json")}
    expected |= {f"ensemble/{name}.parquet" for name in ("predictions", "out_of_fold", "final/inner_predictions")}
    expected |= {f"ensemble/plots/{name}.png" for name in SCORE_PLOTS}
    expected |= {f"bundle/{name}" for name in (*bundle_files(list(BACKENDS)), "onnx/xgboost.onnx")}
    expected |= {"../analytics.duckdb", "../index.html"}
    missing = {name for name in expected if not (results / name).is_file()}
    assert not missing
    assert {p.stem for p in (results / "ensemble" / "plots").iterdir()} == set(SCORE_PLOTS)


def test_a_log_and_a_benchmark_stand_under_the_name_of_the_rule(finished: Study) -> None:
    for place in ("logs/train_fold/tiny/xgboost/fold_1.log", "benchmarks/train_fold/tiny/xgboost/fold_1.tsv"):
        assert (finished.folder / place).is_file()


def test_every_row_is_scored_once_by_a_model_that_has_not_seen_its_group(finished: Study) -> None:
    results = finished.folder / "results" / "tiny"
    predictions = pq.read_table(results / "predictions.parquet").to_pandas()
    folds = pq.read_table(results / "folds.parquet").to_pandas().set_index("sample_id")
    assert predictions.groupby("backend")["sample_id"].nunique().to_dict() == dict.fromkeys(MODELS, 200)
    for fold, part in predictions.groupby("fold"):
        assert (folds.loc[part["sample_id"], f"fold_{fold}"] == 0).all()
        trained = folds.index[folds[f"fold_{fold}"] != 0]
        assert not set(folds.loc[trained, "group"]) & set(part["group"])


def test_the_headline_keys_are_plain_numbers(finished: Study) -> None:
    metrics = json.loads((finished.folder / "results/tiny/xgboost/metrics.json").read_text())
    for name in ("accuracy", "precision", "recall", "f1", "auc", "ap"):
        assert isinstance(metrics[f"test_{name}"], float)
        assert isinstance(metrics[f"test_{name}_std"], float)


def test_the_query_of_the_notebook_runs_on_the_database(finished: Study) -> None:
    query = "SELECT fold, AVG(test_f1) as avg_f1, STDDEV(test_f1) as std_f1 FROM results GROUP BY fold"
    with DuckDBAnalytics(finished.folder / "results/analytics.duckdb") as analytics:
        mean_f1 = analytics.query(query).set_index("fold")["avg_f1"]
    folds = [
        json.loads((finished.folder / f"results/tiny/{backend}/metrics.json").read_text())["fold_results"]
        for backend in MODELS
    ]
    for number in (1, 2):
        assert mean_f1[number] == pytest.approx(sum(of_model[number - 1]["f1"] for of_model in folds) / 4)


def test_a_second_run_does_nothing(finished: Study) -> None:
    done = finished.run()
    assert "Nothing to be done" in done.stdout + done.stderr


def test_fold_files_that_are_gone_come_back_as_they_were(study: Study) -> None:
    before = contents(study.folder / "results")
    for name in ("xgboost/fold_1/predictions.parquet", "xgboost/fold_2/model.json", "lightgbm/fold_1/search.parquet"):
        (study.folder / "results/tiny" / name).unlink()
    study.complete("results/tiny/lightgbm/fold_1/search.parquet", "all")
    assert contents(study.folder / "results") == before
    done = study.run()
    assert "Nothing to be done" in done.stdout + done.stderr


def test_a_run_ends_with_the_report_the_audit_and_the_headline_of_every_model(study: Study) -> None:
    (study.folder / "results/tiny/report.html").unlink()
    text = study.complete()
    assert "results/tiny/report.html" in text
    assert "  audit: " in text
    for model in MODELS:
        assert f"    {model} " in text


def test_the_number_of_cores_and_the_folder_change_no_byte(finished: Study, tmp_path: Path) -> None:
    folder = tmp_path / "Ordner mit Leerzeichen ü é"
    other = new_study(folder)
    done = other.run(cores=1)
    assert done.returncode == 0, done.stdout + done.stderr
    assert contents(folder / "results") == contents(finished.folder / "results")


def test_one_processor_more_cores_and_rows_in_another_order_change_no_byte(finished: Study, tmp_path: Path) -> None:
    other = new_study(tmp_path)
    path = tmp_path / "data" / "tiny.parquet"
    table = pd.read_parquet(path)
    # Without an id rows are named by their places: here they keep these names in other places.
    named = table.assign(sample=[f"{place:03d}" for place in range(1, len(table) + 1)])
    named.sample(frac=1, random_state=0).to_parquet(path)
    dataset = tiny_config()["datasets"]["tiny"]  # type: ignore[index]
    other.write_config(datasets={"tiny": {**dataset, "id": "sample"}})
    processor = str(min(os.sched_getaffinity(0)))
    done = started(["taskset", "-c", processor, *other.command("--cores", "4")], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    results, expected = contents(tmp_path / "results"), contents(finished.folder / "results")
    assert results.keys() == expected.keys()
    assert {name for name in results if results[name] != expected[name]} == OF_THE_FILE
    contract, unnamed = (read_json(s.folder / "results/tiny/bundle/contract.json") for s in (other, finished))
    assert contract == {**unnamed, "id": "sample", "needed": ["sample", *unnamed["needed"]]}


def test_the_workflow_runs_as_a_module_of_another(tmp_path: Path) -> None:
    snakefile = f"""
configfile: "study.yaml"
module foldwise:
    snakefile: {str(ROOT / "Snakefile")!r}
    config: config
use rule * from foldwise
"""
    (tmp_path / "Snakefile").write_text(snakefile, encoding="utf-8")
    small = tiny_config(backends=["xgboost"])
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(small), encoding="utf-8")
    write_tiny(tmp_path / "data" / "tiny.parquet")
    done = started([sys.executable, "-m", "snakemake", "--cores", "1"], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "results/tiny/report.html").is_file()


def test_two_datasets_run_side_by_side(study: Study) -> None:
    write_tiny(study.folder / "data" / "second.parquet", seed=1)
    first = tiny_config()["datasets"]["tiny"]  # type: ignore[index]
    study.write_config(
        datasets={"tiny": first, "second": {**first, "table": "data/second.parquet"}}, backends=["lightgbm"]
    )
    study.complete()
    for name in ("tiny", "second"):
        comparison = json.loads((study.folder / "results" / name / "comparison.json").read_text())
        assert comparison["dataset"] == name
    index = (study.folder / "results" / "index.html").read_text(encoding="utf-8")
    assert 'href="tiny/report.html"' in index
    assert 'href="second/report.html"' in index


def test_snakemake_writes_its_own_report_offline(study: Study) -> None:
    done = study.run("--report", "report.html", cores=None)
    assert done.returncode == 0, done.stdout + done.stderr
    text = (study.folder / "report.html").read_text(encoding="utf-8")
    assert "system-message" not in text
    for model in MODELS:
        assert f'ROC curve of <tt class="docutils literal">{model}</tt>' in text.replace('\\"', '"')
        assert f'{{"figure": "roc curve", "backend": "{model}"}}' in text
    assert '"All datasets"' in text


def test_a_file_given_with_configfile_stands_alone(study: Study) -> None:
    done = study.run("-n", "--forceall")
    assert "resources/demo" not in done.stdout + done.stderr


@pytest.mark.parametrize("profile", ["--profile", "--workflow-profile"])
def test_the_literal_slurm_command_plans_the_run(profile: str) -> None:
    done = started([sys.executable, "-m", "snakemake", profile, "slurm", "-n", "--forceall"], ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "train_fold_catboost" in done.stdout + done.stderr


@pytest.mark.parametrize("graph", ["--dag", "--rulegraph"])
def test_the_graph_is_graphviz_text_and_nothing_else(graph: str) -> None:
    done = started([sys.executable, "-m", "snakemake", graph], ROOT)
    assert done.stdout.startswith("digraph")
    assert "train_fold_xgboost" in done.stdout


def test_a_device_that_is_not_there_stops_before_training(study: Study) -> None:
    if os.path.exists("/dev/nvidia0"):  # noqa: PTH110
        pytest.skip("this machine has a CUDA device")
    study.write_config(training={"device": "cuda"}, backends=["xgboost"])
    done = study.run()
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("error:")]
    assert done.returncode != 0
    assert set(lines) == {"error: training.device: cuda: no CUDA device is found on this machine: set device: cpu"}
