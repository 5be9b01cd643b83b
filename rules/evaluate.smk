rule combine_backends:
    input:
        predictions=every_backend("predictions.parquet"),
        inner_predictions=every_backend("inner_predictions.parquet"),
    output:
        predictions=f"results/{{dataset}}/{ENSEMBLE}/predictions.parquet",
        inner_predictions=f"results/{{dataset}}/{ENSEMBLE}/inner_predictions.parquet",
        weights=f"results/{{dataset}}/{ENSEMBLE}/weights.parquet",
    log:
        "logs/combine_backends/{dataset}.log",
    benchmark:
        "benchmarks/combine_backends/{dataset}.tsv"
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        backends=SETTINGS.backends,
        code=code_of("combine_backends"),
    script:
        "../scripts/combine_backends.py"


# A rule of its own, so that the evaluation does not wait for the final models.
rule combine_final:
    input:
        inner_predictions=every_backend("final/inner_predictions.parquet"),
    output:
        inner_predictions=f"results/{{dataset}}/{ENSEMBLE}/final/inner_predictions.parquet",
        params=f"results/{{dataset}}/{ENSEMBLE}/final/params.json",
    log:
        "logs/combine_final/{dataset}.log",
    benchmark:
        "benchmarks/combine_final/{dataset}.tsv"
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        backends=SETTINGS.backends,
        code=code_of("combine_final"),
    script:
        "../scripts/combine_final.py"


rule evaluate_backend:
    input:
        table="results/{dataset}/table.parquet",
        contract="results/{dataset}/table.json",
        folds="results/{dataset}/folds.parquet",
        reference="results/{dataset}/reference/predictions.parquet",
        inner_reference="results/{dataset}/reference/inner_predictions.parquet",
        predictions="results/{dataset}/{backend}/predictions.parquet",
        inner_predictions="results/{dataset}/{backend}/inner_predictions.parquet",
    output:
        metrics="results/{dataset}/{backend}/metrics.json",
        tidy="results/{dataset}/{backend}/metrics.parquet",
        out_of_fold="results/{dataset}/{backend}/out_of_fold.parquet",
    log:
        "logs/evaluate_backend/{dataset}/{backend}.log",
    benchmark:
        "benchmarks/evaluate_backend/{dataset}/{backend}.tsv"
    wildcard_constraints:
        backend=EVALUATED,
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        operating_fpr=SETTINGS.evaluation.operating_fpr,
        confidence=SETTINGS.evaluation.confidence,
        calibration=SETTINGS.evaluation.calibration,
        threshold=SETTINGS.evaluation.model_dump()["threshold"],
        code=code_of("evaluate_backend"),
    script:
        "../scripts/evaluate_backend.py"


rule compare_backends:
    input:
        table="results/{dataset}/table.parquet",
        contract="results/{dataset}/table.json",
        folds="results/{dataset}/folds.parquet",
        reference="results/{dataset}/reference/predictions.parquet",
        inner_reference="results/{dataset}/reference/inner_predictions.parquet",
        out_of_fold=every_model("out_of_fold.parquet"),
        inner_predictions=every_model("inner_predictions.parquet"),
        tidy=every_model("metrics.parquet"),
    output:
        predictions="results/{dataset}/predictions.parquet",
        tidy="results/{dataset}/metrics.parquet",
        comparison="results/{dataset}/comparison.json",
    log:
        "logs/compare_backends/{dataset}.log",
    benchmark:
        "benchmarks/compare_backends/{dataset}.tsv"
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        models=SETTINGS.entrants,
        recommended=SETTINGS.recommended,
        operating_fpr=SETTINGS.evaluation.operating_fpr,
        confidence=SETTINGS.evaluation.confidence,
        rope=SETTINGS.evaluation.rope,
        code=code_of("compare_backends"),
    script:
        "../scripts/compare_backends.py"


rule measure_optimism:
    input:
        predictions=every_backend("row_wise.parquet"),
        metrics=every_backend("metrics.json"),
    output:
        "results/{dataset}/leaky_reference.json",
    log:
        "logs/measure_optimism/{dataset}.log",
    benchmark:
        "benchmarks/measure_optimism/{dataset}.tsv"
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        code=code_of("measure_optimism"),
    script:
        "../scripts/measure_optimism.py"
