"""Write the page over all datasets."""

from foldwise.io.job import step

with step(snakemake.log[0]):
    from foldwise.report.index import write_index

    write_index(
        snakemake.output[0],
        models=snakemake.params.models,
        contracts=snakemake.input.contracts,
        audits=snakemake.input.audits,
        comparisons=snakemake.input.comparisons,
        metrics=snakemake.input.metrics,
    )
