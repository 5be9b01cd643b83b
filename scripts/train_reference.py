"""Fit the logistic regression that every backend is held against."""

from typing import TYPE_CHECKING

from foldwise.io.job import step

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with step(snakemake.log[0]):
    from foldwise.training.logistic_regression import train_reference

    train_reference(dict(snakemake.input.items()), snakemake.params.seed, snakemake.output[0])
