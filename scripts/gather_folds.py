"""Put the results of a backend's folds into one table each."""

from typing import TYPE_CHECKING

from foldwise.io.job import step

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with step(snakemake.log[0]):
    from foldwise.training.collect import gather_folds

    gather_folds(snakemake.input, dict(snakemake.output.items()))
