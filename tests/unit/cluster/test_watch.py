"""The running searches, read from their logs."""

import os
from pathlib import Path

import pytest
from foldwise.cluster.watch import Running, main, picture, running
from rich.console import Console

JOB = "train_fold/demo/xgboost/fold_1"


def write(folder: Path, text: str, job: str = JOB, benchmark_age: int | None = None) -> None:
    log = folder / "logs" / f"{job}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(text, encoding="utf-8")
    os.utime(log, (1000, 1000))
    if benchmark_age is not None:
        benchmark = folder / "benchmarks" / f"{job}.tsv"
        benchmark.parent.mkdir(parents=True, exist_ok=True)
        benchmark.write_text("s\n")
        os.utime(benchmark, (1000 - benchmark_age, 1000 - benchmark_age))


def test_a_search_is_in_the_stage_that_its_log_names_last(tmp_path: Path) -> None:
    write(tmp_path, "inner fold 1 of 3: 8 of 8 fits\na warning\ninner fold 2 of 3: 4 of 8 fits\n")
    assert running(tmp_path) == [Running(JOB, "inner fold 2 of 3: 4 of 8 fits", 2, 3)]


def test_a_job_that_has_ended_is_not_under_way(tmp_path: Path) -> None:
    write(tmp_path, "inner fold 3 of 3: 8 of 8 fits\nchose\n", benchmark_age=0)
    write(tmp_path, "inner fold 1 of 3: 8 of 8 fits\nerror: no device\n", job="train_fold/demo/xgboost/fold_2")
    write(tmp_path, "", job="train_final/demo/xgboost")
    assert running(tmp_path) == []


def test_a_job_that_runs_again_is_under_way(tmp_path: Path) -> None:
    write(tmp_path, "trial 5 of 32\n", benchmark_age=60)
    assert running(tmp_path) == [Running(JOB, "trial 5 of 32", 5, 32)]


def test_each_search_has_a_bar(tmp_path: Path) -> None:
    console = Console(width=120, record=True, file=(tmp_path / "out").open("w"))
    console.print(picture([Running(JOB, "inner fold 2 of 3: 4 of 8 fits", 2, 3)]))
    text = console.export_text()
    assert JOB in text
    assert 14 <= text.count("━") <= 30
    assert "inner fold 2 of 3: 4 of 8 fits" in text


def test_without_a_terminal_each_search_is_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(str(tmp_path))
    write(tmp_path, "inner fold 1 of 3: 8 of 8 fits\n")
    main(str(tmp_path))
    assert capsys.readouterr().out == f"no search is running\n{JOB}: inner fold 1 of 3: 8 of 8 fits\n"
