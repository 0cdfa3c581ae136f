"""Non-negative matrix factorisation on the kernel of topic models."""

from skartm.base import publish
from skartm.nmf._simplex_nmf import SimplexNMF
from skartm.nmf.deep._deep import DeepSimplexNMF

__all__ = ["DeepSimplexNMF", "SimplexNMF"]

publish(globals())
