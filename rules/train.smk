# Every backend has a file format of its own, and a rule cannot choose the name of an output:
# so train_fold and train_final are written once here and made once for each backend.
for backend in SETTINGS.backends:

    rule:
        name:
            f"train_fold_{backend}"
        input:
            table="results/{dataset}/table.parquet",
            contract="results/{dataset}/table.json",
            folds="results/{dataset}/folds.parquet",
            audit=ancient(audit_pass),
        output:
            **with_backend(fold_outputs(backend), backend),
        params:
            backend=backend,
            **search_settings(backend),
            **training_settings(),
            code=code_of("train_fold"),
        log:
            f"logs/train_fold/{{dataset}}/{backend}/fold_{{fold}}.log",
        benchmark:
            f"benchmarks/train_fold/{{dataset}}/{backend}/fold_{{fold}}.tsv"
        threads: SETTINGS.training.threads
        resources:
            mem_mb=memory_of_training,
        conda:
            "../envs/environment.yaml"
        script:
            "../scripts/train_fold.py"

    rule:
        name:
            f"train_final_{backend}"
        input:
            table="results/{dataset}/table.parquet",
            contract="results/{dataset}/table.json",
            folds="results/{dataset}/folds.parquet",
            audit=ancient(audit_pass),
        output:
            **with_backend(final_outputs(backend), backend),
        params:
            backend=backend,
            **search_settings(backend),
            **training_settings(),
            code=code_of("train_final"),
        log:
            f"logs/train_final/{{dataset}}/{backend}.log",
        benchmark:
            f"benchmarks/train_final/{{dataset}}/{backend}.tsv"
        threads: SETTINGS.training.threads
        resources:
            mem_mb=memory_of_training,
        conda:
            "../envs/environment.yaml"
        script:
            "../scripts/train_final.py"


rule train_reference:
    input:
        table="results/{dataset}/table.parquet",
        contract="results/{dataset}/table.json",
        folds="results/{dataset}/folds.parquet",
        audit=ancient(audit_pass),
    output:
        "results/{dataset}/reference/predictions.parquet",
    params:
        seed=SETTINGS.folds.seed,
        code=code_of("train_reference"),
    log:
        "logs/train_reference/{dataset}.log",
    benchmark:
        "benchmarks/train_reference/{dataset}.tsv"
    resources:
        mem_mb=memory_of_training,
    conda:
        "../envs/environment.yaml"
    script:
        "../scripts/train_reference.py"


rule gather_folds:
    input:
        **{name: every_fold(f"{name}.parquet") for name in GATHERED},
        params=every_fold("params.json"),
    output:
        **{name: f"results/{{dataset}}/{{backend}}/{name}.parquet" for name in GATHERED},
        params="results/{dataset}/{backend}/params.json",
    params:
        code=code_of("gather_folds"),
    log:
        "logs/gather_folds/{dataset}/{backend}.log",
    benchmark:
        "benchmarks/gather_folds/{dataset}/{backend}.tsv"
    conda:
        "../envs/environment.yaml"
    localrule: True
    script:
        "../scripts/gather_folds.py"
