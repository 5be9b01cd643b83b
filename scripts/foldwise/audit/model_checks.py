"""Checks that fit a small model: do test rows differ, does a row-wise split flatter, is chance still chance."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from foldwise.audit.data import Integers, Material
from foldwise.audit.findings import Finding, Level
from foldwise.audit.neighbours import Components
from foldwise.audit.sampling import auc_by_chance, sample_groups, sampled
from foldwise.backends import lightgbm
from foldwise.backends.base import FitOptions
from foldwise.data.feature_matrix import FeatureMatrix
from foldwise.folds.stratify import stratified_group_parts
from foldwise.stats.metrics import auc

SHIFTED = 0.65
OPTIMISTIC, INVALID = 0.02, 0.05
SCRAMBLE_WARNS, SCRAMBLE_FAILS = 0.55, 0.60
LARGEST_SAMPLE = 80_000

# A failed scramble stops a run: chance alone may do so in one clean run of a thousand.
_FALSE_STOPS = 0.001
_PARAMETERS: Mapping[str, Any] = {"num_leaves": 7, "learning_rate": 0.3, "min_child_samples": 10, "max_bin": 63}
_TREES = 20
_JUDGES = 3
Splits = list[tuple[Integers, Integers]]


def model_sample(material: Material, components: Components | None) -> Material:
    """Return the rows that the models see: all, or whole groups of about 80,000 rows.

    Where no group column is given and near copies abound, their components take the place of groups.
    """
    if components is not None:
        return material.take(components.rows).regrouped(components.group)
    return material.take(sample_groups(material.group, LARGEST_SAMPLE, material.random(5)))


def shift(material: Material, part: Material) -> Finding:
    """Let a model tell the test rows of each fold from its train rows, judged on groups that it has not seen."""
    random = material.random(6)
    found = {fold: _test_told_apart(part, assignment, random) for fold, assignment in part.folds.items()}
    found = {fold: value for fold, value in found.items() if not np.isnan(value)}
    groups = len(np.unique(part.group))
    tests = max(groups // max(len(part.folds), 1), 1)
    threshold = max(SHIFTED, auc_by_chance(tests, groups - tests, len(part.folds)))
    value = max(found.values(), default=0.5)
    sentence = (
        f"A small model tells the test rows of a fold from its train rows with AUC {value:.3f} at most, on groups that "
        f"it has not seen (over {len(found)} folds, {sampled(material, part)})."
    )
    evidence = [{"fold": fold, "auc": round(v, 4)} for fold, v in found.items() if v > threshold]
    return Finding("shift", "warn" if value > threshold else "pass", value, threshold, sentence, evidence)


def _test_told_apart(part: Material, assignment: Integers, random: np.random.Generator) -> float:
    used = np.flatnonzero(assignment >= 0)
    test = (assignment[used] == 0).astype(np.int8)
    return told_apart(part.matrix.rows(used), test, part.group[used], random)


def told_apart(
    matrix: FeatureMatrix, side: npt.NDArray[np.int8], group: npt.NDArray[Any], random: np.random.Generator
) -> float:
    """Return the AUC with which a small model tells two sides apart, on groups that it has not seen.

    Args:
        matrix: n rows of both sides.
        side: shape (n,), 0 or 1.
        group: shape (n,); rows of one group are never on both sides of a split.
        random: deals the groups to three parts, each judged by a model of the other two.
    """
    judge = _dealt(group, _JUDGES, random)
    splits = [(np.flatnonzero(judge != j), np.flatnonzero(judge == j)) for j in range(_JUDGES)]
    return _mean_auc(matrix, side, splits)


def _dealt(group: npt.NDArray[Any], parts: int, random: np.random.Generator) -> Integers:
    """Deal groups at random to parts 0, 1, ..., shape (n,)."""
    _, code = np.unique(group, return_inverse=True)
    place = random.permutation(int(code.max()) + 1) % parts
    return np.asarray(place[code])


def optimism_gap(material: Material, part: Material, *, hidden: bool) -> Finding:
    """Measure by how much a row-wise split would flatter a small model.

    With ``hidden``, the plan is row-wise and the other split keeps near copies together.
    """
    if not part.grouped and not hidden:
        sentence = "No group column is given and no near copies were found: a row-wise split is what was planned."
        return Finding("optimism_gap", "pass", 0.0, OPTIMISTIC, sentence)
    planned, other = _planned(part), _other_split(part, hidden)
    by_row, by_group = (planned, other) if hidden else (other, planned)
    row_wise, grouped = (_mean_auc(part.matrix, part.label, splits) for splits in (by_row, by_group))
    value = row_wise - grouped
    positives = int(part.label.sum())
    # Both scores are of the same rows; as if they were not, their difference spreads by the root of two.
    threshold = max(OPTIMISTIC, 2**0.5 * (auc_by_chance(positives, len(part.label) - positives, 1) - 0.5))
    verdict = "a row-wise split of this table is invalid" if value > max(INVALID, threshold) else "by that much"
    sentence = (
        f"Split row by row a small model scores AUC {row_wise:.3f}, with {part.group_name} kept together "
        f"{grouped:.3f}: {value:+.3f}, {verdict} (over {len(planned)} folds, {sampled(material, part)})."
    )
    evidence = [{"split": "row-wise", "auc": round(row_wise, 4)}, {"split": "grouped", "auc": round(grouped, 4)}]
    return Finding("optimism_gap", "warn" if value > threshold else "pass", value, threshold, sentence, evidence)


def _other_split(part: Material, hidden: bool) -> Splits:
    """Return the split that was not planned: by near copies, or row by row, with as many folds."""
    from sklearn.model_selection import StratifiedKFold

    count = max(len(part.folds), 2)
    if hidden:
        dealt = stratified_group_parts(part.label, part.group, count, part.seed)
        return [(np.flatnonzero(dealt != p), np.flatnonzero(dealt == p)) for p in range(1, count + 1)]
    splitter = StratifiedKFold(count, shuffle=True, random_state=part.seed)
    return list(splitter.split(np.zeros(len(part.label)), part.label))


def scramble(material: Material, part: Material, times: int) -> Finding:
    """Shuffle the labels between groups, keep the planned folds, and see whether a model still scores.

    It must not: a score above chance means that the folds let rows of a group meet across a split.

    Args:
        material: the dataset, for the sentence.
        part: the rows that the model sees.
        times: number of shuffles, at least 1.
    """
    random = material.random(7)
    labels = [shuffled_between_groups(part.label, part.group, random) for _ in range(times)]
    scores = np.array(_scores(part.matrix, labels, _planned(part)))
    value = float(np.nanmean(scores)) if not np.isnan(scores).all() else 0.5
    spread = float(np.nanstd(scores, ddof=1)) if times > 1 else float("nan")
    margin = (auc_by_chance(*part.classes(), 1, _FALSE_STOPS) - 0.5) / times**0.5
    level: Level = "pass"
    for limit, reached in ((SCRAMBLE_WARNS, "warn"), (SCRAMBLE_FAILS, "fail")):
        if value > max(limit, 0.5 + margin):
            level = reached  # type: ignore[assignment]
    sentence = (
        f"With labels shuffled between groups ({part.group_name}) and the planned folds kept, a small model scores AUC "
        f"{value:.3f} (sd {spread:.3f}) over {times} shuffles; 0.5 is chance ({len(_planned(part))} folds, "
        f"{sampled(material, part)})."
    )
    evidence = [{"shuffle": i, "auc": round(float(s), 4)} for i, s in enumerate(scores, start=1)]
    return Finding("scramble", level, value, max(SCRAMBLE_FAILS, 0.5 + margin), sentence, evidence)


def shuffled_between_groups(
    label: npt.NDArray[np.int8], group: Integers, random: np.random.Generator
) -> npt.NDArray[np.int8]:
    """Give every group the labels of another, in random order and repeated where that one is smaller, shape (n,)."""
    _, code = np.unique(group, return_inverse=True)
    size = np.bincount(code)
    start = np.cumsum(size) - size
    order, source = (np.lexsort((random.permutation(len(label)), code)) for _ in range(2))
    donor = random.permutation(len(size))[code[order]]
    place = np.arange(len(label)) - start[code[order]]
    shuffled = np.empty_like(label)
    shuffled[order] = label[source[start[donor] + place % size[donor]]]
    return shuffled


def _planned(part: Material) -> Splits:
    return [(np.flatnonzero(a > 0), np.flatnonzero(a == 0)) for a in part.folds.values() if (a == 0).any()]


def _mean_auc(matrix: FeatureMatrix, label: npt.NDArray[np.int8], splits: Splits) -> float:
    return _scores(matrix, [label], splits)[0]


def _scores(matrix: FeatureMatrix, labels: Iterable[npt.NDArray[np.int8]], splits: Splits) -> list[float]:
    """Return for each labelling the mean AUC over the splits, NaN where none has both classes on both sides."""
    labels = list(labels)
    found = np.full((len(labels), len(splits)), np.nan)
    options = FitOptions(seed=0, threads=1)
    for s, (train, test) in enumerate(splits):
        test_rows = matrix.rows(test)
        # Cuts do not depend on the label: the binned rows serve every labelling.
        data = lightgbm.bin_train(matrix.rows(train), labels[0][train], None, _PARAMETERS, options)
        for i, label in enumerate(labels):
            if len(np.unique(label[train])) < 2:
                continue
            data.set_label(label[train])
            model = lightgbm.fit(data, _PARAMETERS, _TREES, options).model
            found[i, s] = auc(label[test], lightgbm.predict_matrix(model, test_rows))
    known = ~np.isnan(found)
    total = np.where(known, found, 0).sum(axis=1)
    return [float(t / k) if k else float("nan") for t, k in zip(total, known.sum(axis=1), strict=True)]
