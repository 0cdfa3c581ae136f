"""The nearest distribution."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skartm.base._data import as_floats


def project(x: ArrayLike, axis: int = -1) -> NDArray:
    r"""Euclidean projection to the unit simplex: the distribution that is nearest to x.

    .. math:: \operatorname{project}(x) = (x - s)_+ , \qquad s: \ \sum_i (x_i - s)_+ = 1

    The threshold s is found from the sorted entries, in O(n log n).

    Parameters
    ----------
    x : array of finite numbers
        Of any shape; every line along ``axis`` is projected.
    axis : int, default=-1
        Direction of the lines.

    Returns
    -------
    array of the shape of x
        float32 stays float32, everything else is float64.

    Examples
    --------
    >>> from skartm.simplex import project
    >>> project([[0.5, 1.5, 0.0], [0.2, 0.3, 0.5]])
    array([[0. , 1. , 0. ],
           [0.2, 0.3, 0.5]])
    """
    given = np.asarray(x)
    given = given if given.dtype == np.float32 else as_floats(given, "project: x")
    dtype = given.dtype if given.dtype == np.float32 else np.dtype(np.float64)
    if given.ndim == 0 or given.shape[axis] == 0:
        msg = f"project: x must have at least one entry along axis {axis}. Got the shape {given.shape}."
        raise ValueError(msg)
    lines = np.moveaxis(given.astype(np.float64), axis, -1)  # a copy
    if not np.isfinite(lines).all():
        msg = "project: x must be finite. Got NaN or infinity; replace them first."
        raise ValueError(msg)
    lines -= lines.max(axis=-1, keepdims=True)  # large entries would leave no digits for the threshold
    descending = -np.sort(-lines, axis=-1)
    # s if the first k entries are what stays positive
    thresholds = (np.cumsum(descending, axis=-1) - 1) / np.arange(1, lines.shape[-1] + 1)
    kept = (descending > thresholds).sum(axis=-1, keepdims=True)
    nearest = np.maximum(lines - np.take_along_axis(thresholds, kept - 1, axis=-1), 0)
    return np.moveaxis(nearest, -1, axis).astype(dtype)
