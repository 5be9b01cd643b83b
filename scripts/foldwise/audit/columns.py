"""Checks of single columns: does one identify its group, predict the label, or describe where a row comes from."""

import re
from collections.abc import Iterable
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import rankdata

from foldwise.audit.data import AuditData, Floats, Integers, share_between
from foldwise.audit.findings import EVIDENCE, Check, Finding
from foldwise.audit.sampling import auc_by_chance

ID_LIKE, FEW_VALUES = 0.99, 20
PROXY, STRONG_PROXY = 0.95, 0.99
CONFOUNDED = ORDERED = 0.7

PROVENANCE = frozenset(
    {"fps", "framerate", "resolution", "width", "height", "platform", "bitrate", "camera", "source", "device", "site"}
)
"""Words in the name of a feature that describes where a row comes from rather than what it shows."""

_SCRAMBLES = 200
_BINS = 10

ID_LIKE_COLUMNS = Check(
    "id_like",
    title="Columns that identify the group",
    meaning="A model can recognize the group of a row. Folds that keep groups together allow no gain from it; where "
    "rows of a group are on both sides of a split, the metrics are too high.",
    what_to_do="Exclude the columns (exclude:) if new data will not have them. Without a group column, add the column "
    "that ties rows together to groups:.",
)
PROXY_OF_LABEL = Check(
    "proxy",
    title="A single column predicts the label",
    meaning="The column may follow from the label, or be unknown when the model is used: the metrics then say little "
    "about new data.",
    what_to_do="Ask whether the column will be known, and mean the same, when the model is used; if not, exclude it "
    "(exclude:).",
)
CONFOUNDED_LABEL = Check(
    "confounder",
    title="Row origin predicts the label",
    meaning="A model can learn where a row comes from instead of what it shows: the metrics then hold for data of the "
    "same origin only.",
    what_to_do="Compare the metrics by slice, and exclude the column (exclude:) if its relation to the label will be "
    "another in new data.",
)
LABEL_ORDER = Check(
    "order",
    title="The row order predicts the label",
    meaning="The table is sorted by label, or was collected class by class: a feature that records time or position "
    "gives the label away.",
    what_to_do="Check that no feature records time or position.",
)


def id_like(data: AuditData) -> Finding:
    """Look for columns that identify the group of a row: constant within groups, a running number, or a clock.

    It warns, or informs where the folds keep groups together.

    Columns with more than 20 distinct values are checked. The value of the check is the largest of three shares,
    each up to 1: of the variance of a column's ranks that is between groups, of its values that are distinct (whole
    numbers without wide gaps only, since measurements are distinct anyway), and 1 where it follows the row order.
    """
    columns = []
    for j, name in enumerate(data.features.names):
        values = data.features.values[:, j].astype(np.float64)
        distinct = len(np.unique(values[~np.isnan(values)]))
        if distinct > FEW_VALUES and j not in data.features.categorical:
            share, reason = _identifies_group(values, distinct, data.group)
            if name in data.contract.row_order.monotone:
                share, reason = 1.0, "follows the order of the rows"
            columns.append((round(share, 4), name, reason, distinct))
    columns.sort(key=lambda column: -column[0])
    evidence = [
        {"column": name, "share": share, "reason": reason, "distinct values": distinct}
        for share, name, reason, distinct in columns
        if share > ID_LIKE
    ]
    sentence = (
        f"{len(evidence)} of {len(data.features.names)} columns could identify the group ({data.group_name}) of a row: "
        f"they have more than {FEW_VALUES} distinct values and are constant within groups, number the rows or follow "
        f"their order (computed on {len(data.rows)} rows in {len(np.unique(data.group))} groups)."
    )
    value = float(columns[0][0]) if columns else 0.0
    above: Literal["info", "warn"] = "info" if data.folds_keep_groups else "warn"
    return ID_LIKE_COLUMNS.judged(value, ID_LIKE, sentence, evidence, above)


def _identifies_group(values: Floats, distinct: int, group: Integers) -> tuple[float, str]:
    present = ~np.isnan(values)
    kept = values[present]
    between = share_between(rankdata(kept), group[present])
    integers = bool((kept == np.round(kept)).all())
    if integers and distinct > ID_LIKE * len(kept) and np.ptp(kept) < 10 * len(kept):
        return max(between, distinct / len(kept)), "numbers the rows"
    return between, "constant in a group"


