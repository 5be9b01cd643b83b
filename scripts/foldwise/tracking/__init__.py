"""Experiment tracking: reads what is logged from the files of a finished run and sends it to MLflow."""
