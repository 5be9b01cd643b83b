"""Score one shard of the points of a search."""

from typing import TYPE_CHECKING

from foldwise.logs import step

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with step(snakemake.log[0], snakemake.params.threads):
    from foldwise.sharding import search_shard
    from foldwise.tuning import Settings

    search_shard(
        dict(snakemake.input.items()),
        snakemake.wildcards.part,
        Settings.from_params(snakemake.params),
        int(snakemake.wildcards.shard),
        snakemake.params.shards,
        snakemake.output[0],
    )
