"""Training jobs: one outer fold or the final model of a backend, the ensemble, and the baselines."""
