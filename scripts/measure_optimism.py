"""Hold the leaky reference against the grouped scores."""

from typing import TYPE_CHECKING

from foldwise.io.job import step

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with step(snakemake.log[0]):
    from foldwise.training.leaky_reference import measure_optimism

    measure_optimism(snakemake.input.predictions, snakemake.input.metrics, snakemake.output[0])
