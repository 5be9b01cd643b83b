"""Collect the results of a backend's folds in one file each."""

from foldwise.io.job import step

with step(snakemake.log[0]):
    from foldwise.training.collect import collect_params, collect_tables

    files = dict(snakemake.input.items())
    collect_params(files.pop("params"), snakemake.output.params)
    for name, tables in files.items():
        collect_tables(tables, snakemake.output[name])
