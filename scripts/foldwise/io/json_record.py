"""Dataclasses that are read from and written to JSON objects.

The fields of a :class:`JsonRecord` are the keys of a JSON object, in their order. Types may be int, float, str, bool,
``Literal``, another record, ``Sequence`` or ``Mapping`` of such, each also ``| None``, or ``Any``. A field whose
default is None is left out of the JSON where it is None. ``Annotated`` says where a field is not simply the key of its
name: ``Annotated[Record, INLINE]``, ``Annotated[Mapping[str, float], REST]``, ``Annotated[int, Key("name in the
file")]``. Standard library only, and quick to import.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Self, Union, get_args, get_origin, get_type_hints

Json = dict[str, Any]

INLINE = "a record whose keys are among the object's own; where it is optional, None without any of them"
REST = "a mapping of all keys that no other field has"


@dataclass(frozen=True)
class Key:
    """The key of a field in the JSON object."""

    name: str


@dataclass(frozen=True)
class _Field:
    """One field of a record: its name, its key, its type without annotation, and whether None is left out."""

    name: str
    key: str
    kind: Any
    optional: bool
    inline: bool
    rest: bool


class JsonRecord:
    """A dataclass that is a JSON object."""

    @classmethod
    def from_json(cls, content: Json) -> Self:
        """Read a JSON object; null reads as None.

        Raises:
            ValueError: when a key is missing or a value has the wrong type.
        """
        if not isinstance(content, dict):
            raise ValueError(f"{content!r:.50} is not an object")
        values: Json = {}
        record: Any = cls
        for field in _fields(record):
            if field.inline:
                values[field.name] = _read_inline(field.kind, content)
            elif field.rest:
                others = _keys(record)
                rest = {key: value for key, value in content.items() if key not in others}
                values[field.name] = _read(field.kind, rest, field.key)
            elif field.key in content or not field.optional:
                values[field.name] = read_key(field.kind, content, field.key)
        return cls(**values)

    def as_json(self) -> Json:
        """Return the JSON object."""
        content: Json = {}
        record: Any = type(self)
        for field in _fields(record):
            value = getattr(self, field.name)
            if field.inline or field.rest:
                content |= _written(value) or {}
            elif value is not None or not field.optional:
                content[field.key] = _written(value)
        return content


def read_key(kind: Any, content: Json, key: str) -> Any:
    """Read one key of a JSON object as a value of type ``kind``.

    Raises:
        ValueError: when the key is missing or its value has the wrong type.
    """
    if key not in content:
        raise ValueError(f"the key {key!r} is missing")
    return _read(kind, content[key], key)


@cache
def _fields(record: Any) -> tuple[_Field, ...]:
    hints = get_type_hints(record, include_extras=True)
    result = []
    for field in fields(record):
        annotated = get_origin(hints[field.name]) is Annotated
        kind, *notes = get_args(hints[field.name]) if annotated else (hints[field.name],)
        key = next((note.name for note in notes if isinstance(note, Key)), field.name)
        result.append(_Field(field.name, key, kind, field.default is None, INLINE in notes, REST in notes))
    return tuple(result)


@cache
def _keys(record: Any) -> frozenset[str]:
    """Return the keys of a record's JSON object, those of its inline records included."""
    keys: set[str] = set()
    for field in _fields(record):
        keys |= _keys(_without_none(field.kind)[0]) if field.inline else {field.key}
    return frozenset(keys)


def _without_none(kind: Any) -> list[Any]:
    parts = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    return [part for part in parts if part is not NoneType]


def _read_inline(kind: Any, content: Json) -> Any:
    [record] = _without_none(kind)
    return None if record is not kind and not _keys(record) & content.keys() else record.from_json(content)


def _read(kind: Any, value: Any, key: str) -> Any:
    if kind is Any:
        return value
    kinds = _without_none(kind)
    if value is None and kinds != [kind] and NoneType in get_args(kind):
        return None
    if len(kinds) > 1:
        return _scalar(kinds, value, key)
    [kind] = kinds
    origin = get_origin(kind)
    if origin is Literal:
        if value not in get_args(kind):
            raise ValueError(f"{key} is {value!r:.50}, not {' or '.join(map(repr, get_args(kind)))}")
        return value
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(value, dict):
            raise ValueError(f"{key} is {value!r:.50}, not an object")
        return {name: _read(get_args(kind)[1], entry, f"{key}: {name}") for name, entry in value.items()}
    if origin is not None and issubclass(origin, Sequence):
        if not isinstance(value, list):
            raise ValueError(f"{key} is {value!r:.50}, not a list")
        return [_read(get_args(kind)[0], entry, key) for entry in value]
    return kind.from_json(value) if issubclass(kind, JsonRecord) else _scalar([kind], value, key)


def _scalar(kinds: Sequence[type], value: Any, key: str) -> Any:
    # JSON has one kind of number: 1 is a float too.
    allowed = (*kinds, int) if float in kinds else tuple(kinds)
    if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in kinds):
        raise ValueError(f"{key} is {value!r:.50}, not {' or '.join(kind.__name__ for kind in kinds)}")
    return value


def _written(value: Any) -> Any:
    if isinstance(value, JsonRecord):
        return value.as_json()
    if isinstance(value, Mapping):
        return {key: _written(entry) for key, entry in value.items()}
    return [_written(entry) for entry in value] if isinstance(value, list | tuple) else value
