"""Tune and train one backend on one outer fold and predict its test rows."""

from foldwise.io.job import step

with step(snakemake.log[0], snakemake.params.threads):
    from foldwise.search.settings import TrainingSettings
    from foldwise.training.train import TrainOutputs, train

    train(
        table=snakemake.input.table,
        contract=snakemake.input.contract,
        folds=snakemake.input.folds,
        fold=int(snakemake.wildcards.fold),
        settings=TrainingSettings(**snakemake.params),
        outputs=TrainOutputs(**snakemake.output),
        shards=snakemake.input.shards,
    )
