"""Tune and train one backend on every group: the final model."""

from foldwise.io.job import step

with step(snakemake.log[0], snakemake.params.threads):
    from foldwise.folds.assignment import FINAL
    from foldwise.search.settings import TrainingSettings
    from foldwise.training.train import TrainOutputs, train

    train(
        table=snakemake.input.table,
        contract=snakemake.input.contract,
        folds=snakemake.input.folds,
        fold=FINAL,
        settings=TrainingSettings(**snakemake.params),
        outputs=TrainOutputs(**snakemake.output),
        shards=snakemake.input.shards,
    )
