"""From a user's files to one checked, typed table and its column contract."""
