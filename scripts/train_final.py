"""Tune and train one backend on every group: the model to use."""

from typing import TYPE_CHECKING

from foldwise.logs import step

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with step(snakemake.log[0], snakemake.params.threads):
    from foldwise.training import train
    from foldwise.tuning import Settings

    train(
        dict(snakemake.input.items()), "final", Settings.from_params(snakemake.params), dict(snakemake.output.items())
    )
