"""Draw the five plots of the ensemble."""

from foldwise.io.job import step

with step(snakemake.log[0]):
    from foldwise.plots.model_plots import read_model, write_score_plots

    results = read_model(
        contract=snakemake.input.contract,
        metrics=snakemake.input.metrics,
        out_of_fold=snakemake.input.out_of_fold,
    )
    write_score_plots(results, **snakemake.output)
