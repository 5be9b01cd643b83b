"""Collect the results of a backend's folds in one file each."""

from foldwise.io.job import step

with step(snakemake.log[0]):
    from foldwise.results.paths import FOLD_TABLES
    from foldwise.training.collect import collect_params, collect_tables

    for name in FOLD_TABLES:
        collect_tables(snakemake.input[name], snakemake.output[name])
    collect_params(snakemake.input.params, snakemake.output.params)
