"""The pictures of the workflow: eight per backend and one that compares the backends.

Every plot is a function from plain tables to a figure; ``backend`` and ``comparison`` read the artefacts.
"""
