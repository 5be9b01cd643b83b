"""Write the report page of a dataset."""

from typing import TYPE_CHECKING

from foldwise.io.job import step

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with step(snakemake.log[0]):
    from foldwise.report.page import write_report

    write_report(
        snakemake.output[0],
        dataset=snakemake.wildcards.dataset,
        entrants=snakemake.params.entrants,
        contract=snakemake.input.contract,
        audit=snakemake.input.audit or None,
        comparison=snakemake.input.comparison,
        metrics=snakemake.input.metrics,
        params=snakemake.input.params,
        plots=snakemake.input.plots,
        comparison_plot=snakemake.input.comparison_plot,
        configuration=snakemake.params.configuration,
        leaky=snakemake.input.leaky or None,
        weights=next(iter(snakemake.input.weights), None),
    )
