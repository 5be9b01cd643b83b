"""The model families behind one interface.

A new one is a module here that offers what :mod:`foldwise.backends.base` says, an entry in
``SPECIFICATIONS`` and a search space in ``config/search/``.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import cast

from foldwise.backends.base import Backend


@dataclass(frozen=True)
class Specification:
    """What is known of a backend without importing its library.

    Attributes:
        module: where the backend lives.
        model_file: name of the file that holds one model.
        final_files: names of the files of the final model, the safe format first.
        trees: the parameter that holds the number of trees.
        cuda: whether its package trains on a GPU.
        parameters: every parameter that a search space may hold, ``trees`` among them.
        whole: those that take whole numbers.
        texts: those that take a name.
        switches: those that take true or false; the rest take numbers.
    """

    module: str
    model_file: str
    final_files: tuple[str, ...]
    trees: str
    cuda: bool
    parameters: frozenset[str]
    whole: frozenset[str]
    texts: frozenset[str]
    switches: frozenset[str] = frozenset()

    def kind(self, parameter: str) -> str:
        """Return what a parameter takes: ``whole``, ``text``, ``switch`` or ``number``."""
        kinds = {"whole": self.whole, "text": self.texts, "switch": self.switches}
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
        whole=_names("n_estimators max_depth max_leaves max_bin num_parallel_tree max_cat_to_onehot max_cat_threshold"),
        texts=_names("grow_policy sampling_method"),
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
        whole=_names(
            """n_estimators max_depth num_leaves max_bin min_child_samples min_data_in_bin subsample_freq
            subsample_for_bin max_cat_threshold max_cat_to_onehot"""
        ),
        texts=_names("boosting_type"),
        switches=_names("extra_trees"),
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
        whole=_names(
            """iterations depth border_count min_data_in_leaf max_leaves leaf_estimation_iterations one_hot_max_size
            max_ctr_complexity"""
        ),
        texts=_names(
            """feature_border_type nan_mode bootstrap_type sampling_frequency grow_policy score_function boosting_type
            leaf_estimation_method leaf_estimation_backtracking"""
        ),
        switches=_names("boost_from_average langevin"),
    ),
}


def get_backend(name: str) -> Backend:
    """Return the module of a backend; its library is imported only now."""
    return cast(Backend, import_module(SPECIFICATIONS[name].module))
