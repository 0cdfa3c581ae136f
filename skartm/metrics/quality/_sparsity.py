"""Sparsity: the share of (almost) zero entries of phi or theta."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skartm.base import shown
from skartm.base._data import check_matrix


def sparsity(
    matrix: ArrayLike, *, threshold: float = 0.0, average: bool = True, topic_axis: int = 0
) -> float | NDArray[np.float64]:
    """Share of the entries of phi or theta that are at most a threshold.

    For a matrix ``a`` of ``n`` entries ::

        sparsity(a) = #{(i, j) : a_ij <= threshold} / n

    The comparison is made in float64, so one threshold means the same for float32 and float64 matrices.

    Parameters
    ----------
    matrix : array-like of shape (n_topics, n_features) or (n_docs, n_topics)
        Topics, as ``components_``, or documents, as ``transform`` returns them. Dense; it is not modified.
    threshold : float, default=0.0
        Largest entry that counts as zero, non-negative. BigARTM counts the entries below 1e-37.
    average : bool, default=True
        Whether to return one number for the whole matrix, or an array with the share of each topic.
    topic_axis : {0, 1}, default=0
        Axis along which the topics lie: 0 for ``components_``, 1 for theta. Used by ``average=False`` only.

    Returns
    -------
    share : float or ndarray of shape (n_topics,)
        Share in [0, 1]; all topics have the same number of entries, so the mean over them is the whole.

    Raises
    ------
    ValueError
        If the matrix is not 2-dimensional, is empty or has NaN, or if a parameter is out of its range.

    Examples
    --------
    >>> from skartm.metrics import sparsity
    >>> phi = [[0.5, 0.5, 0.0, 0.0], [0.0, 0.2, 0.3, 0.5]]
    >>> sparsity(phi)
    0.375
    >>> sparsity(phi, average=False)
    array([0.5 , 0.25])
    >>> sparsity(phi, threshold=0.2)
    0.5
    """
    if not isinstance(threshold, Real) or not threshold >= 0:
        raise ValueError(
            f"The 'threshold' parameter of sparsity must be a number >= 0. Got {shown(threshold)} instead."
        )
    if topic_axis not in (0, 1):
        raise ValueError(
            "The 'topic_axis' parameter of sparsity must be 0 (topics are rows, as in components_) or 1 "
            f"(topics are columns, as in theta). Got {shown(topic_axis)} instead."
        )
    checked: NDArray[Any] = check_matrix(matrix, "matrix")
    is_zero = checked <= np.float64(threshold)
    if average:
        return float(is_zero.mean())
    return is_zero.mean(axis=1 - topic_axis)
