"""Tune, train and score one backend on row-wise splits: the leaky reference."""

from typing import TYPE_CHECKING

from foldwise.io.job import step

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with step(snakemake.log[0], snakemake.params.threads):
    from foldwise.folds.assignment import Plan
    from foldwise.search.settings import Settings
    from foldwise.training.leaky_reference import train_row_wise

    asked = snakemake.params
    plan = Plan(asked.n_splits, 1, asked.inner_splits, asked.seed)
    train_row_wise(dict(snakemake.input.items()), plan, Settings.from_params(asked), snakemake.output[0])
