"""Write the simulated demo tables."""

from typing import TYPE_CHECKING

from foldwise.io.job import step

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with step(snakemake.log[0]):
    from foldwise.examples.demo import write_demo

    write_demo(
        snakemake.output.metadata,
        snakemake.output.stage2,
        snakemake.output.stage4,
        seed=snakemake.params.seed,
    )
