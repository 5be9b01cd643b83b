"""What a table must hold to be scored with a bundle, and how scores become probabilities and verdicts."""

from collections.abc import Mapping, Sequence
from typing import Any

from foldwise.data.readers import as_text
from foldwise.predict.final_models import Entrant, FinalModel


def bundle_contract(contract: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``contract.json``: what of ``table.json`` a scorer needs, the columns in the order of the models.

    ``needed`` names the columns without which no row can be scored; ``id`` is the one that names the rows
    (``sample_id`` serves too; null: rows are numbered), ``unit`` is used where it is there.
    """
    row_number = contract["id"] == "row number"
    features = [_feature(feature) for feature in contract["features"]]
    names = [f["name"] for f in features]
    return {
        "dataset": contract["dataset"],
        "needed": [*([] if row_number else [contract["id"]]), *names],
        "id": None if row_number else contract["id"],
        "id_pattern": contract["id_pattern"],
        "unit": contract["unit"],
        "label": {key: contract["label"][key] for key in ("column", "positive", "negative")},
        "inf": contract["inf"],
        "features": features,
    }


def _feature(feature: Mapping[str, Any]) -> dict[str, Any]:
    """Return one feature: the code of a category is its place in ``categories``; they and their sentinels are texts."""
    categorical = feature["type"] == "category"
    sentinels = [as_text(s) for s in feature["sentinels"]] if categorical else feature["sentinels"]
    stored = "text" if "string" in feature["stored"] else feature["stored"]
    kept = {key: feature[key] for key in ("name", "type", "categories")}
    return {**kept, "stored": stored, "sentinels": sentinels}


def bundle_operation(entrants: Sequence[Entrant], files: Mapping[str, str], default: str) -> dict[str, Any]:
    """Return ``operation.json``: the models with their files, and what turns each entrant's scores into verdicts.

    The score of an entrant is the sum of its models' scores times ``weights``.

    Args:
        entrants: the final models, and their vote where there is one.
        files: backend -> path of its model in the bundle.
        default: whose scores are given where nobody chooses.
    """
    models = [entrant for entrant in entrants if isinstance(entrant, FinalModel)]
    return {
        "default": default,
        "models": {m.name: {"file": files[m.name], "version": m.facts["version"]} for m in models},
        "backends": {entrant.name: _operation(entrant) for entrant in entrants},
    }


def _operation(entrant: Entrant) -> dict[str, Any]:
    calibrator = entrant.operation.calibrator
    return {
        "weights": {entrant.name: 1.0} if isinstance(entrant, FinalModel) else dict(entrant.weights),
        "calibration": {"method": calibrator.method, **calibrator.numbers},
        "threshold": entrant.operation.threshold,
        "criterion": entrant.facts["criterion"],
        "fitted_on": entrant.facts["fitted_on"],
    }
