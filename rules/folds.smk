rule make_folds:
    input:
        table="results/{dataset}/table.parquet",
        contract="results/{dataset}/table.json",
    output:
        "results/{dataset}/folds.parquet",
    log:
        "logs/make_folds/{dataset}.log",
    benchmark:
        "benchmarks/make_folds/{dataset}.tsv"
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        n_splits=SETTINGS.folds.n_splits,
        n_repeats=SETTINGS.folds.n_repeats,
        inner_splits=SETTINGS.folds.inner_splits,
        seed=SETTINGS.folds.seed,
        by=SETTINGS.folds.by,
        code=code_of("make_folds"),
    script:
        "../scripts/make_folds.py"
