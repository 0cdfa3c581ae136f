"""Regularizers: declarations that bind to a model and give a value and a term."""

from skartm.regularizers._base import Regularizer, Terms, bind_all
from skartm.regularizers._checks import check_regularizer
from skartm.regularizers._collection import NamedRegularizers, check_regularizers, make_regularizers
from skartm.regularizers._decorrelation import Decorrelation
from skartm.regularizers._schedules import Constant, Geometric, Linear, Piecewise, Schedule, Window
from skartm.regularizers._smooth_sparse import SmoothSparsePhi, SmoothSparseTheta

__all__ = [
    "Constant",
    "Decorrelation",
    "Geometric",
    "Linear",
    "NamedRegularizers",
    "Piecewise",
    "Regularizer",
    "Schedule",
    "SmoothSparsePhi",
    "SmoothSparseTheta",
    "Terms",
    "Window",
    "bind_all",
    "check_regularizer",
    "check_regularizers",
    "make_regularizers",
]
