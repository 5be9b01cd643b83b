# Each backend has its own model format, and a rule cannot compute the name of an output:
# so these rules are defined once for each backend.
for backend in SETTINGS.backends:

    rule:
        name:
            f"search_shard_{backend}"
        input:
            table=rules.build_table.output.table,
            contract=rules.build_table.output.contract,
            folds=rules.make_folds.output[0],
            audit=AUDIT_PASS,
        output:
            temp(f"results/{{dataset}}/{backend}/{{part}}/shard_{{shard}}.parquet"),
        log:
            f"logs/search_shard/{{dataset}}/{backend}/{{part}}/shard_{{shard}}.log",
        benchmark:
            f"benchmarks/search_shard/{{dataset}}/{backend}/{{part}}/shard_{{shard}}.tsv"
        conda:
            "../envs/environment.yaml"
        threads: SETTINGS.training.threads
        resources:
            **gpu_of_training(backend),
            mem_mb=memory_of_training,
            runtime=runtime_of_training,
        params:
            **search_settings(backend),
            **training_settings(),
            backend=backend,
            shards=SETTINGS.search.shards,
            code=code_of("search_shard", backend),
        script:
            "../scripts/search_shard.py"

    rule:
        name:
            f"train_fold_{backend}"
        input:
            table=rules.build_table.output.table,
            contract=rules.build_table.output.contract,
            folds=rules.make_folds.output[0],
            audit=AUDIT_PASS,
            shards=shards_of(backend, "fold_{fold}"),
        output:
            **with_backend(fold_outputs(backend), backend),
        log:
            f"logs/train_fold/{{dataset}}/{backend}/fold_{{fold}}.log",
        benchmark:
            f"benchmarks/train_fold/{{dataset}}/{backend}/fold_{{fold}}.tsv"
        conda:
            "../envs/environment.yaml"
        threads: SETTINGS.training.threads
        resources:
            **gpu_of_training(backend),
            mem_mb=memory_of_training,
            runtime=runtime_of_training,
        params:
            **search_settings(backend),
            **training_settings(),
            backend=backend,
            code=code_of("train_fold", backend),
        script:
            "../scripts/train_fold.py"

    rule:
        name:
            f"train_final_{backend}"
        input:
            table=rules.build_table.output.table,
            contract=rules.build_table.output.contract,
            folds=rules.make_folds.output[0],
            audit=AUDIT_PASS,
            shards=shards_of(backend, "final"),
        output:
            **with_backend(final_outputs(backend), backend),
        log:
            f"logs/train_final/{{dataset}}/{backend}.log",
        benchmark:
            f"benchmarks/train_final/{{dataset}}/{backend}.tsv"
        conda:
            "../envs/environment.yaml"
        threads: SETTINGS.training.threads
        resources:
            **gpu_of_training(backend),
            mem_mb=memory_of_training,
            runtime=runtime_of_training,
        params:
            **search_settings(backend),
            **training_settings(),
            backend=backend,
            code=code_of("train_final", backend),
        script:
            "../scripts/train_final.py"

    rule:
        name:
            f"train_row_wise_{backend}"
        input:
            table=rules.build_table.output.table,
            contract=rules.build_table.output.contract,
            audit=AUDIT_PASS,
        output:
            f"results/{{dataset}}/{backend}/row_wise.parquet",
        log:
            f"logs/train_row_wise/{{dataset}}/{backend}.log",
        benchmark:
            f"benchmarks/train_row_wise/{{dataset}}/{backend}.tsv"
        conda:
            "../envs/environment.yaml"
        threads: SETTINGS.training.threads
        resources:
            **gpu_of_training(backend),
            mem_mb=memory_of_training,
            runtime=runtime_of_training,
        params:
            **search_settings(backend),
            **training_settings(),
            backend=backend,
            n_splits=SETTINGS.folds.n_splits,
            inner_splits=SETTINGS.folds.inner_splits,
            code=code_of("train_row_wise", backend),
        script:
            "../scripts/train_row_wise.py"


rule train_reference:
    input:
        table=rules.build_table.output.table,
        contract=rules.build_table.output.contract,
        folds=rules.make_folds.output[0],
        audit=AUDIT_PASS,
    output:
        predictions="results/{dataset}/reference/predictions.parquet",
        inner_predictions="results/{dataset}/reference/inner_predictions.parquet",
    log:
        "logs/train_reference/{dataset}.log",
    benchmark:
        "benchmarks/train_reference/{dataset}.tsv"
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=memory_of_training,
        runtime=runtime_of_preparation,
    params:
        seed=SETTINGS.folds.seed,
        code=code_of("train_reference"),
    script:
        "../scripts/train_reference.py"


rule gather_folds:
    input:
        **{name: every_fold(f"{name}.parquet") for name in FOLD_TABLES},
        params=every_fold("params.json"),
    output:
        **{name: f"results/{{dataset}}/{{backend}}/{name}.parquet" for name in FOLD_TABLES},
        params="results/{dataset}/{backend}/params.json",
    log:
        "logs/gather_folds/{dataset}/{backend}.log",
    benchmark:
        "benchmarks/gather_folds/{dataset}/{backend}.tsv"
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        code=code_of("gather_folds"),
    script:
        "../scripts/gather_folds.py"
