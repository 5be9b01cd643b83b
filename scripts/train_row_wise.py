"""Tune, train and score one backend on row-wise splits: the leaky reference."""

from typing import TYPE_CHECKING

from foldwise.logs import step

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with step(snakemake.log[0], snakemake.params.threads):
    from foldwise.folds import Plan
    from foldwise.row_wise import train_row_wise
    from foldwise.tuning import Settings

    asked = snakemake.params
    plan = Plan(asked.n_splits, 1, asked.inner_splits, asked.seed)
    train_row_wise(dict(snakemake.input.items()), plan, Settings.from_params(asked), snakemake.output[0])
