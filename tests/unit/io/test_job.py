"""A step's log contains all that was printed, and ends with one line that says what to do."""

import os
import subprocess
import sys
from pathlib import Path

SCRIPTS = Path(__file__).parents[3] / "scripts"
FRAME = """
import os, sys
from foldwise.errors import UserError
from foldwise.io.job import step
with step(sys.argv[1], 3):
    {block}
"""


def _run(log: Path, block: str) -> subprocess.CompletedProcess[str]:
    # Python buffers what it prints to a file, as in a job, unless a developer's variable says otherwise.
    plain = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
    environment = {**plain, "PYTHONPATH": str(SCRIPTS), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", FRAME.format(block=block), str(log)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def test_python_and_c_output_land_in_the_log(tmp_path: Path) -> None:
    done = _run(
        tmp_path / "log.txt",
        'os.write(1, b"from C\\n"); os.write(2, b"a warning\\n"); os.system("echo a child"); print("from Python")',
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "log.txt").read_text() == "from C\na warning\na child\nfrom Python\n"


def test_the_folder_of_the_log_is_made(tmp_path: Path) -> None:
    _run(tmp_path / "logs" / "rule" / "log.txt", "pass")
    assert (tmp_path / "logs" / "rule" / "log.txt").read_text() == ""


def test_an_older_log_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text("a long line of the run before\n")
    _run(tmp_path / "log.txt", 'print("new")')
    assert (tmp_path / "log.txt").read_text() == "new\n"


def test_a_users_mistake_is_one_line_at_the_end(tmp_path: Path) -> None:
    done = _run(tmp_path / "log.txt", 'print("reading"); raise UserError("label: no column\\n  here: fix it")')
    assert done.returncode == 1
    assert (tmp_path / "log.txt").read_text() == "reading\nerror: label: no column here: fix it\n"


def test_any_other_fault_shows_its_traceback_and_ends_with_an_error_line(tmp_path: Path) -> None:
    done = _run(tmp_path / "log.txt", 'print("reading"); 1 / 0')
    lines = (tmp_path / "log.txt").read_text().splitlines()
    assert done.returncode == 1
    assert lines[:2] == ["reading", "Traceback (most recent call last):"]
    assert lines[-2] == "ZeroDivisionError: division by zero"
    assert lines[-1].startswith("error: this is a fault of foldwise")


def test_the_thread_variables_are_set(tmp_path: Path) -> None:
    _run(tmp_path / "log.txt", 'print(os.environ["OMP_NUM_THREADS"], os.environ["OPENBLAS_NUM_THREADS"])')
    assert (tmp_path / "log.txt").read_text() == "3 3\n"
