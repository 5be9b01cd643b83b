"""Run the workflow from Python, for notebooks and other programs."""

import os
import re
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from foldwise.api.output_folder import OutputFolder
from foldwise.config.models import parse
from foldwise.data.readers import read_source
from foldwise.errors import UserError, listed
from foldwise.io.files import read_json, write_json
from foldwise.results.paths import final_model_files

_SNAKEFILE = Path(__file__).parents[3] / "Snakefile"

_DATASET = {
    "id": "video_path",
    "id_pattern": r"(?P<id>[^/]+?)(?:_scaled_.*)?\.mp4$",
    "label": "label",
    "groups": ["original_video"],
}

_SLICE = "is_original"
_PROGRESS = re.compile(r"\d+ of \d+ steps|Nothing to be done")


class TrainingError(UserError):
    """A run that failed. The message is its last error line.

    Attributes:
        log: file with the whole output of the run.
    """

    def __init__(self, message: str, log: Path) -> None:
        """Keep the message as one line, and the log."""
        super().__init__(f"{message} (the whole output: {log})")
        self.log = log


def train_gradient_boosting(
    project_root: str | Path,
    scaled_metadata_path: str | Path,
    features_stage2_path: str | Path | None,
    features_stage4_path: str | Path | None = None,
    output_dir: str | Path = "data/stage5",
    n_splits: int = 5,
    models: Sequence[str] = ("xgboost", "lightgbm", "catboost"),
    delete_existing: bool = False,
    *,
    dataset: Mapping[str, Any] | None = None,
    configuration: Mapping[str, Any] | None = None,
    cores: int | None = None,
) -> dict[str, dict[str, Any]]:
    """Run the workflow on a table of videos and return the metrics of each backend.

    The run is ``snakemake --cores all`` with a configuration built from the arguments: groups are never split across
    folds, only steps affected by a change are repeated, and progress is printed to ``sys.stderr``. The files of
    ``results/{dataset}`` are written to ``output_dir``: ``report.html``, ``{backend}/metrics.json``,
    ``{backend}/model.json``. Logs and further files are in its folder ``.foldwise``.

    Args:
        project_root: folder that the other paths are relative to.
        scaled_metadata_path: table with a row for each video or copy of one: ``video_path``, ``label`` (1 is fake)
            and ``original_video``, the video that copies share. With a column ``is_original``, metrics are also
            computed for each of its values.
        features_stage2_path: features by ``video_path``; None for none.
        features_stage4_path: features of the scaled videos by ``video_path``; None for none.
        output_dir: folder for the results; created if needed.
        n_splits: number of outer folds.
        models: backends: ``xgboost``, ``lightgbm``, ``catboost``.
        delete_existing: first delete what earlier calls wrote in ``output_dir``, and nothing else.
        dataset: keys of the dataset that replace the defaults above, such as ``{"groups": ["video"]}``.
        configuration: other sections, such as ``{"search": {"method": "random"}}``; see config/README.md.
        cores: number of cores; None for all.

    Returns:
        By backend, the content of its ``metrics.json`` (``test_auc``, ``test_f1``, ``fold_results``, ...), and
        ``model_path`` and ``plots_path``.

    Raises:
        UserError: for a wrong argument, a missing file, or files in ``output_dir`` that the workflow did not write.
        TrainingError: when the run fails, with its last error line.

    Example:
        >>> from foldwise import train_gradient_boosting
        >>> results = train_gradient_boosting(
        ...     ".",
        ...     "data/stage3/scaled_metadata.parquet",
        ...     "data/stage2/features_metadata.parquet",
        ...     output_dir="data/stage5",
        ... )  # doctest: +SKIP
        >>> results["xgboost"]["test_auc"]  # doctest: +SKIP
        0.701
    """
    _check_installation()
    root = Path(project_root).resolve()
    metadata = _existing(root, "scaled_metadata_path", scaled_metadata_path)
    given = {"stage2": features_stage2_path, "stage4": features_stage4_path}
    features = {k: _existing(root, f"features_{k}_path", path) for k, path in given.items() if path is not None}
    folder = OutputFolder(root / output_dir)
    entry = {
        **_DATASET,
        "slices": [_SLICE] if _SLICE in read_source(metadata).column_names else [],
        **(dataset or {}),
        "metadata": os.path.relpath(metadata, folder.work),
        "features": {name: os.path.relpath(path, folder.work) for name, path in features.items()},
    }
    content = _whole_configuration({folder.dataset: entry}, n_splits, models, configuration or {})
    if delete_existing:
        folder.delete_written()
    folder.prepare()
    write_json(folder.configuration, content)
    folder.claim(_outputs(folder))
    _run(folder, "all" if cores is None else str(cores))
    return {backend: _results(folder.path, backend) for backend in models}


