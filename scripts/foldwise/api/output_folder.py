"""A folder of a caller's choice that holds a dataset's results, and a record of what was written there."""

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
    """An output folder and, in ``.foldwise`` below it, the working folder that snakemake runs in.

    The workflow writes ``results/{dataset}/...`` below its working folder. There, ``results/{dataset}``
    is a link back to the output folder, so that the results land in it and nothing is copied.

    Attributes:
        path: the output folder.
        work: the working folder: logs, benchmarks, what is not of one dataset, snakemake's own records.
        dataset: name of the dataset, from the name of the output folder.
    """

    def __init__(self, path: Path) -> None:
        """Name the folder; nothing is made yet."""
        self.path = path.resolve()
        self.work = self.path / _WORK
        self.dataset = re.sub(r"[^A-Za-z0-9_.-]", "_", self.path.name).lstrip("_.-") or "results"

    def prepare(self) -> None:
        """Make the working folder and the link.

        Raises:
            UserError: when the output folder is a file, or ``.foldwise`` was made by someone else.
        """
        if self.path.exists() and not self.path.is_dir():
            raise UserError(f"output_dir: {str(self.path)!r} is a file: name a folder")
        if self.work.exists() and not (self.work / _RECORD).is_file():
            raise UserError(f"output_dir: {str(self.work)!r} was not made by foldwise: take another output_dir")
        if not self.work.exists():
            self.work.mkdir(parents=True)
            self._record([])
        results = self.work / "results"
        results.mkdir(exist_ok=True)
        link = results / self.dataset
        if not link.is_symlink():
            link.symlink_to(Path("..", ".."), target_is_directory=True)

    def written(self) -> set[str]:
        """Return what the workflow was told to write here in this and earlier calls, relative to the folder."""
        record = self.work / _RECORD
        return set(read_json(record)) if record.is_file() else set()

    def claim(self, outputs: Iterable[str]) -> None:
        """Record files that the workflow is about to write.

        Args:
            outputs: paths relative to the working folder; those of other datasets are left out.

        Raises:
            UserError: when one of them exists and was not written by the workflow.
        """
        below = f"results/{self.dataset}/"
        names = {path.removeprefix(below) for path in outputs if path.startswith(below)}
        written = self.written()
        strange = sorted(name for name in names - written if os.path.lexists(self.path / name))
        if strange:
            raise UserError(
                f"output_dir: {str(self.path)!r} holds files that foldwise would write over but did not write: "
                f"{listed(strange)}: move them, or take another output_dir"
            )
        self._record(written | names)

    def delete_written(self) -> None:
        """Delete every file that the workflow wrote here, the folders this empties, and the working folder."""
        if not (self.work / _RECORD).is_file():
            return
        files = [self.path / name for name in sorted(self.written())]
        for file in files:
            # A folder that was replaced by a link leads to files of others.
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
