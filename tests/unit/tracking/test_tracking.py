"""What is logged is what the files say, once; a tracker that fails costs a warning."""

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import foldwise
import pytest
from fixtures.runs import FinishedRun
from foldwise.evaluation.records import HEADLINE_METHOD
from foldwise.io.files import read_json, read_table, write_json
from foldwise.tracking.log import Tracker, failures, limit_requests, log_mlflow, time_limit, warning

limit_requests()

from fixtures.tracked import Logged, runs_of  # noqa: E402 - MLflow reads the limits when it is imported

BACKENDS = ("xgboost", "lightgbm", "catboost")
MODELS = (*BACKENDS, "ensemble")
# A run of each model, and one of each of its three folds.
N_RUNS = len(MODELS) * (1 + 3)
LONG = 300


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real MLflow server with a database and a file store of its own."""
    folder, port = tmp_path_factory.mktemp("server"), free_port()
    where = ["--backend-store-uri", f"sqlite:///{folder}/server.db", "--artifacts-destination", str(folder / "files")]
    command = [sys.executable, "-m", "mlflow", "server", *where, "--port", str(port), "--workers", "1"]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        try:
            wait_for(f"http://127.0.0.1:{port}/health", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()


def wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=5)  # noqa: S310 - an address of our own
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.5)
        else:
            return
    pytest.fail("the MLflow server ended")


@pytest.fixture(scope="module", params=["server", "sqlite"])
def tracker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    if request.param == "server":
        return str(request.getfixturevalue("server"))
    return f"sqlite:///{tmp_path_factory.mktemp('database')}/mlflow.db"


@pytest.fixture(scope="module")
def outcome(tiny_run: FinishedRun, tracker: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The outcome of logging the tiny run twice."""
    folder = tmp_path_factory.mktemp("logged")
    for _ in range(2):
        log(folder, tiny_run, tracker)
    return folder / "tracking.json"


def log(folder: Path, run: FinishedRun, uri: str, timeout: int = LONG, failures: int = 0) -> None:
    log_mlflow(runs_of(run), Tracker(uri, "foldwise", timeout), failures, folder / "tracking.json")


@pytest.fixture
def results(tiny_run: FinishedRun) -> Path:
    return tiny_run.results


@pytest.fixture
def logged(outcome: Path, tracker: str) -> Logged:
    content = read_json(outcome)
    assert content["logged"], content["reason"]
    return Logged(tracker)


def test_each_model_has_a_run_with_a_child_run_for_each_fold(logged: Logged) -> None:
    assert set(logged.parents) == set(MODELS)
    assert logged.n_runs == N_RUNS
    assert {run.info.status for run in logged.parents.values()} == {"FINISHED"}


def test_a_parent_has_the_means_and_every_fold_as_a_step(logged: Logged, results: Path) -> None:
    metrics = read_json(results / "lightgbm/metrics.json")
    parent = logged.parents["lightgbm"]
    for name in ("test_auc", "test_f1_std"):
        assert parent.data.metrics[name] == pytest.approx(metrics[name])
        assert parent.data.metrics[f"unit_{name}"] == pytest.approx(metrics["unit"][name])
    assert parent.data.metrics["test_auc_low"] == pytest.approx(metrics["intervals"]["auc"][HEADLINE_METHOD]["low"])
    expected = {fold["fold"]: pytest.approx(fold["auc"]) for fold in metrics["fold_results"]}
    assert logged.history(parent, "fold_test_auc") == expected


def test_a_fold_has_its_parameters_metrics_and_costs(logged: Logged, results: Path) -> None:
    run = logged.fold("xgboost", 2)
    params = read_json(results / "xgboost/params.json")[1]
    metrics = read_json(results / "xgboost/metrics.json")["fold_results"][1]
    assert run.data.params == {**{k: str(v) for k, v in params["chosen"].items()}, "trees": str(params["trees"])}
    assert logged.history(run, "test_f1") == {2: pytest.approx(metrics["f1"])}
    assert run.data.metrics["n_groups"] == metrics["n_groups"]
    assert run.data.metrics["total_seconds"] == params["seconds"]["total"]