def proxy(data: AuditData) -> Finding:
    """Measure how well each single column predicts the label of the units, and how well one would by chance.

    A column's values are averaged over the rows of a unit; a category is replaced by its share of positives in the
    other folds; missing values count as a column of their own.
    """
    names, columns = _unit_columns(data)
    label = data.units.label
    ranks, known = _centred_ranks(columns)
    two_sided = np.array([j not in data.features.categorical for j in range(len(names))])
    single = _oriented(_single_aucs(ranks, known, label), two_sided)
    random = data.random(4)
    scrambled = [
        _oriented(_single_aucs(ranks, known, random.permutation(label)), two_sided).max() for _ in range(_SCRAMBLES)
    ]
    value, chance = float(single.max()), float(np.quantile(scrambled, 0.95))
    threshold = max(PROXY, auc_by_chance(*data.classes(), 2 * len(names)))
    best = np.argsort(-single, kind="stable")
    strength = "nearly determines the label" if value > max(STRONG_PROXY, threshold) else "predicts the label best"
    sentence = (
        f"Of {len(names)} single columns, {names[best[0]]} {strength}: AUC {value:.3f} over {len(label)} units; with "
        f"shuffled labels the best column stays below {chance:.3f} in 95 % of {_SCRAMBLES} draws."
    )
    evidence = [{"column": names[j], "auc": round(float(single[j]), 4)} for j in best if single[j] > threshold]
    return PROXY_OF_LABEL.judged(value, threshold, sentence, evidence[:EVIDENCE])


def _unit_columns(data: AuditData) -> tuple[list[str], Floats]:
    """Return names and unit means of all columns, then of what is missing in them, shape (n_units, columns)."""
    features = data.features
    names, columns = list(features.names), []
    for j in range(len(names)):
        values: npt.NDArray[np.float64] = features.values[:, j].astype(np.float64)
        if j in features.categorical:
            codes = np.where(np.isnan(values), -1, values).astype(np.int64) + 1
            values = rate_elsewhere(codes, data.label, data.tested_in)
        columns.append(data.units.mean(values))
    for j, name in enumerate(features.names):
        missing = np.isnan(features.values[:, j])
        if missing.any():
            names.append(f"{name} (missing)")
            columns.append(data.units.mean(missing.astype(np.float64)))
    return names, np.stack(columns, axis=1)


def _centred_ranks(columns: Floats) -> tuple[Floats, Floats]:
    """Return the centred ranks of the values, 0 where missing, and 1 for a value; both of the shape of ``columns``."""
    known = ~np.isnan(columns)
    ranks = np.zeros(columns.shape)
    for j in range(columns.shape[1]):
        ranks[known[:, j], j] = rankdata(columns[known[:, j], j]) - (known[:, j].sum() + 1) / 2
    return ranks, known.astype(np.float64)


def _single_aucs(ranks: Floats, known: Floats, label: npt.NDArray[np.int8]) -> Floats:
    """Return the AUC of each column, 0.5 where a class has no value, shape (columns,)."""
    weight = label.astype(np.float64)
    positives = weight @ known
    pairs = positives * (known.sum(axis=0) - positives)
    return np.asarray(0.5 + np.where(pairs > 0, weight @ ranks / np.maximum(pairs, 1), 0.0))


def _oriented(auc: Floats, two_sided: npt.NDArray[np.bool_]) -> Floats:
    return np.where(two_sided, np.maximum(auc, 1 - auc), auc)


def rate_elsewhere(codes: Integers, label: npt.NDArray[np.int8], part: Integers) -> Floats:
    """Return, for each row, the share of positives that its category has in the other parts, shape (n,).

    Args:
        codes: category of each row, from 0, shape (n,).
        label: shape (n,).
        part: shape (n,); the share of a row comes from the rows of the other parts.
    """
    _, part_code = np.unique(part, return_inverse=True)
    parts = int(part_code.max()) + 1
    cell = codes * parts + part_code
    size = int(codes.max()) + 1
    count = np.bincount(cell, minlength=size * parts).reshape(size, parts)
    positive = np.bincount(cell, weights=label, minlength=size * parts).reshape(size, parts)
    count, positive = (t.sum(axis=1, keepdims=True) - t for t in (count, positive))
    # Shrunk by one row towards the share of all rows: a category that is rare elsewhere says little.
    rate = (positive + label.mean()) / (count + 1)
    return np.asarray(rate[codes, part_code])


