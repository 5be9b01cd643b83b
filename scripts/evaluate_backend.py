"""Evaluate one backend, or the ensemble, over the outer folds."""

from foldwise.io.job import step

with step(snakemake.log[0]):
    from foldwise.evaluation.evaluate import evaluate_backend
    from foldwise.evaluation.operating_points import EvaluationSettings
    from foldwise.stats.thresholds import Criterion

    evaluate_backend(
        table=snakemake.input.table,
        contract=snakemake.input.contract,
        folds=snakemake.input.folds,
        predictions=snakemake.input.predictions,
        inner_predictions=snakemake.input.inner_predictions,
        reference=snakemake.input.reference,
        inner_reference=snakemake.input.inner_reference,
        backend=snakemake.wildcards.backend,
        settings=EvaluationSettings(
            snakemake.params.operating_fpr,
            snakemake.params.confidence,
            snakemake.params.calibration,
            Criterion.of(snakemake.params.threshold),
        ),
        metrics=snakemake.output.metrics,
        tidy=snakemake.output.tidy,
        out_of_fold_predictions=snakemake.output.out_of_fold,
    )
