"""The exact checks find what must not be there, and say what to do about it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from foldwise.audit.exact import duplicate_rows, group_overlap, mixed_labels
from foldwise.audit.findings import Finding, Level, verdict
from foldwise.audit.run_checks import audit_leakage, pass_audit
from foldwise.data.feature_matrix import FeatureMatrix
from foldwise.errors import UserError
from foldwise.folds.assignment import Plan
from foldwise.folds.make_folds import make_folds
from foldwise.io.files import read_json, write_json
from tables import grouped, write_dataset

CHECKS = ["group_overlap", "mixed_labels", "duplicate_rows"]
CHANCE = (
    " 2 checks can warn by chance, each in about 1 % of clean runs at most: up to one clean run in 50 shows a warning."
)


def _rows(**columns: Sequence[Any]) -> pd.DataFrame:
    """Return six rows of three groups, videos a, b and c, with columns of one's own choice."""
    plain = {
        "sample_id": [f"s{i}" for i in range(6)],
        "group": [0, 0, 1, 1, 2, 2],
        "unit": list("aabbcc"),
        "label": [0, 0, 1, 1, 0, 0],
        "fold_1": [0, 0, 1, 1, 2, 2],
        "final": [1, 1, 2, 2, 1, 1],
    }
    return pd.DataFrame({**plain, **columns})


def _matrix(*values: Any, dtype: type = np.float64) -> FeatureMatrix:
    array = np.array(values, dtype)
    return FeatureMatrix(array, tuple(f"f{j}" for j in range(array.shape[1])))


DISTINCT = _matrix([1, 2], [2, 3], [3, 4], [4, 5], [5, 6], [6, 7])


def test_whole_groups_pass() -> None:
    found = group_overlap(_rows(), "video")
    assert (found.level, found.value, found.evidence) == ("pass", 0, [])
    assert found.sentence == (
        "0 of 3 groups (video) stand on both sides of a split, over 2 columns of outer and inner folds."
    )


@pytest.mark.parametrize(
    "parted",
    [
        pytest.param({"fold_1": [0, 1, 1, 1, 2, 2]}, id="between train and test"),
        pytest.param({"fold_1": [1, 2, 1, 1, 0, 0]}, id="between inner folds"),
        pytest.param({"final": [1, 2, 2, 2, 1, 1]}, id="in the final model's inner folds"),
    ],
)
def test_a_parted_group_fails(parted: dict[str, list[int]]) -> None:
    found = group_overlap(_rows(**parted), "video")
    assert (found.level, found.value) == ("fail", 1)
    assert found.evidence == [{"group": 0, "sample_id": "s0"}]


def test_a_unit_with_both_labels_fails() -> None:
    found = mixed_labels(_rows(label=[0, 1, 1, 1, 0, 0]), "video")
    assert (found.level, found.value) == ("fail", 1)
    assert found.evidence == [{"unit": "a", "rows": 2}]
    assert found.sentence == "1 of 3 units (video) carry both labels."


def test_units_with_one_label_pass() -> None:
    assert mixed_labels(_rows(), "video").level == "pass"


def test_distinct_rows_pass() -> None:
    assert duplicate_rows(_rows(), DISTINCT).level == "pass"


def test_copies_within_a_group_pass() -> None:
    assert duplicate_rows(_rows(), _matrix([1, 2], [1, 2], [3, 4], [3, 4], [5, 6], [5, 6])).level == "pass"


def test_copies_across_groups_fail() -> None:
    found = duplicate_rows(_rows(), _matrix([1, 2], [2, 3], [3, 4], [4, 5], [1, 2], [6, 7]))
    assert (found.level, found.value) == ("fail", 2)
    assert [e["sample_id"] for e in found.evidence] == ["s0", "s4"]
    assert found.sentence.startswith("2 of 6 rows have the same features as a row of another group; 0.00% of the rows")


@pytest.mark.parametrize(
    ("first", "second", "level"),
    [
        pytest.param(1.0, 1.0 + 1e-12, "fail", id="apart in the 13th digit"),
        pytest.param(1.0, 1.0 + 1e-8, "pass", id="apart in the 9th digit"),
        pytest.param(1e-20, 1e-20 * (1 + 1e-12), "fail", id="tiny numbers apart in the 13th digit"),
        pytest.param(1e-20, 2e-20, "pass", id="tiny numbers that differ"),
        pytest.param(0.99999999999999, 1.0, "fail", id="on both sides of a power of ten"),
        pytest.param(0.0, -0.0, "fail", id="zeros of both signs"),
        pytest.param(np.nan, np.nan, "fail", id="both missing"),
        pytest.param(np.nan, 0.0, "pass", id="missing is no zero"),
    ],
)
def test_rows_are_copies_when_ten_digits_agree(first: float, second: float, level: str) -> None:
    found = duplicate_rows(_rows(), _matrix([first, 2], [2, 3], [3, 4], [4, 5], [second, 2], [6, 7]))
    assert found.level == level


def test_rows_without_any_value_are_no_copies() -> None:
    empty = [np.nan, np.nan]
    found = duplicate_rows(_rows(), _matrix(empty, [2, 3], [3, 4], empty, empty, [6, 7], dtype=np.float32))
    assert (found.level, found.value) == ("pass", 0)


