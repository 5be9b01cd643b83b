"""The model information sheet: the questions about each kind of leakage, answered from the run.

The kinds are those of Kapoor and Narayanan (2023), Leakage and the reproducibility crisis in
machine-learning-based science, Patterns 4(9): L1 no clean separation of train and test, L2
illegitimate features, L3 a test set not drawn from the distribution of interest. What a run
cannot know is left to the author explicitly.
"""

from collections.abc import Callable
from dataclasses import dataclass

from foldwise.audit.findings import WORST_FIRST
from foldwise.errors import joined
from foldwise.model_names import counted_models
from foldwise.report import run_facts
from foldwise.results import wording
from foldwise.results.load import DatasetResults


@dataclass(frozen=True)
class Question:
    """One question of the sheet.

    Attributes:
        code: kind of leakage, empty for a fact of the run.
        text: the question.
        facts: returns the sentences that the run can answer with.
        checks: ids of the audit checks on it; all of them where None.
        author: returns what the run cannot know.
    """

    code: str
    text: str
    facts: Callable[[DatasetResults], list[str]]
    checks: tuple[str, ...] | None = ()
    author: Callable[[DatasetResults], str] | None = None


@dataclass(frozen=True)
class Answer:
    """A question with its answer; ``checks`` maps a level, the worst first, to the ids of the checks that were run."""

    code: str
    question: str
    lines: list[str]
    checks: dict[str, list[str]]
    author: str


@dataclass(frozen=True)
class Part:
    """Questions under one heading."""

    title: str
    answers: list[Answer]


def information_sheet(results: DatasetResults) -> list[Part]:
    """Return the sheet of a run."""
    return [Part(title, [_answer(results, q) for q in questions]) for title, questions in _SHEET.items()]


def _answer(results: DatasetResults, question: Question) -> Answer:
    findings = [] if results.audit is None else results.audit.checks
    related = [f for f in findings if question.checks is None or f.id in question.checks]
    checks = {level: [f.id for f in related if f.level == level] for level in WORST_FIRST}
    checks = {level: ids for level, ids in checks.items() if ids}
    lines = question.facts(results)
    if question.checks and not checks:
        lines = [*lines, "No audit check of this was run."]
    author = question.author(results) if question.author else ""
    return Answer(question.code, question.text, lines, checks, author)


def _test_set(results: DatasetResults) -> list[str]:
    return [
        "Yes: every row is predicted once in each repeat, by a model whose search, training, calibration and threshold "
        "used no row of its group.",
        f"There is no further test set: whoever takes the best of {counted_models(results.models)} in place of the "
        "recommended one chooses it on the same folds that its metric is computed on."
        if len(results.models) > 1
        else "There is no further test set besides the cross-validation.",
    ]


def _preprocessing(results: DatasetResults) -> list[str]:
    categories = sum(feature.is_category for feature in results.contract.features)
    coded = f"the codes of {wording.counted(categories, 'category column')}, " if categories else ""
    return [
        "On train rows alone: bins and category statistics of the trees, row weights, and the medians, scales and "
        "categories of the logistic regression.",
        f"On all rows, without the label: {coded}the number type of a column, and the rule that drops columns which "
        "are constant, empty or identifier-like text.",
        "On all rows, with the label: one check, which stops the run where a column repeats the label and changes "
        "nothing otherwise.",
    ]


def _selection(results: DatasetResults) -> list[str]:
    n = len(results.contract.features)
    return [
        f"No feature selection was run: every model uses all {n:,} features. None was chosen by its association with "
        "the label."
    ]


def _upstream(results: DatasetResults) -> str:
    excluded = [column.name for column in results.contract.dropped if column.reason == "named in exclude"]
    named = f"naming {joined(excluded)} in exclude, and " if excluded else ""
    return f"that {named}choosing features before this run was not guided by the labels of these rows."


def _duplicates(results: DatasetResults) -> list[str]:
    if results.audit is None:
        return []
    return ["The audit searched for equal rows in different groups and for near copies across splits."]


def _giveaways(results: DatasetResults) -> list[str]:
    return ["A column that repeats the label would have stopped the run."]


def _legitimate(results: DatasetResults) -> str:
    return (
        "that each feature is known when the model is used, and is not a proxy of the label; a check finds only "
        "columns with an unusually strong association."
    )


def _temporal(results: DatasetResults) -> list[str]:
    return ["The folds do not use time: a row can be predicted from rows that were recorded after it."]


def _temporal_author(results: DatasetResults) -> str:
    return "whether the model is meant for rows later than those it learned from, and whether that matters here."


def _dependence(results: DatasetResults) -> list[str]:
    groups = results.contract.groups
    if not groups:
        return ["No group column was declared: every row is taken as independent of all others."]
    return [f"Rows that share a value of {joined(groups, separator=' or ')} are never split across train and test."]


def _dependence_author(results: DatasetResults) -> str:
    groups = results.contract.groups
    if not groups:
        return "that all rows are independent of each other."
    return f"that rows which differ in {joined(groups, separator=' and in ')} are independent of each other."


def _sampling(results: DatasetResults) -> list[str]:
    lines = [run_facts.class_balance(results)]
    if results.held_out_column is not None:
        lines.append(f"Metrics on each held-out value of {results.held_out_column} are under Folds.")
    if results.contract.slices:
        lines.append(f"Metrics by {joined(results.contract.slices)} are under Slices.")
    return lines


def _sampling_author(results: DatasetResults) -> str:
    return (
        f"that the {run_facts.units(results)} are a sample of the population that the claim is about, and that the "
        "classes are as frequent there as here."
    )


_SHEET = {
    "The run": [
        Question("", "What went in, and what was left out?", run_facts.what_went_in),
        Question("", "What was split, and how?", run_facts.what_was_split),
        Question("", "What was fitted where?", run_facts.what_was_fitted),
        Question("", "Which audit checks were run?", run_facts.audit_tally, checks=None),
    ],
    "L1: no clean separation of train and test": [
        Question(
            "L1.1", "Is there a test set that is separate from all training?", _test_set, ("group_overlap", "scramble")
        ),
        Question("L1.2", "What was pre-processed on train and test rows together?", _preprocessing),
        Question("L1.3", "Were features selected on train and test rows together?", _selection, author=_upstream),
        Question(
            "L1.4",
            "Do train and test share duplicates?",
            _duplicates,
            ("duplicate_rows", "near_duplicates", "hidden_groups"),
        ),
    ],
    "L2: illegitimate features": [
        Question(
            "L2",
            "Does a feature give the answer away?",
            _giveaways,
            ("id_like", "proxy", "confounder"),
            _legitimate,
        ),
    ],
    "L3: test set not drawn from the distribution of interest": [
        Question("L3.1", "Is the test set later in time than the train set?", _temporal, author=_temporal_author),
        Question(
            "L3.2",
            "Do train and test rows depend on each other?",
            _dependence,
            ("group_overlap", "hidden_groups", "near_duplicates", "optimism_gap", "scramble"),
            _dependence_author,
        ),
        Question(
            "L3.3",
            "Is the test set a biased sample?",
            _sampling,
            ("confounder", "order", "shift"),
            _sampling_author,
        ),
    ],
}
