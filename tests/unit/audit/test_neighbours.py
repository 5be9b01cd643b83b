"""Near copies and the groups they hide are found, in any number of columns."""

from pathlib import Path

import numpy as np
import pytest
from fixtures.audit_data import drawn, near_copies
from fixtures.audited import audit, videos
from foldwise.audit.neighbours import Components, Neighbourhood, hidden_components, near_duplicates, nearest
from foldwise.audit.sampling import share_by_chance


def test_neighbours_are_the_nearest_other_rows() -> None:
    points = np.random.default_rng(0).normal(size=(50, 3))
    distance, position = nearest(points, np.array([4, 7]), np.arange(0, 50, 2), 3)
    for query, nearby, place in zip((4, 7), distance, position, strict=True):
        others = [i for i in range(0, 50, 2) if i != query]
        expected = sorted((np.linalg.norm(points[query] - points[i]), i) for i in others)[:3]
        assert place.tolist() == [i for _, i in expected]
        assert nearby == pytest.approx([d for d, _ in expected])


def test_neighbours_do_not_depend_on_the_size_of_a_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    points = np.random.default_rng(0).normal(size=(50, 3))
    whole = nearest(points, np.arange(50), np.arange(50), 5)
    monkeypatch.setattr("foldwise.audit.neighbours._CELLS", 70)
    for one, other in zip(whole, nearest(points, np.arange(50), np.arange(50), 5), strict=True):
        assert one == pytest.approx(other)


@pytest.mark.parametrize("columns", [1, 2, 4, 8, 20])
def test_independent_rows_are_no_near_copies_in_any_number_of_columns(columns: int) -> None:
    data = drawn(columns=columns)
    near = Neighbourhood.of(data)
    assert near.ratio <= 0.5
    assert hidden_components(data, near).tied < 0.06


@pytest.mark.parametrize(("rows", "limit"), [(300, 0.05), (30, share_by_chance(0.02, 30))])
def test_near_copies_are_more_than_five_percent_or_what_few_rows_have_by_chance(rows: int, limit: float) -> None:
    data = drawn(rows=rows)
    assert near_duplicates(data, Neighbourhood.of(data)).threshold == pytest.approx(limit)


def test_categories_are_as_far_apart_as_numbers() -> None:
    data = drawn(columns=3, categorical=(1, 2))
    data.features.values[:, 1:] = np.random.default_rng(0).integers(0, 200, (300, 2))
    points = Neighbourhood.of(data).points
    assert points.shape == (300, 33)
    pairs = np.diff(points.reshape(150, 2, 33), axis=1)[:, 0]
    assert (pairs[:, 1:17] ** 2).sum(axis=1).mean() == pytest.approx(2, rel=0.15)


def test_components_of_near_copies_are_the_hidden_groups() -> None:
    data = near_copies()
    components = hidden_components(data, Neighbourhood.of(data))
    assert components.tied == 1.0
    assert components.group.tolist() == [i // 4 for i in range(240)]


def test_a_large_table_is_searched_from_some_of_its_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("foldwise.audit.neighbours._LARGEST_TABLE", 100)
    monkeypatch.setattr("foldwise.audit.neighbours._SEEDS", 20)
    data = near_copies()
    components = hidden_components(data, Neighbourhood.of(data))
    assert 20 < len(components.rows) <= 80
    assert set(np.bincount(components.group)) == {4}


@pytest.mark.parametrize(("label", "tied"), [([0, 0, 1, 1, 0], True), ([0, 1, 0, 1, 0], False)])
def test_components_have_a_label_where_their_rows_agree(label: list[int], tied: bool) -> None:
    components = Components(np.arange(5), np.array([0, 0, 1, 1, 2]))
    assert components.labelled(np.array(label, np.int8)) is tied


def test_near_copies_with_labels_of_their_own_do_not_fail_the_scramble(tmp_path: Path) -> None:
    frame = videos(count=60)
    frame["label"] = np.random.default_rng(0).integers(0, 2, len(frame))
    checks = audit(tmp_path, frame, groups=[])
    assert (checks["hidden_groups"].level, checks["scramble"].level) == ("warn", "pass")
    assert "between groups (rows)" in checks["scramble"].sentence
