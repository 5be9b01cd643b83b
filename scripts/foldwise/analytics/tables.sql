-- The tables of results/analytics.duckdb. A primary key is also an index. The large tables are sorted by their
-- first columns, so that a query on one dataset, backend or fold reads only part of the file.

CREATE TABLE datasets (
    dataset VARCHAR PRIMARY KEY,
    n_rows INTEGER NOT NULL,
    n_units INTEGER NOT NULL,
    n_groups INTEGER NOT NULL,
    n_positive INTEGER NOT NULL,
    n_features INTEGER NOT NULL,
    label_column VARCHAR NOT NULL,
    positive_value VARCHAR NOT NULL,
    id_column VARCHAR NOT NULL,
    unit_column VARCHAR NOT NULL,
    group_columns VARCHAR[] NOT NULL,
    slice_columns VARCHAR[] NOT NULL,
    n_splits SMALLINT NOT NULL,
    n_repeats SMALLINT NOT NULL,
    inner_splits SMALLINT NOT NULL,
    seed BIGINT NOT NULL,
    audit_verdict VARCHAR,
    verdict_baselines VARCHAR NOT NULL,
    verdict VARCHAR NOT NULL
);

CREATE TABLE folds (
    dataset VARCHAR NOT NULL,
    repeat SMALLINT NOT NULL,
    fold SMALLINT NOT NULL,
    sample_id VARCHAR NOT NULL,
    group_id INTEGER NOT NULL,
    is_test BOOLEAN NOT NULL,
    inner_fold SMALLINT
);

CREATE TABLE results (
    dataset VARCHAR NOT NULL,
    backend VARCHAR NOT NULL,
    repeat SMALLINT NOT NULL,
    fold SMALLINT NOT NULL,
    n_rows INTEGER NOT NULL,
    n_units INTEGER NOT NULL,
    n_groups INTEGER NOT NULL,
    n_positive INTEGER NOT NULL,
    test_accuracy DOUBLE,
    test_balanced_accuracy DOUBLE,
    test_precision DOUBLE,
    test_recall DOUBLE,
    test_f1 DOUBLE,
    test_mcc DOUBLE,
    test_auc DOUBLE,
    test_ap DOUBLE,
    test_log_loss DOUBLE,
    test_brier DOUBLE,
    test_eer DOUBLE,
    test_precision_class0 DOUBLE,
    test_recall_class0 DOUBLE,
    test_f1_class0 DOUBLE,
    test_precision_class1 DOUBLE,
    test_recall_class1 DOUBLE,
    test_f1_class1 DOUBLE,
    true_negatives INTEGER,
    false_positives INTEGER,
    false_negatives INTEGER,
    true_positives INTEGER,
    threshold DOUBLE,
    trees INTEGER,
    params JSON NOT NULL,
    points INTEGER,
    fits INTEGER,
    search_seconds DOUBLE,
    refit_seconds DOUBLE,
    total_seconds DOUBLE,
    peak_memory_mb INTEGER,
    PRIMARY KEY (dataset, backend, fold)
);

CREATE TABLE metrics (
    dataset VARCHAR NOT NULL,
    backend VARCHAR NOT NULL,
    repeat SMALLINT NOT NULL,
    fold SMALLINT NOT NULL,
    level VARCHAR NOT NULL,
    slice VARCHAR NOT NULL,
    slice_value VARCHAR NOT NULL,
    metric VARCHAR NOT NULL,
    value DOUBLE,
    n INTEGER NOT NULL
);

CREATE TABLE predictions (
    dataset VARCHAR NOT NULL,
    backend VARCHAR NOT NULL,
    repeat SMALLINT NOT NULL,
    fold SMALLINT NOT NULL,
    sample_id VARCHAR NOT NULL,
    unit VARCHAR NOT NULL,
    group_id INTEGER NOT NULL,
    label TINYINT NOT NULL,
    score DOUBLE NOT NULL,
    calibrated DOUBLE,
    threshold DOUBLE,
    slices MAP(VARCHAR, VARCHAR)
);

CREATE TABLE search (
    dataset VARCHAR NOT NULL,
    backend VARCHAR NOT NULL,
    fold SMALLINT NOT NULL,
    point INTEGER NOT NULL,
    params JSON NOT NULL,
    trees INTEGER,
    scores DOUBLE[] NOT NULL,
    mean_score DOUBLE,
    std_score DOUBLE,
    rank INTEGER,
    chosen BOOLEAN NOT NULL,
    shared BOOLEAN NOT NULL,
    dropped_after SMALLINT,
    metric VARCHAR NOT NULL,
    greater_is_better BOOLEAN NOT NULL,
    PRIMARY KEY (dataset, backend, fold, point)
);

CREATE TABLE importances (
    dataset VARCHAR NOT NULL,
    backend VARCHAR NOT NULL,
    fold SMALLINT NOT NULL,
    feature VARCHAR NOT NULL,
    gain DOUBLE,
    shap DOUBLE,
    n_rows INTEGER NOT NULL,
    PRIMARY KEY (dataset, backend, fold, feature)
);

CREATE TABLE weights (
    dataset VARCHAR NOT NULL,
    fold SMALLINT NOT NULL,
    backend VARCHAR NOT NULL,
    weight DOUBLE NOT NULL,
    n_rows INTEGER NOT NULL,
    PRIMARY KEY (dataset, fold, backend)
);

CREATE TABLE audit (
    dataset VARCHAR NOT NULL,
    check_id VARCHAR NOT NULL,
    level VARCHAR NOT NULL,
    value DOUBLE,
    threshold DOUBLE,
    sentence VARCHAR NOT NULL,
    evidence JSON NOT NULL,
    PRIMARY KEY (dataset, check_id)
);

CREATE TABLE intervals (
    dataset VARCHAR NOT NULL,
    backend VARCHAR NOT NULL,
    metric VARCHAR NOT NULL,
    method VARCHAR NOT NULL,
    estimate DOUBLE,
    low DOUBLE,
    high DOUBLE,
    confidence DOUBLE,
    refused VARCHAR,
    PRIMARY KEY (dataset, backend, metric, method)
);

CREATE TABLE comparisons (
    dataset VARCHAR NOT NULL,
    backend_a VARCHAR NOT NULL,
    backend_b VARCHAR NOT NULL,
    family VARCHAR NOT NULL,
    metric VARCHAR NOT NULL,
    difference DOUBLE,
    low DOUBLE,
    high DOUBLE,
    p DOUBLE,
    p_holm DOUBLE,
    verdict VARCHAR,
    refused VARCHAR,
    PRIMARY KEY (dataset, backend_a, backend_b)
);
