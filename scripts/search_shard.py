"""Evaluate one shard of the points of a search."""

from foldwise.io.job import step

with step(snakemake.log[0], snakemake.params.threads):
    from foldwise.folds.assignment import FINAL
    from foldwise.search.settings import TrainingSettings
    from foldwise.training.shards import search_shard

    part = snakemake.wildcards.part
    settings = dict(snakemake.params.items())
    shards = settings.pop("shards")
    search_shard(
        table=snakemake.input.table,
        contract=snakemake.input.contract,
        folds=snakemake.input.folds,
        fold=FINAL if part == FINAL else int(part.removeprefix("fold_")),
        settings=TrainingSettings(**settings),
        shard=int(snakemake.wildcards.shard),
        shards=shards,
        output=snakemake.output[0],
    )
