"""The leakage checks that run before anything is trained."""
