"""Checks that fit a small model.

Can it distinguish test from train rows, by how much is a row-wise split too optimistic, and do shuffled labels give
the AUC of chance?
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from foldwise.audit.data import AuditData, Integers
from foldwise.audit.findings import Check, Finding, Level
from foldwise.audit.neighbours import Components
from foldwise.audit.sampling import auc_by_chance, sample_groups, sampled
from foldwise.backends import lightgbm
from foldwise.backends.base import FitOptions
from foldwise.data.feature_matrix import FeatureMatrix
from foldwise.errors import counted
from foldwise.folds.stratify import stratified_group_parts
from foldwise.stats.metrics import auc

SHIFTED = 0.65
OPTIMISTIC, INVALID = 0.02, 0.05
SCRAMBLE_WARNS, SCRAMBLE_FAILS = 0.55, 0.60
LARGEST_SAMPLE = 80_000

# A failed scramble stops a run: chance alone does so in at most one clean run of a thousand.
_FALSE_STOPS = 0.001
_PARAMETERS: Mapping[str, Any] = {"num_leaves": 7, "learning_rate": 0.3, "min_child_samples": 10, "max_bin": 63}
_TREES = 20
_PARTS = 3
Splits = list[tuple[Integers, Integers]]

SHIFT = Check(
    "shift",
    title="A fold differs from the others",
    meaning="The test rows of a fold are of another kind than its train rows: the metrics of that fold may be far from "
    "those of the others.",
    what_to_do="Look at the metrics by fold and by slice.",
)
OPTIMISM_GAP = Check(
    "optimism_gap",
    title="Optimism of a row-wise split",
    meaning="A row-wise split of this table makes a model look better than it is on new groups. Folds that keep groups "
    "together avoid this.",
    what_to_do="Nothing where the folds keep groups together. Without a group column, the split of this run is "
    "row-wise: add the column that ties rows together to groups:.",
)
SCRAMBLE = Check(
    "scramble",
    title="Shuffled labels can be predicted",
    meaning="Rows that belong together are on both sides of a split, and the metrics are too high.",
    what_to_do="Add the column that ties them together to groups:, or take scramble out of audit.fail_on.",
)


def model_sample(data: AuditData, components: Components | None) -> AuditData:
    """Return the rows that the models are fitted on: all, or whole groups of about 80,000 rows.

    With components of near copies, the rows of these are returned and the components are their groups.
    """
    if components is not None:
        return data.take(components.rows).regrouped(components.group)
    return data.take(sample_groups(data.group, LARGEST_SAMPLE, data.random(5)))


def shift(data: AuditData, sample: AuditData) -> Finding:
    """Measure how well a model distinguishes the test rows of each fold from its train rows, on unseen groups."""
    random = data.random(6)
    auc_of_fold = {fold: _test_against_train(sample, fold, random) for fold in sample.outer_folds}
    auc_of_fold = {fold: value for fold, value in auc_of_fold.items() if not np.isnan(value)}
    groups, folds = len(np.unique(sample.group)), len(sample.outer_folds)
    tests = max(groups // max(folds, 1), 1)
    threshold = max(SHIFTED, auc_by_chance(tests, groups - tests, folds))
    value = max(auc_of_fold.values(), default=0.5)
    sentence = (
        f"A small model distinguishes the test rows of a fold from its train rows with an AUC of at most {value:.3f}, "
        f"on groups that it was not fitted on ({len(auc_of_fold)} folds, {sampled(data, sample)})."
    )
    evidence = [{"fold": fold, "auc": round(v, 4)} for fold, v in auc_of_fold.items() if v > threshold]
    return SHIFT.judged(value, threshold, sentence, evidence)


def _test_against_train(sample: AuditData, fold: int, random: np.random.Generator) -> float:
    used = np.flatnonzero(sample.folds.assignments[fold] >= 0)
    test = sample.folds.is_test(fold)[used].astype(np.int8)
    return adversarial_auc(sample.features.rows(used), test, sample.group[used], random)


def adversarial_auc(
    features: FeatureMatrix, side: npt.NDArray[np.int8], group: npt.NDArray[Any], random: np.random.Generator
) -> float:
    """Return the AUC with which a small model distinguishes two sets of rows (adversarial validation).

    Args:
        features: n rows of both sets.
        side: shape (n,): the set of each row, 0 or 1.
        group: shape (n,); no group is split between fitting and evaluation.
        random: assigns the groups to three parts; a model fitted on two of them is evaluated on the third.
    """
    part = _random_parts(group, _PARTS, random)
    splits = [(np.flatnonzero(part != p), np.flatnonzero(part == p)) for p in range(_PARTS)]
    return _mean_aucs(features, [side], splits)[0]


def _random_parts(group: npt.NDArray[Any], parts: int, random: np.random.Generator) -> Integers:
    """Assign groups at random to parts 0, 1, ..., shape (n,)."""
    _, code = np.unique(group, return_inverse=True)
    part_of_group = random.permutation(int(code.max()) + 1) % parts
    return np.asarray(part_of_group[code])


def optimism_gap(data: AuditData, sample: AuditData, *, hidden: bool) -> Finding:
    """Measure by how much a row-wise split would be too optimistic for a small model.

    With ``hidden`` groups, the planned split is row-wise and the other one keeps near copies together. A gap warns, or
    informs where the folds keep groups together.
    """
    if not sample.grouped and not hidden:
        sentence = "No group column is configured and there are no near copies: the planned split is row-wise."
        return OPTIMISM_GAP.finding("pass", 0.0, OPTIMISTIC, sentence)
    planned, other = _planned(sample), _other_split(sample, hidden)
    by_row, by_group = (planned, other) if hidden else (other, planned)
    row_wise, grouped = (_mean_aucs(sample.features, [sample.label], splits)[0] for splits in (by_row, by_group))
    value = row_wise - grouped
    positives = int(sample.label.sum())
    # Both AUCs are of the same rows; as if they were not, the spread of their difference is larger by the root of two.
    threshold = max(OPTIMISTIC, 2**0.5 * (auc_by_chance(positives, len(sample.label) - positives, 1) - 0.5))
    invalid = ": a row-wise split of this table is invalid" if value > max(INVALID, threshold) else ""
    sentence = (
        f"A small model reaches AUC {row_wise:.3f} with a row-wise split and {grouped:.3f} with {sample.group_name} "
        f"kept together, a difference of {value:+.3f}{invalid} ({len(planned)} folds, {sampled(data, sample)})."
    )
    evidence = [{"split": "row-wise", "auc": round(row_wise, 4)}, {"split": "grouped", "auc": round(grouped, 4)}]
    above: Literal["info", "warn"] = "info" if data.folds_keep_groups else "warn"
    return OPTIMISM_GAP.judged(value, threshold, sentence, evidence, above)


def _other_split(sample: AuditData, hidden: bool) -> Splits:
    """Return the split that is not planned: by near copies, or row-wise, with as many folds."""
    from sklearn.model_selection import StratifiedKFold

    count = max(len(sample.outer_folds), 2)
    if hidden:
        part = stratified_group_parts(sample.label, sample.group, count, sample.seed)
        return [(np.flatnonzero(part != p), np.flatnonzero(part == p)) for p in range(1, count + 1)]
    splitter = StratifiedKFold(count, shuffle=True, random_state=sample.seed)
    return list(splitter.split(np.zeros(len(sample.label)), sample.label))


def scramble(data: AuditData, sample: AuditData, times: int) -> Finding:
    """Shuffle the labels between groups, keep the planned folds, and measure the AUC of a model.

    An AUC above chance means that rows of a group are split across the folds.

    Args:
        data: the dataset, for the sentence.
        sample: the rows that the model is fitted on.
        times: number of shuffles, at least 1.
    """
    random = data.random(7)
    labels = [shuffled_between_groups(sample.label, sample.group, random) for _ in range(times)]
    splits = _planned(sample)
    aucs = np.array(_mean_aucs(sample.features, labels, splits))
    value = float(np.nanmean(aucs)) if not np.isnan(aucs).all() else 0.5
    spread = float(np.nanstd(aucs, ddof=1)) if times > 1 else float("nan")
    margin = (auc_by_chance(*sample.classes(), 1, _FALSE_STOPS) - 0.5) / times**0.5
    level: Level = "pass"
    if value > max(SCRAMBLE_WARNS, 0.5 + margin):
        level = "warn"
    if value > max(SCRAMBLE_FAILS, 0.5 + margin):
        level = "fail"
    sentence = (
        f"With labels shuffled between groups ({sample.group_name}) and the planned folds kept, a small model reaches "
        f"AUC {value:.3f} (sd {spread:.3f}) over {counted(times, 'shuffle')}; 0.5 is chance ({len(splits)} folds, "
        f"{sampled(data, sample)})."
    )
    evidence = [{"shuffle": i, "auc": round(float(a), 4)} for i, a in enumerate(aucs, start=1)]
    return SCRAMBLE.finding(level, value, max(SCRAMBLE_FAILS, 0.5 + margin), sentence, evidence)


def shuffled_between_groups(
    label: npt.NDArray[np.int8], group: Integers, random: np.random.Generator
) -> npt.NDArray[np.int8]:
    """Give every group the labels of another one, in random order, repeated where that one is smaller: shape (n,)."""
    _, code = np.unique(group, return_inverse=True)
    size = np.bincount(code)
    start = np.cumsum(size) - size
    order, source = (np.lexsort((random.permutation(len(label)), code)) for _ in range(2))
    donor = random.permutation(len(size))[code[order]]
    position = np.arange(len(label)) - start[code[order]]
    shuffled = np.empty_like(label)
    shuffled[order] = label[source[start[donor] + position % size[donor]]]
    return shuffled


def _planned(sample: AuditData) -> Splits:
    """Return train and test rows of the planned folds that have test rows in the sample."""
    splits = [
        (np.flatnonzero(sample.folds.is_train(f)), np.flatnonzero(sample.folds.is_test(f))) for f in sample.outer_folds
    ]
    return [(train, test) for train, test in splits if len(test)]


def _mean_aucs(features: FeatureMatrix, labels: Sequence[npt.NDArray[np.int8]], splits: Splits) -> list[float]:
    """Return the mean AUC over the splits for each labelling, NaN where no split has both classes in both parts."""
    aucs = np.full((len(labels), len(splits)), np.nan)
    options = FitOptions(seed=0, threads=1)
    for s, (train, test) in enumerate(splits):
        test_rows = features.rows(test)
        # The bins do not depend on the label, so they serve every labelling.
        binned = lightgbm.bin_train(features.rows(train), labels[0][train], None, _PARAMETERS, options)
        for i, label in enumerate(labels):
            if len(np.unique(label[train])) < 2:
                continue
            binned.set_label(label[train])
            model = lightgbm.fit(binned, _PARAMETERS, _TREES, options).model
            aucs[i, s] = auc(label[test], lightgbm.predict_matrix(model, test_rows))
    defined = ~np.isnan(aucs)
    total = np.where(defined, aucs, 0).sum(axis=1)
    return [float(t / k) if k else float("nan") for t, k in zip(total, defined.sum(axis=1), strict=True)]
