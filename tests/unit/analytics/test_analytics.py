"""The analytics database says what the files say, and SQL on it can change nothing."""

import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from fixtures.databases import build
from fixtures.runs import FinishedRun
from foldwise.analytics import DuckDBAnalytics
from foldwise.analytics.session import READY_QUERIES, ready_queries
from foldwise.errors import UserError
from foldwise.io.files import read_json, read_note, read_table, write_json, write_table

BACKENDS = ("xgboost", "lightgbm", "catboost")
TABLES = ["audit", "datasets", "folds", "importances", "metrics", "predictions", "results", "search", "weights"]
# The query of the study's notebook.
BY_FOLD = "SELECT fold, AVG(test_f1) as avg_f1, STDDEV(test_f1) as std_f1 FROM results GROUP BY fold"


def renamed(run: FinishedRun, folder: Path, dataset: str) -> FinishedRun:
    """Return a copy of a run whose dataset has another name in every file."""
    copy = run.copy(folder)
    for path in copy.results.rglob("*.json"):
        path.write_text(path.read_text().replace('"dataset": "tiny"', f'"dataset": "{dataset}"'))
    for name in ("predictions.parquet", "metrics.parquet"):
        table = read_table(copy.results / name)
        position = table.column_names.index("dataset")
        column = pa.repeat(dataset, table.num_rows)
        write_table(copy.results / name, table.set_column(position, "dataset", column), read_note(copy.results / name))
    return copy


