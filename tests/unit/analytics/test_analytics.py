"""The analytics database says what the files say, and SQL on it can change nothing."""

import doctest
import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from artefacts import Study
from foldwise.analytics import DuckDBAnalytics, session
from foldwise.analytics.build import build_analytics
from foldwise.analytics.session import READY_QUERIES, ready_queries
from foldwise.io.files import read_json, read_note, read_table, write_json, write_table
from gathered import write_gathered

BACKENDS = ("xgboost", "lightgbm")
STUDIES = (
    Study("videos", BACKENDS, units=20, n_splits=2, n_repeats=2),
    Study("voices", BACKENDS, units=30, n_splits=3, features=("pitch", "x<1"), space={"depth": (2, 3), "rate": (0.1,)}),
)
TABLES = ["audit", "datasets", "folds", "importances", "metrics", "predictions", "results", "search", "weights"]
# The query of the study's notebook.
BY_FOLD = "SELECT fold, AVG(test_f1) as avg_f1, STDDEV(test_f1) as std_f1 FROM results GROUP BY fold"


def build(folder: Path, inputs: dict[str, list[str]]) -> Path:
    build_analytics(inputs, [s.dataset for s in STUDIES], BACKENDS, folder / "analytics.duckdb")
    return folder / "analytics.duckdb"


def add_slice_scores(path: Path) -> None:
    """Repeat the scores of all rows as those of a slice value."""
    tidy = read_table(path).to_pandas()
    originals = tidy.assign(slice="is_original", slice_value="true")
    write_table(path, pa.Table.from_pandas(pd.concat([tidy, originals]), preserve_index=False))


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("analytics") / "results"
    inputs = write_gathered(folder, STUDIES)
    add_slice_scores(folder / "videos/metrics.parquet")
    build(folder, inputs)
    return folder


@pytest.fixture
def analytics(results: Path) -> Iterator[DuckDBAnalytics]:
    with DuckDBAnalytics(results / "analytics.duckdb") as opened:
        yield opened


def test_every_table_has_the_rows_of_its_files(analytics: DuckDBAnalytics) -> None:
    count = {name: int(analytics.query(f"SELECT count(*) AS n FROM {name}")["n"][0]) for name in TABLES}  # noqa: S608
    fitted = {s.dataset: s.folds * len(BACKENDS) for s in STUDIES}
    rows = {s.dataset: s.units * s.rows_per_unit for s in STUDIES}
    assert count["datasets"] == 2
    assert count["results"] == sum(fitted.values()) + sum(s.folds for s in STUDIES)
    # For the test rows and for each of three inner folds.
    assert count["weights"] == sum(fitted.values()) * 4
    assert count["folds"] == sum(rows[s.dataset] * s.folds for s in STUDIES)
    assert count["predictions"] == sum(rows[s.dataset] * s.n_repeats * len(BACKENDS) for s in STUDIES)
    assert count["search"] == fitted["videos"] * 64 + fitted["voices"] * 2
    assert count["importances"] == fitted["videos"] * len(STUDIES[0].features) + fitted["voices"] * 2
    assert count["audit"] > 0


def test_a_result_is_that_of_metrics_and_params(analytics: DuckDBAnalytics, results: Path) -> None:
    found = analytics.query("FROM results WHERE dataset = 'videos' AND backend = 'lightgbm' AND fold = 3").iloc[0]
    fold = read_json(results / "videos/lightgbm/metrics.json")["fold_results"][2]
    params = read_json(results / "videos/lightgbm/params.json")[2]
    for metric in ("f1", "auc", "log_loss", "recall_class0", "eer"):
        assert found[f"test_{metric}"] == fold[metric]
    assert [found[n] for n in ("repeat", "n_rows", "n_groups")] == [fold[n] for n in ("repeat", "n_rows", "n_groups")]
    assert [found["false_positives"], found["false_negatives"]] == [fold["confusion"][0][1], fold["confusion"][1][0]]
    assert found["trees"] == params["trees"]
    assert found["total_seconds"] == params["seconds"]["total"]


