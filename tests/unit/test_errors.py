"""Messages stay one line of a readable length, whatever they name."""

from typing import Any

import pytest
from foldwise.errors import UserError, shown

HUGE = 10**5000


VALUES = {"plain": HUGE, "negative": -HUGE, "key": {HUGE: 1}, "listed": [HUGE], "deep": {"low": {"high": [HUGE]}}}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_a_whole_number_without_a_text_is_shown_by_its_size(value: Any) -> None:
    assert f"a number of {HUGE.bit_length()} bits" in shown(value)


def test_a_value_inside_itself_is_cut() -> None:
    value: list[Any] = []
    value.append(value)
    assert len(shown(value)) < 100


def test_a_long_message_keeps_its_two_ends() -> None:
    message = str(UserError("first\n" + "x " * 5000 + "last"))
    assert message.startswith("first x x")
    assert message.endswith("x last")
    assert len(message) < 2100
