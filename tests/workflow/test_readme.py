"""The commands of the README do what it says."""

import re
import shlex
import sys
from pathlib import Path

import pytest
import yaml

from workflow.conftest import ROOT, copy_workflow, started, write_tiny

pytestmark = pytest.mark.workflow

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```bash\n(.*?)```", README, re.DOTALL)
COMMANDS = [line.split("#")[0].strip() for block in BLOCKS for line in block.splitlines() if line.strip()]
TABLED = [c.replace(r"\|", "|") for c in re.findall(r"^\| `(snakemake[^`]*)`", README, re.MULTILINE)]
PLANNED = sorted({c for c in [*COMMANDS, *TABLED] if c.startswith("snakemake")})


@pytest.mark.parametrize("command", PLANNED)
def test_a_snakemake_command_of_the_readme_plans_a_run(command: str, tmp_path: Path) -> None:
    copy_workflow(tmp_path)
    write_tiny(tmp_path / "data" / "mine.parquet")
    shortest = {"datasets": {"mine": {"table": "data/mine.parquet", "label": "fake", "groups": ["video"]}}}
    (tmp_path / "my.yaml").write_text(yaml.safe_dump(shortest), encoding="utf-8")
    words = shlex.split(command.split("|")[0].split(">")[0])
    words = [sys.executable, "-m", *words]
    planned = words if "-n" in words or "--dag" in words else [*words, "-n"]
    if "--report" in words:
        pytest.skip("needs results: tests/workflow/test_run.py builds the report")
    done = started(planned, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_make_targets_of_the_readme_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"(?<!\w)make ([a-z-]+)", " ".join(re.findall(r"`[^`]*`|```.*?```", README, re.DOTALL))))
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    assert named
    assert named <= targets


def test_every_test_that_the_readme_names_exists() -> None:
    named = re.findall(r"\[`(test_\w+)(?:\.py)?`\]\((tests/[\w/]+\.py)\)", README)
    assert len(named) > 10
    assert len(named) == README.count("](tests/")
    for test, path in named:
        text = (ROOT / path).read_text(encoding="utf-8")
        assert Path(path).stem == test or f"def {test}(" in text, test
