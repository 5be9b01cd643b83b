"""Write the table of the flights that left New York City in 2013."""

from foldwise.io.job import step

with step(snakemake.log[0]):
    from foldwise.examples.flights import write_flights

    write_flights(snakemake.output[0])
