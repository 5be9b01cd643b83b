"""Predict a new table with the final models of a dataset."""

from foldwise.io.job import step

with step(snakemake.log[0], snakemake.threads):
    from foldwise.config.datasets import NewTable
    from foldwise.predict.final_models import load_final_models
    from foldwise.predict.predict_table import predict_table
    from foldwise.results.paths import FinalModelFiles

    files, params = snakemake.input, snakemake.params
    final_models = map(FinalModelFiles, files.models, files.inner_predictions, files.metrics)
    predict_table(
        new_table=NewTable.model_validate(dict(params.new_table)).located(files.files),
        models=load_final_models(dict(zip(params.models, final_models, strict=True)), params.recommended),
        table=files.table,
        contract=files.contract,
        rows=snakemake.output.rows,
        units=snakemake.output.units,
        report=snakemake.output.report,
        threads=snakemake.threads,
    )
