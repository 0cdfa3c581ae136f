"""Probability vectors: the sets on which everything here ascends."""

from skartm.base import publish
from skartm.simplex._ascent import AscentResult, ascend
from skartm.simplex._distributions import FLOOR, norm, random_distributions
from skartm.simplex._projection import project
from skartm.simplex._torch import torch_optimizer

__all__ = ["FLOOR", "AscentResult", "ascend", "norm", "project", "random_distributions", "torch_optimizer"]

publish(globals())
