"""What a bundle says about its models: the columns they need, and how predictions become decisions."""

from collections.abc import Mapping

from foldwise.data.contract import Contract, Feature
from foldwise.data.readers import as_text
from foldwise.io.json_record import Json
from foldwise.predict.final_models import FinalEnsemble, FinalModels, Model


def bundle_contract(contract: Contract) -> Json:
    """Return ``contract.json``: the part of the column contract that ``score.py`` needs.

    Returns:
        ``dataset``; ``needed``, the columns without which no row can be predicted; ``id``, the column of the row ids
        (``sample_id`` is accepted too), null if rows are numbered; ``id_pattern``; ``unit``, used if the table has it;
        ``label`` with its classes; ``inf``; ``features`` in the order of the models, where the code of a category is
        its position in ``categories``, which are texts, as are its sentinels.
    """
    id_column = None if contract.numbered else contract.id
    return {
        "dataset": contract.dataset,
        "needed": [*([] if id_column is None else [id_column]), *(feature.name for feature in contract.features)],
        "id": id_column,
        "id_pattern": contract.id_pattern,
        "unit": contract.unit,
        "label": {
            "column": contract.label.column,
            "positive": contract.label.positive,
            "negative": contract.label.negative,
        },
        "inf": contract.inf,
        "features": [_feature(feature) for feature in contract.features],
    }


def _feature(feature: Feature) -> Json:
    return {
        "name": feature.name,
        "type": feature.type,
        "categories": feature.categories,
        "stored": stored_type(feature),
        "sentinels": [as_text(s) for s in feature.sentinels] if feature.is_category else feature.sentinels,
    }


def stored_type(feature: Feature) -> str:
    """Return a feature's type in the training table; all text types are ``text``."""
    return "text" if "string" in feature.stored else feature.stored


def bundle_operation(models: FinalModels, files: Mapping[str, str]) -> Json:
    """Return ``operation.json``: the files of the models, and how each model predicts and decides.

    ``default`` is the recommended model: it predicts where none is chosen.
    The prediction of a model is ``constant`` plus the sum of the backends' predictions times ``weights``.

    Args:
        models: the final models.
        files: backend -> path of its model in the bundle.
    """
    return {
        "default": models.recommended,
        "models": {m.name: {"file": files[m.name], "version": m.record.version} for m in models.backends},
        "backends": {model.name: _operation(model) for model in models},
    }


def _operation(model: Model) -> Json:
    calibrator = model.rule.calibrator
    return {
        "weights": dict(model.weights) if isinstance(model, FinalEnsemble) else {model.name: 1.0},
        "constant": model.constant if isinstance(model, FinalEnsemble) else 0.0,
        "calibration": {"method": calibrator.method, **calibrator.numbers},
        "threshold": model.rule.threshold,
        "criterion": model.record.criterion,
        "fitted_on": model.record.fitted_on,
    }
