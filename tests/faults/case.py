"""One mistake of a user, and ways to make it in the files of a good study."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from fixtures.small_study import SINGLE, table

Change = Callable[[pd.DataFrame], pd.DataFrame]


@dataclass(frozen=True)
class Case:
    """One mistake.

    Attributes:
        name: what the user did.
        words: texts that the error must contain: the thing and the way out.
        spoil: changes the files of a good study, given their folder.
        dataset: keys laid over a good dataset; None takes a key away.
        base: the good dataset.
        settings: other keys of the configuration.
        step: the step that must stop: config, table, folds or audit.
    """

    name: str
    words: tuple[str, ...]
    spoil: Callable[[Path], object] = lambda folder: None
    dataset: Mapping[str, Any] = field(default_factory=dict)
    base: Mapping[str, Any] = field(default_factory=lambda: SINGLE)
    settings: Mapping[str, Any] = field(default_factory=dict)
    step: str = "table"

    def given(self) -> dict[str, Any]:
        """Return the dataset as the user wrote it."""
        return {k: v for k, v in {**self.base, **self.dataset}.items() if v is not None}


def in_table(**columns: Any) -> Callable[[Path], object]:
    """Give columns of table.parquet other values."""
    return lambda folder: table().assign(**columns).to_parquet(folder / "table.parquet")


def in_rows(change: Change) -> Callable[[Path], object]:
    """Change table.parquet as a whole."""
    return lambda folder: change(table()).to_parquet(folder / "table.parquet")


def written(name: str, content: bytes) -> Callable[[Path], object]:
    """Write bytes in place of a file."""
    return lambda folder: (folder / name).write_bytes(content)
