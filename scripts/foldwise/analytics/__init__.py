"""SQL over the results: building the database, reading it, and ready queries."""

from foldwise.analytics.session import DuckDBAnalytics

__all__ = ["DuckDBAnalytics"]
