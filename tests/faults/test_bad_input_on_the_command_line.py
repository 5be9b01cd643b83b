"""What a user sees who types the command with a mistake in the configuration or in the files."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from case import Case
from fixtures.small_study import ROOT, SINGLE, configuration, write_study
from test_bad_input import CASES, FINISHED

pytestmark = pytest.mark.workflow

TYPED = (
    "missing file",
    "misspelt key of a dataset",
    "unknown search parameter",
    "infinity",
    "one group",
    "both labels in a unit",
)
MODULE = """
module inner:
    snakefile: {snakefile!r}
    config: config
use rule * from inner
rule make_it:
    output: "made_elsewhere.parquet"
    shell: "false"
"""


def snakemake(folder: Path, *arguments: str, snakefile: Path = ROOT / "Snakefile") -> tuple[int, str]:
    """Run snakemake in ``folder``; return its exit code and all that it prints."""
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "-d", ".", "-s", str(snakefile), *arguments]
    done = subprocess.run(
        command, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False
    )
    return done.returncode, done.stdout


def configured(folder: Path, content: dict[str, Any]) -> tuple[str, str]:
    """Write a configuration; return the arguments that name it."""
    (folder / "bad.yaml").write_text(yaml.safe_dump(content))
    return "--configfile", "bad.yaml"


def error_lines(shown: str) -> list[str]:
    return [line for line in shown.splitlines() if line.strip().startswith("error:")]


@pytest.mark.parametrize("case", [c for c in CASES if c.name in TYPED], ids=lambda case: case.name.replace(" ", "_"))
def test_the_command_ends_with_one_error_line_and_no_half_made_file(case: Case, tmp_path: Path) -> None:
    write_study(tmp_path)
    case.spoil(tmp_path)
    code, shown = snakemake(tmp_path, *configured(tmp_path, configuration(case.given(), **case.settings)))
    assert code != 0
    assert len(error_lines(shown)) == 1, shown
    assert "Traceback" not in shown
    assert case.words[0] in error_lines(shown)[0]
    left = [path.name for path in (tmp_path / "results").rglob("*") if path.is_file()]
    assert sorted(left) == FINISHED[case.step]


def test_every_missing_file_is_reported_before_any_job_with_dataset_and_key(tmp_path: Path) -> None:
    write_study(tmp_path)
    base = {"metadata": "metadata.parquet", "features": {"stage2": "lost.parquet"}, "id": "sample"}
    content = configuration({**base, "label": "fake", "groups": ["video"]})
    code, shown = snakemake(tmp_path, *configured(tmp_path, content), "-n")
    assert code != 0
    assert "MissingInputException" not in shown
    (line,) = error_lines(shown)
    assert "datasets.mine.features.stage2" in line
    assert "'lost.parquet'" in line
    assert "fix the path" in line


def test_a_file_that_a_rule_makes_is_not_missing(tmp_path: Path) -> None:
    made = {"flights": {"table": "resources/flights/flights.parquet", "label": "late", "groups": ["tailnum"]}}
    code, shown = snakemake(tmp_path, *configured(tmp_path, {"datasets": made}), "-n")
    assert code == 0, shown


def test_a_file_that_a_surrounding_workflow_makes_is_not_missing(tmp_path: Path) -> None:
    outer = tmp_path / "Snakefile"
    outer.write_text(MODULE.format(snakefile=str(ROOT / "Snakefile")))
    dataset = {**SINGLE, "table": "made_elsewhere.parquet"}
    code, shown = snakemake(tmp_path, *configured(tmp_path, configuration(dataset)), "-n", snakefile=outer)
    assert code == 0, shown
    assert "make_it" in shown


def test_a_configuration_that_is_no_yaml_is_reported_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config/config.yaml").write_text("datasets: {mine: [\n")
    code, shown = snakemake(tmp_path, "-n")
    assert code != 0
    assert "not valid JSON or YAML" in shown
    assert "Traceback" not in shown
