import gc
import os
import re
import shutil
import sys
from functools import cache

SHIPPED_CONFIG = str(workflow.current_basedir.join("../config/config.yaml"))
LIBRARY = str(workflow.current_basedir.join("../scripts"))

if LIBRARY not in sys.path:
    sys.path.insert(0, LIBRARY)


# A file given with --configfile is used alone; a working folder without a config uses the shipped one.
if not workflow.overwrite_configfiles:

    configfile: "config/config.yaml" if os.path.exists("config/config.yaml") else SHIPPED_CONFIG


from foldwise.backends.registry import SPECIFICATIONS
from foldwise.config import models as configuration
from foldwise.errors import UserError
from foldwise.fingerprint import fingerprint
from foldwise.model_names import ENSEMBLE
from foldwise.results.paths import EVALUATION_PLOTS, FOLD_TABLES, TRAINING_PLOTS
from foldwise.search.space import read_space
from foldwise.tracking import log as tracking

# Half a million new objects between two collections: the graph of thousands of jobs contains no garbage.
gc.set_threshold(500_000, 50, 1000)

DEMO_FILES = {
    "metadata": "resources/demo/metadata.parquet",
    "stage2": "resources/demo/features_stage2.parquet",
    "stage4": "resources/demo/features_stage4.parquet",
}
TRACKING_FILE = "results/tracking.json"
# Relative to the working folder: a project that is moved as a whole keeps its results.
NOTEBOOK = os.path.relpath(str(workflow.current_basedir.join("../notebooks/results.ipynb")))
FLIGHTS_FILE = "resources/flights/flights.parquet"
PLOTS = (*EVALUATION_PLOTS, *TRAINING_PLOTS)


def stop(mistake):
    """Stop before any job with one line: a mistake in the configuration needs no traceback."""
    print(f"error: {mistake}", file=sys.stderr)
    sys.exit(1)


def check_room():
    """Stop where the disk is full: snakemake could not write its own records and would stop with a traceback."""
    if shutil.disk_usage(".").free < 1_000_000:
        stop(f"{os.getcwd()}: no space is left on its disk: make room and run again: what is finished stays")


def read_settings():
    """Return the checked configuration and the search space of every backend it names."""
    try:
        checked = configuration.parse(config)
        spaces = {backend: read_space_of(backend, checked) for backend in checked.backends}
    except UserError as mistake:
        stop(mistake)
    return checked, spaces


def read_space_of(backend, checked):
    """Return the search space of a backend, and print what was corrected in it."""
    search = checked.search
    shipped = str(workflow.current_basedir.join(f"../config/search/{backend}.yaml"))
    space = read_space(shipped, backend, search.space.get(backend, {}), search.method, checked.training.device)
    for note in space.notes:
        print(f"note: {note}", file=sys.stderr, flush=True)
    return space.dimensions


def check_sources(datasets):
    """Stop when a dataset's file does not exist and no rule here makes it.

    Inside another workflow, as a module or an include, a rule of that workflow may make it.
    """
    own = str(workflow.current_basedir.join("../Snakefile"))
    if os.path.realpath(workflow.main_snakefile) != os.path.realpath(own):
        return
    made = {*DEMO_FILES.values(), FLIGHTS_FILE}
    for name, dataset in datasets.items():
        files = {"table": dataset.table, "metadata": dataset.metadata}
        files |= {f"features.{k}": path for k, path in dataset.features.items()}
        for key, path in files.items():
            if path is not None and path not in made and not os.path.exists(path):
                stop(
                    f"config: datasets.{name}.{key}: there is no file {path!r}: fix the path (it counts from the "
                    f"working folder {os.getcwd()}), or put the file there"
                )


check_room()
SETTINGS, SPACES = read_settings()
FOLDS = range(1, SETTINGS.folds.count + 1)
check_sources(SETTINGS.datasets)
HAS_ENSEMBLE = ENSEMBLE in SETTINGS.entrants
# Models that evaluate_backend accepts: the ensemble is evaluated like a backend.
EVALUATED = "|".join([*SPECIFICATIONS, *([ENSEMBLE] if HAS_ENSEMBLE else [])])


def code_of(script, *backends):
    """Return a params function: the fingerprint of the library modules that a script uses, its backends' included.

    A function, because snakemake calls it only for the jobs of its graph.
    """

    def code(wildcards):
        return code_fingerprint(script, backends)

    return code


@cache
def code_fingerprint(script, backends=()):
    return fingerprint(os.path.join(LIBRARY, f"{script}.py"), [SPECIFICATIONS[name].module for name in backends])


def training_code(wildcards):
    """Return the fingerprint of the code that made each model's predictions."""
    trained = {backend: code_fingerprint("train_fold", (backend,)) for backend in SETTINGS.backends}
    return {**trained, ENSEMBLE: code_fingerprint("combine_backends")}


def dataset_settings(wildcards):
    # The folder of the videos is not part of the table: a change of it must not rerun everything.
    return SETTINGS.datasets[wildcards.dataset].model_dump(exclude={"video_root"})


def video_root(wildcards):
    return SETTINGS.datasets[wildcards.dataset].video_root


