"""Compare the leaky reference with the metrics of the grouped folds."""

from typing import TYPE_CHECKING

from foldwise.io.job import step

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with step(snakemake.log[0]):
    from foldwise.training.leaky_reference import measure_optimism

    measure_optimism(
        predictions=snakemake.input.predictions, metrics=snakemake.input.metrics, output=snakemake.output[0]
    )
