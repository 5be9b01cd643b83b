"""Fit the logistic regression, a baseline that every model is compared with."""

from foldwise.io.job import step

with step(snakemake.log[0]):
    from foldwise.training.logistic_regression import train_reference

    train_reference(
        table=snakemake.input.table,
        contract=snakemake.input.contract,
        folds=snakemake.input.folds,
        seed=snakemake.params.seed,
        predictions=snakemake.output.predictions,
        inner_predictions=snakemake.output.inner_predictions,
    )