def confounder(data: AuditData) -> Finding:
    """Measure how well columns that describe where a row comes from predict the label.

    These are the slices, and features with a word of :data:`PROVENANCE` in their name. Each value, or tenth of the
    range of values, is replaced by its share of positives in the other folds; a number is also judged by its order.
    """
    auc_by_column = {name: _encoded_auc(data, codes) for name, codes in _provenance_codes(data)}
    for j, name in _provenance_features(data):
        means = data.units.mean(data.features.values[:, j].astype(np.float64))
        ordered = auc_of(means, data.units.label)
        auc_by_column[name] = max(auc_by_column[name], ordered, 1 - ordered)
    if not auc_by_column:
        sentence = "No slice and no name of a feature describes where a row comes from."
        return CONFOUNDED_LABEL.finding("pass", 0.5, CONFOUNDED, sentence)
    threshold = max(CONFOUNDED, auc_by_chance(*data.classes(), 3 * len(auc_by_column)))
    best = sorted(auc_by_column, key=lambda name: -auc_by_column[name])
    value = auc_by_column[best[0]]
    sentence = (
        f"Of {len(auc_by_column)} columns that describe where a row comes from (slices, and features with such names), "
        f"{best[0]} predicts the label best: AUC {value:.3f} over {len(data.units.label)} units."
    )
    evidence = [{"column": n, "auc": round(auc_by_column[n], 4)} for n in best if auc_by_column[n] > threshold]
    return CONFOUNDED_LABEL.judged(value, threshold, sentence, evidence)


def _provenance_features(data: AuditData) -> list[tuple[int, str]]:
    features = enumerate(data.contract.features)
    return [
        (j, f.name) for j, f in features if j not in data.features.categorical and PROVENANCE & set(_words(f.column))
    ]


def _words(name: str) -> Iterable[str]:
    return re.split(r"[^a-z]+", name.lower())


def _provenance_codes(data: AuditData) -> list[tuple[str, Integers]]:
    """Return every slice and every feature named for its origin as category codes from 0."""
    columns = []
    for name in data.contract.slices:
        codes, _ = pd.factorize(data.rows[f"slice: {name}"])
        columns.append((name, codes.astype(np.int64) + 1))
    for j, feature in enumerate(data.contract.features):
        if not PROVENANCE & set(_words(feature.column)):
            continue
        values = data.features.values[:, j].astype(np.float64)
        codes, distinct = pd.factorize(values, sort=True)
        if j not in data.features.categorical and len(distinct) > FEW_VALUES:
            codes = pd.qcut(values, _BINS, labels=False, duplicates="drop")
            codes = np.where(np.isnan(codes), -1, codes)
        columns.append((feature.name, codes.astype(np.int64) + 1))
    return columns


def _encoded_auc(data: AuditData, codes: Integers) -> float:
    """Return the AUC over units of the share of positives that each category has in the other folds."""
    rate = rate_elsewhere(codes, data.label, data.tested_in)
    return auc_of(data.units.mean(rate), data.units.label)


def auc_of(values: Floats, label: npt.NDArray[np.int8]) -> float:
    """Return the AUC of a column over the units that have a value, 0.5 where a class is missing."""
    ranks, known = _centred_ranks(values[:, None])
    return float(_single_aucs(ranks, known, label)[0])


def order(data: AuditData) -> Finding:
    """Judge the association of the label with the order of the input file, and with that of the sample names."""
    measured = data.contract.row_order
    # Where no unit has one of the classes there is no AUC.
    auc_by_order = {
        "the order of the input file": 0.5 if measured.file_auc is None else measured.file_auc,
        "the order of the sample names": 0.5 if measured.path_auc is None else measured.path_auc,
    }
    strength = {name: max(auc, 1 - auc) for name, auc in auc_by_order.items()}
    best = max(strength, key=strength.__getitem__)
    threshold = max(ORDERED, auc_by_chance(*data.classes(), 4))
    sentence = (
        f"The strongest association of the label with a row order is that with {best}: AUC {strength[best]:.3f} of the "
        f"mean positions of {len(data.units.label)} units; 0.5 is no association."
    )
    evidence = [{"order": n, "auc": round(auc, 4)} for n, auc in auc_by_order.items() if strength[n] > threshold]
    return LABEL_ORDER.judged(strength[best], threshold, sentence, evidence)
