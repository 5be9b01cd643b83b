from foldwise.results.paths import bundle_files


# Not among the outputs are the models as ONNX: whether one is written depends on what its converter makes of the model.
rule make_bundle:
    input:
        audit=audit_result,
        table="results/{dataset}/table.parquet",
        contract="results/{dataset}/table.json",
        comparison="results/{dataset}/comparison.json",
        models=of_final_models("model"),
        inner_predictions=of_final_models("inner_predictions"),
        metrics=of_final_models("metrics"),
        params=every_backend("params.json"),
    output:
        [f"results/{{dataset}}/bundle/{name}" for name in bundle_files(SETTINGS.backends)],
    log:
        "logs/make_bundle/{dataset}.log",
    benchmark:
        "benchmarks/make_bundle/{dataset}.tsv"
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        models=SETTINGS.entrants,
        configuration=SETTINGS.model_dump(include={"folds", "search", "training", "audit"}),
        code=code_of("make_bundle", *SETTINGS.backends),
    script:
        "../scripts/make_bundle.py"
