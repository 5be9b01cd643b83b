"""README and the pages of docs/ say what is true: their commands, links, paths, settings and names."""

import ast
import json
import re
import shlex
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml
from fixtures.runs import FinishedRun
from fixtures.tiny_study import write_tiny
from foldwise.config.models import parse

from workflow.conftest import ROOT, copy_workflow, started

pytestmark = pytest.mark.workflow

DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [ROOT / "README.md", *DOCS]
ALL_PAGES = [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", ROOT / "config/README.md"]
ALL_PAGES += [ROOT / "scripts/foldwise/README.md"]
TEXTS = {page: page.read_text(encoding="utf-8") for page in ALL_PAGES}
SHORTEST = {"datasets": {"mine": {"table": "data/mine.parquet", "label": "fake", "groups": ["video"]}}}
NOT_PLANNED = {"--report": "needs results: test_run.py writes the report", "--sdm": "needs conda"}


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXTS[page], re.DOTALL | re.MULTILINE)


def inline(page: Path) -> list[str]:
    text = re.sub(r"^```.*?^```", "", TEXTS[page], flags=re.DOTALL | re.MULTILINE)
    return [code.replace(r"\|", "|") for code in re.findall(r"`([^`\n]+)`", text)]


def commands(page: Path) -> list[str]:
    lines = [line.split("#")[0].strip() for block in blocks(page, "bash") for line in block.splitlines()]
    return [*lines, *inline(page)]


