"""Execute the notebook over the results of a dataset."""

from foldwise.io.job import step

with step(snakemake.log[0]):
    from foldwise.report.notebook import execute_notebook

    execute_notebook(snakemake.input.notebook, snakemake.output[0], snakemake.params.video_root)
