"""Build the analytics database over all datasets."""

from typing import TYPE_CHECKING

from foldwise.io.job import step

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with step(snakemake.log[0]):
    from foldwise.analytics.build import build_analytics

    build_analytics(
        dict(snakemake.input.items()),
        snakemake.params.datasets,
        snakemake.params.backends,
        snakemake.output[0],
    )
