"""Put the final models of a dataset into one folder, with a model card and what a scorer needs."""

from pathlib import Path
from typing import TYPE_CHECKING

from foldwise.io.job import step

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with step(snakemake.log[0]):
    from foldwise.bundle.make import make_bundle

    make_bundle(
        Path("results", snakemake.wildcards.dataset),
        snakemake.params.entrants,
        snakemake.params.configuration,
        Path(snakemake.output[0]).parent,
    )
