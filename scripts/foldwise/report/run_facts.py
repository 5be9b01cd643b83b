"""What a run did, in sentences: the rows, the splits, and what was fitted on which rows."""

from collections.abc import Sequence
from typing import Any

from foldwise.report.verdict import tally
from foldwise.results import wording
from foldwise.results.load import Artefacts
from foldwise.results.scores import held_out_column

_NAMED = 8
_NOT_RECORDED = "not recorded"


def shortlist(names: Sequence[str], between: str = ", ") -> str:
    """Join names, the first eight of them."""
    left = len(names) - _NAMED
    return between.join(names[:_NAMED]) + (f" and {left:,} more" if left > 0 else "")


def units(artefacts: Artefacts) -> str:
    """Write the number of units and what they are."""
    name = artefacts.contract.get("unit")
    return wording.counted(artefacts.contract.get("n_units"), "unit") + (f" ({name})" if name else "")


def class_balance(artefacts: Artefacts) -> str:
    """Write how many rows are positive."""
    rows, positive = artefacts.contract["rows"], artefacts.contract["label"].get("n_positive")
    share = f" ({100 * positive / rows:.1f} %)" if positive is not None and rows else ""
    return f"{wording.count(positive)} of {wording.counted(rows, 'row')} are positive{share}."


def what_went_in(artefacts: Artefacts) -> list[str]:
    """Return rows, features and everything that was left out, with the reasons."""
    contract = artefacts.contract
    features = wording.counted(len(contract["features"]), "feature")
    lines = [f"{wording.counted(contract['rows'], 'row')}, {units(artefacts)}, {features}."]
    reasons: dict[str, list[str]] = {}
    for column in contract.get("dropped") or []:
        # "a name: 3278 texts in 3278 rows" is one reason with a count of its own for every column.
        reasons.setdefault(str(column["reason"]).split(":")[0], []).append(str(column["name"]))
    lines += [f"Columns left out ({reason}): {shortlist(names)}." for reason, names in reasons.items()]
    if not reasons:
        lines.append("No column was left out.")
    unmatched = contract.get("unmatched") or {}
    alone = [
        f"{wording.counted(found['count'], 'row')} ({name})" for name, found in unmatched.items() if found["count"]
    ]
    if alone:
        lines.append(f"Without a partner in the join: {shortlist(alone)}; what became of them is under Data.")
    return lines + [f"{str(note).rstrip('.')}." for note in contract.get("notes") or []]


def what_was_split(artefacts: Artefacts) -> list[str]:
    """Return the groups, the outer folds and the inner folds."""
    columns = artefacts.contract.get("groups") or []
    rows = wording.counted(artefacts.contract["rows"], "row")
    groups = wording.counted(_counts(artefacts).get("groups"), "group")
    said = f"Groups: rows that share a value of {shortlist(columns, ' or ')} belong together, {groups} of {rows}."
    inner = _setting(artefacts, "folds", "inner_splits")
    return [
        said if columns else f"Groups: no column was declared, each of {rows} stands for itself.",
        _outer(artefacts),
        f"Inner folds: the groups of each outer train part again dealt to {inner} folds (StratifiedGroupKFold).",
        "All backends and the logistic regression share the same folds.",
    ]


def _outer(artefacts: Artefacts) -> str:
    counts, seed = _counts(artefacts), _setting(artefacts, "folds", "seed")
    column = held_out_column(artefacts)
    if column is None:
        n_splits = _setting(artefacts, "folds", "n_splits")
        repeats = wording.counted(counts.get("repeats"), "repeat")
        return (
            f"Outer folds: whole groups dealt to {n_splits} folds, classes balanced (stratified_group: "
            f"StratifiedGroupKFold), {repeats}, seed {seed}."
        )
    folds = wording.counted(counts.get("folds"), "fold")
    return (
        f"Outer folds: each value of {column} is the test part of one fold (leave_one_group_out), {folds}, seed {seed}."
        f"{_left_out(artefacts)}"
    )


def _left_out(artefacts: Artefacts) -> str:
    """Say how many rows took no part in a fold because their group reaches into the held-out value."""
    used = [sum(p["rows"].values()) for p in artefacts.params if p.get("rows")]
    if not used:
        return ""
    most = artefacts.contract["rows"] - min(used)
    if most <= 0:
        return " No group reaches into two of them."
    return (
        f" Rows outside the held-out value whose group reaches into it are left out of that fold: up to "
        f"{wording.counted(most, 'row')} a fold."
    )


