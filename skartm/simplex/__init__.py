"""Probability vectors: the sets on which everything here ascends."""

from skartm.simplex._distributions import FLOOR, norm, random_distributions

__all__ = ["FLOOR", "norm", "random_distributions"]
