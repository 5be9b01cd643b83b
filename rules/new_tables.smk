from foldwise.results.paths import final_model_files


def check_files_to_score():
    """Stop when a file to score does not exist and no rule here makes it."""
    made = {*DEMO_FILES.values(), FLIGHTS_FILE}
    for name, entry in SETTINGS.predict.items():
        for path in entry.files:
            if path not in made and not os.path.exists(path) and not path.startswith("results/"):
                stop(
                    f"config: predict.{name}: there is no file {path!r}: fix the path (it counts from the working "
                    f"folder {os.getcwd()}), or put the file there"
                )


check_files_to_score()


def scored_tables():
    """Return the scores of every table under `predict:`."""
    return [f"results/{SETTINGS.scores_with(name)}/scored/{name}.parquet" for name in SETTINGS.predict]


def names_to_score():
    """Return a pattern for the names under `predict:`, one that nothing fits where there are none."""
    return "|".join(map(re.escape, SETTINGS.predict)) or "(?!)"


def new_table(wildcards):
    return SETTINGS.predict[wildcards.name].model_dump(exclude={"dataset"})


def files_to_score(wildcards):
    return SETTINGS.predict[wildcards.name].files


def of_final_models(kind):
    """Return one file of every final model of a dataset: `model`, `inner_predictions` or `metrics`."""
    return [getattr(final_model_files("results/{dataset}", name), kind) for name in SETTINGS.entrants]


def megabytes_to_score(wildcards):
    files = files_to_score(wildcards)
    return sum(os.path.getsize(f) for f in files if os.path.exists(f)) / 1e6


def memory_of_scoring(wildcards, attempt):
    """Return MB: parquet is read in parts, but tables whose rows stand in another order are joined in memory."""
    return int(attempt * (1500 + 4 * megabytes_to_score(wildcards)))


def runtime_of_scoring(wildcards, attempt):
    return int(attempt * (20 + megabytes_to_score(wildcards)))
