-- Ready queries for results/analytics.duckdb: `make sql Q=headline` runs one by its name.
-- A query starts with a line `-- name: description` and ends with a semicolon. Add your own below.

-- headline: mean metric over the outer folds with its interval by influence functions
SELECT dataset, metric, backend, estimate, low, high, refused
FROM intervals
WHERE method = 'influence' AND metric IN ('auc', 'f1', 'accuracy')
ORDER BY dataset, metric, estimate DESC;

-- fold_scores: each outer fold averaged over the models, the lowest AUC first
SELECT dataset, fold, avg(test_auc) AS mean_auc, stddev(test_auc) AS std_auc, avg(test_f1) AS mean_f1,
    any_value(n_groups) AS n_groups
FROM results
GROUP BY dataset, fold
ORDER BY dataset, mean_auc;

-- comparisons: paired differences between models on the same folds
SELECT dataset, family, backend_a, backend_b, metric, difference, low, high, p_holm, coalesce(verdict, refused) AS verdict
FROM comparisons
ORDER BY dataset, family, p_holm NULLS LAST, backend_a, backend_b;

-- slice_scores: AUC by slice value, the lowest first
SELECT dataset, backend, slice, slice_value, avg(value) AS mean_auc, sum(n)::BIGINT AS n_rows, count(value) AS n_folds
FROM metrics
WHERE metric = 'auc' AND level = 'row' AND slice <> 'all'
GROUP BY dataset, backend, slice, slice_value
ORDER BY dataset, backend, mean_auc NULLS LAST, slice, slice_value;

-- chosen_params: the hyperparameters chosen, and in how many folds
SELECT dataset, backend, params, count(*) AS n_folds, avg(trees) AS mean_trees, avg(test_auc) AS mean_auc
FROM results
WHERE backend <> 'ensemble'
GROUP BY dataset, backend, params
ORDER BY dataset, backend, n_folds DESC, params;

-- search_spread: range of the search metric over the combinations of hyperparameters, on the inner folds
SELECT dataset, backend, metric, fold, min(mean_score) AS lowest, median(mean_score) AS middle, max(mean_score) AS highest,
    count(*) AS n_points, count(dropped_after) AS n_dropped
FROM search
GROUP BY dataset, backend, metric, fold
ORDER BY dataset, backend, fold;

-- stable_features: mean importance over folds and backends, and in how many models a feature is in the top ten
WITH ranked AS (
    SELECT *, row_number() OVER (PARTITION BY dataset, backend, fold ORDER BY shap DESC, feature) AS place
    FROM importances
)
SELECT dataset, feature, avg(shap) AS mean_shap, avg(gain) AS mean_gain,
    count(*) FILTER (place <= 10) AS n_models_top_ten, count(*) AS n_models
FROM ranked
GROUP BY dataset, feature
ORDER BY dataset, mean_shap DESC, feature
LIMIT 20;

-- ensemble_weights: weight of each backend in the ensemble, over the outer folds
SELECT dataset, backend, avg(weight) AS mean_weight, min(weight) AS smallest, max(weight) AS largest, count(*) AS n_folds
FROM weights
GROUP BY dataset, backend
ORDER BY dataset, mean_weight DESC;

-- wrong_units: the units with the largest mean error over all models
SELECT dataset, unit, any_value(label) AS label, avg(score) AS mean_score, count(DISTINCT sample_id) AS n_rows
FROM predictions
GROUP BY dataset, unit
ORDER BY avg(abs(label - score)) DESC, dataset, unit
LIMIT 20;

-- audit_findings: the leakage checks that warned or failed
SELECT dataset, check_id, level, value, threshold, sentence
FROM audit
WHERE level IN ('warn', 'fail')
ORDER BY dataset, level, check_id;

-- training_cost: time and memory of the training jobs
SELECT dataset, backend, count(*) AS n_folds, avg(fits) AS mean_fits, sum(total_seconds) AS seconds,
    max(peak_memory_mb) AS peak_memory_mb
FROM results
WHERE backend <> 'ensemble'
GROUP BY dataset, backend
ORDER BY dataset, seconds DESC;
