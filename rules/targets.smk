from pathlib import Path

from foldwise.report.summary import summarize


def final_results(wildcards):
    """Return everything that a run without a target makes."""
    whole = [
        *("report.html", "results.ipynb", "table.parquet", "table.json", "folds.parquet"),
        *("predictions.parquet", "metrics.parquet", "comparison.json", "plots/model_comparison.png"),
        *(["audit.json"] if SETTINGS.audit.enabled else []),
        *(f"bundle/{name}" for name in bundle_files(SETTINGS.backends)),
    ]
    of_backends = (f"{b}/{n}" for b in SETTINGS.backends for n in backend_results(b))
    each = [path for name in (*whole, *of_backends) for path in every_dataset(name)]
    each += every_ensemble("final/params.json", "weights.parquet", "metrics.json", "out_of_fold.parquet")
    each += every_ensemble(*(f"plots/{name}.png" for name in EVALUATION_PLOTS))
    each += [TRACKING_FILE] if SETTINGS.tracking.mlflow else []
    return [*each, "results/index.html", "results/analytics.duckdb"]


def backend_results(backend):
    """Return the files of a backend, below its folder, that a run without a target makes.

    Of a fold it names the model alone, which no other job reads; the tables of the folds are read by gather_folds, and
    a deleted one is made again where gather_folds is to run. A dry run of 3,600 folds with all seven files of each fold
    named here took a fifth longer.
    """
    specification = SPECIFICATIONS[backend]
    models = [f"fold_{fold}/{specification.model_file}" for fold in FOLDS]
    plots = [f"plots/{name}.png" for name in PLOTS]
    return [*specification.final_files, *models, "metrics.json", "out_of_fold.parquet", *plots]


def check_folders():
    """Stop before the first job, with the folder unlocked, where a folder of the run is not writable."""
    of_datasets = [f"results/{dataset}" for dataset in SETTINGS.datasets]
    for folder in ("logs", "benchmarks", "results", *of_datasets):
        if os.path.exists(folder) and not os.access(folder, os.W_OK):
            print(
                f"error: {folder}: nothing can be written there: fix the permissions, or run where you may write",
                file=sys.stderr,
                flush=True,
            )
            sys.exit(1)


def print_warning():
    """Print that the run could not be logged, where that is so."""
    if SETTINGS.tracking.mlflow and (warning := tracking.warning(TRACKING_FILE)):
        print(warning, file=sys.stderr)


def print_summary():
    """Print where the reports are and what they say, of every dataset whose results are complete."""
    for dataset in SETTINGS.datasets:
        if os.path.exists(f"results/{dataset}/report.html"):
            print(summarize(Path("results"), dataset), file=sys.stderr)
    if len(SETTINGS.datasets) > 1 and os.path.exists("results/index.html"):
        print("all datasets: results/index.html", file=sys.stderr)
