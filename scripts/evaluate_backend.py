"""Score one backend, or the ensemble, over the outer folds."""

from typing import TYPE_CHECKING

from foldwise.io.job import step

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with step(snakemake.log[0]):
    from foldwise.evaluation.evaluate import evaluate_backend
    from foldwise.evaluation.operating_points import EvaluationSettings

    evaluate_backend(
        dict(snakemake.input.items()),
        snakemake.wildcards.backend,
        EvaluationSettings(
            snakemake.params.operating_fpr,
            snakemake.params.confidence,
            snakemake.params.calibration,
            snakemake.params.threshold,
        ),
        dict(snakemake.output.items()),
    )
