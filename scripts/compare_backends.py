"""Hold the backends of a dataset and their ensemble against each other on the same folds."""

from typing import TYPE_CHECKING

from foldwise.io.job import step

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with step(snakemake.log[0]):
    from foldwise.evaluation.compare import compare_backends

    compare_backends(
        dict(snakemake.input.items()),
        snakemake.params.entrants,
        snakemake.params.operating_fpr,
        snakemake.params.confidence,
        snakemake.params.rope,
        dict(snakemake.output.items()),
    )
