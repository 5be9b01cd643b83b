"""Score one shard of the points of a search."""

from typing import TYPE_CHECKING

from foldwise.io.job import step

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with step(snakemake.log[0], snakemake.params.threads):
    from foldwise.search.settings import Settings
    from foldwise.training.shard import search_shard

    search_shard(
        dict(snakemake.input.items()),
        snakemake.wildcards.part,
        Settings.from_params(snakemake.params),
        int(snakemake.wildcards.shard),
        snakemake.params.shards,
        snakemake.output[0],
    )
