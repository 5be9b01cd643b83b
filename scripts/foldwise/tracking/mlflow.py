"""The sending to MLflow. Every step looks first whether it was done before, so that nothing is logged twice."""

import os
import signal
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TypeVar
from urllib.parse import urlsplit

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, Run, RunTag
from mlflow.exceptions import MlflowException
from mlflow.utils.validation import MAX_METRICS_PER_BATCH, MAX_PARAMS_TAGS_PER_BATCH

from foldwise.tracking.runs import Content, FoldContent

# What the user has set counts. Telemetry would tell a third party that a run took place.
_SETTINGS = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}


def limit_requests() -> None:
    """Set MLflow's limits of one request; they must stand before MLflow is imported."""
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)


class _Interruption(BaseException):
    """Passes every ``except Exception``: urllib3 would take a TimeoutError for its own and ask again."""


@contextmanager
def time_limit(seconds: int) -> Iterator[None]:
    """Interrupt the block after a time, whatever it waits for. Only for the main thread.

    Raises:
        TimeoutError: when the block takes longer.
    """

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise _Interruption

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.alarm(seconds)
    try:
        yield
    except _Interruption:
        raise TimeoutError(f"it took more than {seconds} s (tracking.timeout)") from None
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


KEY = "foldwise.key"
ARTIFACTS_KEY = "foldwise.artifacts_key"
PARENT = "mlflow.parentRunId"

# Without it the pages of MLflow open with what is for language models.
_TRAINING = {"mlflow.experimentKind": "custom_model_development"}
Entity = TypeVar("Entity")


class Sender:
    """A connection to one experiment of a tracker, which is made where it does not exist."""

    def __init__(self, uri: str, experiment: str, artifacts: Path) -> None:
        """Connect.

        Args:
            uri: an http(s) server or a database such as ``sqlite:///results/mlflow.db``.
            experiment: name of the experiment.
            artifacts: folder for the files of a new experiment in a database; a server keeps them itself.
        """
        self._client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        self._experiment = experiment
        found = self._client.get_experiment_by_name(experiment)
        if found is None:
            served = urlsplit(uri).scheme in ("http", "https")
            location = None if served else artifacts.resolve().as_uri()
            self._experiment_id = self._client.create_experiment(experiment, location, _TRAINING)
        else:
            self._experiment_id = found.experiment_id

    def send(self, content: Content) -> dict[str, str]:
        """Log one entrant on one dataset, as far as that has not been done.

        Returns:
            ``run_id`` and, where it has a model of its own, ``model`` (name in the registry) and ``model_version``.
        """
        run = self._logged_run(content) or self._log_run(content)
        if run.data.tags.get(ARTIFACTS_KEY) != content.artifacts_key():
            self._log_artifacts(run.info.run_id, content)
        if content.model is None:
            return {"run_id": run.info.run_id}
        name, version = self._registered_model(run.info.run_id, content, content.model.name)
        return {"run_id": run.info.run_id, "model": name, "model_version": version}

    def _logged_run(self, content: Content) -> Run | None:
        """Return the finished run of equal content; runs of it that broke off are deleted."""
        found = self._search(f"tags.`{KEY}` = '{content.key()}'")
        finished = [run for run in found if run.info.status == "FINISHED"]
        for run in found:
            if run not in finished:
                for part in [*self._search(f"tags.`{PARENT}` = '{run.info.run_id}'"), run]:
                    self._client.delete_run(part.info.run_id)
        return finished[0] if finished else None

    def _search(self, condition: str) -> list[Run]:
        return list(self._client.search_runs([self._experiment_id], condition, max_results=5000))

    def _log_run(self, content: Content) -> Run:
        name = f"{content.dataset} {content.backend}"
        tags = {**content.tags, KEY: content.key(), "mlflow.note.content": content.description}
        run = self._client.create_run(self._experiment_id, tags=tags, run_name=name)
        of_folds = {(f"fold_{n}", fold.fold): v for fold in content.folds for n, v in fold.metrics.items()}
        metrics = {**{(n, 0): v for n, v in content.metrics.items()}, **of_folds}
        self._log(run.info.run_id, content.params, metrics)
        for fold in content.folds:
            self._log_fold(run.info.run_id, name, content, fold)
        self._client.set_terminated(run.info.run_id)
        return run

    def _log_fold(self, parent: str, name: str, content: Content, fold: FoldContent) -> None:
        tags = {PARENT: parent, "foldwise.fold": str(fold.fold), **content.tags}
        run = self._client.create_run(self._experiment_id, tags=tags, run_name=f"{name} fold {fold.fold}")
        scores = {(metric, fold.fold): value for metric, value in {**fold.metrics, **fold.costs}.items()}
        curves = {(curve, tree): value for curve, points in fold.curves.items() for tree, value in points}
        self._log(run.info.run_id, fold.params, {**scores, **curves})
        self._client.set_terminated(run.info.run_id)

    def _log(self, run_id: str, params: Mapping[str, str], metrics: Mapping[tuple[str, int], float]) -> None:
        """Log parameters, and metrics by name and step, in the largest batches that MLflow takes."""
        for part in _batches([Param(name, value) for name, value in params.items()], MAX_PARAMS_TAGS_PER_BATCH):
            self._client.log_batch(run_id, params=part)
        now = int(time.time() * 1000)
        points = [Metric(name, value, now, step) for (name, step), value in metrics.items()]
        for batch in _batches(points, MAX_METRICS_PER_BATCH):
            self._client.log_batch(run_id, metrics=batch)

    def _log_artifacts(self, run_id: str, content: Content) -> None:
        for folder, files in content.artifacts.items():
            for file in files:
                self._client.log_artifact(run_id, str(file), folder or None)
        self._client.log_batch(run_id, tags=[RunTag(ARTIFACTS_KEY, content.artifacts_key())])

    def _registered_model(self, run_id: str, content: Content, file: str) -> tuple[str, str]:
        """Return name and version in the registry of the run's model, which is registered where it is not."""
        name = f"{self._experiment}-{content.dataset}-{content.backend}".replace("/", "-").replace(":", "-")
        try:
            self._client.get_registered_model(name)
        except MlflowException as problem:
            if problem.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            self._client.create_registered_model(name)
        found = self._client.search_model_versions(f"name = '{name}' and run_id = '{run_id}'")
        if found:
            return name, str(found[0].version)
        tags = {"foldwise.file": file}
        made = self._client.create_model_version(name, f"runs:/{run_id}/model", run_id, tags, await_creation_for=0)
        return name, str(made.version)


def _batches(entries: Sequence[Entity], size: int) -> Iterable[Sequence[Entity]]:
    return (entries[start : start + size] for start in range(0, len(entries), size))
