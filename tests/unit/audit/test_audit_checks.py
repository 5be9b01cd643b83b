"""The parts of the measured checks: chance, samples, neighbours, columns, shuffles, and what is left out."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fixtures.audit_data import RANDOM_STATE, audit_data, drawn, reassigned
from fixtures.audited import audit, checks, replan, videos
from foldwise.audit.columns import auc_of, confounder, id_like, order, proxy, rate_elsewhere
from foldwise.audit.data import share_between
from foldwise.audit.exact import group_overlap
from foldwise.audit.model_checks import model_sample, optimism_gap, scramble, shift, shuffled_between_groups
from foldwise.audit.sampling import auc_by_chance, auc_spread, sample_groups, sampled, share_by_chance
from foldwise.data.contract import RowOrder
from foldwise.data.row_order import row_order
from foldwise.stats.metrics import auc


def test_the_spread_of_an_auc_without_information_is_that_of_simulated_ones() -> None:
    random = np.random.default_rng(0)
    label = (np.arange(60) < 20).astype(np.int8)
    simulated = [auc(label, random.random(60)) for _ in range(4000)]
    assert np.std(simulated) == pytest.approx(auc_spread(20, 40), rel=0.05)


def test_the_auc_of_two_cases_is_0_or_1() -> None:
    assert auc_spread(1, 1) == 0.5
    assert auc_of(np.array([0.2, 0.9]), np.array([0, 1], np.int8)) == 1
    assert auc_of(np.array([0.9, 0.2]), np.array([0, 1], np.int8)) == 0


def test_half_of_the_columns_without_information_have_an_auc_above_one_half() -> None:
    assert auc_by_chance(50, 50, 1, share=0.5) == 0.5


def test_one_table_in_a_hundred_passes_the_auc_of_chance() -> None:
    random = np.random.default_rng(1)
    label = (np.arange(100) < 50).astype(np.int8)
    best = [max(auc(label, random.random(100)) for _ in range(5)) for _ in range(2000)]
    # Binomial around 20 of 2,000 at 99.9 %.
    assert 7 <= np.sum(np.array(best) > auc_by_chance(50, 50, 5)) <= 36


def test_nothing_stands_out_where_a_class_is_missing() -> None:
    assert auc_by_chance(0, 10, 1) == 1.0


def test_a_share_by_chance_narrows_with_the_cases() -> None:
    assert share_by_chance(0.02, 10_000) < 0.025 < share_by_chance(0.02, 100)


def test_a_small_table_is_looked_at_whole() -> None:
    assert sample_groups(np.arange(10), 10, np.random.default_rng(0)).tolist() == list(range(10))


def test_a_sample_holds_whole_groups_in_row_order() -> None:
    group = np.random.default_rng(0).permutation(np.arange(1000) // 5)
    chosen = sample_groups(group, 300, np.random.default_rng(RANDOM_STATE))
    assert 290 <= len(chosen) <= 300
    assert (np.diff(chosen) > 0).all()
    assert set(np.bincount(group[chosen])) == {0, 5}


def test_a_sample_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    group = np.arange(1000) // 5
    first, again, other = (sample_groups(group, 300, np.random.default_rng(s)) for s in (1, 1, 2))
    assert first.tolist() == again.tolist() != other.tolist()


def test_groups_too_large_for_twenty_are_thinned() -> None:
    group = np.arange(3000) % 30
    chosen = sample_groups(group, 200, np.random.default_rng(RANDOM_STATE))
    assert sorted(np.unique(group[chosen], return_counts=True)[1]) == [10] * 20


def test_a_sample_is_said_to_be_one() -> None:
    whole = drawn()
    assert sampled(whole, whole) == "300 rows in 100 groups"
    part = whole.take(np.arange(30))
    assert sampled(whole, part) == "a sample by groups of 30 rows in 10 groups, out of 300 rows in 100"


def test_a_model_sees_a_sample_of_a_large_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("foldwise.audit.model_checks.LARGEST_SAMPLE", 90)
    whole = drawn()
    part = model_sample(whole, None)
    assert len(part.rows) == 90
    assert part.group.tolist() == whole.group[part.rows["sample_id"].str[1:].astype(int)].tolist()
    assert "a sample by groups of 90 rows" in scramble(whole, part, 2).sentence


def test_the_share_between_groups_is_that_of_the_variance() -> None:
    group = np.arange(3000) // 10
    random = np.random.default_rng(0)
    centre = random.normal(size=300)[group]
    assert share_between(centre, group) == pytest.approx(1)
    assert share_between(random.normal(size=3000), group) == pytest.approx(0, abs=0.05)
    assert share_between(centre + random.normal(size=3000), group) == pytest.approx(0.5, abs=0.1)
    assert share_between(centre, np.arange(3000)) == 0
    assert share_between(np.ones(3000), group) == 0


@pytest.mark.parametrize(("values", "level"), [(21, "info"), (20, "pass")])
def test_a_column_is_id_like_from_more_than_twenty_values_on(values: int, level: str) -> None:
    data = drawn(columns=2)
    data.features.values[:, 1] = data.group % values
    assert id_like(data).level == level


def test_a_column_that_identifies_the_group_warns_where_the_folds_split_groups() -> None:
    data = drawn(columns=2)
    data.features.values[:, 1] = data.group
    split = reassigned(data, 1, np.arange(300) % 2)
    assert (data.folds_keep_groups, id_like(data).level, id_like(data).by_chance) == (True, "info", False)
    assert (split.folds_keep_groups, id_like(split).level, id_like(split).by_chance) == (False, "warn", True)


def test_a_column_that_numbers_the_rows_warns_without_a_group_column() -> None:
    data = drawn(columns=2, size=1, groups=())
    data.features.values[:, 1] = np.random.default_rng(0).permutation(300)
    assert (data.folds_keep_groups, id_like(data).level) == (False, "warn")


def test_whole_numbers_with_wide_gaps_are_measurements() -> None:
    data = drawn(columns=2, size=1, groups=())
    data.features.values[:, 1] = np.random.default_rng(0).permutation(300) * 1000
    assert id_like(data).level == "pass"


def test_the_rate_of_a_category_comes_from_the_other_parts() -> None:
    codes, part = np.array([0, 0, 0, 1, 1, 1]), np.array([1, 1, 2, 1, 2, 2])
    label = np.array([1, 0, 1, 0, 0, 1], np.int8)
    # Of category 0, part 1 sees the one positive row of part 2; half a row counts for all rows.
    expected = [(1 + 0.5) / 2, (1 + 0.5) / 2, (1 + 0.5) / 3, (1 + 0.5) / 3, (0 + 0.5) / 2, (0 + 0.5) / 2]
    assert rate_elsewhere(codes, label, part) == pytest.approx(expected)


def test_the_best_single_column_has_the_auc_of_its_unit_means() -> None:
    data = drawn(columns=1)
    means = pd.Series(data.features.values[:, 0]).groupby(data.group).mean().to_numpy()
    expected = auc(data.label[::3], means)
    assert proxy(data).value == pytest.approx(max(expected, 1 - expected))


def test_a_column_known_for_few_units_is_judged_on_them() -> None:
    data = drawn(columns=2)
    data.features.values[30:, 1] = np.nan
    data.features.values[:30, 1] = data.label[:30]
    finding = proxy(data)
    assert (finding.value, finding.evidence) == (1.0, [{"column": "f1", "auc": 1.0}])


def test_features_are_provenance_by_a_word_of_their_name() -> None:
    data = drawn(columns=3, names=["codec_fps", "fpsy", "original_width"])
    assert confounder(data).sentence.startswith("Of 2 columns")
    plain = drawn(columns=1)
    assert confounder(plain).sentence.startswith("No slice and no name of a feature")


def test_every_group_gets_the_labels_of_another() -> None:
    group = np.repeat(np.arange(40), 5)
    label = (group < 10).astype(np.int8)
    shuffled = shuffled_between_groups(label, group, np.random.default_rng(0))
    assert shuffled.sum() == label.sum()
    assert (shuffled.reshape(40, 5).min(axis=1) == shuffled.reshape(40, 5).max(axis=1)).all()
    assert shuffled.tolist() != label.tolist()


def test_groups_of_unequal_size_and_with_both_labels_are_shuffled() -> None:
    random = np.random.default_rng(0)
    group = np.sort(random.integers(0, 50, 2000))
    label = (random.random(2000) < 0.3).astype(np.int8)
    shuffled = [shuffled_between_groups(label, group, random) for _ in range(50)]
    assert np.mean(shuffled) == pytest.approx(0.3, abs=0.02)
    assert np.corrcoef(np.mean(shuffled, axis=0), label)[0, 1] == pytest.approx(0, abs=0.1)
    assert share_between(shuffled[0].astype(np.float64), group) == pytest.approx(0, abs=0.05)


def test_the_scramble_of_independent_groups_is_chance() -> None:
    data = drawn()
    finding = scramble(data, data, 10)
    assert (finding.level, len(finding.evidence)) == ("pass", 10)
    assert finding.value == pytest.approx(0.5, abs=3 * auc_spread(50, 50) / 10**0.5)


def test_the_limit_of_a_scramble_narrows_with_the_square_root_of_the_shuffles() -> None:
    data = drawn()
    by_chance = auc_by_chance(*data.classes(), 1, 0.001) - 0.5
    assert scramble(data, data, 2).threshold == pytest.approx(0.5 + by_chance / 2**0.5)
    assert scramble(data, data, 10).threshold == 0.6


def test_an_optimism_gap_may_be_negative() -> None:
    gaps = []
    for seed in range(4):
        data = drawn(seed=seed)
        finding = optimism_gap(data, data, hidden=False)
        row_wise, grouped = (entry["auc"] for entry in finding.evidence)
        assert finding.value == pytest.approx(row_wise - grouped, abs=2e-4)
        gaps.append(finding.value)
    assert min(gaps) < 0 < max(gaps)


def test_a_scramble_without_a_fold_of_both_classes_says_nothing() -> None:
    data = audit_data(np.ones((6, 1)), [1, 0, 0, 0, 0, 0], [0, 1, 2, 3, 4, 5])
    assert (scramble(data, data, 1).level, scramble(data, data, 1).value) == ("pass", 0.5)


def test_rows_that_stand_for_themselves_have_no_gap() -> None:
    data = drawn(size=1, groups=())
    assert optimism_gap(data, data, hidden=False).value == 0


def test_rows_that_a_fold_leaves_out_are_in_no_part() -> None:
    data = drawn(rows=6, size=2)
    whole, split = reassigned(data, 1, [0, -1, 1, 1, -1, -1]), reassigned(data, 1, [0, -1, 1, 0, -1, -1])
    assert group_overlap(whole.folds, "video").level == "pass"
    assert group_overlap(split.folds, "video").evidence == [{"group": 1, "sample_id": "s2"}]


def test_rows_that_a_fold_leaves_out_are_in_no_split() -> None:
    data = drawn(rows=30)
    left = reassigned(data, 1, np.where(np.arange(30) < 3, -1, data.folds.assignments[1]))
    assert left.outer_folds == [1, 2, 3]
    assert left.tested_in.tolist() == [0, 0, 0] + [2] * 3 + [3] * 3 + ([1] * 3 + [2] * 3 + [3] * 3) * 2 + [1] * 3


def test_rows_that_a_fold_leaves_out_are_not_compared_with_its_test_rows() -> None:
    data = drawn(n_splits=1)
    part = data.group % 3
    data.features.values[part == 2, 0] += 100
    left = reassigned(data, 1, np.where(part == 2, -1, part))
    assert shift(left, left).value < 0.6


def test_the_folds_of_the_first_repeat_are_checked() -> None:
    data = drawn(rows=30)
    for fold in (4, 5, 6):
        data = reassigned(data, fold, data.folds.assignments[fold - 3])
    assert data.outer_folds == [1, 2, 3]
    assert drawn(rows=60, n_splits=12).outer_folds == list(range(1, 11))


def test_the_order_of_rows_is_measured_over_units() -> None:
    unit = np.repeat(np.arange(40), 3)
    label = (unit >= 20).astype(np.int8)
    by_name = np.random.default_rng(0).permutation(40)[unit] * 3 + np.tile([0, 1, 2], 40)
    clock = np.arange(120.0)
    clock[5] = np.nan
    features = {"clock": clock, "steps": clock // 8, "noise": np.random.default_rng(1).normal(size=120)}
    order = row_order(label, unit, by_name, features.items())
    assert order.file_auc == 1.0
    assert order.path_auc == pytest.approx(auc(label[::3], by_name[1::3]))
    assert order.monotone == ["clock"]


@pytest.mark.parametrize(("auc", "strength", "level"), [(None, 0.5, "pass"), (0.7, 0.7, "pass"), (0.29, 0.71, "warn")])
def test_an_order_that_predicts_the_label_is_named(auc: float | None, strength: float, level: str) -> None:
    data = drawn()
    found = order(replace(data, contract=replace(data.contract, row_order=RowOrder(auc, None, []))))
    assert (found.level, found.value) == (level, pytest.approx(strength))
    assert found.evidence == ([{"order": "the order of the input file", "auc": auc}] if level == "warn" else [])


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    audit(folder, videos(count=40, copies=2))
    return folder


def test_the_same_inputs_give_the_same_bytes(study: Path) -> None:
    written = (study / "audit.json").read_bytes()
    checks(study)
    assert (study / "audit.json").read_bytes() == written


def test_no_scrambles_leave_the_check_out(study: Path) -> None:
    assert "scramble" not in checks(study, scrambles=0)


def test_a_fold_file_with_sources_left_out_is_audited(tmp_path: Path) -> None:
    audit(tmp_path, videos(count=40, copies=2), scrambles=0)
    replan(tmp_path, np.arange(120) // 3 % 3 + 1, left_out=np.arange(120) < 12)
    scrambled = checks(tmp_path, scrambles=2)["scramble"]
    assert (scrambled.level, len(scrambled.evidence)) == ("pass", 2)
    assert scrambled.value == pytest.approx(0.5, abs=0.15)
    assert "(3 folds, 120 rows in 40 groups)" in scrambled.sentence
