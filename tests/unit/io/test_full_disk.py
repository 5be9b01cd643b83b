"""Whatever writes a result: where the disk is full or closed it says so in one line, and no half of a file is left."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import joblib
import numpy as np
import pyarrow as pa
import pytest
from fixtures.tables import grouped
from foldwise.analytics.session import connect
from foldwise.backends.base import FitOptions
from foldwise.backends.registry import SPECIFICATIONS, get_backend
from foldwise.errors import UserError
from foldwise.io.files import replacing, write_json, write_table, write_text
from foldwise.plots.style import new_figure, save
from small_disk import SmallDisk, small_disk

SCRIPTS = Path(__file__).parents[3] / "scripts"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk", megabytes=4) as mounted:
        yield mounted


def _write_model(name: str) -> Callable[[Path], None]:
    backend, data, options = get_backend(name), grouped(), FitOptions(seed=0)
    params = {"learning_rate": 0.3} | ({"min_child_samples": 2} if name == "lightgbm" else {})
    model = backend.fit(backend.bin_train(data.matrix, data.label, None, params, options), params, 60, options).model

    def write(path: Path) -> None:
        with replacing(path) as temporary:
            backend.save(model, temporary)

    return write


def _write_database(path: Path) -> None:
    with replacing(path) as temporary:
        connection = connect(temporary)
        try:
            connection.execute("CREATE TABLE t AS SELECT range AS n, random() AS x FROM range(100000)")
        finally:
            connection.close()


def _write_pickle(path: Path) -> None:
    with replacing(path) as temporary:
        joblib.dump(np.random.default_rng(0).normal(size=50_000), temporary)


def _draw(path: Path) -> None:
    figure = new_figure(6, 4)
    figure.subplots().plot(np.random.default_rng(0).normal(size=500))
    save(figure, path)


WRITERS: dict[str, Callable[[], Callable[[Path], None]]] = {
    "text": lambda: lambda path: write_text(path, "x" * 100_000),
    "json": lambda: lambda path: write_json(path, list(range(20_000))),
    "parquet": lambda: lambda path: write_table(path, pa.table({"x": np.random.default_rng(0).normal(size=50_000)})),
    "png": lambda: _draw,
    "database": lambda: _write_database,
    "joblib": lambda: _write_pickle,
    **{name: (lambda name=name: _write_model(name)) for name in SPECIFICATIONS},
}


@pytest.mark.parametrize("left", [0, 4096])
@pytest.mark.parametrize("kind", WRITERS)
def test_a_full_disk_is_reported_and_leaves_the_old_file(kind: str, left: int, disk: SmallDisk) -> None:
    write, path = WRITERS[kind](), disk.folder / "results" / "file"
    write(path)
    complete = path.read_bytes()
    path.write_bytes(b"old")
    disk.fill(left)
    with pytest.raises(UserError, match=rf"{path.parent}.*: no space is left on its disk: make room and run"):
        write(path)
    assert [(p.name, p.read_bytes()) for p in path.parent.iterdir()] == [("file", b"old")]
    disk.make_room()
    write(path)
    assert len(path.read_bytes()) == len(complete)
    assert [p.name for p in path.parent.iterdir()] == ["file"]


def test_a_disk_that_may_not_be_written_is_reported(disk: SmallDisk) -> None:
    disk.forbid_writing()
    with pytest.raises(UserError, match=r"disk/results.*: Read-only file system: nothing can be written there"):
        write_text(disk.folder / "results" / "file", "x")


@pytest.mark.parametrize("block", ["write_text(sys.argv[2], 'x' * 10**5)", "print('y' * 10**5)", "1 / 0"])
def test_a_step_whose_log_has_no_room_says_why_on_the_terminal(disk: SmallDisk, block: str) -> None:
    disk.fill()
    program = f"""
import sys
from foldwise.io.files import write_text
from foldwise.io.job import step
with step(sys.argv[1]):
    {block}
"""
    command = [sys.executable, "-c", program, str(disk.folder / "step.log"), str(disk.folder / "file")]
    done = subprocess.run(command, capture_output=True, text=True, env={"PYTHONPATH": str(SCRIPTS)}, check=False)
    assert done.returncode != 0
    assert done.stderr.count("error: ") == 1, done.stderr
    assert ("error: this is a fault" if block == "1 / 0" else "no space is left on its disk") in done.stderr


def test_duckdb_says_nothing_that_counts_as_a_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(duckdb.Error), replacing(tmp_path / "file") as temporary:
        connect(temporary).execute("no sql")
