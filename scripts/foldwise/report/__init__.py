"""The report page of a dataset: one self-contained HTML file built from the artefacts of a run."""
