"""Runs on a cluster: the progress of their searches, and jobs that outlive a killed run."""
