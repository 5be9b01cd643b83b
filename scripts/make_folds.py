"""Split the groups of a dataset into outer and inner folds."""

from foldwise.io.job import step

with step(snakemake.log[0]):
    from foldwise.folds.assignment import Plan
    from foldwise.folds.make_folds import FEW_INNER_SPLITS, make_folds

    params = snakemake.params
    automatic = params.inner_splits == "auto"
    inner_splits = FEW_INNER_SPLITS if automatic else params.inner_splits
    make_folds(
        table=snakemake.input.table,
        contract=snakemake.input.contract,
        plan=Plan(params.n_splits, params.n_repeats, inner_splits, params.seed, params.by),
        choose_inner_splits=automatic,
        output=snakemake.output[0],
    )
