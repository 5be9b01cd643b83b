"""The registry of backends: facts about each without importing its library, and the module behind its name.

A new backend is a module that implements :class:`foldwise.backends.base.Backend`, an entry in ``SPECIFICATIONS``
and a search space in ``config/search/``.
"""

import ctypes
from dataclasses import dataclass
from importlib import import_module
from typing import cast

from foldwise.backends.base import Backend
from foldwise.errors import UserError


@dataclass(frozen=True)
class Specification:
    """Facts about a backend that need no import of its library.

    Attributes:
        module: name of the backend's module.
        model_file: file name of a model.
        final_files: file names of the final model, the format that cannot execute code first.
        trees: name of the parameter for the number of trees.
        cuda: whether the installed package trains on a GPU.
        parameters: every parameter that a search space may contain, ``trees`` included.
        integers: those whose values are whole numbers.
        strings: those whose values are names.
        booleans: those whose values are true or false; the values of all others are numbers.
    """

    module: str
    model_file: str
    final_files: tuple[str, ...]
    trees: str
    cuda: bool
    parameters: frozenset[str]
    integers: frozenset[str]
    strings: frozenset[str]
    booleans: frozenset[str] = frozenset()

    def kind(self, parameter: str) -> str:
        """Return the kind of a parameter's values: ``integer``, ``string``, ``boolean`` or ``number``."""
        kinds = {"integer": self.integers, "string": self.strings, "boolean": self.booleans}
        return next((kind for kind, names in kinds.items() if parameter in names), "number")


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


SPECIFICATIONS = {
    "xgboost": Specification(
        module="foldwise.backends.xgboost",
        model_file="model.json",
        final_files=("model.json",),
        trees="n_estimators",
        cuda=True,
        parameters=_names(
            """n_estimators learning_rate max_depth max_leaves max_bin grow_policy gamma min_child_weight
            max_delta_step subsample sampling_method colsample_bytree colsample_bylevel colsample_bynode
            reg_alpha reg_lambda scale_pos_weight base_score num_parallel_tree max_cat_to_onehot
            max_cat_threshold"""
        ),
        integers=_names(
            "n_estimators max_depth max_leaves max_bin num_parallel_tree max_cat_to_onehot max_cat_threshold"
        ),
        strings=_names("grow_policy sampling_method"),
    ),
    "lightgbm": Specification(
        module="foldwise.backends.lightgbm",
        model_file="model.txt",
        final_files=("model.txt", "model.joblib"),
        trees="n_estimators",
        cuda=False,
        parameters=_names(
            """n_estimators learning_rate max_depth num_leaves max_bin boosting_type min_child_samples
            min_child_weight min_split_gain min_data_in_bin subsample subsample_freq subsample_for_bin
            colsample_bytree feature_fraction_bynode reg_alpha reg_lambda max_delta_step path_smooth
            extra_trees cat_l2 cat_smooth max_cat_threshold max_cat_to_onehot"""
        ),
        integers=_names(
            """n_estimators max_depth num_leaves max_bin min_child_samples min_data_in_bin subsample_freq
            subsample_for_bin max_cat_threshold max_cat_to_onehot"""
        ),
        strings=_names("boosting_type"),
        booleans=_names("extra_trees"),
    ),
    "catboost": Specification(
        module="foldwise.backends.catboost",
        model_file="model.cbm",
        final_files=("model.cbm",),
        trees="iterations",
        cuda=True,
        parameters=_names(
            """iterations learning_rate depth l2_leaf_reg border_count feature_border_type nan_mode
            random_strength bagging_temperature bootstrap_type subsample sampling_frequency mvs_reg rsm
            grow_policy min_data_in_leaf max_leaves score_function boosting_type boost_from_average
            leaf_estimation_iterations leaf_estimation_method leaf_estimation_backtracking one_hot_max_size
            max_ctr_complexity model_size_reg langevin diffusion_temperature"""
        ),
        integers=_names(
            """iterations depth border_count min_data_in_leaf max_leaves leaf_estimation_iterations one_hot_max_size
            max_ctr_complexity"""
        ),
        strings=_names(
            """feature_border_type nan_mode bootstrap_type sampling_frequency grow_policy score_function boosting_type
            leaf_estimation_method leaf_estimation_backtracking"""
        ),
        booleans=_names("boost_from_average langevin"),
    ),
}


def get_backend(name: str) -> Backend:
    """Import a backend's library and return its module.

    Args:
        name: a key of ``SPECIFICATIONS``.

    Example:
        >>> get_backend("xgboost").trees_are_nested({"max_depth": 3})
        True
        >>> SPECIFICATIONS["xgboost"].model_file
        'model.json'
    """
    return cast(Backend, import_module(SPECIFICATIONS[name].module))


def check_device(device: str, backend: str) -> None:
    """Check that the configured device is present and that the backend's package can use it.

    Raises:
        UserError: when it cannot be used.
    """
    if device == "cpu":
        return
    if not SPECIFICATIONS[backend].cuda:
        raise UserError(f"training.device: cuda: the package of {backend} runs on the CPU only: use device: cpu for it")
    if _cuda_devices() == 0:
        raise UserError("training.device: cuda: no CUDA device is found on this machine: set device: cpu")


def _cuda_devices() -> int:
    """Return the number of CUDA devices that the driver reports, 0 without a driver."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return 0
    count = ctypes.c_int(0)
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return 0
    return count.value
