rule score_table:
    input:
        files=new_table_files,
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
    # The name of one entry must not match the units file of another.
    wildcard_constraints:
        name=new_table_names(),
    conda:
        "../envs/environment.yaml"
    threads: SETTINGS.training.threads
    resources:
        mem_mb=memory_of_prediction,
        runtime=runtime_of_prediction,
    params:
        new_table=new_table,
        models=SETTINGS.entrants,
        recommended=SETTINGS.recommended,
        code=code_of("score_table", *SETTINGS.backends),
    script:
        "../scripts/score_table.py"
