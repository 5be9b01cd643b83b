from foldwise.results.paths import final_model_files


def check_new_tables():
    """Stop when a file under `predict:` does not exist and no rule makes it."""
    made = {*DEMO_FILES.values(), FLIGHTS_FILE}
    for name, entry in SETTINGS.predict.items():
        for path in entry.files:
            if path not in made and not os.path.exists(path) and not path.startswith("results/"):
                stop(
                    f"config: predict.{name}: there is no file {path!r}: fix the path (it counts from the working "
                    f"folder {os.getcwd()}), or put the file there"
                )


check_new_tables()


def scored_tables(wildcards):
    """Return the predictions of every table under `predict:`."""
    return [f"results/{SETTINGS.scores_with(name)}/scored/{name}.parquet" for name in SETTINGS.predict]


def new_table_names():
    """Return a pattern for the names under `predict:`; it matches nothing where there are none."""
    return "|".join(map(re.escape, SETTINGS.predict)) or "(?!)"


def new_table(wildcards):
    return SETTINGS.predict[wildcards.name].model_dump(exclude={"dataset"})


def new_table_files(wildcards):
    return SETTINGS.predict[wildcards.name].files


def of_final_models(kind):
    """Return one file of every final model of a dataset: `model`, `inner_predictions` or `metrics`."""
    return [getattr(final_model_files("results/{dataset}", name), kind) for name in SETTINGS.entrants]


def megabytes_of_new_table(wildcards):
    files = new_table_files(wildcards)
    return sum(os.path.getsize(f) for f in files if os.path.exists(f)) / 1e6


def memory_of_prediction(wildcards, attempt):
    """Return MB: parquet is read in parts, but tables with rows in different order are joined in memory."""
    return int(attempt * (1500 + 4 * megabytes_of_new_table(wildcards)))


def runtime_of_prediction(wildcards, attempt):
    return int(attempt * (20 + megabytes_of_new_table(wildcards)))