def test_the_ensemble_has_its_scores_and_weights_where_a_backend_has_its_training(
    analytics: DuckDBAnalytics, results: Path
) -> None:
    found = analytics.query("FROM results WHERE dataset = 'voices' AND backend = 'ensemble' AND fold = 2").iloc[0]
    fold = read_json(results / "voices/ensemble/metrics.json")["fold_results"][1]
    weights = read_table(results / "voices/ensemble/weights.parquet").to_pandas()
    of_test_rows = weights[(weights["fold"] == 2) & (weights["inner_fold"] == 0)].set_index("backend")["weight"]
    assert found["test_auc"] == fold["auc"]
    assert json.loads(found["params"]) == of_test_rows.to_dict()
    assert found[["trees", "points", "fits", "total_seconds"]].isna().all()
    query = "SELECT * EXCLUDE dataset FROM weights WHERE dataset = 'voices' ORDER BY rowid"
    assert analytics.query(query)[weights.columns.tolist()].to_numpy().tolist() == weights.to_numpy().tolist()


def test_a_fold_of_the_database_is_that_of_the_fold_file(analytics: DuckDBAnalytics, results: Path) -> None:
    found = analytics.query("FROM folds WHERE dataset = 'videos' AND fold = 3")
    written = read_table(results / "videos/folds.parquet").to_pandas()
    assert found["sample_id"].tolist() == written["sample_id"].tolist()
    assert found["group_id"].tolist() == written["group"].tolist()
    assert found["is_test"].tolist() == (written["fold_3"] == 0).tolist()
    assert found["inner_fold"].fillna(0).tolist() == written["fold_3"].tolist()
    assert set(found["repeat"]) == {2}


def test_predictions_metrics_and_importances_are_those_of_the_files(analytics: DuckDBAnalytics, results: Path) -> None:
    written = read_table(results / "voices/predictions.parquet").to_pandas()
    found = analytics.query(
        "SELECT * REPLACE (slices['is_original'] AS slices) FROM predictions WHERE dataset = 'voices'"
    )
    for column, source in {
        "sample_id": "sample_id",
        "score": "score",
        "slices": "is_original",
        "group_id": "group",
    }.items():
        assert found[column].tolist() == written[source].tolist()
    tidy = read_table(results / "voices/metrics.parquet").to_pandas()
    assert analytics.query("SELECT value FROM metrics WHERE dataset = 'voices'")["value"].equals(tidy["value"])
    importance = read_table(results / "voices/xgboost/importance.parquet").to_pandas()
    query = "SELECT feature, shap FROM importances WHERE dataset = 'voices' AND backend = 'xgboost'"
    assert analytics.query(query).equals(importance[["feature", "shap"]])


def test_the_parameters_of_any_backend_are_in_one_column(analytics: DuckDBAnalytics, results: Path) -> None:
    query = "SELECT params->>'rate' AS rate, scores, rank, metric FROM search WHERE dataset = ? AND backend = ?"
    found = analytics.query(query, ["voices", "xgboost"])
    written = read_table(results / "voices/xgboost/search.parquet").to_pandas()
    assert set(found["rate"]) == {"0.1"}
    assert np.array_equal(np.stack(found["scores"]), written[["score_1", "score_2", "score_3"]].to_numpy())
    assert found["rank"].tolist() == written["rank"].tolist()
    assert set(found["metric"]) == {"log_loss"}


def test_a_point_that_the_race_gave_up_has_neither_score_nor_rank(tmp_path: Path) -> None:
    inputs = write_gathered(tmp_path, STUDIES)
    path = tmp_path / "videos/xgboost/search.parquet"
    searched, note = read_table(path).to_pandas(), read_note(path)
    given_up = searched.index == 5
    searched["dropped_after"] = pd.array(np.where(given_up, 2, pd.NA), "Int16")
    searched["rank"] = searched["rank"].astype("Int32").mask(given_up)
    searched.loc[given_up, ["mean_score", "score_3"]] = None
    write_table(path, pa.Table.from_pandas(searched, preserve_index=False), note)
    with DuckDBAnalytics(build(tmp_path, inputs)) as analytics:
        query = "SELECT fold, point, mean_score, rank, scores[2], scores[3] FROM search WHERE dropped_after = 2"
        found = analytics.query(query)
    assert found[["fold", "point"]].to_numpy().tolist() == [[1, 5]]
    assert found.iloc[0].isna().tolist() == [False, False, True, True, False, True]


