"""Hyperparameter search on the inner folds of a train part."""
