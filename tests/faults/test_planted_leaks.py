"""Every leak that is planted in a table is findings, and its rows or its column are named."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fixtures.audited import Checks, audit, checks, replan, videos
from foldwise.audit.run_checks import pass_audit
from foldwise.errors import UserError
from foldwise.io.files import read_table

UNRELATED = ["stage2_codec_fps", "stage4_codec_fps", "is_original"]
"""Columns to leave out: the frame rate of the demo identifies many videos, which is another leak."""


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Checks:
    return audit(tmp_path_factory.mktemp("clean"), videos(), exclude=UNRELATED)


def _columns(findings: Checks, check: str) -> list[str]:
    return [entry["column"] for entry in findings[check].evidence]


def test_the_table_without_a_planted_leak_informs_of_a_row_wise_split_only(clean: Checks) -> None:
    assert {name: check.level for name, check in clean.items() if check.level != "pass"} == {"optimism_gap": "info"}
    assert "a row-wise split of this table is invalid" in clean["optimism_gap"].sentence


def test_augmented_copies_without_a_group_column_are_found(tmp_path: Path) -> None:
    findings = audit(tmp_path, videos(), groups=[], exclude=UNRELATED)
    assert findings["near_duplicates"].value > 0.5
    assert findings["hidden_groups"].level == "warn"
    assert (findings["id_like"].level, findings["optimism_gap"].level) == ("pass", "warn")
    for component in findings["hidden_groups"].evidence:
        assert len({sample.rsplit("_", 1)[0] for sample in component["such as"].split(", ")}) == 1
    assert findings["optimism_gap"].value > findings["optimism_gap"].threshold
    assert (findings["scramble"].level, findings["scramble"].value > 0.7) == ("fail", True)
    with pytest.raises(UserError, match=r"scramble failed: .* Add the column that ties them together to groups:"):
        pass_audit(audit=tmp_path / "audit.json", fail_on=["scramble"], output=tmp_path / "audit.passed")


def test_a_frame_rate_that_identifies_the_video_is_found_without_a_group_column(tmp_path: Path) -> None:
    assert "stage2_codec_fps" in _columns(audit(tmp_path, videos(count=150), groups=[]), "id_like")


def test_the_same_rows_under_new_ids_are_found(tmp_path: Path, clean: Checks) -> None:
    frame = videos()
    again = frame[:12].assign(sample=lambda t: "new_" + t["sample"], video=lambda t: "new_" + t["video"])
    finding = audit(tmp_path, pd.concat([frame, again]), exclude=UNRELATED)["duplicate_rows"]
    assert (finding.level, finding.value) == ("fail", 24)
    named = {entry["sample_id"] for entry in finding.evidence}
    assert named <= {*frame["sample"][:12], *again["sample"]}
    assert clean["duplicate_rows"].value == 0


def test_rows_that_were_compressed_again_under_new_ids_are_found(tmp_path: Path, clean: Checks) -> None:
    frame = videos()
    again = frame[:120].assign(sample=lambda t: "new_" + t["sample"], video=lambda t: "new_" + t["video"])
    numbers = [c for c in frame.columns if c.startswith("stage")]
    again[numbers] *= 1 + 0.01 * np.random.default_rng(0).standard_normal((len(again), len(numbers)))
    findings = audit(tmp_path, pd.concat([frame, again]), exclude=UNRELATED)
    assert findings["duplicate_rows"].level == "pass"
    assert findings["near_duplicates"].level == "warn"
    pairs = [(e["test row"], e["train row"]) for e in findings["near_duplicates"].evidence]
    assert all(_video(a) == _video(b) for a, b in pairs[:10])
    assert clean["near_duplicates"].value < 0.05


def _video(sample: str) -> str:
    return sample.removeprefix("new_").rsplit("_", 1)[0]


@pytest.mark.parametrize(
    ("groups", "column", "reason", "level"),
    [
        pytest.param(["video"], "upload_second", "constant in a group", "info", id="a value for each video"),
        pytest.param([], "row_number", "numbers the rows", "warn", id="a running number in any order"),
        pytest.param([], "clock", "follows the order of the rows", "warn", id="a clock in file order"),
    ],
)
def test_an_id_like_column_is_found(tmp_path: Path, groups: list[str], column: str, reason: str, level: str) -> None:
    random = np.random.default_rng(1)
    frame = videos(copies=5 if groups else 0, count=100 if groups else 300)
    code = pd.factorize(frame["video"])[0]
    planted = {
        "upload_second": random.random(len(frame))[code],
        "row_number": random.permutation(len(frame)),
        "clock": np.cumsum(random.exponential(size=len(frame))),
    }
    finding = audit(tmp_path, frame.assign(**{column: planted[column]}), groups=groups, exclude=UNRELATED)["id_like"]
    assert (finding.level, finding.evidence[0]["column"]) == (level, column)
    assert finding.evidence[0]["reason"] == reason
    assert len(finding.evidence) == 1


def test_a_target_proxy_is_found(tmp_path: Path, clean: Checks) -> None:
    frame = videos()
    random = np.random.default_rng(2)
    frame["decoder_warnings"] = frame["label"] + 0.3 * random.standard_normal(len(frame))
    findings = audit(tmp_path, frame, exclude=UNRELATED)
    assert (findings["proxy"].level, _columns(findings, "proxy")) == ("warn", ["decoder_warnings"])
    assert "decoder_warnings nearly determines the label" in findings["proxy"].sentence
    assert clean["proxy"].value < 0.8


def test_values_that_are_missing_for_one_class_are_a_proxy(tmp_path: Path) -> None:
    frame = videos()
    frame["audio_level"] = np.random.default_rng(3).standard_normal(len(frame))
    frame.loc[frame["label"] == 1, "audio_level"] = np.nan
    assert _columns(audit(tmp_path, frame, exclude=UNRELATED), "proxy") == ["audio_level (missing)"]


def test_a_text_that_determines_the_label_is_a_proxy(tmp_path: Path) -> None:
    frame = videos()
    text = np.random.default_rng(4).choice(["a", "b"], len(frame))
    frame["encoder"] = np.where(frame["label"] == 1, np.char.add("x", text), np.char.add("y", text))
    assert _columns(audit(tmp_path, frame, exclude=UNRELATED), "proxy") == ["encoder"]


@pytest.mark.parametrize("named", [False, True], ids=["in the file", "in the names"])
def test_a_label_that_follows_an_order_is_found(tmp_path: Path, clean: Checks, *, named: bool) -> None:
    frame = videos().sort_values("label", kind="stable")
    if named:
        frame["sample"] = [f"{i:04d}" for i in range(len(frame))]
        frame = frame.sample(frac=1, random_state=0)
    finding = audit(tmp_path, frame, exclude=UNRELATED)["order"]
    order = "the order of the sample names" if named else "the order of the input file"
    assert (finding.level, finding.evidence) == ("warn", [{"order": order, "auc": 1.0}])
    assert clean["order"].level == "pass"


def test_a_resolution_that_confounds_is_found(tmp_path: Path, clean: Checks) -> None:
    frame = videos()
    usual = np.random.default_rng(5).random(100) < 0.85
    code = pd.factorize(frame["video"])[0]
    # Neither large nor small: the order of the values says nothing, the values do.
    fake = (frame["label"] == 1) == usual[code]
    frame["stage2_codec_resolution"] = np.where(fake, 230400, np.where(code % 2, 76800, 921600))
    findings = audit(tmp_path, frame, exclude=UNRELATED)
    assert (findings["confounder"].level, _columns(findings, "confounder")) == ("warn", ["stage2_codec_resolution"])
    assert clean["confounder"].level == "pass"


def test_a_platform_that_confounds_is_found_among_the_slices(tmp_path: Path) -> None:
    frame = videos()
    usual = np.random.default_rng(6).random(100) < 0.9
    fake = (frame["label"] == 1) == usual[pd.factorize(frame["video"])[0]]
    frame["uploaded_to"] = np.where(fake, "facebook", "youtube")
    findings = audit(tmp_path, frame, exclude=UNRELATED, slices=["uploaded_to"])
    assert _columns(findings, "confounder") == ["uploaded_to"]


def test_mixed_labels_are_found(tmp_path: Path, clean: Checks) -> None:
    frame = videos()
    frame.loc[7, "label"] = 1 - frame.loc[7, "label"]
    finding = audit(tmp_path, frame, exclude=UNRELATED, unit="video")["mixed_labels"]
    video = frame[frame["video"] == frame.loc[7, "video"]]
    assert (finding.level, finding.value) == ("fail", 1)
    positive = int(video["label"].sum())
    assert finding.evidence == [
        {"unit": frame.loc[7, "video"], "rows with label 1": positive, "rows with label 0": len(video) - positive}
    ]
    assert audit(tmp_path, frame, exclude=UNRELATED)["mixed_labels"].level == "info"
    assert clean["mixed_labels"].level == "pass"


@pytest.fixture
def planned(tmp_path: Path) -> Path:
    audit(tmp_path, videos(), scrambles=0, exclude=UNRELATED)
    return tmp_path


def test_folds_that_were_split_row_by_row_are_found(planned: Path) -> None:
    replan(planned, np.random.default_rng(7).integers(1, 4, 600))
    findings = checks(planned)
    assert (findings["group_overlap"].level, findings["group_overlap"].value > 90) == ("fail", True)
    assert len(findings["group_overlap"].evidence) == 20
    assert (findings["scramble"].level, findings["scramble"].value > 0.7) == ("fail", True)


def test_a_fold_with_rows_of_another_kind_is_found(planned: Path) -> None:
    rows = read_table(planned / "table.parquet").to_pandas()
    brightness = rows.groupby("video")["stage2_dct_dc_mean"].transform("mean")
    replan(planned, 3 - pd.qcut(brightness, 3, labels=False).to_numpy())
    findings = checks(planned)
    assert findings["shift"].level == "warn"
    assert 1 in [entry["fold"] for entry in findings["shift"].evidence]
