"""Write the table of the flights that left New York City in 2013."""

from typing import TYPE_CHECKING

from foldwise.io.job import step

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with step(snakemake.log[0]):
    from foldwise.examples.flights import write_flights

    write_flights(snakemake.output[0])
