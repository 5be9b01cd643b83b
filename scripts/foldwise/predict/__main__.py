"""Predict a new table with the final models of a dataset: ``make score``."""

import argparse
import sys
from pathlib import Path

from pydantic import ValidationError

from foldwise.config.datasets import NewTable
from foldwise.errors import UserError
from foldwise.predict.final_models import find_final_models
from foldwise.predict.predict_table import predict_table
from foldwise.predict.prediction_report import PredictionReport
from foldwise.results.paths import CONTRACT, TABLE


def main() -> None:
    """Predict the files on the command line and print how they differ from the training table."""
    parser = argparse.ArgumentParser(prog="score", description=__doc__)
    parser.add_argument("--dataset", required=True, help="dataset whose final models to use")
    parser.add_argument("--out", required=True, type=Path, help="parquet file to write; a report is written next to it")
    parser.add_argument("--table", help="one file with all columns")
    parser.add_argument("--features", nargs="+", default=[], metavar="NAME=FILE", help="feature tables, by name")
    parser.add_argument("--metadata", help="with --features: file with the samples to predict and their units")
    parser.add_argument("--explain", action="store_true", help="add the five features with the largest SHAP values")
    parser.add_argument("--threads", type=int, default=1, help="threads used to predict (default: 1)")
    parser.add_argument("--results", type=Path, default=Path("results"), help="results folder (default: results)")
    options = parser.parse_args()
    folder, out = options.results / options.dataset, options.out
    report_path = out.with_name(f"{out.stem}.json")
    try:
        report = predict_table(
            new_table=_new_table(options),
            models=find_final_models(folder),
            table=folder / TABLE,
            contract=folder / CONTRACT,
            rows=out,
            units=out.with_name(f"{out.stem}_units.parquet"),
            report=report_path,
            threads=options.threads,
        )
    except UserError as mistake:
        sys.exit(f"error: {mistake}")
    print("\n".join([*report.notes, f"{report.rows} rows: {out}; report: {report_path}", _recommended(report)]))


def _recommended(report: PredictionReport) -> str:
    """Say which model to follow, and what its columns are."""
    name, positive = report.recommended, report.positive
    return (
        f"recommended model: {name}: {name}_score, {name}_calibrated and {name}_verdict (1 = {positive.column} "
        f"{positive.value}, a score of {report.models[name].threshold:.4f} or more)"
    )


def _new_table(options: argparse.Namespace) -> NewTable:
    features = dict(entry.partition("=")[::2] for entry in options.features)
    try:
        return NewTable(table=options.table, features=features, metadata=options.metadata, explain=options.explain)
    except ValidationError as fault:
        raise UserError(fault.errors()[0]["msg"].removeprefix("Value error, ")) from None


if __name__ == "__main__":
    main()