def test_a_learning_curve_is_the_mean_over_the_inner_folds(logged: Logged, results: Path) -> None:
    curve = read_table(results / "xgboost/curve.parquet").to_pandas()
    first = curve[(curve["fold"] == 1) & (curve["part"] == "validation") & (curve["metric"] == "log_loss")]
    means = first.groupby("iteration")["value"].mean()
    history = logged.history(logged.fold("xgboost", 1), "validation_log_loss")
    assert history == {step: pytest.approx(value) for step, value in means.items()}


def test_configuration_and_versions_and_hashes_are_there_but_no_password(logged: Logged, results: Path) -> None:
    parent = logged.parents["xgboost"].data
    assert parent.params["folds.n_splits"] == "3"
    assert parent.params["space.max_depth"] == "[2, 3]"
    assert parent.params["final.trees"] == str(read_json(results / "xgboost/final/params.json")["trees"])
    assert "hush" not in str(parent.params)
    for tag in ("table_sha256", "folds_sha256", "code", "version.xgboost", "key"):
        assert parent.tags[f"foldwise.{tag}"]


def test_model_plots_and_report_are_kept(logged: Logged, results: Path, tmp_path: Path) -> None:
    parent = logged.parents["lightgbm"]
    plots = {f"plots/{path.name}" for path in (results / "lightgbm/plots").glob("*.png")}
    assert logged.files(parent) == {"report.html", "metrics.json", "model/model.txt", *plots}
    assert len(plots) == 8
    path = logged.client.download_artifacts(parent.info.run_id, "model/model.txt", str(tmp_path))
    assert Path(path).read_bytes() == (results / "lightgbm/model.txt").read_bytes()


def test_the_final_model_is_registered_once(logged: Logged, outcome: Path) -> None:
    for model in MODELS:
        [version] = logged.client.search_model_versions(f"name = 'foldwise-tiny-{model}'")
        assert version.run_id == logged.parents[model].info.run_id
        assert str(version.version) == "1"
        written = next(run for run in read_json(outcome)["runs"] if run["backend"] == model)
        assert (written["model"], written["model_version"]) == (version.name, "1")


def recommended(logged: Logged) -> list[str]:
    """Return the names of the registered models with the alias."""
    registered = logged.client.search_registered_models()
    return [model.name for model in registered if str(model.aliases.get("recommended")) == "1"]


def test_the_recommended_model_has_the_alias(logged: Logged) -> None:
    assert recommended(logged) == ["foldwise-tiny-ensemble"]


