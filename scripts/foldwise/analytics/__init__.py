"""SQL over the results: the analytics database, queries on it, and ready queries."""

from foldwise.analytics.session import DuckDBAnalytics

__all__ = ["DuckDBAnalytics"]
