"""The plots of a run: eight for each backend, five for the ensemble, and one that compares all models."""
