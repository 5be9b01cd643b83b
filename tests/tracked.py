"""A made-up finished run with everything that a tracker is sent, and the reading back of what it has."""

from collections.abc import Sequence
from pathlib import Path

from artefacts import Study
from foldwise.io.files import read_json, write_json
from foldwise.tracking.runs import Content, Settings, read_contents
from gathered import write_gathered
from mlflow import MlflowClient
from mlflow.entities import Run

BACKENDS = ("xgboost", "lightgbm")
STUDY = Study("videos", BACKENDS, units=20, n_splits=2, space={"max_depth": (2, 3), "rate": (0.1,)})
ENTRANTS = (*BACKENDS, "ensemble")
PLOTS = ("roc_curve", "learning_curves")
WEIGHTS = {"xgboost": 0.25, "lightgbm": 0.75}


def write_run(results: Path, study: Study = STUDY) -> dict[str, list[str]]:
    """Write the files of a finished run below ``results``; return the inputs of ``read_contents``."""
    inputs = write_gathered(results, [study])
    folder = results / study.dataset
    (folder / "report.html").write_text("<p>report</p>")
    for backend in study.backends:
        home = folder / backend
        write_json(home / "final/params.json", {**read_json(home / "params.json")[0], "fold": None})
        (home / "model.txt").write_text(f"trees of {backend}")
        (home / "plots").mkdir()
        for plot in PLOTS:
            (home / f"plots/{plot}.png").write_bytes(plot.encode())
    together = folder / "ensemble"
    write_json(together / "final/params.json", {"weights": WEIGHTS})
    (together / "plots").mkdir()
    (together / "plots/roc_curve.png").write_bytes(b"roc_curve")
    inputs["ensemble_weights"] = inputs.pop("weights")
    inputs["ensemble_final_params"] = [str(together / "final/params.json")]
    of_dataset = {"table": "table.parquet", "report": "report.html"}
    of_backend = {"curve": "curve.parquet", "final_params": "final/params.json", "model": "model.txt"}
    inputs |= {name: [str(folder / file)] for name, file in of_dataset.items()}
    inputs |= {name: [str(folder / b / file) for b in study.backends] for name, file in of_backend.items()}
    inputs["plots"] = [str(folder / b / f"plots/{plot}.png") for plot in PLOTS for b in study.backends]
    inputs["plots"].append(str(together / "plots/roc_curve.png"))
    return inputs


def contents_of(inputs: dict[str, list[str]], backends: Sequence[str] = BACKENDS) -> list[Content]:
    """Read what is logged, with a configuration that has a password in it."""
    configuration = {"folds": {"n_splits": 2, "by": None}, "search": {"metric": "log_loss", "space": {}}}
    dataset = {"table": "https://me:hush@store.example/videos.parquet", "slices": ["is_original"]}
    code = dict.fromkeys((*backends, "ensemble"), "c0de")
    spaces = {backend: {"max_depth": [2, 3]} for backend in backends}
    return read_contents(inputs, Settings({"videos": dataset}, backends, configuration, spaces, code))


class Logged:
    """The parents and children in an experiment, read back through MLflow's client."""

    def __init__(self, uri: str, experiment: str = "foldwise") -> None:
        self.client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        found = self.client.get_experiment_by_name(experiment)
        runs = list(self.client.search_runs([found.experiment_id])) if found else []
        children = [run for run in runs if "mlflow.parentRunId" in run.data.tags]
        self.parents = {run.data.tags["foldwise.backend"]: run for run in runs if run not in children}
        self.n_runs = len(runs)
        self._children = children

    def fold(self, backend: str, number: int) -> Run:
        """Return the run of one fold."""
        parent = self.parents[backend].info.run_id
        [run] = [
            run
            for run in self._children
            if run.data.tags["mlflow.parentRunId"] == parent and run.data.tags["foldwise.fold"] == str(number)
        ]
        return run

    def history(self, run: Run, metric: str) -> dict[int, float]:
        """Return step -> value of a metric."""
        return {m.step: m.value for m in self.client.get_metric_history(run.info.run_id, metric)}

    def files(self, run: Run, folder: str | None = None) -> set[str]:
        """Return the paths of the files of a run, those in folders too."""
        entries = self.client.list_artifacts(run.info.run_id, folder)
        below = [self.files(run, entry.path) for entry in entries if entry.is_dir]
        return {entry.path for entry in entries if not entry.is_dir}.union(*below)
