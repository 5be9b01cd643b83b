"""Checks of single columns: one that names its group, one that gives the label away, one that tells the source."""

import re
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import rankdata

from foldwise.audit.data import Floats, Integers, Material, share_between
from foldwise.audit.findings import EVIDENCE, Finding
from foldwise.audit.sampling import auc_by_chance

ID_LIKE, FEW_VALUES = 0.99, 20
PROXY, STRONG_PROXY = 0.95, 0.99
CONFOUNDED = ORDERED = 0.7

PROVENANCE = frozenset(
    {"fps", "framerate", "resolution", "width", "height", "platform", "bitrate", "camera", "source", "device", "site"}
)


"""Words in the name of a feature that say where a row comes from rather than what it shows."""


_SCRAMBLES = 200
_BINS = 10


def id_like(material: Material) -> Finding:
    """Look for columns that name the group of a row: constant in groups, a running number, or a clock.

    A column counts from more than 20 distinct values on. Three shares are measured, each up to 1: of the
    variance of its ranks that lies between groups, of its values that are distinct (whole numbers without
    wide gaps only, since a measurement is distinct by nature), and of the order of rows that it follows.
    """
    ordered = material.contract.row_order.monotone
    found = []
    for j, name in enumerate(material.matrix.names):
        values = material.matrix.values[:, j].astype(np.float64)
        distinct = len(np.unique(values[~np.isnan(values)]))
        if distinct > FEW_VALUES and j not in material.matrix.categorical:
            share, reason = _names_its_group(values, distinct, material.group)
            if name in ordered:
                share, reason = 1.0, "follows the order of the rows"
            found.append({"column": name, "share": round(share, 4), "reason": reason, "distinct values": distinct})
    found.sort(key=lambda e: -e["share"])  # type: ignore[operator]
    value = float(found[0]["share"]) if found else 0.0  # type: ignore[arg-type]
    alike = [e for e in found if e["share"] > ID_LIKE]  # type: ignore[operator]
    sentence = (
        f"{len(alike)} of {len(material.matrix.names)} columns could name the group ({material.group_name}) of a row: "
        f"they have more than {FEW_VALUES} values and are constant in a group, count the rows or follow their order "
        f"(over {len(material.rows)} rows in {len(np.unique(material.group))} groups)."
    )
    return Finding("id_like", "warn" if alike else "pass", value, ID_LIKE, sentence, alike)


def _names_its_group(values: Floats, distinct: int, group: Integers) -> tuple[float, str]:
    known = ~np.isnan(values)
    kept = values[known]
    between = share_between(rankdata(kept), group[known])
    whole = bool((kept == np.round(kept)).all())
    if whole and distinct > ID_LIKE * len(kept) and np.ptp(kept) < 10 * len(kept):
        return max(between, distinct / len(kept)), "numbers the rows"
    return between, "constant in a group"


def proxy(material: Material) -> Finding:
    """Measure how well each single column tells the units apart, and how well one would by chance.

    A column's values are averaged over the rows of a unit; a category counts as the share of
    positives that it has in the other folds; missing values are a column of their own.
    """
    names, columns = _unit_columns(material)
    label = material.units.label
    ranks, known = _centred_ranks(columns)
    two_sided = np.array([j not in material.matrix.categorical for j in range(len(names))])
    single = _oriented(_single_aucs(ranks, known, label), two_sided)
    random = material.random(4)
    scrambled = [
        _oriented(_single_aucs(ranks, known, random.permutation(label)), two_sided).max() for _ in range(_SCRAMBLES)
    ]
    value, chance = float(single.max()), float(np.quantile(scrambled, 0.95))
    threshold = max(PROXY, auc_by_chance(*material.classes(), 2 * len(names)))
    best = np.argsort(-single, kind="stable")
    called = "gives the label away" if value > max(STRONG_PROXY, threshold) else "tells the classes apart best"
    sentence = (
        f"Of {len(names)} single columns, {names[best[0]]} {called}: AUC {value:.3f} over {len(label)} units; with "
        f"shuffled labels the best column stays below {chance:.3f} in 95 % of {_SCRAMBLES} draws."
    )
    evidence = [{"column": names[j], "auc": round(float(single[j]), 4)} for j in best if single[j] > threshold]
    return Finding("proxy", "warn" if value > threshold else "pass", value, threshold, sentence, evidence[:EVIDENCE])


def _unit_columns(material: Material) -> tuple[list[str], Floats]:
    """Return names and unit means of all columns, then of what is missing in them, shape (n_units, columns)."""
    matrix = material.matrix
    names, columns = list(matrix.names), []
    for j in range(len(names)):
        values: npt.NDArray[np.float64] = matrix.values[:, j].astype(np.float64)
        if j in matrix.categorical:
            codes = np.where(np.isnan(values), -1, values).astype(np.int64) + 1
            values = rate_elsewhere(codes, material.label, material.part)
        columns.append(material.units.mean(values))
    for j, name in enumerate(matrix.names):
        missing = np.isnan(matrix.values[:, j])
        if missing.any():
            names.append(f"{name} (missing)")
            columns.append(material.units.mean(missing.astype(np.float64)))
    return names, np.stack(columns, axis=1)


