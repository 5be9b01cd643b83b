"""Draw the eight plots of one backend."""

from foldwise.io.job import step

with step(snakemake.log[0]):
    from foldwise.plots.model_plots import read_backend, write_plots

    results = read_backend(
        contract=snakemake.input.contract,
        metrics=snakemake.input.metrics,
        out_of_fold=snakemake.input.out_of_fold,
        search=snakemake.input.search,
        curve=snakemake.input.curve,
        importance=snakemake.input.importance,
        params=snakemake.input.params,
    )
    write_plots(results, **snakemake.output)
