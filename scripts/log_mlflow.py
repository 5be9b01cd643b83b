"""Log the finished run to MLflow."""

from foldwise.io.job import step

with step(snakemake.log[0]):
    from foldwise.tracking.log import Tracker, log_mlflow
    from foldwise.tracking.runs import BackendFiles, DatasetFiles, EnsembleFiles, Settings, read_runs

    files, params = snakemake.input, snakemake.params
    settings = Settings(
        params.datasets,
        params.backends,
        params.configuration,
        params.spaces,
        params.training_code,
        params.recommended,
    )
    runs = read_runs(
        settings,
        datasets=list(map(DatasetFiles, files.contract, files.table, files.folds, files.report, files.comparison)),
        backends=list(map(BackendFiles, files.metrics, files.params, files.curve, files.final_params, files.model)),
        ensembles=list(map(EnsembleFiles, files.ensemble_metrics, files.ensemble_weights, files.ensemble_final_params)),
        plots=files.plots,
    )
    log_mlflow(runs, Tracker(params.uri, params.experiment, params.timeout), params.failures, snakemake.output[0])