def snakemake_commands() -> list[str]:
    """Return each distinct command once: how many cores it has and where its output goes change no plan."""
    listed = [c.split("|")[0].split(">")[0].strip() for page in PAGES for c in commands(page)]
    listed = [re.sub(r" (?:-n|--cores \S+)(?= |$)", "", c) for c in listed if c.startswith("snakemake ")]
    return sorted({c for c in listed if not any(f" {option} " in c for option in NOT_PLANNED)})


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the workflow with the table and the configuration that the pages speak of."""
    folder = tmp_path_factory.mktemp("checkout")
    copy_workflow(folder)
    write_tiny(folder / "data" / "mine.parquet")
    (folder / "my.yaml").write_text(yaml.safe_dump(SHORTEST), encoding="utf-8")
    return folder


@pytest.mark.parametrize("command", snakemake_commands())
def test_a_snakemake_command_plans_a_run(command: str, checkout: Path) -> None:
    words = [sys.executable, "-m", *shlex.split(command)]
    if "results/mine/audit.passed" in words:
        words += ["--configfile", "my.yaml"]
    if not {"--dag", "--unlock"} & set(words):
        words.append("-n")
    done = started(words, checkout)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", ALL_PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_make_targets_exist(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    code = " ; ".join([*commands(page), *blocks(page, "console")])
    named = set(re.findall(r"(?<![\w-])make ([a-z-]+)", code))
    assert named <= set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))


def test_every_make_target_is_among_the_commands() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    [targets] = re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    # Parts of others, which CI calls by themselves.
    parts = {"environment-airflow", "test-library", "test-workflow"}
    listed = set(re.findall(r"`make ([a-z-]+)", TEXTS[ROOT / "docs/commands.md"]))
    assert set(targets.split()) - parts <= listed


def test_every_test_that_a_page_names_exists() -> None:
    named = [
        n for page in PAGES for n in re.findall(r"\[`(test_\w+)(?:\.py)?`\]\(\.\./(tests/[\w/]+\.py)\)", TEXTS[page])
    ]
    assert len(named) > 10
    assert len(named) == sum(TEXTS[page].count("](../tests/") for page in PAGES)
    for test, path in named:
        text = (ROOT / path).read_text(encoding="utf-8")
        assert Path(path).stem == test or f"def {test}(" in text, test


def test_the_tests_that_contributors_are_told_to_run_exist() -> None:
    lines = [c for c in commands(ROOT / "CONTRIBUTING.md") if c.startswith("pytest ")]
    assert lines
    for words in map(str.split, lines):
        path = ROOT / words[1]
        assert path.exists(), path
        if "-k" in words:
            names = re.findall(r"def (test_\w+)", path.read_text(encoding="utf-8"))
            assert any(words[words.index("-k") + 1] in name for name in names), words


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives the headings of a page."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", ALL_PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_and_anchors_resolve(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", TEXTS[page], flags=re.DOTALL | re.MULTILINE)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_page_is_in_the_table_of_contents() -> None:
    listed = set(re.findall(r"\]\((\w+\.md)\)", TEXTS[ROOT / "docs/README.md"]))
    assert listed == {page.name for page in DOCS} - {"README.md"}


def test_every_picture_of_the_documentation_is_shown() -> None:
    pictures = {p.name for p in (ROOT / "docs").iterdir() if p.suffix in (".png", ".svg")}
    shown = {Path(link).name for page in PAGES for link in re.findall(r"!\[[^]]+\]\(([^)]+)\)", TEXTS[page])}
    assert pictures == shown


@pytest.mark.parametrize("page", ALL_PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_files_that_a_page_names_exist(page: Path) -> None:
    """Paths of the repository in code, those with a placeholder apart."""
    folders = "tests|scripts|rules|config|profiles|envs|docs|notebooks|airflow"
    for code in inline(page):
        if re.fullmatch(rf"(?:{folders})/[\w./-]+", code):
            assert (ROOT / code).exists(), code


@pytest.mark.parametrize(
    "block", [b for page in ALL_PAGES for b in blocks(page, "yaml")], ids=lambda block: block.split(":")[0][:30]
)
def test_a_piece_of_configuration_is_right(block: str) -> None:
    settings = yaml.safe_load(block)
    parse({**SHORTEST, **settings})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_is_python_and_imports_what_is_there(page: Path) -> None:
    for block in blocks(page, "python"):
        if "snakefile:" in block:
            continue
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("foldwise"):
                assert all(hasattr(import_module(node.module), name.name) for name in node.names)


def test_every_rule_is_explained() -> None:
    page = TEXTS[ROOT / "docs/method.md"]
    rules = "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "rules").glob("*.smk"))
    names = set(re.findall(r"^rule (\w+):", rules, re.MULTILINE)) | set(
        re.findall(r'f"(\w+)_\{backend\}"$', rules, re.MULTILINE)
    )
    cells = re.findall(r"^\| (`[^|]+`) \|", page, re.MULTILINE)
    explained = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    assert names <= explained
    [graph] = re.findall(r"```mermaid\n(.*?)```", page, re.DOTALL)
    assert set(re.findall(r"\b[a-z_]+_?[a-z]+\b", graph.split("\n", 1)[1])) <= names


def test_every_file_key_and_column_of_a_run_is_documented(tiny_run: FinishedRun) -> None:
    pages = {True: "docs/predict.md", False: "docs/outputs.md"}
    words = {
        scored: {word for code in inline(ROOT / page) for word in re.findall(r"[\w.<>{}]+", code)}
        for scored, page in pages.items()
    }
    missing = set()
    for file in (f for f in tiny_run.results.rglob("*") if f.is_file() and "bundle" not in f.parts):
        known = words["scored" in file.parts]
        missing |= {f"{file.name}: {name}" for name in documented_names(file) - known}
    assert not missing, missing


def documented_names(file: Path) -> set[str]:
    """Return name, keys and columns of a result as the pages write them."""
    names = {file.stem if "plots" in file.parts and file.parts[-3] != "tiny" else file.name}
    if file.suffix == ".parquet" and file.name != "table.parquet":
        names |= set(pq.read_schema(file).names) - {"camera"}
    elif file.suffix == ".json" and "model" not in file.name:
        content = json.loads(file.read_text(encoding="utf-8"))
        names |= set(content[0] if isinstance(content, list) else content)
    backends = "xgboost|lightgbm|catboost|ensemble"
    patterns = {
        r"^(test_\w+)_std$": r"\1",
        r"fpr_[\d.]+$": "fpr_<rate>",
        r"^param_\w+$": "param_<name>",
        r"^(score|fold)_\d$": r"\1_1",
        rf"^(?:{backends})_(score|calibrated|verdict)$": r"<model>_\1",
        rf"^(?:{backends})_(feature|shap)_\d$": r"<backend>_\1_1",
        r"^new(_units)?\.": r"{name}\1.",
    }
    for pattern, written in patterns.items():
        names = {re.sub(pattern, written, name) for name in names}
    return names


def test_the_layers_are_those_that_are_checked() -> None:
    [contract] = tomllib.loads((ROOT / "importlinter.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    assert blocks(ROOT / "CONTRIBUTING.md", "text")[0].splitlines() == contract["layers"]


def test_the_readme_is_short() -> None:
    text = TEXTS[ROOT / "README.md"]
    assert len(text.splitlines()) <= 130
    assert len(text.split()) <= 1000
