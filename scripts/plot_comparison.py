"""Draw the comparison of all backends of one dataset."""

from typing import TYPE_CHECKING

from foldwise.io.job import step

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with step(snakemake.log[0]):
    from foldwise.io.files import read_json, read_table
    from foldwise.plots.comparison import draw_comparison
    from foldwise.plots.style import save

    comparison = read_json(snakemake.input.comparison)
    metrics = read_table(snakemake.input.metrics).to_pandas()
    save(draw_comparison(comparison, metrics), snakemake.output[0])
    print(f"drew the comparison of {len(comparison['entrants'])} entrants on {comparison['dataset']}")
