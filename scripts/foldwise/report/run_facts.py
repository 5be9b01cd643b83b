"""What a run did, in sentences: the rows, the splits, and what was fitted on which rows."""

from foldwise.errors import joined
from foldwise.report.audit_section import tally
from foldwise.results import wording
from foldwise.results.load import DatasetResults
from foldwise.results.search_limits import search_limits
from foldwise.stats.thresholds import Criterion


def units(results: DatasetResults) -> str:
    """Write the number of units and their column: ``298 units (video)``."""
    return f"{wording.counted(results.contract.n_units, 'unit')} ({results.contract.unit})"


def class_balance(results: DatasetResults) -> str:
    """Write how many rows are positive."""
    rows, positive = results.contract.rows, results.contract.label.n_positive
    share = f"{100 * positive / rows:.1f} %"
    return f"{wording.count(positive)} of {wording.counted(rows, 'row')} are positive ({share})."


def what_went_in(results: DatasetResults) -> list[str]:
    """Return rows and features, and everything that was left out with the reasons."""
    contract = results.contract
    features = wording.counted(len(contract.features), "feature")
    lines = [f"{wording.counted(contract.rows, 'row')}, {units(results)}, {features}."]
    reasons: dict[str, list[str]] = {}
    for column in contract.dropped:
        # "identifier-like text: 3278 distinct values in 3278 rows" has counts of its own for every column.
        reasons.setdefault(column.reason.split(":")[0], []).append(column.name)
    lines += [f"Columns not used as features ({reason}): {joined(names)}." for reason, names in reasons.items()]
    if not reasons:
        lines.append("All columns were used.")
    unmatched = [f"{wording.counted(entry.count, 'row')} ({side})" for side, entry in contract.unmatched.items()]
    if unmatched:
        lines.append(f"Rows without a partner in the join: {joined(unmatched)}; see Data.")
    return lines + [f"{note.rstrip('.')}." for note in contract.notes]


def what_was_split(results: DatasetResults) -> list[str]:
    """Return the groups, the outer folds and the inner folds."""
    columns = results.contract.groups
    rows, groups = (
        wording.counted(results.contract.rows, "row"),
        wording.counted(results.comparison.counts.groups, "group"),
    )
    inner = joined(sorted({str(fold.inner_folds) for folds in results.params.values() for fold in folds}))
    return [
        f"Groups: rows that share a value of {joined(columns, separator=' or ')} are in one group; {groups} of {rows}."
        if columns
        else f"Groups: no group column was declared; each of {rows} is a group of its own.",
        _outer_folds(results),
        f"Inner folds: the groups of each outer train part are assigned to {inner} folds (StratifiedGroupKFold).",
        "All backends and the logistic regression share the same folds.",
    ]


def _outer_folds(results: DatasetResults) -> str:
    counts, settings = results.comparison.counts, results.configuration["folds"]
    if results.held_out_column is None:
        return (
            f"Outer folds: whole groups are assigned to {settings['n_splits']} folds, stratified by class "
            f"(stratified_group: StratifiedGroupKFold), {wording.counted(counts.repeats, 'repeat')}, "
            f"seed {settings['seed']}."
        )
    return (
        f"Outer folds: each value of {results.held_out_column} is the test part of one fold (leave_one_group_out), "
        f"{wording.counted(counts.folds, 'fold')}, seed {settings['seed']}.{_left_out(results)}"
    )


def _left_out(results: DatasetResults) -> str:
    """Write how many rows are in neither part of a fold, because their group has rows of the held-out value too."""
    used = min(fold.rows.train + fold.rows.test for folds in results.params.values() for fold in folds)
    most = results.contract.rows - used
    if most == 0:
        return " No group has rows of two of them."
    return (
        " Rows of other values whose group also has rows of the held-out value are left out of that fold: at most "
        f"{wording.counted(most, 'row')} a fold."
    )


def what_was_fitted(results: DatasetResults) -> list[str]:
    """Return what was fitted on which rows."""
    search, training = results.configuration["search"], results.configuration["training"]
    first = next(iter(results.metrics.values()))
    method, criterion = first.calibration.method, Criterion.of(first.decision.criterion)
    calibrator = "Decision threshold" if method == "none" else f"Calibration ({method}) and decision threshold"
    weights = training["class_weight"]
    lines = [
        f"Hyperparameters: on the inner folds of each outer train part, by "
        f"{wording.metric_named(search['metric']).spoken}{_method(results)} ({_points(results)}).",
        _stopping(results),
        *(f"{line}." for line in search_limits(results.params)),
        f"{calibrator} ({criterion}): on the inner out-of-fold predictions of each outer train part.",
        "Models: on the whole outer train part, with the chosen hyperparameters"
        + ("." if weights == "none" else f" and row weights ({weights}) of that part."),
    ]
    if results.weights:
        lines.append(
            "Weights of the ensemble: on the inner out-of-fold predictions of each outer train part, by log loss, "
            "shrunk towards equal ones by the number of groups, and towards the constant prediction where it is not "
            "clearly worse; its calibration and threshold are fitted on the same predictions with these weights."
        )
    if training["device"] == "cuda":
        lines.append(
            "Device: the trees were grown on a GPU (device: cuda), where the libraries guarantee neither the same "
            "trees in a repeated run nor those of a CPU. A repeated run may give other models and metrics."
        )
    return [
        *lines,
        "Logistic regression: imputation, scaling, categories and coefficients on the outer train part.",
        "The final model is fitted on all groups afterwards; no metric here is computed from its predictions.",
    ]


def _method(results: DatasetResults) -> str:
    """Write how the points were searched, and on which share of the groups; nothing for a whole grid."""
    search = results.configuration["search"]
    methods = {
        "grid": "",
        "race": "; every point on the first inner fold, the best half of the fits on the second, a quarter on the rest",
        "screen": "; a balanced third of the fits on the first inner fold, then those that main effects predict to be "
        "best: six on the second, three on the rest",
        "random": "; points drawn at random",
        "optuna": "; each point proposed from the results of those before (TPE)",
    }
    share = f"; on {100 * search['fraction']:g} % of the groups" if search["fraction"] < 1 else ""
    return methods[search["method"]] + share


def _points(results: DatasetResults) -> str:
    backends: dict[int, list[str]] = {}
    for name, folds in results.params.items():
        for points in sorted({fold.points for fold in folds}):
            backends.setdefault(points, []).append(wording.display_name(name))
    return "; ".join(f"{wording.counted(points, 'point')} for {joined(names)}" for points, names in backends.items())


def _stopping(results: DatasetResults) -> str:
    rounds = results.configuration["search"]["early_stopping_rounds"]
    if rounds is None:
        return "Number of trees: a hyperparameter like the others; no early stopping."
    return (
        f"Number of trees: each fit on an inner fold ends once {rounds} trees in a row do not improve it; the model "
        "has the geometric mean of the best numbers."
    )


def audit_tally(results: DatasetResults) -> list[str]:
    """Return how many checks passed, warned and failed."""
    return (
        ["None: the audit was switched off."]
        if results.audit is None
        else [f"Before training: {tally(results.audit)}."]
    )
