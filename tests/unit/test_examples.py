"""The examples in the docstrings of the library give what they show."""

import doctest
import importlib
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"
MODULES = [
    ".".join(path.relative_to(SCRIPTS).with_suffix("").parts)
    for path in sorted(SCRIPTS.glob("foldwise/**/*.py"))
    if ">>> " in path.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("module", MODULES)
def test_examples_of_a_module_give_what_they_show(module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    outcome = doctest.testmod(importlib.import_module(module), optionflags=options)
    assert outcome.attempted
    assert not outcome.failed