@pytest.fixture(scope="module")
def database(tiny_run: FinishedRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of two datasets: the tiny run, and the same under the name ``other``."""
    folder = tmp_path_factory.mktemp("analytics")
    return build(folder, [tiny_run, other(tiny_run, folder)])


def other(run: FinishedRun, folder: Path) -> FinishedRun:
    """Return the run under the name ``other``, with an audit that warns."""
    copy = renamed(run, folder / "renamed", "other")
    audit = read_json(copy.results / "audit.json")
    audit["checks"][0]["level"] = "warn"
    audit["checks"][1]["level"] = "info"
    write_json(copy.results / "audit.json", audit)
    return copy


@pytest.fixture
def results(tiny_run: FinishedRun) -> Path:
    return tiny_run.results


@pytest.fixture
def analytics(database: Path) -> Iterator[DuckDBAnalytics]:
    with DuckDBAnalytics(database) as opened:
        yield opened


def test_every_table_has_the_rows_of_its_files(analytics: DuckDBAnalytics) -> None:
    count = {name: int(analytics.query(f"SELECT count(*) AS n FROM {name}")["n"][0]) for name in TABLES}  # noqa: S608
    # Two datasets; three backends and their ensemble; three folds; 200 rows; 4 points; 5 features.
    # The ensemble has a weight for each backend and one for the constant prediction.
    assert count["datasets"] == 2
    assert count["results"] == 2 * 4 * 3
    assert count["weights"] == 2 * 3 * (3 + 1)
    assert count["folds"] == 2 * 3 * 200
    assert count["predictions"] == 2 * 4 * 200
    assert count["search"] == 2 * 3 * 3 * 4
    assert count["importances"] == 2 * 3 * 3 * 5
    assert count["audit"] > 0


def test_the_rows_of_a_dataset_follow_those_of_the_one_before(analytics: DuckDBAnalytics) -> None:
    for name in ("datasets", "results", "search", "predictions"):
        datasets = analytics.query(f"SELECT dataset FROM {name} ORDER BY rowid")["dataset"].tolist()  # noqa: S608
        assert datasets == sorted(datasets, reverse=True), name
    models = analytics.query("SELECT backend FROM results WHERE dataset = 'other' ORDER BY rowid")["backend"]
    assert models.drop_duplicates().tolist() == [*BACKENDS, "ensemble"]


def test_a_result_is_that_of_metrics_and_params(analytics: DuckDBAnalytics, results: Path) -> None:
    row = analytics.query("FROM results WHERE dataset = 'tiny' AND backend = 'lightgbm' AND fold = 3").iloc[0]
    metrics = read_json(results / "lightgbm/metrics.json")
    fold, params = metrics["fold_results"][2], read_json(results / "lightgbm/params.json")[2]
    for metric in ("f1", "auc", "log_loss", "recall_class0", "eer"):
        assert row[f"test_{metric}"] == fold[metric]
    assert [row[n] for n in ("repeat", "n_rows", "n_groups")] == [fold[n] for n in ("repeat", "n_rows", "n_groups")]
    assert [row["false_positives"], row["false_negatives"]] == [fold["confusion"][0][1], fold["confusion"][1][0]]
    assert row["threshold"] == metrics["decision"]["folds"][2]["threshold"]
    assert row["trees"] == params["trees"]
    assert row["total_seconds"] == params["seconds"]["total"]


def test_the_ensemble_has_its_metrics_and_weights_where_a_backend_has_its_training(
    analytics: DuckDBAnalytics, results: Path
) -> None:
    row = analytics.query("FROM results WHERE dataset = 'tiny' AND backend = 'ensemble' AND fold = 2").iloc[0]
    fold = read_json(results / "ensemble/metrics.json")["fold_results"][1]
    weights = read_table(results / "ensemble/weights.parquet").to_pandas()
    of_test_rows = weights[weights["fold"] == 2].set_index("backend")["weight"]
    assert row["test_auc"] == fold["auc"]
    assert json.loads(row["params"]) == of_test_rows.to_dict()
    assert row[["trees", "points", "fits", "total_seconds"]].isna().all()
    query = "SELECT * EXCLUDE dataset FROM weights WHERE dataset = 'tiny' ORDER BY rowid"
    assert analytics.query(query)[weights.columns.tolist()].to_numpy().tolist() == weights.to_numpy().tolist()


def test_a_pair_has_its_family_and_a_dataset_the_verdict_of_each(analytics: DuckDBAnalytics, results: Path) -> None:
    written = read_json(results / "comparison.json")
    query = "SELECT backend_a, backend_b, family, p_holm FROM comparisons WHERE dataset = 'tiny' ORDER BY rowid"
    pairs = [[pair[key] for key in ("a", "b", "family", "p_holm")] for pair in written["pairs"]]
    assert analytics.query(query).to_numpy().tolist() == pairs
    verdicts = analytics.query("SELECT verdict_baselines, verdict FROM datasets WHERE dataset = 'tiny'")
    assert verdicts.to_numpy().tolist() == [[written["verdict_baselines"], written["verdict"]]]


def test_a_fold_of_the_database_is_that_of_the_fold_file(lone_run: FinishedRun, tmp_path: Path) -> None:
    with DuckDBAnalytics(build(tmp_path, [lone_run])) as analytics:
        rows = analytics.query("FROM folds WHERE fold = 3")
    written = read_table(lone_run.results / "folds.parquet").to_pandas()
    assert rows["sample_id"].tolist() == written["sample_id"].tolist()
    assert rows["group_id"].tolist() == written["group"].tolist()
    assert rows["is_test"].tolist() == (written["fold_3"] == 0).tolist()
    assert rows["inner_fold"].fillna(0).tolist() == written["fold_3"].tolist()
    assert set(rows["repeat"]) == {2}


def test_predictions_metrics_and_importances_are_those_of_the_files(analytics: DuckDBAnalytics, results: Path) -> None:
    written = read_table(results / "predictions.parquet").to_pandas()
    rows = analytics.query("SELECT * REPLACE (slices['camera'] AS slices) FROM predictions WHERE dataset = 'tiny'")
    for column, source in {"slices": "camera", "group_id": "group"}.items():
        assert rows[column].tolist() == written[source].tolist()
    for column in ("sample_id", "score", "calibrated", "threshold"):
        assert rows[column].tolist() == written[column].tolist()
    metrics = read_table(results / "metrics.parquet").to_pandas()
    assert analytics.query("SELECT value FROM metrics WHERE dataset = 'tiny'")["value"].equals(metrics["value"])
    importance = read_table(results / "xgboost/importance.parquet").to_pandas()
    query = "SELECT feature, shap FROM importances WHERE dataset = 'tiny' AND backend = 'xgboost'"
    assert analytics.query(query).equals(importance[["feature", "shap"]])


def test_the_parameters_of_any_backend_are_in_one_column(analytics: DuckDBAnalytics, results: Path) -> None:
    query = "SELECT params->>'max_depth' AS depth, scores, rank, metric FROM search WHERE dataset = ? AND backend = ?"
    rows = analytics.query(query, ["tiny", "xgboost"])
    written = read_table(results / "xgboost/search.parquet").to_pandas()
    assert rows["depth"].astype(int).tolist() == written["param_max_depth"].tolist()
    assert np.array_equal(np.stack(rows["scores"]), written[["score_1", "score_2"]].to_numpy(), equal_nan=True)
    assert rows["rank"].astype("Int32").tolist() == written["rank"].astype("Int32").tolist()
    assert set(rows["metric"]) == {"log_loss"}


def test_a_point_that_the_race_dropped_has_neither_mean_nor_rank(run_copy: FinishedRun, tmp_path: Path) -> None:
    path = run_copy.results / "xgboost/search.parquet"
    searched, note = read_table(path).to_pandas(), read_note(path)
    dropped = searched.index == 1
    searched["dropped_after"] = pd.array(np.where(dropped, 1, pd.NA), "Int16")
    searched["rank"] = searched["rank"].astype("Int32").mask(dropped)
    searched.loc[dropped, ["mean_score", "score_2"]] = None
    write_table(path, pa.Table.from_pandas(searched, preserve_index=False), note)
    with DuckDBAnalytics(build(tmp_path, [run_copy])) as analytics:
        query = """SELECT fold, point, mean_score, rank, scores[1], scores[2] FROM search
            WHERE backend = 'xgboost' AND dropped_after = 1"""
        rows = analytics.query(query)
    assert rows[["fold", "point"]].to_numpy().tolist() == [[1, 1]]
    assert rows.iloc[0].isna().tolist() == [False, False, True, True, False, True]


def test_the_query_of_the_notebook_gives_mean_and_deviation_of_each_fold(analytics: DuckDBAnalytics) -> None:
    rows = analytics.query(BY_FOLD).set_index("fold").sort_index()
    by_fold = analytics.query("SELECT fold, test_f1 FROM results").groupby("fold")["test_f1"]
    assert np.allclose(rows["avg_f1"], by_fold.mean())
    assert np.allclose(rows["std_f1"], by_fold.std())


def test_metrics_files_are_registered_as_in_the_notebook(
    tiny_run: FinishedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tiny").symlink_to(tiny_run.results)
    monkeypatch.chdir(tmp_path)
    analytics = DuckDBAnalytics()
    analytics.register_parquet("results", "tiny/{model_type}/metrics.json")
    assert sorted(analytics.query(BY_FOLD)["fold"]) == [1, 2, 3]
    assert set(analytics.query("SELECT backend FROM results")["backend"]) == {*BACKENDS, "ensemble"}


def test_without_a_name_the_database_of_the_working_folder_is_read(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "results").symlink_to(database.parent)
    monkeypatch.chdir(tmp_path)
    assert sorted(DuckDBAnalytics().query(BY_FOLD)["fold"]) == [1, 2, 3]


def test_a_registered_table_hides_one_of_the_database(analytics: DuckDBAnalytics, results: Path) -> None:
    analytics.register_parquet("metrics", results / "xgboost/search.parquet")
    assert int(analytics.query("SELECT count(*) AS n FROM metrics")["n"][0]) == 3 * 4


@pytest.mark.parametrize("name", ready_queries())
def test_a_ready_query_returns_rows(analytics: DuckDBAnalytics, name: str) -> None:
    assert len(analytics.query(ready_queries()[name].sql)) > 0


def test_the_query_of_audit_findings_has_no_information(analytics: DuckDBAnalytics) -> None:
    assert "info" in set(analytics.query("FROM audit")["level"])
    assert set(analytics.query(ready_queries()["audit_findings"].sql)["level"]) == {"warn"}


def test_every_ready_query_of_the_file_is_known() -> None:
    assert len(ready_queries()) == READY_QUERIES.read_text().count(";") >= 10


def test_every_table_and_column_is_described(analytics: DuckDBAnalytics) -> None:
    bare = """
    SELECT table_name AS name FROM duckdb_tables() WHERE NOT internal AND comment IS NULL
    UNION ALL SELECT table_name || '.' || column_name FROM duckdb_columns() WHERE NOT internal AND comment IS NULL
    """
    assert analytics.query(bare)["name"].tolist() == []
    assert set(TABLES) <= set(analytics.tables()["table_name"])


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM results",
        "CREATE TABLE more AS SELECT 1",
        "COPY results TO 'results.csv'",
        "SELECT * FROM read_csv('/etc/passwd')",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "SELECT * FROM TABLES",
    ],
)
def test_sql_reaches_nothing_but_the_tables(analytics: DuckDBAnalytics, sql: str) -> None:
    with pytest.raises(duckdb.Error):
        analytics.query(sql)


def test_equal_files_give_equal_tables_in_equal_order(database: Path, tiny_run: FinishedRun, tmp_path: Path) -> None:
    again = build(tmp_path, [tiny_run, other(tiny_run, tmp_path)])
    with DuckDBAnalytics(database) as first, DuckDBAnalytics(again) as second:
        for name in TABLES:
            # Maps and lists are Python objects, which pandas compares as text.
            assert first.query(f"FROM {name}").astype(str).equals(second.query(f"FROM {name}").astype(str)), name


def test_without_audit_and_ensemble_their_tables_are_empty(lone_run: FinishedRun, tmp_path: Path) -> None:
    with DuckDBAnalytics(build(tmp_path, [lone_run])) as analytics:
        assert len(analytics.query("FROM audit")) == len(analytics.query("FROM weights")) == 0
        assert analytics.query("SELECT audit_verdict FROM datasets")["audit_verdict"].isna().all()


def test_a_reader_keeps_the_old_file_while_a_new_one_is_built(tiny_run: FinishedRun, tmp_path: Path) -> None:
    with DuckDBAnalytics(build(tmp_path, [tiny_run])) as reader:
        build(tmp_path, [tiny_run], audit=False)
        assert len(reader.query("FROM audit")) > 0
    with DuckDBAnalytics(tmp_path / "analytics.duckdb") as reader:
        assert len(reader.query("FROM audit")) == 0


def test_a_build_that_fails_leaves_the_old_file_and_nothing_else(run_copy: FinishedRun, tmp_path: Path) -> None:
    before = build(tmp_path, [run_copy]).read_bytes()
    write_json(run_copy.results / "lightgbm/metrics.json", {})
    with pytest.raises(UserError, match=r"lightgbm/metrics\.json: this result is broken"):
        build(tmp_path, [run_copy])
    assert (tmp_path / "analytics.duckdb").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["analytics.duckdb"]
