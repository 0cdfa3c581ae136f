"""Regression and classification by functions that are monotone in features, by construction."""

from skartm.monotonic._cdf import MonotoneCDF
from skartm.monotonic._classifier import MonotonicClassifier
from skartm.monotonic._polynomial import Polynomial
from skartm.monotonic._constrained import Constrained
from skartm.monotonic._linear import Linear
from skartm.monotonic._minmax import MinMax
from skartm.monotonic._regressor import MonotonicRegressor
from skartm.monotonic._smooth import Smooth
from skartm.monotonic._stacking import MonotonicStacking

__all__ = [
    "MonotonicClassifier",
    "MonotonicRegressor",
    "Polynomial",
]
__all__ = ["Constrained", "MinMax", "MonotonicClassifier", "MonotonicRegressor", "Smooth"]
    "Constrained",
    "Linear",
    "MinMax",
    "MonotonicClassifier",
    "MonotonicRegressor",
    "MonotonicStacking",
    "Smooth",
]
from skartm.monotonic._regressor import MonotonicRegressor

__all__ = ["MonotoneCDF", "MonotonicClassifier", "MonotonicRegressor"]
