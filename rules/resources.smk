from functools import cache

from foldwise.data.table_size import raw_megabytes


def existing_files(dataset):
    """Return the input files of a dataset without those that a rule has yet to make.

    Resources are computed when the graph is built, and again before the job is submitted.
    """
    return tuple(f for f in dataset_files(dataset) if os.path.exists(f))


@cache
def megabytes(files):
    """Return the size of files, read once for each dataset: `input.size_mb` costs 2 ms a job, 8 s with 4,000 jobs."""
    return sum(map(os.path.getsize, files)) / 1e6


@cache
def megabytes_in_memory(files):
    """Return the size of tables as float32, read once for each dataset: reading a footer takes 2 ms."""
    return raw_megabytes(files)


def megabytes_of(wildcards):
    """Return the size of the input files of a dataset that exist."""
    return megabytes(existing_files(wildcards.dataset))


def megabytes_in_memory_of(wildcards):
    """Return the size, as float32, of the input tables of a dataset that exist."""
    return megabytes_in_memory(existing_files(wildcards.dataset))


def memory_of_training(wildcards, attempt):
    """Return MB: 900 for Python, the libraries and snakemake, and 4 times the table as float32.

    Measured at 1,000,000 x 50 and 20 trees (tests/bench/memory.py), above the imports: 1.5 (XGBoost), 1.6
    (LightGBM) and 1.5 (CatBoost, with 100 trees too) times for a fold. The final model has a quarter more rows,
    categories are not binned beforehand, and the logistic regression reads its table into memory.
    """
    return int(attempt * (900 + 4 * megabytes_in_memory_of(wildcards)))


def memory_of_table(wildcards, attempt):
    """Return MB: 900 and 5 times the table as float32; measured at 1,000,000 x 50, two tables joined: 3.6 times."""
    return int(attempt * (900 + 5 * megabytes_in_memory_of(wildcards)))


def memory_of_audit(wildcards, attempt):
    """Return MB: 1500 and 15 times the table as float32.

    Measured: 12.0 times at 1,000,000 x 50; 1,083 MB for 327,346 flights, not counting snakemake's 300.
    """
    return int(attempt * (1500 + 15 * megabytes_in_memory_of(wildcards)))


def runtime_of_training(wildcards, attempt):
    """Return minutes: the longest job of the flights (4 MB of parquet, one CatBoost point of 200 trees) took 3."""
    return int(attempt * (60 + 20 * megabytes_of(wildcards)))


def runtime_of_preparation(wildcards, attempt):
    """Return minutes for the table, the audit and the reference: the flights (4 MB of parquet) took 36 seconds."""
    return int(attempt * (10 + 2 * megabytes_of(wildcards)))


def gpu_of_training(backend):
    """Return the GPU that a training job requests from the cluster: one with `device: cuda`, else none."""
    wanted = SETTINGS.training.device == "cuda" and SPECIFICATIONS[backend].cuda
    return {"gpu": 1} if wanted else {}
