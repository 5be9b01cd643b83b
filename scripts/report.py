"""Write the report page of a dataset."""

from foldwise.io.job import step

with step(snakemake.log[0]):
    from foldwise.report.page import write_report
    from foldwise.results.load import read_results

    results = read_results(
        models=snakemake.params.models,
        contract=snakemake.input.contract,
        audit=snakemake.input.audit or None,
        comparison=snakemake.input.comparison,
        metrics=snakemake.input.metrics,
        params=snakemake.input.params,
        configuration=snakemake.params.configuration,
        plots=snakemake.input.plots,
        comparison_plot=snakemake.input.comparison_plot,
        leaky=snakemake.input.leaky or None,
        weights=next(iter(snakemake.input.weights), None),
    )
    write_report(results, snakemake.output[0])
