"""The exact checks find what must not be there, and say what to do about it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from fixtures.tables import grouped, write_dataset
from foldwise.audit.exact import MIXED_LABELS, duplicate_rows, group_overlap, mixed_labels
from foldwise.audit.findings import Audit, Finding, Level, read_audit
from foldwise.audit.run_checks import audit_leakage, pass_audit
from foldwise.data.contract import Label
from foldwise.data.feature_matrix import FeatureMatrix
from foldwise.errors import UserError
from foldwise.folds.assignment import FINAL, Folds, Plan
from foldwise.folds.make_folds import make_folds
from foldwise.io.files import read_json, write_json

CHECKS = ["group_overlap", "mixed_labels", "duplicate_rows"]
FAKE = Label("fake", "yes", "no", 2, 4)


def _rows(**columns: Sequence[Any]) -> pd.DataFrame:
    """Return six rows of three groups, videos a, b and c, with columns of one's own choice."""
    plain = {
        "sample_id": [f"s{i}" for i in range(6)],
        "group": [0, 0, 1, 1, 2, 2],
        "unit": list("aabbcc"),
        "label": [0, 0, 1, 1, 0, 0],
    }
    return pd.DataFrame({**plain, **columns})


def _folds(outer: Sequence[int] = (0, 0, 1, 1, 2, 2), final: Sequence[int] = (1, 1, 2, 2, 1, 1)) -> Folds:
    """Return one outer fold and the final inner folds of these six rows."""
    assignments = {1: np.array(outer, np.int16), FINAL: np.array(final, np.int16)}
    sample_id = pa.chunked_array([[f"s{i}" for i in range(6)]])
    return Folds(sample_id, np.array([0, 0, 1, 1, 2, 2], np.int32), assignments, Plan(1, 1, 2, 42))


def _matrix(*values: Any, dtype: type = np.float64) -> FeatureMatrix:
    array = np.array(values, dtype)
    return FeatureMatrix(array, tuple(f"f{j}" for j in range(array.shape[1])))


DISTINCT = _matrix([1, 2], [2, 3], [3, 4], [4, 5], [5, 6], [6, 7])


def test_whole_groups_pass() -> None:
    finding = group_overlap(_folds(), "video")
    assert (finding.level, finding.value, finding.evidence) == ("pass", 0, [])
    assert finding.sentence == (
        "0 of 3 groups (video) are split across folds (computed on 2 columns of outer and inner folds)."
    )


@pytest.mark.parametrize(
    "split",
    [
        pytest.param({"outer": [0, 1, 1, 1, 2, 2]}, id="between train and test"),
        pytest.param({"outer": [1, 2, 1, 1, 0, 0]}, id="between inner folds"),
        pytest.param({"final": [1, 2, 2, 2, 1, 1]}, id="in the final model's inner folds"),
    ],
)
def test_a_group_that_is_split_fails(split: dict[str, list[int]]) -> None:
    finding = group_overlap(_folds(**split), "video")
    assert (finding.level, finding.value) == ("fail", 1)
    assert finding.evidence == [{"group": 0, "sample_id": "s0"}]


def _mixed(label: Sequence[int], *, unit_named: bool = True) -> Finding:
    """Return what is found in units of three rows, named u0, u1, ..."""
    rows = pd.DataFrame({"unit": [f"u{i // 3}" for i in range(len(label))], "label": label})
    return mixed_labels(rows, "video", FAKE, unit_named=unit_named)


def test_a_unit_with_both_labels_fails_with_its_rows_of_each_label() -> None:
    finding = _mixed([0, 1, 1, 1, 1, 1, 0, 0, 0])
    assert (finding.level, finding.value, finding.by_chance) == ("fail", 1, False)
    assert finding.evidence == [{"unit": "u0", "rows with fake yes": 2, "rows with fake no": 1}]
    assert finding.sentence == (
        "1 of 3 units (video) have both labels (33.3%); 1 of 9 rows have the rarer label of their unit."
    )


