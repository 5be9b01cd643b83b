"""Estimate the weights of the final models in the ensemble."""

from foldwise.io.job import step

with step(snakemake.log[0]):
    from foldwise.training.ensemble import combine_final

    combine_final(
        inner_predictions=snakemake.input.inner_predictions,
        backends=snakemake.params.backends,
        inner_predictions_output=snakemake.output.inner_predictions,
        params_output=snakemake.output.params,
    )
