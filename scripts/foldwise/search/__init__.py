"""Choosing hyperparameters on the inner folds."""