@pytest.mark.parametrize("unit_named", [True, False])
def test_units_with_one_label_pass(*, unit_named: bool) -> None:
    finding = _mixed([0, 0, 0, 1, 1, 1], unit_named=unit_named)
    assert (finding.level, finding.value, finding.evidence) == ("pass", 0, [])
    assert finding.sentence == "0 of 2 units (video) have both labels."


@pytest.mark.parametrize(
    ("mixed", "units", "level"),
    [
        pytest.param([0, 1, 1], 100, "info", id="1 % of the units"),
        pytest.param([0, 1, 1], 99, "warn", id="more than 1 %"),
        pytest.param([0, 1], 100, "warn", id="as many rows of either label"),
        pytest.param([0, 0, 1, 0, 0, 1], 200, "info", id="two units in 200"),
    ],
)
def test_both_labels_in_a_unit_that_is_not_named_warn_or_inform(mixed: list[int], units: int, level: str) -> None:
    unit = [f"u{i // 3}" for i in range(len(mixed))]
    others = [f"v{i}" for i in range(units - len(set(unit)))]
    rows = pd.DataFrame({"unit": unit + others, "label": mixed + [1] * len(others)})
    assert mixed_labels(rows, "video", FAKE, unit_named=False).level == level
    assert mixed_labels(rows, "video", FAKE, unit_named=True).level == "fail"


def test_distinct_rows_pass() -> None:
    assert duplicate_rows(_rows(), DISTINCT).level == "pass"


def test_copies_within_a_group_pass() -> None:
    assert duplicate_rows(_rows(), _matrix([1, 2], [1, 2], [3, 4], [3, 4], [5, 6], [5, 6])).level == "pass"


def test_copies_across_groups_fail() -> None:
    finding = duplicate_rows(_rows(), _matrix([1, 2], [2, 3], [3, 4], [4, 5], [1, 2], [6, 7]))
    assert (finding.level, finding.value) == ("fail", 2)
    assert [e["sample_id"] for e in finding.evidence] == ["s0", "s4"]
    assert finding.sentence.startswith(
        "2 of 6 rows have the same features as a row of another group; 0.00% of the rows"
    )


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
    finding = duplicate_rows(_rows(), _matrix([first, 2], [2, 3], [3, 4], [4, 5], [second, 2], [6, 7]))
    assert finding.level == level


def test_rows_without_any_value_are_no_copies() -> None:
    empty = [np.nan, np.nan]
    finding = duplicate_rows(_rows(), _matrix(empty, [2, 3], [3, 4], empty, empty, [6, 7], dtype=np.float32))
    assert (finding.level, finding.value) == ("pass", 0)


def test_a_table_without_any_value_is_told_in_numbers() -> None:
    assert "0.00% of the rows" in duplicate_rows(_rows(), _matrix(*[[np.nan, np.nan]] * 6)).sentence


@pytest.mark.parametrize(("rows", "level"), [(300, "fail"), (1000, "pass")])
def test_equal_rows_of_one_group_with_both_labels_fail_above_half_a_percent(rows: int, level: str) -> None:
    values = np.arange(rows, dtype=np.float64)
    values[1] = values[0]
    table = pd.DataFrame({"sample_id": "s", "group": 0, "label": np.arange(rows) % 2})
    finding = duplicate_rows(table, FeatureMatrix(values[:, None], ("f0",)))
    assert finding.level == level
    assert f"{2 / rows:.2%} of the rows share their features with a row of the other label" in finding.sentence


def _audited(
    folder: Path, rows: pd.DataFrame | None = None, folds: Folds | None = None, features: FeatureMatrix = DISTINCT
) -> Path:
    """Write the audit of the three exact checks; return its path."""
    rows, folds = _rows() if rows is None else rows, folds or _folds()
    mixed = mixed_labels(rows, "video", FAKE, unit_named=True)
    findings = [group_overlap(folds, "video"), mixed, duplicate_rows(rows, features)]
    write_json(folder / "audit.json", Audit.of("tiny", findings).as_json())
    return folder / "audit.json"