def test_the_query_of_the_notebook_gives_mean_and_deviation_of_each_fold(analytics: DuckDBAnalytics) -> None:
    found = analytics.query(BY_FOLD).set_index("fold").sort_index()
    by_fold = analytics.query("SELECT fold, test_f1 FROM results").groupby("fold")["test_f1"]
    assert np.allclose(found["avg_f1"], by_fold.mean())
    assert np.allclose(found["std_f1"], by_fold.std())


def test_metrics_files_are_registered_as_in_the_notebook(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(results)
    analytics = DuckDBAnalytics()
    analytics.register_parquet("results", "videos/{model_type}/metrics.json")
    assert sorted(analytics.query(BY_FOLD)["fold"]) == [1, 2, 3, 4]
    assert set(analytics.query("SELECT backend FROM results")["backend"]) == {*BACKENDS, "ensemble"}


def test_without_a_name_the_database_of_the_working_folder_is_read(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(results.parent)
    assert sorted(DuckDBAnalytics().query(BY_FOLD)["fold"]) == [1, 2, 3, 4]


def test_the_documented_example_runs() -> None:
    result = doctest.testmod(session)
    assert (result.failed, result.attempted > 0) == (0, True)


def test_a_registered_table_hides_one_of_the_database(analytics: DuckDBAnalytics, results: Path) -> None:
    analytics.register_parquet("metrics", results / "*/xgboost/search.parquet")
    assert int(analytics.query("SELECT count(*) AS n FROM metrics")["n"][0]) == 4 * 64 + 3 * 2


@pytest.mark.parametrize("name", ready_queries())
def test_a_ready_query_finds_something(analytics: DuckDBAnalytics, name: str) -> None:
    assert len(analytics.query(ready_queries()[name].sql)) > 0


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


def test_equal_files_give_equal_tables_in_equal_order(results: Path, tmp_path: Path) -> None:
    inputs = write_gathered(tmp_path, STUDIES)
    add_slice_scores(tmp_path / "videos/metrics.parquet")
    again = build(tmp_path, inputs)
    with DuckDBAnalytics(results / "analytics.duckdb") as first, DuckDBAnalytics(again) as second:
        for name in TABLES:
            # Maps and lists come as Python objects, which pandas compares by their text.
            assert first.query(f"FROM {name}").astype(str).equals(second.query(f"FROM {name}").astype(str)), name


def test_without_an_audit_its_table_is_empty(tmp_path: Path) -> None:
    inputs = {**write_gathered(tmp_path, STUDIES), "audit": []}
    with DuckDBAnalytics(build(tmp_path, inputs)) as analytics:
        assert len(analytics.query("FROM audit")) == 0
        assert analytics.query("SELECT audit_verdict FROM datasets")["audit_verdict"].isna().all()


def test_a_reader_keeps_the_old_file_while_a_new_one_is_built(tmp_path: Path) -> None:
    inputs = write_gathered(tmp_path, STUDIES)
    with DuckDBAnalytics(build(tmp_path, inputs)) as reader:
        build(tmp_path, {**inputs, "audit": []})
        assert len(reader.query("FROM audit")) > 0
    with DuckDBAnalytics(tmp_path / "analytics.duckdb") as reader:
        assert len(reader.query("FROM audit")) == 0


def test_a_build_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    inputs = write_gathered(tmp_path, STUDIES)
    before = build(tmp_path, inputs).read_bytes()
    write_json(tmp_path / "voices/lightgbm/metrics.json", {})
    with pytest.raises(KeyError):
        build(tmp_path, inputs)
    assert (tmp_path / "analytics.duckdb").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["analytics.duckdb"]
