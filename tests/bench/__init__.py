"""Measurements of time and memory: ``make bench``. Nothing here is a test, and no test asserts a time."""