def test_an_audit_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    written = read_json(_audited(tmp_path, _rows(label=[0, 1, 1, 1, 0, 0])))
    assert list(written) == ["dataset", "verdict", "sentence", "checks"]
    assert list(written["checks"][0]) == [
        "id", "title", "level", "value", "threshold", "sentence", "meaning", "what_to_do", "documentation", "by_chance",
        "evidence",
    ]  # fmt: skip
    assert read_audit(tmp_path / "audit.json").as_json() == written


def test_an_audit_without_a_check_is_a_broken_result(tmp_path: Path) -> None:
    write_json(tmp_path / "audit.json", {"dataset": "tiny", "verdict": "pass", "sentence": ""})
    with pytest.raises(UserError, match=r"audit\.json: this result is broken .*'checks' is missing"):
        read_audit(tmp_path / "audit.json")


def test_an_audit_without_failure_lets_the_training_start(tmp_path: Path) -> None:
    pass_audit(audit=_audited(tmp_path), fail_on=CHECKS, output=tmp_path / "audit.passed")
    assert (tmp_path / "audit.passed").read_text() == "no check in audit.fail_on has failed\n"


def test_a_failed_check_stops_the_run_and_says_how_to_fix_it(tmp_path: Path) -> None:
    audit = _audited(tmp_path, _rows(label=[0, 1, 1, 1, 0, 0]))
    with pytest.raises(UserError) as caught:
        pass_audit(audit=audit, fail_on=CHECKS, output=tmp_path / "audit.passed")
    assert "audit of 'tiny': mixed_labels failed: 1 of 3 units (video) have both labels (33.3%)" in str(caught.value)
    assert "Such as: unit a, rows with fake yes 1, rows with fake no 1." in str(caught.value)
    assert "What to do: Fix the labels, or set unit:" in str(caught.value)
    assert not (tmp_path / "audit.passed").exists()


@pytest.mark.parametrize("level", ["pass", "info", "warn"])
def test_only_a_failed_check_stops_the_run(level: Level, tmp_path: Path) -> None:
    findings = [MIXED_LABELS.finding(level, 1, 0, "A sentence.", [{"unit": "a"}])]
    write_json(tmp_path / "audit.json", Audit.of("tiny", findings).as_json())
    pass_audit(audit=tmp_path / "audit.json", fail_on=CHECKS, output=tmp_path / "audit.passed")
    assert (tmp_path / "audit.passed").is_file()


def test_a_failed_check_that_is_allowed_lets_the_training_start(tmp_path: Path) -> None:
    audit = _audited(tmp_path, _rows(label=[0, 1, 1, 1, 0, 0]))
    pass_audit(audit=audit, fail_on=["group_overlap"], output=tmp_path / "audit.passed")
    assert (tmp_path / "audit.passed").is_file()


@pytest.mark.parametrize(
    ("check", "changed"),
    [
        ("group_overlap", {"folds": _folds(final=[1, 2, 2, 2, 1, 1])}),
        ("mixed_labels", {"rows": _rows(label=[0, 1, 1, 1, 0, 0])}),
        ("duplicate_rows", {"features": _matrix([1, 2], [2, 3], [3, 4], [4, 5], [1, 2], [6, 7])}),
    ],
)
def test_every_exact_check_stops_the_run_with_a_fix(check: str, changed: dict[str, Any], tmp_path: Path) -> None:
    audit = _audited(tmp_path, **changed)
    with pytest.raises(UserError, match=f"{check} failed: .* What to do: .*audit.json"):
        pass_audit(audit=audit, fail_on=[check], output=tmp_path / "audit.passed")


def test_the_exact_checks_of_a_dataset_come_first(tmp_path: Path) -> None:
    paths = write_dataset(tmp_path, grouped())
    make_folds(**paths, plan=Plan(3, 1, 2, 42), output=tmp_path / "folds.parquet")
    audit_leakage(**paths, folds=tmp_path / "folds.parquet", output=tmp_path / "audit.json", scrambles=0)
    first = read_audit(tmp_path / "audit.json").checks[:3]
    assert [(check.id, check.level) for check in first] == [(name, "pass") for name in CHECKS]
