"""The command behind make sql."""

from pathlib import Path

import pytest
from fixtures.databases import build
from fixtures.runs import FinishedRun
from foldwise.analytics import DuckDBAnalytics
from foldwise.analytics.__main__ import main
from foldwise.errors import UserError


@pytest.fixture(scope="module")
def database(lone_run: FinishedRun, tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(build(tmp_path_factory.mktemp("results"), [lone_run]))


def test_a_query_is_printed_as_a_table(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--database", database, "SELECT dataset, n_units FROM datasets"]) == 0
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [["dataset", "n_units"], ["tiny", "40"]]


def test_a_query_is_printed_as_comma_separated_values(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--csv", "--database", database, "SELECT dataset, n_units FROM datasets"]) == 0
    assert capsys.readouterr().out == "dataset,n_units\ntiny,40\n"


def test_a_ready_query_runs_by_its_name(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--database", database, "training_cost"]) == 0
    assert "peak_memory_mb" in capsys.readouterr().out


def test_without_a_query_tables_and_ready_queries_are_listed(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--database", database]) == 0
    text = capsys.readouterr().out
    assert "  predictions " in text
    assert "  headline " in text


def test_a_wrong_query_ends_with_what_is_wrong(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--database", database, "SELECT aucc FROM results"]) == 1
    assert capsys.readouterr().err.startswith("error: Binder Error")


def test_a_database_that_is_not_there_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--database", "nowhere.duckdb", "SELECT 1"]) == 1
    assert "there is no nowhere.duckdb: run snakemake first" in capsys.readouterr().err


@pytest.mark.parametrize(("content", "said"), [(None, "no file matches"), ("{}", "has no fold_results")])
def test_a_file_that_cannot_be_registered_is_said(tmp_path: Path, content: str | None, said: str) -> None:
    if content is not None:
        (tmp_path / "metrics.json").write_text(content)
    with pytest.raises(UserError, match=said):
        DuckDBAnalytics().register_parquet("results", tmp_path / "metrics.json")
