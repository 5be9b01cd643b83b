"""What is logged of a finished run, and the reading back of what a tracker has."""

from pathlib import Path

from fixtures.runs import FinishedRun
from foldwise.results.paths import model_file
from foldwise.tracking.runs import BackendFiles, DatasetFiles, EnsembleFiles, ModelRun, Settings, read_runs
from mlflow import MlflowClient
from mlflow.entities import Run


def runs_of(run: FinishedRun) -> list[ModelRun]:
    """Read what is logged of the tiny run, with a configuration that has a password in it."""
    results, backends = run.results, run.settings.backends
    configuration = {"folds": {"n_splits": 3, "by": None}, "search": {"metric": "log_loss", "space": {}}}
    dataset = {"table": "https://me:hush@store.example/videos.parquet", "slices": ["camera"]}
    settings = Settings(
        {"tiny": dataset},
        backends,
        configuration,
        spaces={backend: {"max_depth": [2, 3]} for backend in backends},
        code=dict.fromkeys((*backends, "ensemble"), "c0de"),
    )
    names = ("metrics.json", "params.json", "curve.parquet", "final/params.json")
    models = {backend: Path(model_file(backend)).name for backend in backends}
    return read_runs(
        settings,
        [
            DatasetFiles(
                *(str(results / name) for name in ("table.json", "table.parquet", "folds.parquet", "report.html"))
            )
        ],
        [BackendFiles(*(str(results / b / name) for name in (*names, models[b]))) for b in backends],
        [
            EnsembleFiles(
                *(str(results / "ensemble" / n) for n in ("metrics.json", "weights.parquet", "final/params.json"))
            )
        ],
        [str(path) for path in results.glob("*/plots/*.png")],
    )


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
