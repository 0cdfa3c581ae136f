"""Distributions in the columns of a matrix."""

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

FLOOR = 1e-16
"""Smallest probability that is kept; a token that the model gives less is charged this much, never nothing."""


def norm(matrix: NDArray) -> NDArray:
    """Scale the positive part of every column to sum 1: norm(x) = x_+ / sum x_+.

    Parameters
    ----------
    matrix : array of shape (n, k)

    Returns
    -------
    array of shape (n, k)
        Columns without a positive entry are zeros.

    Examples
    --------
    >>> import numpy as np
    >>> from skartm.simplex import norm
    >>> norm(np.array([[1.0, -1.0], [3.0, 0.0]]))
    array([[0.25, 0.  ],
           [0.75, 0.  ]])
    """
    positive = np.maximum(matrix, 0)
    total = positive.sum(axis=0)
    return np.divide(positive, total, out=np.zeros_like(positive), where=total > 0)


def random_distributions(random_state: RandomState, n: int, k: int) -> NDArray:
    """k random distributions over n items, items shared out between them: uniform draws, scaled by row, then by column.

    The start of phi: every token begins with a random share in every topic, and no token is rare in all of them.

    Returns
    -------
    array of shape (n, k)
        Columns sum to 1.

    Examples
    --------
    >>> import numpy as np
    >>> from skartm.simplex import random_distributions
    >>> random_distributions(np.random.RandomState(0), 5, 2).sum(axis=0).round(6)
    array([1., 1.])
    """
    shares = random_state.random_sample((n, k))
    shares /= shares.sum(axis=1, keepdims=True)
    return shares / shares.sum(axis=0)
