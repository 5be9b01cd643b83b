"""Draw the plots of the ensemble's scores."""

from typing import TYPE_CHECKING

from foldwise.io.job import step

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with step(snakemake.log[0]):
    from foldwise.plots.model import read_entrant, write_score_plots

    write_score_plots(read_entrant(dict(snakemake.input.items())), dict(snakemake.output.items()))
