"""Let the backends vote on every fold: one weighted mean of their scores."""

from typing import TYPE_CHECKING

from foldwise.io.job import step

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with step(snakemake.log[0]):
    from foldwise.training.ensemble import combine_backends

    combine_backends(dict(snakemake.input.items()), snakemake.params.backends, dict(snakemake.output.items()))
