"""Weigh the final models of the backends for their vote."""

from typing import TYPE_CHECKING

from foldwise.io.job import step

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with step(snakemake.log[0]):
    from foldwise.training.ensemble import combine_final

    combine_final(snakemake.input, snakemake.params.backends, dict(snakemake.output.items()))
