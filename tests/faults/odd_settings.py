"""Configurations as nobody means to write them."""

import copy
import datetime
from typing import Any

from fixtures.small_study import SINGLE
from hypothesis import strategies as st

GOOD: dict[str, Any] = {
    "datasets": {
        "mine": {**SINGLE, "unit": "video", "slices": ["is_original"], "exclude": [], "positive": 1, "inf": "missing"}
        | {"sentinels": {"frames": [20]}, "categorical": ["codec"], "max_unmatched": 0.1, "video_root": "videos"},
        "other": {"metadata": "m.parquet", "features": {"a": "a.csv"}, "id": "i", "label": "l", "groups": ["video"]}
        | {"id_pattern": "(?P<id>.*)"},
    },
    "backends": ["xgboost", "lightgbm", "catboost"],
    "folds": {"method": "leave_one_group_out", "by": "video", "n_splits": 3, "inner_splits": 2, "seed": 1},
    "search": {
        "method": "random",
        "metric": "auc",
        "fraction": 0.5,
        "n_trials": 3,
        "shards": 2,
        "early_stopping_rounds": 5,
        "space": {
            "xgboost": {
                "max_depth": [2, 3],
                "gamma": {"low": 0, "high": 1, "step": 0.5},
                "grow_policy": ["depthwise", "lossguide"],
                "max_leaves": {"values": [4], "when": {"grow_policy": "lossguide"}},
            },
            "lightgbm": {"learning_rate": {"low": 0.01, "high": 1, "log": True}},
            "catboost": {"depth": 3},
        },
    },
    "training": {"threads": 1, "class_weight": "unit", "device": "cpu"},
    "evaluation": {"confidence": 0.9, "operating_fpr": [0.1], "calibration": "none", "threshold": "mcc", "rope": 0.02},
    "audit": {"enabled": True, "scrambles": 3, "fail_on": ["scramble"], "row_wise_reference": False},
    "tracking": {"mlflow": False, "uri": "sqlite:///results/mlflow.db", "experiment": "e", "timeout": 5},
    "predict": {"new": {"dataset": "mine", "table": "new.parquet", "explain": True}},
}


def _bomb() -> list[Any]:
    """Return a list that would be written as gigabytes: YAML makes it of nine lines."""
    layer: list[Any] = ["lol"] * 9
    for _ in range(9):
        layer = [layer] * 9
    return layer


def _circle() -> list[Any]:
    """Return a list that holds itself, as YAML makes it of ``&a [*a]``."""
    around: list[Any] = []
    around.append(around)
    return around


def _deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": [value]}
    return value


ODD_NUMBERS = [0, -1, 2**31, 2**63, 2**64, 10**400, 10**5000, 0.0, -0.0, 1e308, 1e-320]
ODD_NUMBERS += [float("nan"), float("inf"), -float("inf")]
ODD_TEXTS = [
    "",
    " ",
    "../../etc/passwd",
    "/",
    "..",
    ".hidden",
    "index.html",
    "🎬",
    "a\nb",
    "\x00",
    "\ud800",
    "\x1b[31m",
]
ODD_TEXTS += ["x" * 300, "y" * 2_000_000, "1e999", "1e-3", "nan", "(?P<id>", "(?P<id>a{99999999999})", "(" * 5000]
ODD_TEXTS += ["sqlite:///../../x.db", "https://u:secret@h/", "file:///etc", "%s{}", "CON", "true", "None"]
VALUES: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(ODD_NUMBERS),
    st.sampled_from(ODD_TEXTS),
    st.sampled_from([None, True, False, [], {}, b"\xff", (1, 2), {1, 2}, datetime.date(2024, 1, 1), {None: 1}, {1: 2}]),
    st.sampled_from([_deep(3), _deep(100), [[[]]], {"low": 0, "high": 10**9, "step": 1}, {"low": 0, "high": 1e308}]),
    st.builds(_bomb),
    st.builds(_circle),
    st.text(max_size=5),
    st.integers(),
    st.floats(),
    st.lists(st.one_of(st.integers(), st.text(max_size=3), st.floats()), max_size=3),
)


def _places(content: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every key and every entry of a list."""
    inside = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    return [place for key, value in inside for place in ((*path, key), *_places(value, (*path, key)))]


PLACES = _places(GOOD)


@st.composite
def contents(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a configuration in which one to three places were changed."""
    content = copy.deepcopy(GOOD)
    for place in draw(st.lists(st.sampled_from(PLACES), min_size=1, max_size=3)):
        kind = draw(st.sampled_from(["replace", "delete", "rename", "add"]))
        _change(content, place, kind, draw(VALUES))
    return content


def _change(content: Any, place: tuple[Any, ...], kind: str, value: Any) -> None:
    """Change a key or an entry of a list, unless an earlier change took away the place."""
    here = content
    for key in place[:-1]:
        if not _holds(here, key):
            return
        here = here[key]
    last = place[-1]
    if isinstance(here, list) and isinstance(last, int):
        here[last:] = {"delete": [], "add": [value, *here[last:]]}.get(kind, [value])
    elif isinstance(here, dict):
        _change_key(here, last, kind, value)


def _holds(here: Any, key: Any) -> bool:
    return (isinstance(here, dict) and key in here) or (
        isinstance(here, list) and isinstance(key, int) and key < len(here)
    )


def _change_key(here: dict[Any, Any], last: Any, kind: str, value: Any) -> None:
    if kind == "delete":
        here.pop(last, None)
    elif kind == "replace":
        here[last] = value
    elif isinstance(value, str | int | float | None):
        here[value] = here.pop(last, 1) if kind == "rename" else 1
