"""Arithmetic that is monotone after rounding too.

A sum of increasing terms, added in a fixed order, increases in floating point as well: every rounding is an increasing
function. This does not hold for exponentials and logarithms, whose last digit may be wrong either way, nor for a
logarithm of a sum whose largest term is taken out. Here the arguments of such functions are rounded to a grid that is
coarse beside the errors, so that two arguments are either equal, and so are the values, or so far apart that the errors
cannot turn the order round.
"""

import numpy as np
from numpy.typing import NDArray

_COARSE, _FINE = 2.0**24, 2.0**40  # points of the grids in a unit


def snap(values: NDArray) -> NDArray:
    """The nearest multiples of 2^-24, an increasing function."""
    return np.rint(values * _COARSE) / _COARSE


def affine(X: NDArray, weights: NDArray, intercept: NDArray) -> NDArray:
    """Snapped ``weights.T @ X.T + intercept[:, None]``, of shape (n_units, n_rows).

    It is added up feature by feature: products of matrices add in an order that depends on the number of rows.

    Parameters
    ----------
    X : array of shape (n_rows, n_features)
    weights : array of shape (n_features, n_units)
    intercept : array of shape (n_units,)
    """
    total = np.repeat(intercept[:, None], len(X), axis=1)  # (U, n)
    for x, w in zip(X.T, weights, strict=True):
        total += w[:, None] * np.ascontiguousarray(x)
    return snap(total)


def soft_maximum(values: NDArray) -> NDArray:
    r""":math:`\ln \sum_i \exp v_i` over the first axis, snapped; ``values`` lie on the grid.

    Why it increases: with the largest value m, the sum S of exp(v_i - m) is between 1 and the number k of values. A
    value below m that moves by a step of the grid changes exp by far more than its error. When m moves by a step,
    m + ln S grows by a k-th of 2^-24 at least, and the error of ln S, with S on the fine grid, is about 2^-40.
    """
    top = values.max(axis=0)
    total = np.zeros_like(top)
    for value in values:
        total += np.exp(value - top)
    return snap(top + np.log(np.rint(total * _FINE) / _FINE))
