"""Products of several stochastic matrices."""