def _centred_ranks(columns: Floats) -> tuple[Floats, Floats]:
    """Return the ranks of the known values around 0, and 1 where a value is known; both shaped as ``columns``."""
    known = ~np.isnan(columns)
    ranks = np.zeros(columns.shape)
    for j in range(columns.shape[1]):
        ranks[known[:, j], j] = rankdata(columns[known[:, j], j]) - (known[:, j].sum() + 1) / 2
    return ranks, known.astype(np.float64)


def _single_aucs(ranks: Floats, known: Floats, label: npt.NDArray[np.int8]) -> Floats:
    """Return the AUC of each column, 0.5 where a class is not known, shape (columns,)."""
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
        part: shape (n,); what is learned of a part comes from the others.
    """
    _, place = np.unique(part, return_inverse=True)
    parts = int(place.max()) + 1
    cell = codes * parts + place
    size = int(codes.max()) + 1
    count = np.bincount(cell, minlength=size * parts).reshape(size, parts)
    positive = np.bincount(cell, weights=label, minlength=size * parts).reshape(size, parts)
    count, positive = (t.sum(axis=1, keepdims=True) - t for t in (count, positive))
    # A category seen rarely elsewhere says little: it starts from the share of all rows.
    rate = (positive + label.mean()) / (count + 1)
    return np.asarray(rate[codes, place])


def confounder(material: Material) -> Finding:
    """Measure how well slices, and features that say where a row comes from, tell the classes apart.

    The slices are what the configuration names as metadata; a feature counts as provenance by a
    word in its name, see :data:`PROVENANCE`. Each is judged by the share of positives that its value,
    or its tenth of the range of values, has in the other folds; a number also by its order.
    """
    found = {name: _group_auc(material, codes) for name, codes in _provenance_codes(material)}
    for j, name in _provenance_features(material):
        means = material.units.mean(material.matrix.values[:, j].astype(np.float64))
        straight = auc_of(means, material.units.label)
        found[name] = max(found[name], straight, 1 - straight)
    if not found:
        sentence = "No slice and no feature name says where a row comes from: nothing to hold the label against."
        return Finding("confounder", "pass", 0.5, CONFOUNDED, sentence)
    threshold = max(CONFOUNDED, auc_by_chance(*material.classes(), 3 * len(found)))
    best = sorted(found, key=lambda name: -found[name])
    value = found[best[0]]
    sentence = (
        f"Of {len(found)} columns that say where a row comes from (slices, and features named for it), {best[0]} tells "
        f"the classes apart best: AUC {value:.3f} over {len(material.units.label)} units."
    )
    evidence = [{"column": name, "auc": round(found[name], 4)} for name in best if found[name] > threshold]
    return Finding("confounder", "warn" if value > threshold else "pass", value, threshold, sentence, evidence)


def _provenance_features(material: Material) -> list[tuple[int, str]]:
    features = enumerate(material.contract.features)
    return [
        (j, f.name) for j, f in features if j not in material.matrix.categorical and PROVENANCE & set(_words(f.column))
    ]


def _words(name: str) -> Iterable[str]:
    return re.split(r"[^a-z]+", name.lower())


def _provenance_codes(material: Material) -> list[tuple[str, Integers]]:
    """Return every slice and every feature of provenance as categories from 0."""
    columns = []
    for name in material.contract.slices:
        codes, _ = pd.factorize(material.rows[f"slice: {name}"])
        columns.append((name, codes.astype(np.int64) + 1))
    for j, feature in enumerate(material.contract.features):
        if not PROVENANCE & set(_words(feature.column)):
            continue
        values = material.matrix.values[:, j].astype(np.float64)
        codes, distinct = pd.factorize(values, sort=True)
        if j not in material.matrix.categorical and len(distinct) > FEW_VALUES:
            codes = pd.qcut(values, _BINS, labels=False, duplicates="drop")
            codes = np.where(np.isnan(codes), -1, codes)
        columns.append((feature.name, codes.astype(np.int64) + 1))
    return columns


def _group_auc(material: Material, codes: Integers) -> float:
    rate = rate_elsewhere(codes, material.label, material.part)
    return auc_of(material.units.mean(rate), material.units.label)


def auc_of(values: Floats, label: npt.NDArray[np.int8]) -> float:
    """Return the AUC of a column over the units where it is known, 0.5 where a class is missing."""
    ranks, known = _centred_ranks(values[:, None])
    return float(_single_aucs(ranks, known, label)[0])


def order(material: Material) -> Finding:
    """Judge how far the label follows the order of the input file, or that of the sample names."""
    known = material.contract.row_order
    # Without a unit of one of the classes there is no AUC.
    found = {
        "the order of the input file": 0.5 if known.file_auc is None else known.file_auc,
        "the order of the sample names": 0.5 if known.path_auc is None else known.path_auc,
    }
    strength = {name: max(auc, 1 - auc) for name, auc in found.items()}
    best = max(strength, key=strength.__getitem__)
    value = strength[best]
    threshold = max(ORDERED, auc_by_chance(*material.classes(), 4))
    sentence = (
        f"The label follows {best} with AUC {value:.3f}, over the mean places of {len(material.units.label)} units; "
        "0.5 is no order."
    )
    evidence = [{"order": name, "auc": round(auc, 4)} for name, auc in found.items() if strength[name] > threshold]
    return Finding("order", "warn" if value > threshold else "pass", value, threshold, sentence, evidence)
