"""Predictions for new tables with the final models, and how far such a table is from the training table."""
