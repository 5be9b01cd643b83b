"""Send runs to MLflow. Every step first checks whether it was done before, so that nothing is logged twice."""

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, Run, RunTag
from mlflow.exceptions import MlflowException
from mlflow.utils.validation import MAX_METRICS_PER_BATCH, MAX_PARAMS_TAGS_PER_BATCH

from foldwise.backends.registry import SPECIFICATIONS
from foldwise.model_names import ENSEMBLE
from foldwise.tracking.model_run import FoldRun, ModelRun

KEY = "foldwise.key"
ARTIFACTS_KEY = "foldwise.artifacts_key"
PARENT = "mlflow.parentRunId"
DESCRIPTION = "mlflow.note.content"
ALIAS = "recommended"

# Without this tag MLflow's pages open with features for language models.
_TRAINING = {"mlflow.experimentKind": "custom_model_development"}
Entity = TypeVar("Entity")


class Sender:
    """A connection to one experiment of a tracker; the experiment is created if it does not exist."""

    def __init__(self, uri: str, experiment: str, artifacts: Path) -> None:
        """Connect.

        Args:
            uri: an http(s) server or a database such as ``sqlite:///results/mlflow.db``.
            experiment: name of the experiment.
            artifacts: folder for the artifacts of a new experiment in a database; a server stores them itself.
        """
        self._client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        self._experiment = experiment
        existing = self._client.get_experiment_by_name(experiment)
        if existing is None:
            served = urlsplit(uri).scheme in ("http", "https")
            location = None if served else artifacts.resolve().as_uri()
            self._experiment_id = self._client.create_experiment(experiment, location, _TRAINING)
        else:
            self._experiment_id = existing.experiment_id

    def send(self, run: ModelRun) -> dict[str, str]:
        """Log one model on one dataset, unless that has been done.

        Returns:
            ``run_id``, ``model`` (name in the registry) and ``model_version``.
        """
        logged = self._logged_run(run) or self._log_run(run)
        run_id = logged.info.run_id
        if logged.data.tags.get(DESCRIPTION) != run.description:
            self._client.set_tag(run_id, DESCRIPTION, run.description)
        if logged.data.tags.get(ARTIFACTS_KEY) != run.artifacts_key():
            self._log_artifacts(run_id, run)
        name, version = self._registered_model(run_id, run)
        if run.recommended:
            self._recommend(run, version)
        return {"run_id": run_id, "model": name, "model_version": version}

    def _logged_run(self, run: ModelRun) -> Run | None:
        """Return the finished run with the same key; unfinished runs with it are deleted."""
        matches = self._search(f"tags.`{KEY}` = '{run.key()}'")
        finished = [match for match in matches if match.info.status == "FINISHED"]
        for match in matches:
            if match not in finished:
                for part in [*self._search(f"tags.`{PARENT}` = '{match.info.run_id}'"), match]:
                    self._client.delete_run(part.info.run_id)
        return finished[0] if finished else None

    def _search(self, condition: str) -> list[Run]:
        return list(self._client.search_runs([self._experiment_id], condition, max_results=5000))

    def _log_run(self, run: ModelRun) -> Run:
        name = f"{run.dataset} {run.backend}"
        tags = {**run.tags, KEY: run.key(), DESCRIPTION: run.description}
        parent = self._client.create_run(self._experiment_id, tags=tags, run_name=name)
        fold_metrics = {(f"fold_{n}", fold.fold): v for fold in run.folds for n, v in fold.metrics.items()}
        metrics = {**{(n, 0): v for n, v in run.metrics.items()}, **fold_metrics}
        self._log(parent.info.run_id, run.params, metrics)
        for fold in run.folds:
            self._log_fold(parent.info.run_id, name, run, fold)
        self._client.set_terminated(parent.info.run_id)
        return parent

    def _log_fold(self, parent: str, name: str, run: ModelRun, fold: FoldRun) -> None:
        tags = {PARENT: parent, "foldwise.fold": str(fold.fold), **run.tags}
        child = self._client.create_run(self._experiment_id, tags=tags, run_name=f"{name} fold {fold.fold}")
        metrics = {(metric, fold.fold): value for metric, value in {**fold.metrics, **fold.costs}.items()}
        curves = {(curve, tree): value for curve, points in fold.curves.items() for tree, value in points}
        self._log(child.info.run_id, fold.params, {**metrics, **curves})
        self._client.set_terminated(child.info.run_id)

    def _log(self, run_id: str, params: Mapping[str, str], metrics: Mapping[tuple[str, int], float]) -> None:
        """Log parameters, and metrics by name and step, in batches of the largest size that MLflow accepts."""
        for part in _batches([Param(name, value) for name, value in params.items()], MAX_PARAMS_TAGS_PER_BATCH):
            self._client.log_batch(run_id, params=part)
        now = int(time.time() * 1000)
        points = [Metric(name, value, now, step) for (name, step), value in metrics.items()]
        for batch in _batches(points, MAX_METRICS_PER_BATCH):
            self._client.log_batch(run_id, metrics=batch)

    def _log_artifacts(self, run_id: str, run: ModelRun) -> None:
        for folder, files in run.artifacts.items():
            for file in files:
                self._client.log_artifact(run_id, str(file), folder or None)
        self._client.log_batch(run_id, tags=[RunTag(ARTIFACTS_KEY, run.artifacts_key())])

    def _registry_name(self, dataset: str, model: str) -> str:
        return f"{self._experiment}-{dataset}-{model}".replace("/", "-").replace(":", "-")

    def _recommend(self, run: ModelRun, version: str) -> None:
        """Give the alias to a version, and take it from the model of the dataset that was recommended before."""
        others = [self._registry_name(run.dataset, model) for model in (*SPECIFICATIONS, ENSEMBLE)]
        others.remove(name := self._registry_name(run.dataset, run.backend))
        for other in others:
            for found in self._client.search_registered_models(f"name = '{other}'"):
                if ALIAS in found.aliases:
                    self._client.delete_registered_model_alias(other, ALIAS)
        self._client.set_registered_model_alias(name, ALIAS, version)

    def _registered_model(self, run_id: str, run: ModelRun) -> tuple[str, str]:
        """Return name and version of the run's model in the registry; it is registered if it is not there."""
        name = self._registry_name(run.dataset, run.backend)
        try:
            self._client.get_registered_model(name)
        except MlflowException as problem:
            if problem.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            self._client.create_registered_model(name)
        versions = self._client.search_model_versions(f"name = '{name}' and run_id = '{run_id}'")
        if versions:
            return name, str(versions[0].version)
        tags = {"foldwise.file": run.model[0].name}
        created = self._client.create_model_version(name, f"runs:/{run_id}/model", run_id, tags, await_creation_for=0)
        return name, str(created.version)


def _batches(entries: Sequence[Entity], size: int) -> Iterable[Sequence[Entity]]:
    return (entries[start : start + size] for start in range(0, len(entries), size))
