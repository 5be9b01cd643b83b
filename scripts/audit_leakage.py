"""Look for leaks in a table and its folds."""

from typing import TYPE_CHECKING

from foldwise.logs import step

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with step(snakemake.log[0]):
    from foldwise.audit.run import audit_leakage

    audit_leakage(dict(snakemake.input.items()), snakemake.output[0], snakemake.params.scrambles, snakemake.params.seed)
