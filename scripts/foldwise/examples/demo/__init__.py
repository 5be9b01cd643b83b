"""Simulated demo tables: many near copies of few videos, and a class that shows only weakly.

The columns are those of a study of real and fake videos; the values are drawn, no video was seen.
What the tables are made to show: split row by row, a model recognises the videos and seems almost
perfect; split by video, it is barely useful. No single column tells the classes apart.
"""

from foldwise.examples.demo.latents import Pattern
from foldwise.examples.demo.tables import make_demo, write_demo

__all__ = ["Pattern", "make_demo", "write_demo"]
