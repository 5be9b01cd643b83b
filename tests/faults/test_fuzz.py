"""Thousands of odd tables and configurations: each is used or refused in one line, and no file is left half-made."""

import faulthandler
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import odd_settings
import odd_tables
import pytest
import yaml
from fixtures.final_models import load_models, write_final_models
from fixtures.small_study import ROOT, SINGLE, table
from foldwise.config.datasets import Dataset, NewTable
from foldwise.config.models import parse
from foldwise.data.build_table import build_table
from foldwise.errors import UserError
from foldwise.folds.assignment import Plan
from foldwise.folds.make_folds import make_folds
from foldwise.io.files import read_json, read_table
from foldwise.predict.predict_table import predict_table
from foldwise.search.space import read_space
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

TABLES, CONFIGURATIONS, SCORED = 2000, 2000, 150
# The whole module takes a minute or two; a loop without an end is ended with the place where it hangs.
PATIENCE_SECONDS = 1800
GOOD_FILE = yaml.safe_dump(odd_settings.GOOD).encode()
WHOLE = settings(derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(autouse=True, scope="module")
def patience() -> Iterator[None]:
    faulthandler.dump_traceback_later(PATIENCE_SECONDS, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def assert_one_line(mistake: UserError) -> None:
    message = f"error: {mistake}"
    assert len(message.splitlines()) == 1
    assert 20 < len(message) < 2100
    message.encode(errors="backslashreplace")


def assert_whole(folder: Path) -> None:
    """Every file can be read, and no temporary file is left."""
    for path in folder.rglob("*"):
        assert not path.name.startswith(".")
        if path.suffix == ".json":
            read_json(path)
        elif path.suffix == ".parquet":
            read_table(path)


datasets = st.fixed_dictionaries(
    {"label": st.sampled_from(["fake", "codec", "noise"]), "groups": st.sampled_from([["video"], [], ["codec"]])},
    optional={
        "id": st.sampled_from(["sample", "video"]),
        "id_pattern": st.sampled_from([r"(?P<id>v\d+_c\d+)", r"(?P<id>.)"]),
        "positive": st.sampled_from([0, "1", 2**64 - 1, float("nan"), "avc", True]),
        "slices": st.just(["is_original"]),
        "unit": st.sampled_from(["sample", "codec"]),
        "sentinels": st.sampled_from([{"frames": [20, 0.1, True]}, {"noise": [2**64 - 1]}, {"codec": ["avc"]}]),
        "categorical": st.sampled_from([["frames"], ["codec"]]),
        "inf": st.just("missing"),
    },
)


@settings(WHOLE, max_examples=TABLES)
@given(file=odd_tables.files(), dataset=datasets)
def test_a_table_is_used_or_refused_in_one_line(folder: Path, file: tuple[str, bytes], dataset: dict[str, Any]) -> None:
    name, content = file
    Path(name).write_bytes(content)
    shutil.rmtree("results", ignore_errors=True)
    paths = [f"results/{n}" for n in ("table.parquet", "table.json", "folds.parquet")]
    try:
        build_table("mine", Dataset.model_validate({"table": name, **dataset}), table=paths[0], contract=paths[1])
        make_folds(table=paths[0], contract=paths[1], plan=Plan(2, 1, 2, 1), output=paths[2])
    except UserError as mistake:
        assert_one_line(mistake)
    assert_whole(Path("results"))


@settings(WHOLE, max_examples=CONFIGURATIONS // 2)
@given(content=odd_settings.contents())
def test_a_configuration_is_used_or_refused_in_one_line(folder: Path, content: dict[str, Any]) -> None:
    configure(content)
    assert not list(folder.iterdir())


@settings(WHOLE, max_examples=CONFIGURATIONS // 2)
@given(data=st.data())
def test_a_damaged_file_of_settings_is_used_or_refused_in_one_line(folder: Path, data: st.DataObject) -> None:
    text = GOOD_FILE
    for _ in range(data.draw(st.integers(1, 3))):
        text = odd_tables.damaged(data.draw, text)
    try:
        content = yaml.safe_load(text.decode())
    except (yaml.YAMLError, ValueError, RecursionError):
        return  # Snakemake reads the file and says so: test_bad_input_on_the_command_line.py
    if isinstance(content, dict):
        configure(content)


def configure(content: dict[Any, Any]) -> None:
    try:
        checked = parse(content)
        for backend in checked.backends:
            space = checked.search.space.get(backend, {})
            read_space(ROOT / f"config/search/{backend}.yaml", backend, space, checked.search.method)
    except UserError as mistake:
        assert_one_line(mistake)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_final_models(tmp_path_factory.mktemp("models"), SINGLE)


@settings(WHOLE, max_examples=SCORED)
@given(file=odd_tables.files())
def test_a_table_to_score_is_scored_or_refused_in_one_line(models: Path, folder: Path, file: tuple[str, bytes]) -> None:
    name, content = file
    Path(name).write_bytes(content)
    shutil.rmtree("scored", ignore_errors=True)
    try:
        predict_table(
            new_table=NewTable(table=name),
            models=load_models(models, ["xgboost"]),
            table=models / "table.parquet",
            contract=models / "table.json",
            rows="scored/new.parquet",
            units="scored/new_units.parquet",
            report="scored/new.json",
        )
    except UserError as mistake:
        assert_one_line(mistake)
    assert_whole(Path("scored"))


def test_the_table_that_the_odd_ones_are_made_of_is_good(folder: Path) -> None:
    table().to_parquet("t.parquet")
    build_table(
        "mine",
        Dataset.model_validate({**SINGLE, "table": "t.parquet"}),
        table="results/t.parquet",
        contract="results/t.json",
    )
    configure(odd_settings.GOOD)
    parse(odd_settings.GOOD)
