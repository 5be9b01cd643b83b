"""Conventions: one name for each step, generated files up to date, no path or address of a machine."""

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import yaml
from foldwise.api import config_docs
from foldwise.backends.registry import SPECIFICATIONS

ROOT = Path(__file__).parents[2]
CONDA_NAMES = {"duckdb": "python-duckdb", "matplotlib": "matplotlib-base", "xgboost": "py-xgboost"}
# What newer versions of a dependency's dependency ask of Python concerns pip alone: soupsieve 3.0.2 wants 3.11.5.
ONLY_PIP = {"nvidia-nccl-cu12", "soupsieve"}
RULES = re.findall(
    r"^ *rule ?(\w*):\n(.*?)(?=^ *rule\b|\Z)",
    "\n".join(p.read_text() for p in sorted((ROOT / "rules").glob("*.smk"))),
    re.MULTILINE | re.DOTALL,
)


def rule_names() -> list[tuple[str, str]]:
    """Return (name, body) of each rule; one made in a loop is named without the backend."""
    named = re.compile(r'f"(\w+)_\{backend\}"')
    return [(name or match[1], body) for name, body in RULES if (match := named.search(body)) or name]


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


@pytest.mark.parametrize(("name", "body"), rule_names(), ids=[n for n, _ in rule_names()])
def test_rule_script_log_and_benchmark_share_a_name(name: str, body: str) -> None:
    assert f'"../scripts/{name}.py"' in body
    assert f"logs/{name}/" in body
    assert f"benchmarks/{name}/" in body
    assert (ROOT / "scripts" / f"{name}.py").is_file()


def test_the_rules_that_are_sent_to_a_cluster_say_memory_and_time_and_the_others_are_local() -> None:
    sent = {name for name, body in rule_names() if "localrule: True" not in body}
    training = {"search_shard", "train_fold", "train_final", "train_row_wise", "train_reference"}
    assert sent == {"build_table", "audit_leakage", "score_table", *training}
    assert sent == {name for name, body in rule_names() if "mem_mb=" in body and "runtime=" in body}


def test_every_script_belongs_to_a_rule() -> None:
    assert {p.stem for p in (ROOT / "scripts").glob("*.py")} == {name for name, _ in rule_names()}


def test_the_generated_configuration_files_are_up_to_date() -> None:
    assert (ROOT / "config/schema.json").read_text() == config_docs.schema(), "run make config-docs"
    assert (ROOT / "config/README.md").read_text() == config_docs.readme(), "run make config-docs"


def test_every_backend_has_a_search_space() -> None:
    assert {p.stem for p in (ROOT / "config/search").glob("*.yaml")} == set(SPECIFICATIONS)


def test_profiles_share_no_key() -> None:
    default, slurm = (yaml.safe_load((ROOT / f"profiles/{p}/config.yaml").read_text()) for p in ("default", "slurm"))
    assert not set(default) & set(slurm)


def test_conda_and_pip_name_the_same_versions() -> None:
    names = re.findall(r"^([a-z0-9-]+)", (ROOT / "envs/requirements.in").read_text(), re.MULTILINE)
    pins = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / "envs/requirements.txt").read_text(), re.MULTILINE))
    listed = yaml.safe_load((ROOT / "envs/environment.yaml").read_text())["dependencies"]
    conda = dict(entry.split(" =") for entry in listed if not entry.startswith("python "))
    assert conda == {CONDA_NAMES.get(n, n): pins[n] for n in names if n not in ONLY_PIP}


def test_the_library_never_imports_snakemake() -> None:
    modules = [
        p
        for p in (ROOT / "scripts/foldwise").rglob("*.py")
        if re.search(r"^\s*(import|from) snakemake", p.read_text(), re.M)
    ]
    assert not modules


def test_no_two_modules_of_the_library_have_the_same_name() -> None:
    names = Counter(p.stem for p in (ROOT / "scripts/foldwise").rglob("*.py"))
    assert {name for name, n in names.items() if n > 1} <= {"__init__", "__main__"}


def test_no_file_names_a_package_host_or_a_folder_of_some_machine() -> None:
    pattern = re.compile(r"https?://[^\s)\"]*(pypi|mirror|artifactory|anaconda)|--index-url|/(work|farm)/(?!\w*\.)")
    texts = [p for p in tracked() if p.suffix not in (".png", ".parquet") and p != Path(__file__)]
    assert not [p for p in texts if pattern.search(p.read_text(encoding="utf-8"))]


def test_the_snakefile_reads_as_a_table_of_contents() -> None:
    assert len((ROOT / "Snakefile").read_text().splitlines()) < 60


def test_what_the_rules_import_loads_no_slow_library() -> None:
    texts = [p.read_text() for p in (ROOT / "rules").glob("*.smk")]
    imports = [line for text in texts for line in re.findall(r"^from foldwise.*$", text, re.MULTILINE)]
    slow = {"pandas", "scipy", "sklearn", "matplotlib", *SPECIFICATIONS}
    code = "\n".join([*imports, "import sys", f"print(sorted({slow} & set(sys.modules)))"])
    printed = subprocess.check_output([sys.executable, "-c", code], cwd=ROOT / "scripts", text=True)
    assert printed.strip() == "[]"


def test_the_inputs_of_a_training_are_tied_to_their_rules_without_a_search(tmp_path: Path) -> None:
    snakefile = tmp_path / "Snakefile"
    snakefile.write_text(
        f"""
include: {str(ROOT / "Snakefile")!r}

print("direct", sorted(set(rules.train_fold_xgboost.rule.dependencies.values())), file=sys.stderr)
"""
    )
    command = [sys.executable, "-m", "snakemake", "-s", snakefile, "-d", ROOT, "--list-rules"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    assert "direct ['build_table', 'make_folds', 'pass_audit']" in shown


def test_a_job_loads_its_libraries_once_their_variables_are_set() -> None:
    """Loaded before, BLAS takes all processors, and the allocators of arrow and CatBoost keep what is freed."""
    texts = [p.read_text() for p in (ROOT / "scripts").glob("*.py")]
    before = {line for text in texts for line in re.findall(r"^(?:from|import) .*$", text, re.MULTILINE)}
    read_variables = {"numpy", "pyarrow", *SPECIFICATIONS}
    # A job of the benchmark too: else it would not measure what the job of a rule needs.
    code = "\n".join([*before, "import sys, bench.job", f"print(sorted({read_variables} & set(sys.modules)))"])
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}
    printed = subprocess.check_output([sys.executable, "-c", code], cwd=ROOT / "scripts", env=environment, text=True)
    assert printed.strip() == "[]"
