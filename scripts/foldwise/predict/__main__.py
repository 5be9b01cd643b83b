"""Score a table with the final models of a dataset: ``make score``."""

import argparse
import sys
from pathlib import Path

from pydantic import ValidationError

from foldwise.config.datasets import NewTable
from foldwise.errors import UserError
from foldwise.predict.predict import score_table


def main() -> None:
    """Score the files on the command line and say in which way they differ from the training table."""
    parser = argparse.ArgumentParser(prog="score", description=__doc__)
    parser.add_argument("--dataset", required=True, help="whose final models score")
    parser.add_argument("--out", required=True, type=Path, help="parquet file for the scores; a report lies beside it")
    parser.add_argument("--table", help="one file with every column")
    parser.add_argument("--features", nargs="+", default=[], metavar="NAME=FILE", help="feature tables, by name")
    parser.add_argument("--metadata", help="with --features: the samples to score, and their units")
    parser.add_argument("--explain", action="store_true", help="add the five columns that moved each row's score most")
    parser.add_argument("--threads", type=int, default=1, help="of a prediction (default 1)")
    parser.add_argument("--results", type=Path, default=Path("results"), help="folder of the results")
    given = parser.parse_args()
    try:
        request = _request(given)
        endings = {"rows": given.out.suffix, "units": "_units.parquet", "report": ".json"}
        outputs = {name: str(given.out.with_name(given.out.stem + ending)) for name, ending in endings.items()}
        report = score_table(given.results / given.dataset, request, outputs, threads=given.threads)
    except UserError as mistake:
        sys.exit(f"error: {mistake}")
    print("\n".join([*report["notes"], f"{report['rows']} rows: {outputs['rows']}; report: {outputs['report']}"]))


def _request(given: argparse.Namespace) -> NewTable:
    pairs = dict(entry.partition("=")[::2] for entry in given.features)
    try:
        return NewTable(table=given.table, features=pairs, metadata=given.metadata, explain=given.explain)
    except ValidationError as fault:
        raise UserError(fault.errors()[0]["msg"].removeprefix("Value error, ")) from None


if __name__ == "__main__":
    main()
