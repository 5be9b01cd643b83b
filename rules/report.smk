rule plots:
    input:
        **{name: f"results/{{dataset}}/{{backend}}/{name}.parquet" for name in GATHERED},
        contract="results/{dataset}/table.json",
        metrics="results/{dataset}/{backend}/metrics.json",
        out_of_fold="results/{dataset}/{backend}/out_of_fold.parquet",
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
        code=code_of("plots"),
    script:
        "../scripts/plots.py"


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
        code=code_of("plot_comparison"),
    script:
        "../scripts/plot_comparison.py"


rule report:
    input:
        audit=audit_result,
        leaky=leaky_reference,
        contract="results/{dataset}/table.json",
        comparison="results/{dataset}/comparison.json",
        metrics=every_backend("metrics.json"),
        params=every_backend("params.json"),
        plots=[plot for name in PLOTS for plot in every_backend(f"plots/{name}.png")],
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
        backends=SETTINGS.backends,
        configuration=run_configuration,
        code=code_of("report"),
    script:
        "../scripts/report.py"
