"""Split the groups of a dataset into outer and inner folds."""

from typing import TYPE_CHECKING

from foldwise.io.job import step

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with step(snakemake.log[0]):
    from foldwise.folds.make_folds import Plan, make_folds

    asked = snakemake.params
    plan = Plan(asked.n_splits, asked.n_repeats, asked.inner_splits, asked.seed, asked.by)
    make_folds(snakemake.input.table, snakemake.input.contract, plan, snakemake.output[0])
