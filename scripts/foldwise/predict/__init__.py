"""Predictions for new tables with the final models, and how far such a table differs from the training table."""
