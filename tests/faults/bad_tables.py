"""Mistakes in a user's files, and in what a dataset's configuration says of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from case import Case, in_rows, in_table, written
from fixtures.small_study import COPIES, JOINED, features, metadata, table


def _cut_in_half(folder: Path) -> None:
    path = folder / "table.parquet"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _folder_in_place(folder: Path) -> None:
    (folder / "table.parquet").unlink()
    (folder / "table.parquet").mkdir()


def _unreadable(folder: Path) -> None:
    (folder / "table.parquet").chmod(0)


def _in_unreadable_folder(folder: Path) -> None:
    (folder / "closed").mkdir()
    (folder / "table.parquet").rename(folder / "closed/table.parquet")
    (folder / "closed").chmod(0)


def _named_twice(folder: Path) -> None:
    noise = pa.array(np.arange(len(table()), dtype=np.float64))
    once = pa.Table.from_pandas(table(), preserve_index=False)
    pq.write_table(once.append_column("noise", noise), folder / "table.parquet")


def _labels_of(known: Mapping[int, Any]) -> Any:
    return metadata()["fake"].map(known)


def _first(value: object, column: str, count: int = 1) -> Any:
    return [value] * count + list(table()[column])[count:]


FILES = [
    Case("missing file", ("nowhere.parquet", "no such file", "check the path"), dataset={"table": "nowhere.parquet"}),
    Case("empty file", ("table.parquet", "0 bytes", "write it again"), written("table.parquet", b"")),
    Case("not parquet", ("table.parquet", "cannot be read as parquet"), written("table.parquet", b"PAR?" * 99)),
    Case("csv named parquet", ("cannot be read as parquet", "suffix"), written("table.parquet", b"a,b\n1,2\n")),
    Case("half a parquet file", ("cannot be read as parquet", "is the file complete"), _cut_in_half),
    Case(
        "not arrow",
        ("table.arrow", "cannot be read as arrow"),
        written("table.arrow", b"x" * 99),
        {"table": "table.arrow"},
    ),
    Case("unknown suffix", ("table.xlsx", "unknown file format", ".csv"), dataset={"table": "table.xlsx"}),
    Case("empty path", ("''", "unknown file format"), dataset={"table": ""}),
    Case("folder", ("table.parquet", "is a folder", "give a file"), _folder_in_place),
    Case("no rows", ("table.parquet", "no rows", "written completely"), in_rows(lambda t: t.head(0))),
    Case("unreadable file", ("table.parquet", "cannot be opened", "permissions"), _unreadable),
    Case(
        "file in an unreadable folder",
        ("table.parquet", "cannot be opened", "permissions"),
        _in_unreadable_folder,
        {"table": "closed/table.parquet"},
    ),
    Case(
        "name beyond the file system's limit",
        ("cannot be opened", "correct the path"),
        dataset={"table": "x" * 300 + ".csv"},
    ),
    Case(
        "columns named twice in csv",
        ("table.csv", "named twice", "'noise'", "rename"),
        written("table.csv", b"sample,fake,video,noise,noise\na,1,v,1,2\nb,0,w,3,4\n"),
        {"table": "table.csv"},
    ),
    Case("columns named twice in parquet", ("table.parquet", "named twice", "'noise'", "rename"), _named_twice),
    Case(
        "csv with lines of unequal length",
        ("table.csv", "cannot be read as csv"),
        written("table.csv", b"sample,fake,video,noise\na,1,v,1\nb,0\n"),
        {"table": "table.csv"},
    ),
    Case(
        "csv with semicolons",
        ("no column 'sample'", "there are 'sample;fake;video;noise'"),
        written("table.csv", b"sample;fake;video;noise\na;1;v;1\nb;0;w;3\n"),
        {"table": "table.csv"},
    ),
]

LABELS = [
    Case("one class", ("'fake'", "one class only", "two are needed"), in_table(fake=1)),
    Case("third class", ("'fake'", "3 classes", "keep the rows of two"), in_table(fake=_first(2, "fake"))),
    Case("label column missing", ("'fke'", "did you mean 'fake'", "there are"), dataset={"label": "fke"}),
    Case("label all missing", ("'fake'", "no value", "name another"), in_table(fake=None)),
    Case(
        "label text with positive 1",
        ("positive: 1 ", "'real'", "'forged'", "set positive:"),
        in_table(fake=_labels_of({0: "real", 1: "forged"})),
    ),
    Case("positive not present", ("positive: 'yes'", "'fake'", "set positive:"), dataset={"positive": "yes"}),
    Case("label of a nested type", ("'fake'", "list<", "give numbers"), in_table(fake=_labels_of({0: [0], 1: [1]}))),
    Case(
        "feature equals label",
        ("'noise'", "the same values as the label", "exclude"),
        in_table(noise=_labels_of({0: 3, 1: 9})),
    ),
    Case("feature is the label turned", ("'codec'", "exclude"), in_table(codec=_labels_of({0: "z", 1: "a"}))),
    Case(
        "feature table contradicts label",
        ("stage2.parquet", "'fake'", "contradicts", "1 rows", "remove the column"),
        lambda folder: features().assign(fake=_first(1, "fake")).to_parquet(folder / "stage2.parquet"),
        base=JOINED,
    ),
    Case(
        "both labels in a unit",
        ("'mine'", "mixed_labels", "1 of 12 units", "v00", "Fix the labels"),
        in_table(fake=_first(1, "fake")),
        dataset={"unit": "video"},
        step="audit",
    ),
]

IDS = [
    Case(
        "id twice", ("id:", "1 repeated id", "'v00_c0'", "remove the copies"), in_rows(lambda t: pd.concat([t, t[:1]]))
    ),
    Case("id column missing", ("'smaple'", "did you mean 'sample'", "there are"), dataset={"id": "smaple"}),
    Case("id empty", ("'sample'", "empty in 1 rows", "needs an id"), in_table(sample=_first(None, "sample"))),
    Case("id of a nested type", ("'sample'", "list<", "use text"), in_table(sample=[[n] for n in range(48)])),
    Case(
        "id pattern that fits nothing",
        ("id_pattern:", "does not match 48 of 48", "'v00_c0'", "correct the pattern"),
        dataset={"id_pattern": r"(?P<id>.*)\.mp4"},
    ),
    Case(
        "id pattern whose group finds nothing",
        ("id_pattern:", "does not match 48 of 48", "correct the pattern"),
        dataset={"id_pattern": r"(?P<id>x)|v"},
    ),
    Case(
        "id pattern that cuts too much",
        ("12 repeated ids", "'v00'", "cuts too much"),
        dataset={"id_pattern": r"(?P<id>v\d+)"},
    ),
    Case(
        "invalid regular expression",
        ("datasets.mine.id_pattern", "not a regular expression", "correct it"),
        dataset={"id_pattern": "(?P<id>"},
        step="config",
    ),
    Case(
        "id pattern without the group",
        ("datasets.mine.id_pattern", "(?P<id>...)"),
        dataset={"id_pattern": "(.*)_c"},
        step="config",
    ),
    Case(
        "tables with different rows",
        ("stage2.parquet", "8 of 48 rows", "'v00_c0'", "max_unmatched: above 0.05"),
        lambda folder: features()[8:].to_parquet(folder / "stage2.parquet"),
        base=JOINED,
    ),
    Case(
        "no common ids",
        ("stage2.parquet", "no id of", "'v00_c0'", "'film 0'", "set id_pattern:"),
        lambda folder: features().assign(sample=[f"film {n}" for n in range(48)]).to_parquet(folder / "stage2.parquet"),
        base={**JOINED, "max_unmatched": 1},
    ),
    Case(
        "two feature columns of one name",
        ("stage2.parquet", "'stage2_noise'", "give the feature table another name"),
        lambda folder: metadata().assign(stage2_noise=1.0).to_parquet(folder / "metadata.parquet"),
        base=JOINED,
    ),
]

COLUMNS = [
    Case(
        "no feature left",
        ("no feature is left", "table.parquet", "named in exclude", "add at least"),
        dataset={"exclude": ["noise", "gradient", "frames", "codec", "is_original"]},
    ),
    Case(
        "only column all NaN",
        ("no feature is left", "all values missing", "add at least"),
        in_rows(lambda t: t[["sample", "fake", "video"]].assign(noise=np.nan)),
    ),
    Case("infinity", ("'noise'", "2 infinite", "inf: missing"), in_table(noise=_first(np.inf, "noise", 2))),
    Case("beyond float32", ("'frames'", "3.4e38", "scale or exclude"), in_table(frames=_first(1e300, "frames"))),
    Case(
        "text not listed", ("'codec'", "not listed in categorical", "exclude it"), dataset={"categorical": ["frames"]}
    ),
    Case("nested column", ("'frames'", "list<", "exclude"), in_table(frames=[[n, 1] for n in range(48)])),
    Case("dates", ("'frames'", "timestamp", "exclude"), in_table(frames=pd.date_range("2024-01-01", periods=48))),
    Case("bytes", ("'frames'", "binary", "exclude"), in_table(frames=[b"\xff", b"\xfe"] * 24)),
    Case("exclude of no column", ("exclude names 'nois'", "did you mean 'noise'"), dataset={"exclude": ["nois"]}),
    Case("sentinels of no column", ("sentinels names 'bitrate'", "there are"), dataset={"sentinels": {"bitrate": [0]}}),
    Case("categorical of no column", ("categorical names 'codek'", "'codec'"), dataset={"categorical": ["codek"]}),
    Case("sentinel in quotes", ("'0'", "'frames'", "leave out the quotes"), dataset={"sentinels": {"frames": ["0"]}}),
    Case("slices column missing", ("slices:", "'original'", "there are"), dataset={"slices": ["original"]}),
    Case("unit column missing", ("unit:", "'vidoe'", "did you mean 'video'"), dataset={"unit": "vidoe"}),
    Case(
        "a name that the table needs itself",
        ("'sample_id'", "two columns", "rename"),
        in_rows(lambda t: t.rename(columns={"noise": "sample_id"})),
    ),
    Case(
        "a group column called label that is not the label",
        ("'label'", "two columns", "rename"),
        in_rows(lambda t: t.rename(columns={"video": "label"})),
        {"groups": ["label"]},
    ),
]

GROUPS = [
    Case("groups column missing", ("groups:", "'vido'", "did you mean 'video'"), dataset={"groups": ["vido"]}),
    Case("one group", ("groups:", "all 48 rows", "video", "varies"), in_table(video="v"), step="folds"),
    Case(
        "groups all distinct",
        ("groups:", "groups nothing", "groups: []"),
        in_table(video=[f"v{n}" for n in range(48)]),
        step="folds",
    ),
    Case(
        "groups with gaps",
        ("groups:", "'video'", "3 of 48 rows", "fill it in"),
        in_table(video=_first(None, "video", 3)),
    ),
    Case("groups of a nested type", ("'video'", "struct<", "use text"), in_table(video=[{"n": n} for n in range(48)])),
    Case(
        "one group over half of the rows",
        ("groups:", "one group contains 28 of 48", "video", "leave out"),
        in_table(video=_first("v00", "video", 7 * COPIES)),
        step="folds",
    ),
    Case(
        "fewer groups than folds",
        ("6 groups with a positive row", "n_splits: 7", "set n_splits: to 6"),
        settings={"folds": {"n_splits": 7}},
        step="folds",
    ),
    Case(
        "fewer groups than inner folds",
        ("keeps 4 groups", "inner_splits: 5", "lower inner_splits:"),
        settings={"folds": {"n_splits": 3, "inner_splits": 5}},
        step="folds",
    ),
    Case(
        "same row in two groups",
        ("duplicate_rows", "2 of 48 rows", "v00_c0", "Remove the copies"),
        in_rows(lambda t: pd.concat([t[:8], t[8:9].assign(**t.iloc[0, 3:]), t[9:]])),
        step="audit",
    ),
]


CASES = [*FILES, *LABELS, *IDS, *COLUMNS, *GROUPS]
