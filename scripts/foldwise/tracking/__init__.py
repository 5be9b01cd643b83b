"""Experiment tracking: what is logged of a finished run, and the sending of it to MLflow."""
