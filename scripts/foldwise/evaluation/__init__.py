"""Metrics of every model over the outer folds, with intervals, operating points and comparisons."""
