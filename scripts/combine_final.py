"""Estimate the weights of the final models in the ensemble."""

from typing import TYPE_CHECKING

from foldwise.io.job import step

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with step(snakemake.log[0]):
    from foldwise.training.ensemble import combine_final

    combine_final(
        inner_predictions=snakemake.input,
        backends=snakemake.params.backends,
        inner_predictions_output=snakemake.output.inner_predictions,
        params_output=snakemake.output.params,
    )
