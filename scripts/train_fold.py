"""Tune and train one backend on one outer fold and score its test rows."""

from typing import TYPE_CHECKING

from foldwise.logs import step

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with step(snakemake.log[0], snakemake.params.threads):
    from foldwise.training import train
    from foldwise.tuning import Settings

    train(
        dict(snakemake.input.items()),
        f"fold_{snakemake.wildcards.fold}",
        Settings.from_params(snakemake.params),
        dict(snakemake.output.items()),
    )
