"""Regression, classification and distribution functions that are monotone in features, by construction."""

from skartm.base import publish
from skartm.monotonic._cdf import MonotoneCDF
from skartm.monotonic._classifier import MonotonicClassifier
from skartm.monotonic._constrained import Constrained
from skartm.monotonic._linear import Linear
from skartm.monotonic._minmax import MinMax
from skartm.monotonic._polynomial import Polynomial
from skartm.monotonic._regressor import MonotonicRegressor
from skartm.monotonic._smooth import Smooth
from skartm.monotonic._stacking import MonotonicStacking

__all__ = [
    "Constrained",
    "Linear",
    "MinMax",
    "MonotoneCDF",
    "MonotonicClassifier",
    "MonotonicRegressor",
    "MonotonicStacking",
    "Polynomial",
    "Smooth",
]

publish(globals())
