"""Stop the run where the audit found what the configuration forbids."""

from typing import TYPE_CHECKING

from foldwise.io.job import step

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with step(snakemake.log[0]):
    from foldwise.audit.run_checks import pass_audit

    pass_audit(audit=snakemake.input[0], fail_on=snakemake.params.fail_on, output=snakemake.output[0])
