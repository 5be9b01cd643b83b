"""Join, check and type the files of a dataset."""

from foldwise.io.job import step

with step(snakemake.log[0]):
    from foldwise.config.datasets import Dataset
    from foldwise.data.build_table import build_table

    build_table(
        snakemake.wildcards.dataset,
        Dataset.model_validate(dict(snakemake.params.dataset)).with_files(snakemake.input.sources),
        table=snakemake.output.table,
        contract=snakemake.output.contract,
    )
