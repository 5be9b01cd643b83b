"""Put the results of a backend's folds into one table each."""

from typing import TYPE_CHECKING

from foldwise.logs import step

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with step(snakemake.log[0]):
    from foldwise.gathering import gather_folds

    gather_folds(snakemake.input, dict(snakemake.output.items()))
