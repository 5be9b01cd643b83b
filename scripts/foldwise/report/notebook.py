"""Execute a notebook and write it with its outputs; the bytes depend on its content alone."""

import os
import re
import tempfile
from pathlib import Path
from unittest.mock import patch

import nbformat
from nbclient import NotebookClient
from traitlets.config import Config

from foldwise.io.files import write_text

# Imports are slow on a busy machine or a cold shared file system; a kernel that dies is noticed at once.
_STARTUP_SECONDS = 1800
_VIDEO_ROOT = re.compile(r"^VIDEO_ROOT = None$", re.MULTILINE)


def execute_notebook(source: str | Path, output: str | Path, video_root: str | None = None) -> None:
    """Execute a notebook in the folder of ``output`` and write it there with its outputs.

    Args:
        source: path of the notebook; its line ``VIDEO_ROOT = None`` is replaced by ``video_root``.
        output: path of the executed copy, whose folder is the working folder of its cells.
        video_root: folder of the videos, absolute or relative to the working folder of this process.

    Raises:
        nbclient.exceptions.CellExecutionError: when a cell fails; the message contains the cell and its traceback.
        ValueError: when the notebook has no line for ``video_root``.
    """
    output = Path(output)
    notebook = nbformat.read(source, as_version=4)
    if video_root is not None:
        _set_video_root(notebook, os.path.relpath(video_root, output.parent))
    # No profile, history or connection file of the user: the notebook sees the same everywhere.
    with tempfile.TemporaryDirectory() as own:
        private = {"IPYTHONDIR": own, "JUPYTER_RUNTIME_DIR": own, "JUPYTER_CONFIG_DIR": own}
        with patch.dict(os.environ, private):
            client = NotebookClient(
                notebook,
                timeout=None,
                startup_timeout=_STARTUP_SECONDS,
                kernel_name="python3",
                record_timing=False,
                coalesce_streams=True,
                resources={"metadata": {"path": str(output.parent)}},
                # Sockets in the private folder: no port is opened, and nobody else on the machine can listen.
                config=Config({"KernelManager": {"transport": "ipc", "ip": f"{own}/kernel"}}),
            )
            client.execute()
    notebook.metadata["language_info"] = {"name": "python"}
    write_text(output, nbformat.writes(notebook) + "\n")


def _set_video_root(notebook: nbformat.NotebookNode, folder: str) -> None:
    for cell in notebook.cells:
        if cell.cell_type == "code" and _VIDEO_ROOT.search(cell.source):
            cell.source = _VIDEO_ROOT.sub(lambda _: f"VIDEO_ROOT = {folder!r}", cell.source)
            return
    raise ValueError("the notebook has no line VIDEO_ROOT = None")
