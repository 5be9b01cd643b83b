"""Draw the eight plots of one backend."""

from typing import TYPE_CHECKING

from foldwise.io.job import step

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with step(snakemake.log[0]):
    from foldwise.plots.model import read_backend, write_plots

    write_plots(read_backend(dict(snakemake.input.items())), dict(snakemake.output.items()))