def what_was_fitted(artefacts: Artefacts) -> list[str]:
    """Return what was fitted on which rows."""
    metric = wording.metric_named(str(_setting(artefacts, "search", "metric"))).spoken
    weights = _setting(artefacts, "training", "class_weight")
    calibration = _methods(artefacts, "calibration", "method")
    threshold = _methods(artefacts, "thresholds", "criterion")
    calibrator = (
        "Decision threshold" if calibration == "none" else f"Calibration ({calibration}) and decision threshold"
    )
    return [
        f"Hyperparameters: on the inner folds of each outer train part, by {metric}{_method(artefacts)} "
        f"({_points(artefacts)}).",
        _stopping(artefacts),
        f"{calibrator} ({threshold}): on the inner out-of-fold scores of each outer train part.",
        "Models: on the whole outer train part, with the chosen hyperparameters"
        + ("." if weights in ("none", _NOT_RECORDED) else f" and row weights ({weights}) of that part."),
        *_ensemble(artefacts),
        *_device(artefacts),
        "Logistic regression: imputation, scaling, categories and coefficients on the outer train part.",
        "The model to use is fitted on every group afterwards; no score here is of it.",
    ]


def _ensemble(artefacts: Artefacts) -> list[str]:
    if not artefacts.weights:
        return []
    return [
        "Weights of the ensemble: on the inner out-of-fold scores of each outer train part, by log loss; for its "
        "calibration and threshold, those of an inner fold on the other inner folds."
    ]


def _device(artefacts: Artefacts) -> list[str]:
    if _setting(artefacts, "training", "device") != "cuda":
        return []
    return [
        "Device: the trees were grown on a GPU (device: cuda), where their libraries do not promise the same trees "
        "twice, nor those of a CPU. A repeated run may give other models and scores."
    ]


def _method(artefacts: Artefacts) -> str:
    """Write how the points were found, and on which share of the groups; nothing for a whole grid."""
    search = artefacts.configuration.get("search") or {}
    ways = {
        "race": "; every point on the first inner fold, the best half of the fits on the second, a quarter on the rest",
        "random": "; points drawn at random",
        "optuna": "; each point proposed from the scores of those before (TPE)",
    }
    fraction = search.get("fraction") or 1.0
    share = f"; on {100 * fraction:g} % of the groups" if fraction < 1 else ""
    return ways.get(str(search.get("method")), "") + share


def _points(artefacts: Artefacts) -> str:
    found: dict[int, list[str]] = {}
    for name, folds in artefacts.params_by_backend().items():
        for points in sorted({int(f["points"]) for f in folds if f.get("points") is not None}):
            found.setdefault(points, []).append(wording.display_name(name))
    said = [f"{wording.counted(points, 'point')} for {shortlist(names)}" for points, names in found.items()]
    return "; ".join(said) or "points not recorded"


def _stopping(artefacts: Artefacts) -> str:
    rounds = (artefacts.configuration.get("search") or {}).get("early_stopping_rounds")
    if rounds is None:
        return "Number of trees: a hyperparameter like the others; no early stopping."
    return f"Number of trees: early stopping after {rounds} rounds, on the mean curve of the inner folds."


def _methods(artefacts: Artefacts, section: str, key: str) -> str:
    found = [str(v) for m in artefacts.metrics_by_entrant().values() if (v := (m.get(section) or {}).get(key))]
    return shortlist(list(dict.fromkeys(found))) or _NOT_RECORDED


def audit_tally(artefacts: Artefacts) -> list[str]:
    """Return how many checks passed, warned and failed."""
    said = tally(artefacts.audit)
    return [f"Before training: {said}."] if said else ["None: the audit was switched off."]


def _counts(artefacts: Artefacts) -> dict[str, Any]:
    found: dict[str, Any] = next(iter(artefacts.metrics_by_entrant().values()))["counts"]
    return found


def _setting(artefacts: Artefacts, section: str, key: str) -> Any:
    value = (artefacts.configuration.get(section) or {}).get(key)
    return _NOT_RECORDED if value is None else value
