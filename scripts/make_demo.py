"""Write the simulated demo tables."""

from foldwise.io.job import step

with step(snakemake.log[0]):
    from foldwise.examples.demo import write_demo

    write_demo(
        snakemake.output.metadata,
        snakemake.output.stage2,
        snakemake.output.stage4,
        seed=snakemake.params.seed,
    )
