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
        ensemble_metrics=every_ensemble("metrics.json"),
        weights=every_ensemble("weights.parquet"),
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
        code=code_of("build_analytics"),
    script:
        "../scripts/build_analytics.py"


rule log_mlflow:
    input:
        contract=every_dataset("table.json"),
        table=every_dataset("table.parquet"),
        folds=every_dataset("folds.parquet"),
        report=every_dataset("report.html"),
        comparison=every_dataset("comparison.json"),
        metrics=every_dataset_and_backend("metrics.json"),
        params=every_dataset_and_backend("params.json"),
        curve=every_dataset_and_backend("curve.parquet"),
        final_params=every_dataset_and_backend("final/params.json"),
        # The first of the formats holds data only: no pickled object goes to a tracker.
        model=[
            f"results/{dataset}/{backend}/{SPECIFICATIONS[backend].final_files[0]}"
            for dataset in SETTINGS.datasets
            for backend in SETTINGS.backends
        ],
        ensemble_metrics=every_ensemble("metrics.json"),
        ensemble_weights=every_ensemble("weights.parquet"),
        ensemble_final_params=every_ensemble("final/params.json"),
        plots=[
            *(plot for name in PLOTS for plot in every_dataset_and_backend(f"plots/{name}.png")),
            *every_ensemble(*(f"plots/{name}.png" for name in EVALUATION_PLOTS)),
        ],
    output:
        TRACKING_FILE,
    log:
        "logs/log_mlflow/log_mlflow.log",
    benchmark:
        "benchmarks/log_mlflow/log_mlflow.tsv"
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        uri=SETTINGS.tracking.uri,
        experiment=SETTINGS.tracking.experiment,
        timeout=SETTINGS.tracking.timeout,
        datasets={name: dataset.model_dump() for name, dataset in SETTINGS.datasets.items()},
        backends=SETTINGS.backends,
        recommended=SETTINGS.recommended,
        configuration=SETTINGS.model_dump(include={"folds", "search", "training", "evaluation", "audit"}),
        spaces=SPACES,
        training_code=training_code,
        # A run whose logging failed is logged again by the next: the number of failures rises, and snakemake sees it.
        failures=tracking.failures(TRACKING_FILE),
        code=code_of("log_mlflow"),
    script:
        "../scripts/log_mlflow.py"
