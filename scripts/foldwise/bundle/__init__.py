"""The bundle: the final models in one folder that can be passed on, with score.py and a model card."""
