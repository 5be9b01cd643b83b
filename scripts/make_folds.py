"""Split the groups of a dataset into outer and inner folds."""

from foldwise.io.job import step

with step(snakemake.log[0]):
    from foldwise.folds.assignment import Plan
    from foldwise.folds.make_folds import make_folds

    params = snakemake.params
    make_folds(
        table=snakemake.input.table,
        contract=snakemake.input.contract,
        plan=Plan.configured(params.n_splits, params.n_repeats, params.inner_splits, params.seed, params.by),
        output=snakemake.output[0],
    )
