"""Fit the logistic regression that every backend is held against."""

from typing import TYPE_CHECKING

from foldwise.logs import step

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with step(snakemake.log[0]):
    from foldwise.reference import train_reference

    train_reference(dict(snakemake.input.items()), snakemake.params.seed, snakemake.output[0])
