"""One line for a wrong configuration: the key, what was given, what is allowed, the closest valid name."""

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from foldwise.errors import nearest, shown

_EXPECTED = {
    "int_type": "a whole number",
    "float_type": "a number",
    "string_type": "a text in quotes",
    "bool_type": "true or false",
    "list_type": "a list such as [a, b]",
    "dict_type": "a section of keys",
    "model_type": "a section of keys",
    "too_short": "at least one entry",
    "greater_than_equal": "{ge} or more",
    "greater_than": "more than {gt}",
    "less_than_equal": "{le} or less",
    "less_than": "less than {lt}",
}


def explain(error: ValidationError, model: type[BaseModel], content: Mapping[str, Any]) -> str:
    """Return one line about the first error; unknown keys come first."""
    errors = sorted(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
    first = errors[0]
    places = {tuple(map(str, _place(e, content))) for e in errors}
    more = len(places) - 1
    here = [e for e in errors if _place(e, content) == _place(first, content)]
    expected = list(
        dict.fromkeys(_EXPECTED[e["type"]].format(**e.get("ctx", {})) for e in here if e["type"] in _EXPECTED)
    )
    return f"config: {_sentence(first, model, content, expected)}" + (f" (and {more} more)" if more else "")


def _sentence(error: ErrorDetails, model: type[BaseModel], content: Mapping[str, Any], expected: list[str]) -> str:
    place = _place(error, content)
    key = ".".join(map(str, place)) or "the configuration"
    kind, given = error["type"], error["input"]
    if kind == "extra_forbidden":
        return _unknown_key(key, place, model)
    if kind == "missing":
        return f"{key} is missing: {_description(model, place) or 'the key is needed'}"
    if kind == "literal_error":
        allowed = error["ctx"]["expected"]
        names = allowed.replace("'", "").replace(" or ", ", ").split(", ")
        use = " or ".join([allowed, *expected])
        return f"{key}: {shown(given)} is not allowed: use {use}{nearest(given, names)}"
    if kind == "value_error":
        # A check of several keys names the one to change itself.
        return f"{key}: {error['ctx']['error']}" if place else str(error["ctx"]["error"])
    if kind == "string_pattern_mismatch":
        return f"{key}: {shown(given)} is not a valid name: letters, digits, '_', '.' and '-', a letter or digit first"
    if kind == "invalid_key":
        return f"{key}: a key is a text: put it in quotes"
    if kind in _EXPECTED:
        return f"{key}: {shown(given)} given, {' or '.join(expected)} expected"
    return f"{key}: {shown(given)} given: {error['msg']}"


def _unknown_key(key: str, place: tuple[str | int, ...], model: type[BaseModel]) -> str:
    section = _model_at(model, place[:-1])
    keys = list(section.model_fields) if section else []
    return f"unknown key {key}{nearest(str(place[-1]), keys)}; allowed here: {', '.join(keys)}"


def _place(error: ErrorDetails, content: Mapping[str, Any]) -> tuple[str | int, ...]:
    """Return the path of the error without the names that pydantic adds for the members of a union."""
    place: list[str | int] = []
    here: Any = content
    for part in error["loc"]:
        given = dict(enumerate(here)) if isinstance(here, list) else here
        if isinstance(given, Mapping) and part in given:
            here = given[part]
            place.append(part)
        elif part == error["loc"][-1] and error["type"] == "missing":
            place.append(part)
    return tuple(place)


def _model_at(model: type[BaseModel], place: tuple[str | int, ...]) -> type[BaseModel] | None:
    """Return the model of the section at ``place``, through mappings and lists."""
    here: Any = model
    for part in place:
        if isinstance(here, type) and issubclass(here, BaseModel):
            field = here.model_fields.get(str(part))
            here = field.annotation if field else None
        else:
            inner = [a for a in get_args(here) if isinstance(a, type) and issubclass(a, BaseModel)]
            here = inner[0] if inner else None
    return here if isinstance(here, type) and issubclass(here, BaseModel) else None


def _description(model: type[BaseModel], place: tuple[str | int, ...]) -> str | None:
    section = _model_at(model, place[:-1])
    field = section.model_fields.get(str(place[-1])) if section else None
    return field.description if field else None
