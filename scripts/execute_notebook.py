"""Execute the notebook over the results of a dataset."""

from typing import TYPE_CHECKING

from foldwise.io.job import step

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with step(snakemake.log[0]):
    from foldwise.report.notebook import execute_notebook

    execute_notebook(snakemake.input.notebook, snakemake.output[0], snakemake.params.video_root)
