"""Join, check and type the files of a dataset."""

from typing import TYPE_CHECKING

from foldwise.logs import step

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with step(snakemake.log[0]):
    from foldwise.dataset import Dataset
    from foldwise.tables import build_table

    build_table(
        snakemake.wildcards.dataset,
        Dataset.model_validate(dict(snakemake.params.dataset)),
        snakemake.output.table,
        snakemake.output.contract,
    )
