"""New tables scored with the final models of a dataset, and how far they are from its training table."""
