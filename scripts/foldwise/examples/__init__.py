"""Example tables: the simulated demo, and the flights that left New York City in 2013."""
