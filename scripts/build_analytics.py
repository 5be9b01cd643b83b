"""Build the analytics database over all datasets."""

from foldwise.io.job import step

with step(snakemake.log[0]):
    from foldwise.analytics.build import BackendFiles, DatasetFiles, EnsembleFiles, build_analytics

    files = snakemake.input
    audits = files.audit or [None] * len(files.contract)
    build_analytics(
        datasets=list(
            map(DatasetFiles, files.contract, files.folds, files.predictions, files.tidy, files.comparison, audits)
        ),
        backends=list(map(BackendFiles, files.metrics, files.params, files.search, files.importance)),
        ensembles=list(map(EnsembleFiles, files.ensemble_metrics, files.weights)),
        output=snakemake.output[0],
    )
