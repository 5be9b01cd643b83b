"""Put the final models of a dataset into one folder, with a model card and everything needed to predict."""

from pathlib import Path

from foldwise.io.job import step

with step(snakemake.log[0]):
    from foldwise.bundle.make import make_bundle
    from foldwise.results.paths import FinalModelFiles

    files = snakemake.input
    final_models = map(FinalModelFiles, files.models, files.inner_predictions, files.metrics)
    make_bundle(
        files=dict(zip(snakemake.params.models, final_models, strict=True)),
        table=files.table,
        contract=files.contract,
        comparison=files.comparison,
        audit=files.audit or None,
        params=files.params,
        configuration=snakemake.params.configuration,
        folder=Path(snakemake.output[0]).parent,
    )
