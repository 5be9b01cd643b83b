"""Records are read from JSON objects with their types checked, and written key by key in their order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest
from foldwise.io.json_record import INLINE, REST, JsonRecord, Key


@dataclass(frozen=True)
class Extent(JsonRecord):
    rows: int
    groups: int


@dataclass(frozen=True)
class PValue(JsonRecord):
    p: float
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class Entry(JsonRecord):
    name: str
    source: str | None = None
    extent: Annotated[Extent, INLINE]
    metrics: Annotated[Mapping[str, float | None], REST]
    at_half: Annotated[Sequence[int], Key("at_0.5")]
    fold: int | str
    level: Literal["row", "unit"]
    test: Annotated[PValue | None, INLINE]


CONTENT = {
    "name": "a",
    "rows": 3,
    "groups": 2,
    "auc": 0.5,
    "ap": None,
    "at_0.5": [1, 2],
    "fold": "final",
    "level": "row",
    "p": 1,
}


def test_a_record_is_read_and_written_unchanged() -> None:
    entry = Entry.from_json(CONTENT)
    assert (entry.extent, entry.source, entry.at_half) == (Extent(3, 2), None, [1, 2])
    assert (entry.metrics, entry.test) == ({"auc": 0.5, "ap": None}, PValue(1))
    assert list(entry.as_json().items()) == list(CONTENT.items())


def test_an_optional_inline_record_without_its_keys_is_none() -> None:
    content = {key: value for key, value in CONTENT.items() if key != "p"}
    assert Entry.from_json(content).test is None
    assert Entry.from_json(content).as_json() == content


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": 1}, "name is 1, not str"),
        ({"name": None}, "name is None, not str"),
        ({"rows": 1.5}, "rows is 1.5, not int"),
        ({"rows": True}, "rows is True, not int"),
        ({"auc": "high"}, "metrics: auc is 'high', not float"),
        ({"at_0.5": 1}, "at_0.5 is 1, not a list"),
        ({"fold": 1.5}, "fold is 1.5, not int or str"),
        ({"level": "video"}, "level is 'video', not 'row' or 'unit'"),
    ],
)
def test_a_value_of_another_type_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        Entry.from_json({**CONTENT, **change})


def test_a_missing_key_is_refused() -> None:
    with pytest.raises(ValueError, match="the key 'groups' is missing"):
        Entry.from_json({key: value for key, value in CONTENT.items() if key != "groups"})


def test_something_else_than_an_object_is_refused() -> None:
    content: Any = ["a"]
    with pytest.raises(ValueError, match="is not an object"):
        Entry.from_json(content)
