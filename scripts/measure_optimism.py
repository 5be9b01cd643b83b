"""Compare the leaky reference with the metrics of the grouped folds."""

from foldwise.io.job import step

with step(snakemake.log[0]):
    from foldwise.training.leaky_reference import measure_optimism

    measure_optimism(
        predictions=snakemake.input.predictions, metrics=snakemake.input.metrics, output=snakemake.output[0]
    )
