"""Score a new table with the final models of a dataset."""

from typing import TYPE_CHECKING

from foldwise.io.job import step

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with step(snakemake.log[0], snakemake.threads):
    from foldwise.config.datasets import NewTable
    from foldwise.predict.predict import score_table

    score_table(
        f"results/{snakemake.wildcards.dataset}",
        NewTable.model_validate(dict(snakemake.params.new_table)),
        dict(snakemake.output.items()),
        snakemake.params.entrants,
        snakemake.threads,
    )