def source_files(wildcards):
    return dataset_files(wildcards.dataset)


def dataset_files(name):
    """Return the input files of a dataset."""
    dataset = SETTINGS.datasets[name]
    return [f for f in (dataset.table, dataset.metadata) if f is not None] + list(dataset.features.values())


def fold_outputs(backend):
    """Return the files of one fold: the model in the backend's own format, its tables and its parameters."""
    folder = "results/{dataset}/{backend}/fold_{fold}"
    tables = {name: f"{folder}/{name}.parquet" for name in FOLD_TABLES}
    return {"model": f"{folder}/{SPECIFICATIONS[backend].model_file}", **tables, "params": f"{folder}/params.json"}


def final_outputs(backend):
    """Return the files of the final model; first the format that predictions are made with."""
    folder = "results/{dataset}/{backend}"
    names = ("model", "joblib")
    models = {n: f"{folder}/{f}" for n, f in zip(names, SPECIFICATIONS[backend].final_files)}
    tables = {name: f"{folder}/final/{name}.parquet" for name in FOLD_TABLES if name != "predictions"}
    return {**models, **tables, "params": f"{folder}/final/params.json"}


def with_backend(paths, backend):
    """Fill in the backend, so that a rule's outputs name it: each backend has a file format of its own."""
    return {name: path.replace("{backend}", backend) for name, path in paths.items()}


def every_backend(name):
    """Return a file of every backend of a dataset."""
    return expand(f"results/{{{{dataset}}}}/{{backend}}/{name}", backend=SETTINGS.backends)


def every_fold(name):
    """Return a file of every fold of a backend."""
    return [f"results/{{dataset}}/{{backend}}/fold_{fold}/{name}" for fold in FOLDS]


def every_dataset(name):
    """Return a file of every dataset."""
    return [f"results/{dataset}/{name}" for dataset in SETTINGS.datasets]


def every_dataset_and_backend(name):
    """Return a file of every dataset and backend, the backends of the first dataset first."""
    return [f"results/{dataset}/{backend}/{name}" for dataset in SETTINGS.datasets for backend in SETTINGS.backends]


def every_model(name):
    """Return a file of every backend of a dataset, then of their ensemble."""
    return every_backend(name) + of_ensemble(name)


def of_ensemble(*names):
    """Return files of a dataset's ensemble; none where there is no ensemble."""
    return [f"results/{{dataset}}/{ENSEMBLE}/{name}" for name in names] if HAS_ENSEMBLE else []


def every_ensemble(*names):
    """Return files of the ensemble of every dataset; none where there is no ensemble."""
    return [
        path.format(dataset=dataset) for name in names for dataset in SETTINGS.datasets for path in of_ensemble(name)
    ]


def plots_of_models():
    """Return the plots of every model of a dataset; the ensemble has none of a training."""
    of_backends = [plot for name in PLOTS for plot in every_backend(f"plots/{name}.png")]
    return of_backends + of_ensemble(*(f"plots/{name}.png" for name in EVALUATION_PLOTS))


def final_models(wildcards):
    """Return the final models of a dataset in every format."""
    folder = f"results/{wildcards.dataset}"
    return [f"{folder}/{b}/{name}" for b in SETTINGS.backends for name in SPECIFICATIONS[b].final_files]


def first_folds(wildcards):
    """Return model and test predictions of the first fold of every backend of a dataset."""
    return [
        f"results/{wildcards.dataset}/{b}/fold_1/{name}"
        for b in SETTINGS.backends
        for name in (SPECIFICATIONS[b].model_file, "predictions.parquet")
    ]


def audit_result(wildcards):
    return f"results/{wildcards.dataset}/audit.json" if SETTINGS.audit.enabled else []


def leaky_reference(wildcards):
    """Return the metrics of row-wise splits, where they are configured."""
    return f"results/{wildcards.dataset}/leaky_reference.json" if SETTINGS.audit.row_wise_reference else []


def search_settings(backend):
    # The number of trials counts only where points are drawn: a change of it must not rerun a grid.
    search = SETTINGS.search
    return {
        "method": search.method,
        "n_trials": search.n_trials if search.method in ("random", "optuna") else None,
        "fraction": search.fraction,
        "space": SPACES[backend],
        "metric": SETTINGS.search.metric,
        "early_stopping_rounds": SETTINGS.search.early_stopping_rounds,
    }


def shards_of(backend, part):
    """Return the files of the jobs that share a search; none where one job does it."""
    folder = f"results/{{dataset}}/{backend}/{part}"
    shards = range(1, SETTINGS.search.shards + 1) if SETTINGS.search.shards > 1 else ()
    return [f"{folder}/shard_{shard}.parquet" for shard in shards]


def training_settings():
    return {**SETTINGS.training.model_dump(), "seed": SETTINGS.folds.seed}


def run_configuration(wildcards):
    """Return the configuration that a dataset's results depend on; the tables to predict are not part of it."""
    whole = SETTINGS.model_dump(exclude={"predict"})
    return {**whole, "datasets": {wildcards.dataset: whole["datasets"][wildcards.dataset]}, "search_space": SPACES}
