"""Fit the logistic regression, a baseline that every model is compared with."""

from typing import TYPE_CHECKING

from foldwise.io.job import step

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with step(snakemake.log[0]):
    from foldwise.training.logistic_regression import train_reference

    train_reference(
        table=snakemake.input.table,
        contract=snakemake.input.contract,
        folds=snakemake.input.folds,
        seed=snakemake.params.seed,
        output=snakemake.output[0],
    )
