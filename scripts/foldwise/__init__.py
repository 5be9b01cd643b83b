"""Foldwise: honest fold splits, tuned gradient boosting and scores with their evidence."""
