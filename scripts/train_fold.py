"""Tune and train one backend on one outer fold and score its test rows."""

from typing import TYPE_CHECKING

from foldwise.io.job import step

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with step(snakemake.log[0], snakemake.params.threads):
    from foldwise.search.settings import Settings
    from foldwise.training.train import train

    train(
        dict(snakemake.input.items()),
        f"fold_{snakemake.wildcards.fold}",
        Settings.from_params(snakemake.params),
        dict(snakemake.output.items()),
    )
