rule build_analytics:
    input:
        contract=every_dataset("table.json"),
        folds=every_dataset("folds.parquet"),
        predictions=every_dataset("predictions.parquet"),
        tidy=every_dataset("metrics.parquet"),
        comparison=every_dataset("comparison.json"),
        audit=every_dataset("audit.json") if SETTINGS.audit.enabled else [],
        metrics=every_dataset_and_backend("metrics.json"),
        params=every_dataset_and_backend("params.json"),
        search=every_dataset_and_backend("search.parquet"),
        importance=every_dataset_and_backend("importance.parquet"),
    output:
        "results/analytics.duckdb",
    log:
        "logs/build_analytics/build_analytics.log",
    benchmark:
        "benchmarks/build_analytics/build_analytics.tsv"
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        datasets=list(SETTINGS.datasets),
        backends=SETTINGS.backends,
        code=code_of("build_analytics"),
    script:
        "../scripts/build_analytics.py"
