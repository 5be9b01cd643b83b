"""A copy of the workflow, a tiny two-dataset study, and one finished run that the tests start from."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import yaml
from fixtures.tiny_study import tiny_config, write_tiny

ROOT = Path(__file__).parents[2]
PARTS = ("Snakefile", "rules", "scripts", "notebooks", "config", "profiles", "envs", "slurm")


def results_without_pages(dataset: str) -> str:
    """Return a target for which a run makes models, predictions, metrics and the bundle, but no plot and no page."""
    return f"results/{dataset}/bundle/SHA256SUMS"


class Study:
    """A working folder with a copy of the workflow in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workflow = folder / "workflow"

    def write_config(self, **more: object) -> None:
        text = yaml.safe_dump(tiny_config(**more))
        (self.folder / "config.yaml").write_text(text, encoding="utf-8")

    def command(self, *arguments: str) -> list[str]:
        """Return the command of a run in the working folder."""
        base = [sys.executable, "-m", "snakemake", "-s", str(self.workflow / "Snakefile"), "-d", str(self.folder)]
        return [*base, "--configfile", str(self.folder / "config.yaml"), *arguments]

    def run(self, *arguments: str, cores: int | None = 2) -> subprocess.CompletedProcess[str]:
        """Start snakemake in the working folder."""
        number = [] if cores is None else ["--cores", str(cores)]
        return started(self.command(*number, *arguments), self.folder)

    def complete(self, *targets: str) -> str:
        done = self.run(*targets)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def would_run(self, *targets: str) -> Counter[str]:
        """Return the rules that a dry run names, with the number of their jobs."""
        done = self.run("-n", *targets)
        assert done.returncode == 0, done.stdout + done.stderr
        rules = re.findall(r"^(?:local)?rule (\w+):", done.stdout + done.stderr, re.MULTILINE)
        return Counter(r for r in rules if r != "all")


def environment(**variables: str) -> dict[str, str]:
    """Return the variables that a run sees: this interpreter's programs, nothing of a snakemake around the tests."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("SNAKEMAKE")} | variables
    return {**kept, "PATH": f"{Path(sys.executable).parent}:{kept['PATH']}"}


def started(command: list[str], folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    surroundings = environment(**variables)
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=surroundings, check=False)


def copy_workflow(target: Path) -> None:
    for part in PARTS:
        source = ROOT / part
        if source.is_dir() and not source.is_symlink():
            shutil.copytree(source, target / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / part, follow_symlinks=False)


def new_study(folder: Path) -> Study:
    study = Study(folder)
    copy_workflow(study.workflow)
    write_tiny(folder / "data" / "tiny.parquet")
    study.write_config()
    return study


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A study that has run to its end; tests must leave it as it is."""
    study = new_study(tmp_path_factory.mktemp("finished"))
    study.complete()
    return study


@pytest.fixture
def study(finished: Study, tmp_path: Path) -> Study:
    """A copy of the finished study that a test may change."""
    copy = tmp_path / "study"
    shutil.copytree(finished.folder, copy, symlinks=True)
    return Study(copy)
