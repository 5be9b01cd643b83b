rule score_table:
    input:
        files=files_to_score,
        models=models_to_score_with,
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
        entrants=SETTINGS.entrants,
        code=code_of("score_table", *SETTINGS.backends),
    script:
        "../scripts/score_table.py"
