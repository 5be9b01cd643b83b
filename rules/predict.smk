rule score_table:
    input:
        files=files_to_score,
        models=of_final_models("model"),
        inner_predictions=of_final_models("inner_predictions"),
        metrics=of_final_models("metrics"),
        table="results/{dataset}/table.parquet",
        contract="results/{dataset}/table.json",
    output:
        rows="results/{dataset}/scored/{name}.parquet",
        units="results/{dataset}/scored/{name}_units.parquet",
        report="results/{dataset}/scored/{name}.json",
    log:
        "logs/score_table/{dataset}/{name}.log",
    benchmark:
        "benchmarks/score_table/{dataset}/{name}.tsv"
    # An entry's name must not read as that of another one's units.
    wildcard_constraints:
        name=names_to_score(),
    conda:
        "../envs/environment.yaml"
    threads: SETTINGS.training.threads
    resources:
        mem_mb=memory_of_scoring,
        runtime=runtime_of_scoring,
    params:
        new_table=new_table,
        models=SETTINGS.entrants,
        code=code_of("score_table", *SETTINGS.backends),
    script:
        "../scripts/score_table.py"
