"""Regression and classification by functions that are monotone in features, by construction."""

from skartm.monotonic._classifier import MonotonicClassifier
from skartm.monotonic._polynomial import Polynomial
from skartm.monotonic._regressor import MonotonicRegressor

__all__ = ["MonotonicClassifier", "MonotonicRegressor", "Polynomial"]
