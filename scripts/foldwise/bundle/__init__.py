"""What a scorer needs of a dataset's final models, in one folder that can be passed on, with a model card."""
