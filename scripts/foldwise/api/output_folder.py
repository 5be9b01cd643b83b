"""The output folder of a call from Python, with a record of the files that the workflow wrote there."""

import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from foldwise.errors import UserError, listed
from foldwise.io.files import read_json, write_json

_WORK = ".foldwise"
_RECORD = "written.json"


class OutputFolder:
    """An output folder and its subfolder ``.foldwise``, in which snakemake runs.

    The workflow writes ``results/{dataset}/...`` in its working folder. There, ``results/{dataset}`` is a link to the
    output folder, so that results are written to it directly.

    Attributes:
        path: the output folder.
        work: the working folder: logs, benchmarks, results over all datasets, snakemake's own records.
        dataset: name of the dataset, derived from the name of the output folder.
    """

    def __init__(self, path: Path) -> None:
        """Set the paths; no folder is created."""
        self.path = path.resolve()
        self.work = self.path / _WORK
        self.dataset = re.sub(r"[^A-Za-z0-9_.-]", "_", self.path.name).lstrip("_.-") or "results"

    def prepare(self) -> None:
        """Create the working folder and the link.

        Raises:
            UserError: when the output folder is a file, or ``.foldwise`` was not created by foldwise.
        """
        if self.path.exists() and not self.path.is_dir():
            raise UserError(f"output_dir: {str(self.path)!r} is a file: name a folder")
        if self.work.exists() and not (self.work / _RECORD).is_file():
            raise UserError(f"output_dir: {str(self.work)!r} was not created by foldwise: choose another output_dir")
        if not self.work.exists():
            self.work.mkdir(parents=True)
            self._record([])
        results = self.work / "results"
        results.mkdir(exist_ok=True)
        link = results / self.dataset
        if not link.is_symlink():
            link.symlink_to(Path("..", ".."), target_is_directory=True)

    def written(self) -> set[str]:
        """Return the files of this and earlier calls, relative to the output folder."""
        record = self.work / _RECORD
        return set(read_json(record)) if record.is_file() else set()

    def claim(self, outputs: Iterable[str]) -> None:
        """Record the files that the workflow is going to write.

        Args:
            outputs: paths relative to the working folder; those outside the dataset are ignored.

        Raises:
            UserError: when one of them exists and was not written by the workflow.
        """
        below = f"results/{self.dataset}/"
        names = {path.removeprefix(below) for path in outputs if path.startswith(below)}
        written = self.written()
        foreign = sorted(name for name in names - written if os.path.lexists(self.path / name))
        if foreign:
            raise UserError(
                f"output_dir: {str(self.path)!r} contains files that foldwise would overwrite but did not write: "
                f"{listed(foreign)}: move them, or choose another output_dir"
            )
        self._record(written | names)

    def delete_written(self) -> None:
        """Delete the files that the workflow wrote, folders that become empty, and the working folder."""
        if not (self.work / _RECORD).is_file():
            return
        files = [self.path / name for name in sorted(self.written())]
        for file in files:
            # A link in place of a folder leads to files outside the output folder.
            if file.parent.resolve().is_relative_to(self.path):
                file.unlink(missing_ok=True)
        for folder in sorted({p for f in files for p in f.parents if p != self.path}, reverse=True):
            if folder.is_relative_to(self.path):
                _remove_empty(folder)
        for part in ("benchmarks", "logs", "results", ".snakemake"):
            shutil.rmtree(self.work / part, ignore_errors=True)
        for file in (self.configuration, self.log, self.work / _RECORD):
            file.unlink(missing_ok=True)
        _remove_empty(self.work)

    @property
    def configuration(self) -> Path:
        """The configuration of the last call."""
        return self.work / "configuration.json"

    @property
    def log(self) -> Path:
        """What snakemake printed in the last call."""
        return self.work / "snakemake.log"

    def _record(self, names: Iterable[str]) -> None:
        write_json(self.work / _RECORD, sorted(names))


def _remove_empty(folder: Path) -> None:
    if folder.is_dir() and not folder.is_symlink() and not any(folder.iterdir()):
        folder.rmdir()
