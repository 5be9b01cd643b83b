"""Look for leaks in a table and its folds."""

from foldwise.io.job import step

with step(snakemake.log[0]):
    from foldwise.audit.run_checks import audit_leakage

    audit_leakage(
        table=snakemake.input.table,
        contract=snakemake.input.contract,
        folds=snakemake.input.folds,
        output=snakemake.output[0],
        scrambles=snakemake.params.scrambles,
        seed=snakemake.params.seed,
    )
