"""Log the finished run to MLflow."""

from typing import TYPE_CHECKING

from foldwise.io.job import step

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with step(snakemake.log[0]):
    from foldwise.tracking.log import Tracker, log_mlflow
    from foldwise.tracking.runs import Settings, read_contents

    params = snakemake.params
    settings = Settings(params.datasets, params.backends, params.configuration, params.spaces, params.training_code)
    log_mlflow(
        read_contents(dict(snakemake.input.items()), settings),
        Tracker(params.uri, params.experiment, params.timeout),
        params.failures,
        snakemake.output[0],
    )
