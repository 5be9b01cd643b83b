from foldwise.model_names import ENSEMBLE

HAS_ENSEMBLE = ENSEMBLE in SETTINGS.entrants
# The ensemble is evaluated as a backend is; nothing else of a backend is made for it.
EVALUATED = "|".join([*SPECIFICATIONS, *([ENSEMBLE] if HAS_ENSEMBLE else [])])


def every_entrant(name):
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


def plots_of_entrants():
    """Return the plots of every entrant of a dataset; what shows a training has none for the ensemble."""
    of_backends = [plot for name in PLOTS for plot in every_backend(f"plots/{name}.png")]
    return of_backends + of_ensemble(*(f"plots/{name}.png" for name in EVALUATION_PLOTS))