def test_another_recommended_model_takes_the_alias_over_and_logs_no_run(tiny_run: FinishedRun, tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    for model in ("ensemble", "lightgbm", "catboost"):
        tracker = Tracker(uri, "foldwise", LONG)
        log_mlflow(runs_of(tiny_run, model), tracker, 0, tmp_path / "tracking.json")
        assert recommended(Logged(uri)) == [f"foldwise-tiny-{model}"]
    assert Logged(uri).n_runs == N_RUNS


def test_the_ensemble_is_logged_with_its_weights_and_the_models_that_it_combines(logged: Logged, results: Path) -> None:
    parent = logged.parents["ensemble"]
    final, members = read_json(results / "ensemble/final/params.json")["weights"], (*BACKENDS, "constant")
    assert {b: float(parent.data.params[f"final.weight.{b}"]) for b in members} == final
    plots = {f"plots/{path.name}" for path in (results / "ensemble/plots").glob("*.png")}
    models = {f"model/{name}" for name in ("params.json", "model.json", "model.txt", "model.cbm")}
    assert logged.files(parent) == {"report.html", "metrics.json", "weights.parquet", *models, *plots}
    weights = read_table(results / "ensemble/weights.parquet").to_pandas()
    of_test_rows = weights[weights["fold"] == 2].set_index("backend")["weight"]
    fold = logged.fold("ensemble", 2)
    assert {b: float(fold.data.params[f"weight.{b}"]) for b in members} == of_test_rows.to_dict()
    assert "trees" not in fold.data.params


def test_new_results_make_new_runs_and_new_pictures_do_not(run_copy: FinishedRun, tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    log(tmp_path, run_copy, uri)
    (run_copy.results / "xgboost/plots/roc_curve.png").write_bytes(b"redrawn")
    log(tmp_path, run_copy, uri)
    logged = Logged(uri)
    run_id = logged.parents["xgboost"].info.run_id
    assert logged.n_runs == N_RUNS
    plot = logged.client.download_artifacts(run_id, "plots/roc_curve.png")
    assert Path(plot).read_bytes() == b"redrawn"
    (run_copy.results / "xgboost/model.json").write_text("other trees")
    log(tmp_path, run_copy, uri)
    # The backend and the ensemble, which contains its model.
    assert Logged(uri).n_runs == N_RUNS + 2 * 4


def test_the_description_has_both_verdicts_of_the_comparison_and_is_brought_up_to_date(
    run_copy: FinishedRun, tmp_path: Path
) -> None:
    path, uri = run_copy.results / "comparison.json", f"sqlite:///{tmp_path}/mlflow.db"
    for words in ("A better than B.", "Nothing is better."):
        write_json(path, {**read_json(path), "verdict_baselines": f"Baselines: {words}", "verdict": words})
        log(tmp_path, run_copy, uri)
    logged = Logged(uri)
    assert logged.n_runs == N_RUNS
    for run in logged.parents.values():
        assert run.data.tags["mlflow.note.content"].endswith(f" Baselines: {words} {words}")


def test_an_unfinished_run_is_replaced(tiny_run: FinishedRun, tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    log(tmp_path, tiny_run, uri)
    unfinished = Logged(uri).parents["xgboost"].info.run_id
    Logged(uri).client.set_terminated(unfinished, "FAILED")
    log(tmp_path, tiny_run, uri)
    logged = Logged(uri)
    assert logged.n_runs == N_RUNS
    assert logged.parents["xgboost"].info.run_id != unfinished


def test_a_tracker_that_is_down_costs_a_warning(
    tiny_run: FinishedRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log(tmp_path, tiny_run, f"http://me:hush@127.0.0.1:{free_port()}", failures=2)
    assert failures(tmp_path / "tracking.json") == 3
    text = warning(tmp_path / "tracking.json")
    assert text is not None
    assert text.startswith("warning: mlflow: the run was not logged to http://***@127.0.0.1:")
    assert "Connection refused" in text
    assert text in capsys.readouterr().err
    assert "hush" not in (tmp_path / "tracking.json").read_text()


def test_a_tracker_that_never_answers_is_interrupted(tiny_run: FinishedRun, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        log(tmp_path, tiny_run, f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=3)
    content = read_json(tmp_path / "tracking.json")
    assert not content["logged"]
    assert "more than 3 s" in content["reason"]


def test_log_sets_the_limits_of_requests_before_mlflow_is_imported() -> None:
    code = "import sys, foldwise.tracking.log; sys.exit('mlflow' in sys.modules or 'pandas' in sys.modules)"
    subprocess.run(
        [sys.executable, "-c", code], check=True, env={"PYTHONPATH": str(Path(foldwise.__file__).parents[1])}
    )


def test_one_request_is_not_waited_for_longer_than_some_seconds() -> None:
    from mlflow.environment_variables import MLFLOW_HTTP_REQUEST_MAX_RETRIES, MLFLOW_HTTP_REQUEST_TIMEOUT

    assert MLFLOW_HTTP_REQUEST_TIMEOUT.get() * (1 + MLFLOW_HTTP_REQUEST_MAX_RETRIES.get()) <= 20


def test_nothing_is_told_to_a_third_party() -> None:
    from mlflow.telemetry.utils import is_telemetry_disabled

    assert is_telemetry_disabled()


def test_a_success_after_failures_keeps_their_number(tmp_path: Path) -> None:
    write_json(tmp_path / "tracking.json", {"logged": True, "failures": 2})
    assert failures(tmp_path / "tracking.json") == 2
    assert warning(tmp_path / "tracking.json") is None
    assert failures(tmp_path / "missing.json") == 0
    assert warning(tmp_path / "missing.json") is None


def test_a_block_that_takes_too_long_is_interrupted() -> None:
    with pytest.raises(TimeoutError), time_limit(1):
        time.sleep(60)
