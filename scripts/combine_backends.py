"""Combine the backends' predictions of every fold into the ensemble's."""

from foldwise.io.job import step

with step(snakemake.log[0]):
    from foldwise.training.ensemble import combine_backends

    combine_backends(
        predictions=snakemake.input.predictions,
        inner_predictions=snakemake.input.inner_predictions,
        backends=snakemake.params.backends,
        predictions_output=snakemake.output.predictions,
        inner_predictions_output=snakemake.output.inner_predictions,
        weights_output=snakemake.output.weights,
    )
