"""Draw the comparison of all models of one dataset."""

from foldwise.io.job import step

with step(snakemake.log[0]):
    from foldwise.plots.model_comparison import write_comparison_plot

    write_comparison_plot(snakemake.output[0], comparison=snakemake.input.comparison, metrics=snakemake.input.metrics)