def _check_installation() -> None:
    if not _SNAKEFILE.is_file():
        raise UserError(
            f"foldwise is installed without its workflow (there is no {_SNAKEFILE}): "
            "install it from a checkout, with pip install -e ."
        )


def _existing(root: Path, name: str, path: str | Path) -> Path:
    file = root / path
    if not file.is_file():
        raise UserError(f"{name}: there is no file {str(file)!r}: fix the path (it counts from project_root)")
    return file


def _whole_configuration(
    datasets: Mapping[str, Any], n_splits: int, models: Sequence[str], more: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the configuration of a call, checked.

    Raises:
        UserError: for a wrong key or value, or a section that other arguments define.
    """
    doubled = sorted({"datasets", "backends"} & set(more))
    if doubled:
        raise UserError(f"configuration: {listed(doubled)} is defined by other arguments: use dataset= or models=")
    backends = models if isinstance(models, str) else list(models)
    folds = more.get("folds", {})
    if isinstance(folds, Mapping):
        folds = {**folds, "n_splits": n_splits}
    content = {**more, "datasets": datasets, "backends": backends, "folds": folds}
    parse(content)
    return content


def _outputs(folder: OutputFolder) -> list[str]:
    """Return the files that the run would write, relative to the working folder."""
    with _snakemake(folder, "--summary") as process:
        lines = [line.rstrip("\n") for line in process.stdout or ()]
    if process.returncode:
        folder.log.write_text("\n".join(lines), encoding="utf-8")
        raise TrainingError(_reason(lines, process.returncode), folder.log)
    return [line.split("\t")[0] for line in lines if "\t" in line]


def _run(folder: OutputFolder, cores: str) -> None:
    """Run the workflow with its output in the folder's log; progress lines are also printed to ``sys.stderr``."""
    last: deque[str] = deque(maxlen=1000)
    with (
        folder.log.open("w", encoding="utf-8") as log,
        _snakemake(folder, "--cores", cores) as process,
    ):
        for line in process.stdout or ():
            log.write(line)
            if _PROGRESS.match(line):
                sys.stderr.write(line)
            last.append(line)
    if process.returncode:
        raise TrainingError(_reason(last, process.returncode), folder.log)


@contextmanager
def _snakemake(folder: OutputFolder, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Start snakemake in the working folder; if the block raises, stop it with its jobs and wait.

    SIGINT lets snakemake end its jobs and unlock the folder. It runs in a session of its own, so that Ctrl-C in a
    terminal has the same effect as the interrupt of a notebook.
    """
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(_SNAKEFILE), "--directory", str(folder.work)]
    command += ["--configfile", str(folder.configuration), *arguments]
    # The interpreter's own folder first: a job must find this environment's programs.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    process = subprocess.Popen(  # noqa: S603 (a list, no shell; the program is this interpreter)
        command,
        cwd=folder.work,
        env={**os.environ, "PATH": path, "FOLDWISE_QUIET": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    with process:
        try:
            yield process
        except BaseException:
            os.killpg(process.pid, signal.SIGINT)
            process.communicate()
            raise


def _reason(lines: Sequence[str], status: int) -> str:
    """Return the last error line of a run that failed."""
    stripped = [line.strip() for line in lines]
    for pattern in (r"error: *\S", r"\w*(Error|Exception)\b"):
        errors = [line for line in stripped if re.match(pattern, line, re.IGNORECASE)]
        if errors:
            return re.sub(r"^error: *", "", errors[-1], flags=re.IGNORECASE)
    return f"snakemake ended with status {status}"


def _results(folder: Path, backend: str) -> dict[str, Any]:
    files = final_model_files(folder, backend)
    return {**read_json(files.metrics), "model_path": files.model, "plots_path": str(folder / backend / "plots")}
