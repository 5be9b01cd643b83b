"""Compare the backends of a dataset and their ensemble on the same folds."""

from foldwise.io.job import step

with step(snakemake.log[0]):
    from foldwise.evaluation.compare import compare_backends

    compare_backends(
        table=snakemake.input.table,
        contract=snakemake.input.contract,
        folds=snakemake.input.folds,
        reference=snakemake.input.reference,
        inner_reference=snakemake.input.inner_reference,
        out_of_fold_predictions=snakemake.input.out_of_fold,
        inner_predictions=snakemake.input.inner_predictions,
        tidy_metrics=snakemake.input.tidy,
        models=snakemake.params.models,
        recommended=snakemake.params.recommended,
        operating_fpr=snakemake.params.operating_fpr,
        confidence=snakemake.params.confidence,
        rope=snakemake.params.rope,
        predictions=snakemake.output.predictions,
        tidy=snakemake.output.tidy,
        comparison=snakemake.output.comparison,
    )
