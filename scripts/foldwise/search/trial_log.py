"""The log of finished trials, from which an interrupted search continues."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any


class TrialLog:
    """A file with one line a finished trial, after a line with the key of the search.

    Snakemake deletes the declared outputs of an interrupted job, so that the file must not be one of them. A file
    with another key belongs to another search and is replaced.
    """

    def __init__(self, path: str | Path, key: str) -> None:
        """Read the finished trials of the same search, and open the file for the next ones.

        Args:
            path: the file; it need not exist.
            key: hash of everything that the trials depend on, see :func:`key_of`.
        """
        self._path = Path(path)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        header = {"key": key}
        lines = _complete_lines(self._path)
        same = bool(lines) and lines[0] == header
        self.finished: list[dict[str, Any]] = lines[1:] if same else []
        """Trials that an earlier job finished, in order, as :meth:`append` received them."""
        # Written again, so that no incomplete line and no trial of another search comes before the next one.
        temporary = self._path.with_name(f".{self._path.name}.new")
        temporary.write_bytes(b"".join(map(_line, [header, *self.finished])))
        temporary.replace(self._path)
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND)

    def append(self, trial: Mapping[str, Any]) -> None:
        """Write a finished trial, plain data, and wait until it is on disk."""
        os.write(self._file, _line(trial))
        os.fsync(self._file)

    def __enter__(self) -> "TrialLog":
        """Return the log."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file; it stays for the next job."""
        os.close(self._file)


def key_of(**parts: Any) -> str:
    """Return the SHA-256 of plain data by name, 64 hexadecimal digits."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _line(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content).encode() + b"\n"


def _complete_lines(path: Path) -> list[Any]:
    """Return the parsed lines of a file up to the first that is incomplete or not JSON."""
    lines: list[Any] = []
    content = path.read_bytes() if path.is_file() else b""
    for line in content.split(b"\n")[:-1]:
        try:
            lines.append(json.loads(line))
        except ValueError:
            break
    return lines
