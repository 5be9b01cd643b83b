"""Look for leaks in a table and its folds."""

from typing import TYPE_CHECKING

from foldwise.io.job import step

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with step(snakemake.log[0]):
    from foldwise.audit.run_checks import audit_leakage

    audit_leakage(dict(snakemake.input.items()), snakemake.output[0], snakemake.params.scrambles, snakemake.params.seed)
