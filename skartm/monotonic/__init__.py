"""Regression, classification and distribution functions that are monotone in features, by construction."""

from skartm.base import publish
from skartm.monotonic._classifier import MonotonicClassifier
from skartm.monotonic._regressor import MonotonicRegressor
from skartm.monotonic.distribution._cdf import MonotoneCDF
from skartm.monotonic.nets._constrained import Constrained
from skartm.monotonic.nets._linear import Linear
from skartm.monotonic.nets._minmax import MinMax
from skartm.monotonic.nets._smooth import Smooth
from skartm.monotonic.polynomial._polynomial import Polynomial
from skartm.monotonic.stacking._stacking import MonotonicStacking

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
