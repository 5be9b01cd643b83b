"""Tune, train and predict with one backend on row-wise folds: the leaky reference."""

from foldwise.io.job import step

with step(snakemake.log[0], snakemake.params.threads):
    from foldwise.folds.assignment import Plan
    from foldwise.search.settings import TrainingSettings
    from foldwise.training.leaky_reference import train_row_wise

    settings = dict(snakemake.params.items())
    n_splits, inner_splits = settings.pop("n_splits"), settings.pop("inner_splits")
    train_row_wise(
        table=snakemake.input.table,
        contract=snakemake.input.contract,
        # Every row is a group of its own: there are many of either class.
        plan=Plan.configured(n_splits, 1, inner_splits, snakemake.params.seed),
        settings=TrainingSettings(**settings),
        output=snakemake.output[0],
    )
