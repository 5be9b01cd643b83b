"""Metrics, intervals, calibration and thresholds from arrays; no module here knows a model or a file."""
