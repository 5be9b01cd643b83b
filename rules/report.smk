rule plots:
    input:
        contract="results/{dataset}/table.json",
        metrics="results/{dataset}/{backend}/metrics.json",
        out_of_fold="results/{dataset}/{backend}/out_of_fold.parquet",
        search="results/{dataset}/{backend}/search.parquet",
        curve="results/{dataset}/{backend}/curve.parquet",
        importance="results/{dataset}/{backend}/importance.parquet",
        params="results/{dataset}/{backend}/params.json",
    output:
        **{
            name: report(
                f"results/{{dataset}}/{{backend}}/plots/{name}.png",
                caption=f"report/{name}.rst",
                category="{dataset}",
                subcategory="{backend}",
                labels={"figure": name.replace("_", " "), "backend": "{backend}"},
            )
            for name in PLOTS
        },
    log:
        "logs/plots/{dataset}/{backend}.log",
    benchmark:
        "benchmarks/plots/{dataset}/{backend}.tsv"
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        model="{backend}",
        n_folds=SETTINGS.folds.count,
        confidence=SETTINGS.evaluation.confidence,
        code=code_of("plots"),
    script:
        "../scripts/plots.py"


rule plot_ensemble:
    input:
        contract="results/{dataset}/table.json",
        metrics=f"results/{{dataset}}/{ENSEMBLE}/metrics.json",
        out_of_fold=f"results/{{dataset}}/{ENSEMBLE}/out_of_fold.parquet",
    output:
        **{
            name: report(
                f"results/{{dataset}}/{ENSEMBLE}/plots/{name}.png",
                caption=f"report/{name}.rst",
                category="{dataset}",
                subcategory=ENSEMBLE,
                labels={"figure": name.replace("_", " "), "backend": ENSEMBLE},
            )
            for name in EVALUATION_PLOTS
        },
    log:
        "logs/plot_ensemble/{dataset}.log",
    benchmark:
        "benchmarks/plot_ensemble/{dataset}.tsv"
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        model=ENSEMBLE,
        n_folds=SETTINGS.folds.count,
        confidence=SETTINGS.evaluation.confidence,
        code=code_of("plot_ensemble"),
    script:
        "../scripts/plot_ensemble.py"


rule plot_comparison:
    input:
        comparison="results/{dataset}/comparison.json",
        metrics="results/{dataset}/metrics.parquet",
    output:
        report(
            "results/{dataset}/plots/model_comparison.png",
            caption="report/model_comparison.rst",
            category="{dataset}",
            labels={"figure": "model comparison", "backend": "all"},
        ),
    log:
        "logs/plot_comparison/{dataset}.log",
    benchmark:
        "benchmarks/plot_comparison/{dataset}.tsv"
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        n_folds=SETTINGS.folds.count,
        confidence=SETTINGS.evaluation.confidence,
        code=code_of("plot_comparison"),
    script:
        "../scripts/plot_comparison.py"


rule report:
    input:
        audit=audit_result,
        leaky=leaky_reference,
        contract="results/{dataset}/table.json",
        comparison="results/{dataset}/comparison.json",
        metrics=every_model("metrics.json"),
        params=every_backend("params.json"),
        weights=of_ensemble("weights.parquet"),
        plots=plots_of_models(),
        comparison_plot="results/{dataset}/plots/model_comparison.png",
    output:
        report(
            "results/{dataset}/report.html",
            caption="report/report.rst",
            category="{dataset}",
            labels={"figure": "report page", "backend": "all"},
        ),
    log:
        "logs/report/{dataset}.log",
    benchmark:
        "benchmarks/report/{dataset}.tsv"
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        models=SETTINGS.entrants,
        configuration=run_configuration,
        code=code_of("report"),
    script:
        "../scripts/report.py"


rule report_index:
    input:
        contracts=every_dataset("table.json"),
        audits=every_dataset("audit.json") if SETTINGS.audit.enabled else [],
        comparisons=every_dataset("comparison.json"),
        metrics=[path for name in SETTINGS.entrants for path in every_dataset(f"{name}/metrics.json")],
        reports=every_dataset("report.html"),
    output:
        report(
            "results/index.html",
            caption="report/index.rst",
            category="All datasets",
            labels={"figure": "index of the datasets", "backend": "all"},
        ),
    log:
        "logs/report_index/report_index.log",
    benchmark:
        "benchmarks/report_index/report_index.tsv"
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        datasets=list(SETTINGS.datasets),
        models=SETTINGS.entrants,
        code=code_of("report_index"),
    script:
        "../scripts/report_index.py"


# A script instead of the notebook directive: that one writes a first cell with this machine's paths into the
# executed copy, keeps the copy as a log, and needs jupyter-nbconvert on the PATH.
rule execute_notebook:
    input:
        notebook=NOTEBOOK,
        sources=source_files,
        table="results/{dataset}/table.parquet",
        contract="results/{dataset}/table.json",
        audit=audit_result,
        comparison="results/{dataset}/comparison.json",
        tidy="results/{dataset}/metrics.parquet",
        metrics=every_model("metrics.json"),
        plots=plots_of_models(),
        models=final_models,
        weights=of_ensemble("final/params.json"),
        folds=first_folds,
    output:
        "results/{dataset}/results.ipynb",
    log:
        "logs/execute_notebook/{dataset}.log",
    benchmark:
        "benchmarks/execute_notebook/{dataset}.tsv"
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        video_root=video_root,
        code=code_of("execute_notebook"),
    script:
        "../scripts/execute_notebook.py"
