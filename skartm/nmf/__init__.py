"""Non-negative matrix factorisation on the kernel of topic models."""

from skartm.base import publish
from skartm.nmf._deep import DeepSimplexNMF
from skartm.nmf._simplex_nmf import SimplexNMF

__all__ = ["DeepSimplexNMF", "SimplexNMF"]

publish(globals())