def test_a_table_without_any_value_is_told_in_numbers() -> None:
    assert "0.00% of the rows" in duplicate_rows(_rows(), _matrix(*[[np.nan, np.nan]] * 6)).sentence


@pytest.mark.parametrize(("rows", "level"), [(300, "fail"), (1000, "pass")])
def test_equal_rows_of_one_group_with_both_labels_fail_above_half_a_percent(rows: int, level: str) -> None:
    values = np.arange(rows, dtype=np.float64)
    values[1] = values[0]
    table = pd.DataFrame({"sample_id": "s", "group": 0, "label": np.arange(rows) % 2})
    found = duplicate_rows(table, FeatureMatrix(values[:, None], ("f0",)))
    assert found.level == level
    assert f"{2 / rows:.2%} of the rows share their features with a row of the other label" in found.sentence


def _finding(name: str, level: Level) -> Finding:
    return Finding(name, level, 0, 0, "A sentence.", list(range(30)))


@pytest.mark.parametrize(
    ("levels", "worst", "sentence"),
    [
        (["pass", "pass"], "pass", "2 of 2 checks passed."),
        (["pass", "warn"], "warn", f"1 of 2 checks passed; warned: check_1.{CHANCE}"),
        (["fail", "warn"], "fail", f"0 of 2 checks passed; failed: check_0; warned: check_1.{CHANCE}"),
    ],
)
def test_the_verdict_is_the_worst_finding(levels: list[Level], worst: str, sentence: str) -> None:
    found = verdict("tiny", [_finding(f"check_{i}", level) for i, level in enumerate(levels)])
    assert (found["dataset"], found["verdict"]) == ("tiny", worst)
    assert found["sentence"].startswith(sentence)


def test_twenty_pieces_of_evidence_are_kept() -> None:
    assert len(verdict("tiny", [_finding("check", "pass")])["checks"][0]["evidence"]) == 20


def _audited(folder: Path, rows: pd.DataFrame, matrix: FeatureMatrix = DISTINCT) -> str:
    """Write the audit of the three exact checks; return its path."""
    findings = [group_overlap(rows, "video"), mixed_labels(rows, "video"), duplicate_rows(rows, matrix)]
    write_json(folder / "audit.json", verdict("tiny", findings))
    return str(folder / "audit.json")


def test_an_audit_without_failure_lets_the_run_go_on(tmp_path: Path) -> None:
    pass_audit(_audited(tmp_path, _rows()), CHECKS, str(tmp_path / "audit.passed"))
    assert (tmp_path / "audit.passed").read_text() == "nothing that audit.fail_on names has failed\n"


def test_a_failed_check_stops_the_run_with_the_way_out(tmp_path: Path) -> None:
    audit = _audited(tmp_path, _rows(label=[0, 1, 1, 1, 0, 0]))
    with pytest.raises(UserError) as caught:
        pass_audit(audit, CHECKS, str(tmp_path / "audit.passed"))
    assert "audit of 'tiny': mixed_labels failed: 1 of 3 units (video) carry both labels." in str(caught.value)
    assert "Such as: unit a, rows 2." in str(caught.value)
    assert "Way out: mend the labels" in str(caught.value)
    assert not (tmp_path / "audit.passed").exists()


def test_a_failed_check_that_is_allowed_lets_the_run_go_on(tmp_path: Path) -> None:
    audit = _audited(tmp_path, _rows(label=[0, 1, 1, 1, 0, 0]))
    pass_audit(audit, ["group_overlap"], str(tmp_path / "audit.passed"))
    assert (tmp_path / "audit.passed").is_file()


@pytest.mark.parametrize(
    ("check", "rows", "matrix"),
    [
        ("group_overlap", _rows(final=[1, 2, 2, 2, 1, 1]), DISTINCT),
        ("mixed_labels", _rows(label=[0, 1, 1, 1, 0, 0]), DISTINCT),
        ("duplicate_rows", _rows(), _matrix([1, 2], [2, 3], [3, 4], [4, 5], [1, 2], [6, 7])),
    ],
)
def test_every_check_has_a_way_out(check: str, rows: pd.DataFrame, matrix: FeatureMatrix, tmp_path: Path) -> None:
    audit = _audited(tmp_path, rows, matrix)
    with pytest.raises(UserError, match=f"{check} failed: .* Way out: "):
        pass_audit(audit, [check], str(tmp_path / "audit.passed"))


def test_the_exact_checks_of_a_dataset_come_first(tmp_path: Path) -> None:
    paths = write_dataset(tmp_path, grouped())
    make_folds(**paths, plan=Plan(3, 1, 2, 42), output=tmp_path / "folds.parquet")
    audit_leakage({**paths, "folds": str(tmp_path / "folds.parquet")}, str(tmp_path / "audit.json"), scrambles=0)
    checks = read_json(tmp_path / "audit.json")["checks"][:3]
    assert [(c["id"], c["level"]) for c in checks] == [(name, "pass") for name in CHECKS]
