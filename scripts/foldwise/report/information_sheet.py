"""The model information sheet: what each kind of leakage asks of a study, answered from the run.

The kinds are those of Kapoor and Narayanan (2023), Leakage and the reproducibility crisis in
machine-learning-based science, Patterns 4(9): L1 no clean separation of train and test, L2
illegitimate features, L3 a test set not drawn from the distribution of interest. What a run
cannot know is left to the author, in so many words.
"""

from collections.abc import Callable
from dataclasses import dataclass

from foldwise.model_names import counted_models
from foldwise.report import run_facts
from foldwise.report.verdict import LEVELS
from foldwise.results import wording
from foldwise.results.load import Artefacts
from foldwise.results.scores import held_out_column


@dataclass(frozen=True)
class Question:
    """One question of the sheet.

    Attributes:
        code: kind of leakage, empty for a fact of the run.
        text: the question.
        facts: gives the lines that the run answers.
        checks: ids of the audit checks that bear on it; all of them where None.
        author: what the run cannot know.
    """

    code: str
    text: str
    facts: Callable[[Artefacts], list[str]]
    checks: tuple[str, ...] | None = ()
    author: Callable[[Artefacts], str] | None = None


@dataclass(frozen=True)
class Answer:
    """A question with its answer; ``checks`` are the ids of the checks that were run, by level, the worst first."""

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


def information_sheet(artefacts: Artefacts) -> list[Part]:
    """Return the sheet of a run."""
    return [Part(title, [_answer(artefacts, q) for q in questions]) for title, questions in _SHEET.items()]


def _answer(artefacts: Artefacts, question: Question) -> Answer:
    levels = {str(c["id"]): str(c["level"]) for c in artefacts.audit.get("checks") or []}
    wanted = tuple(levels) if question.checks is None else question.checks
    found = {level: [c for c in wanted if levels.get(c) == level] for level in LEVELS}
    found = {level: ids for level, ids in found.items() if ids}
    lines = question.facts(artefacts)
    if question.checks and not found:
        lines = [*lines, "No audit check of this was run."]
    author = question.author(artefacts) if question.author else ""
    return Answer(question.code, question.text, lines, found, author)


def _test_set(artefacts: Artefacts) -> list[str]:
    return [
        "Yes: every row is scored once a repeat, by a model whose search, training, calibration and threshold used "
        "no row of its group.",
        f"There is no further test set: the best of {counted_models(artefacts.entrants)} is named on the same folds "
        "that score it."
        if len(artefacts.entrants) > 1
        else "There is no further test set beside the cross-validation.",
    ]


def _preprocessing(artefacts: Artefacts) -> list[str]:
    categories = sum(f["type"] == "category" for f in artefacts.contract["features"])
    coded = f"the codes of {wording.counted(categories, 'category column')}, " if categories else ""
    return [
        "On train rows alone: bins and category statistics of the trees, row weights, and the medians, scales and "
        "categories of the logistic regression.",
        f"On all rows, without the label: {coded}the number type of a column, and the rule that drops columns which "
        "are constant, empty or names.",
        "On all rows, with the label: one guard, which stops the run where a column repeats the label and changes "
        "nothing otherwise.",
    ]


def _selection(artefacts: Artefacts) -> list[str]:
    n = len(artefacts.contract["features"])
    return [
        f"No feature selection was run: every model got all {n:,} features. None was chosen by its relation to the "
        "label."
    ]


def _upstream(artefacts: Artefacts) -> str:
    excluded = [d["name"] for d in artefacts.contract.get("dropped") or [] if d["reason"] == "named in exclude"]
    named = f"naming {run_facts.shortlist(excluded)} in exclude, and " if excluded else ""
    return f"that {named}choosing features before this run was not guided by labels of rows scored here."


def _duplicates(artefacts: Artefacts) -> list[str]:
    if not artefacts.audit.get("checks"):
        return []
    return ["Equal rows in different groups, and near copies across splits, were looked for."]


def _giveaways(artefacts: Artefacts) -> list[str]:
    return ["A column that repeats the label would have stopped the run."]


def _legitimate(artefacts: Artefacts) -> str:
    return (
        "that each feature is known when the model is used, and is no proxy of the label; a check sees only columns "
        "that stand out."
    )


def _temporal(artefacts: Artefacts) -> list[str]:
    return ["The folds know no time: a row can be predicted from rows that were recorded after it."]


def _temporal_author(artefacts: Artefacts) -> str:
    return "whether the model is meant for rows later than those it learned from, and whether that matters here."


def _dependence(artefacts: Artefacts) -> list[str]:
    groups = artefacts.contract.get("groups") or []
    if not groups:
        return ["No group column was declared: every row counts as independent of every other."]
    return [f"Rows that share {run_facts.shortlist(groups, ' or ')} never stand on both sides of a split."]


def _dependence_author(artefacts: Artefacts) -> str:
    groups = artefacts.contract.get("groups") or []
    named = f"{run_facts.shortlist(groups)} name" if len(groups) > 1 else f"{groups[0]} names" if groups else ""
    return f"that {named} all that ties rows together." if named else "that nothing ties rows together."


def _sampling(artefacts: Artefacts) -> list[str]:
    lines = [run_facts.class_balance(artefacts)]
    column = held_out_column(artefacts)
    if column is not None:
        lines.append(f"Scores on each held-out value of {column} are under Folds.")
    slices = artefacts.contract.get("slices") or []
    if slices:
        lines.append(f"Scores by {run_facts.shortlist(slices)} are under Slices.")
    return lines


def _sampling_author(artefacts: Artefacts) -> str:
    return (
        f"that the {run_facts.units(artefacts)} are a sample of what the claim is about, and that classes are as "
        "frequent there as here."
    )


_SHEET = {
    "The run": [
        Question("", "What went in, and what was left out?", run_facts.what_went_in),
        Question("", "What was split, and how?", run_facts.what_was_split),
        Question("", "What was fitted where?", run_facts.what_was_fitted),
        Question("", "Which audit checks were run?", run_facts.audit_tally, checks=None),
    ],
    "L1: no clean separation of train and test": [
        Question("L1.1", "Is there a test set apart from all training?", _test_set, ("group_overlap", "scramble")),
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
        Question("L3.1", "Does the test set lie after the train set in time?", _temporal, author=_temporal_author),
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
