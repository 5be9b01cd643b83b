"""Stop the run where the audit found what the configuration forbids."""

from foldwise.io.job import step

with step(snakemake.log[0]):
    from foldwise.audit.run_checks import pass_audit

    pass_audit(audit=snakemake.input[0], fail_on=snakemake.params.fail_on, output=snakemake.output[0])
