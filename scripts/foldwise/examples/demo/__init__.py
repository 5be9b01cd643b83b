"""Simulated demo tables: many near copies of few videos, and a weak difference between the classes.

The columns are those of a study of real and fake videos; the values are random numbers.
They show that a model recognises the videos and seems almost perfect with a row-wise split, and is barely useful
with a split by video. No single column distinguishes the classes.
"""

from foldwise.examples.demo.latents import Pattern
from foldwise.examples.demo.tables import make_demo, write_demo

__all__ = ["Pattern", "make_demo", "write_demo"]
