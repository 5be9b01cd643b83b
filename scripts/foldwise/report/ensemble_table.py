"""The weights that the backends vote with on each fold."""

from foldwise.report import view, words
from foldwise.report.artefacts import Artefacts
from foldwise.report.view import Column, Table


def ensemble_table(artefacts: Artefacts) -> Table | None:
    """Return the weights of every outer fold, one column a backend; None where there is no ensemble."""
    # Those of inner folds score train rows only, for the calibrator and the threshold.
    lines = [line for line in artefacts.weights if line["inner_fold"] == 0]
    if not lines:
        return None
    found = {(line["fold"], line["backend"]): line for line in lines}
    folds = sorted({fold for fold, _ in found})
    columns = [Column("Fold", numeric=True)]
    columns += [Column(words.display_name(name), "weight", True) for name in artefacts.backends]
    columns.append(Column("Rows", "inner out-of-fold", True))
    rows = [
        [
            view.count(fold),
            *(view.score(found[fold, name]["weight"]) for name in artefacts.backends),
            view.count(found[fold, artefacts.backends[0]]["n_rows"]),
        ]
        for fold in folds
    ]
    caption = "Weights for the test rows of each outer fold, with the rows of its train part that they rest on."
    return Table("weights", caption, columns, rows)
