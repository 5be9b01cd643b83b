"""Mistakes in the configuration that are reported before any file is read."""

from typing import Any

from case import Case
from fixtures.small_study import JOINED, SINGLE


def _wrong(name: str, *words: str, **settings: Any) -> Case:
    return Case(name, words, settings=settings, step="config")


CASES = [
    _wrong("misspelt section", "unknown key fold;", "did you mean 'folds'", "allowed here", fold={"n_splits": 3}),
    _wrong("misspelt nested key", "unknown key folds.n_split;", "did you mean 'n_splits'", folds={"n_split": 3}),
    Case(
        "misspelt key of a dataset",
        ("unknown key datasets.mine.gruops;", "did you mean 'groups'", "allowed here"),
        dataset={"gruops": ["video"]},
        step="config",
    ),
    Case("groups left out", ("datasets.mine.groups is missing", "`[]`"), dataset={"groups": None}, step="config"),
    Case(
        "text in place of a list",
        ("datasets.mine.groups: 'video' given", "a list"),
        dataset={"groups": "video"},
        step="config",
    ),
    Case(
        "both table and metadata",
        ("datasets.mine", "either table:", "or metadata:"),
        dataset={"metadata": "metadata.parquet"},
        step="config",
    ),
    Case("metadata without features", ("datasets.mine", "features:"), base={**JOINED, "features": {}}, step="config"),
    Case("features without id", ("datasets.mine", "needs id:"), base=JOINED, dataset={"id": None}, step="config"),
    Case("limit beyond one", ("max_unmatched: 5 given", "1.0 or less"), dataset={"max_unmatched": 5}, step="config"),
    _wrong(
        "tracker that is a folder",
        "tracking.uri: 'mlruns' is not the address of a database or a server",
        "sqlite:///results/mlflow.db",
        tracking={"uri": "mlruns"},
    ),
    _wrong(
        "stopping without a curve",
        "search: early_stopping_rounds needs a metric with a curve",
        "log_loss or auc",
        search={"early_stopping_rounds": 5, "metric": "f1"},
    ),
    _wrong("nothing to score", "predict.new: give either table:", "or features:", predict={"new": {"explain": True}}),
    _wrong(
        "scored by no dataset",
        "predict.new.dataset: there is no dataset 'main'",
        "did you mean 'mine'",
        predict={"new": {"table": "x.parquet", "dataset": "main"}},
    ),
    _wrong("rows named as units", "'new_units'", "use another name", predict={"new_units": {"table": "table.parquet"}}),
    _wrong("no groups for the search", "search.fraction: 0.0 given", "more than 0", search={"fraction": 0.0}),
    _wrong("wrong type", "folds.n_splits: '3' given", "a whole number", folds={"n_splits": "3"}),
    _wrong("negative splits", "folds.n_splits: -1 given", "2 or more", folds={"n_splits": -1}),
    _wrong("ensemble as text", "evaluation.ensemble: 'of two' given", "true", evaluation={"ensemble": "of two"}),
    _wrong("unknown backend", "backends.0: 'xgbost'", "did you mean 'xgboost'", backends=["xgbost"]),
    _wrong("a backend twice", "backends:", "'xgboost'", "name each backend once", backends=["xgboost", "xgboost"]),
    _wrong("no backend", "backends: [] given", "at least one", backends=[]),
    _wrong("no dataset", "datasets: {} given", "at least one", datasets={}),
    _wrong("datasets left empty", "datasets: None given", "a section of keys", datasets=None),
    _wrong("dataset with a blank in its name", "'a b'", "letters, digits", datasets={"a b": SINGLE}),
    _wrong("number as a key", "1", "put it in quotes", folds={1: 2}),
    _wrong("unknown metric", "search.metric: 'logloss'", "did you mean 'log_loss'", search={"metric": "logloss"}),
    _wrong(
        "unknown search parameter",
        "search.space.xgboost: 'max_deth'",
        "did you mean 'max_depth'",
        search={"space": {"xgboost": {"max_deth": [3]}}},
    ),
    _wrong(
        "empty search list",
        "search.space.xgboost.max_depth",
        "give at least one value",
        search={"space": {"xgboost": {"max_depth": []}}},
    ),
    _wrong(
        "a search value twice",
        "search.space.xgboost.max_depth",
        "names a value twice",
        search={"space": {"xgboost": {"max_depth": [3, 3]}}},
    ),
    _wrong(
        "a range upside down",
        "search.space.xgboost.gamma: low 2 and high 1 given",
        "low must be less than high",
        search={"method": "random", "space": {"xgboost": {"gamma": {"low": 2, "high": 1}}}},
    ),
    _wrong(
        "a range without a step in a grid",
        "search.space.xgboost.gamma: search.method: race",
        "give a step or a list, or use method: random",
        search={"space": {"xgboost": {"gamma": {"low": 0, "high": 1}}}},
    ),
    _wrong(
        "a condition on a parameter that is not there",
        "search.space.xgboost.max_leaves.when: 'grow_polcy' is not a parameter of this space",
        "add it to the space",
        search={"space": {"xgboost": {"max_leaves": {"values": [8], "when": {"grow_polcy": "lossguide"}}}}},
    ),
    _wrong(
        "a space file that is not there",
        "search.space.xgboost: there is no file 'spaces/mine.yaml'",
        "correct the path",
        search={"space": {"xgboost": "spaces/mine.yaml"}},
    ),
    _wrong(
        "no trees",
        "search.space.xgboost.n_estimators: [0]",
        "whole numbers of trees from 1",
        search={"space": {"xgboost": {"n_estimators": 0}}},
    ),
]
