"""The workflow from Python, and the documentation of its configuration."""
