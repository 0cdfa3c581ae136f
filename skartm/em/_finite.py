"""Finite numbers: what is asked of terms, which may be anybody's code."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

_ROWS = 1024  # looked at together: the mask stays in cache


def require_finite(array: ArrayLike, name: str, what: str) -> None:
    """Raise on NaN and infinity, before they reach the model.

    Parameters
    ----------
    array : array of numbers
    name : str
        Name of the regularizer.
    what : str
        What of it, and what to do: completes "The regularizer 'name' must have a finite ...".

    Raises
    ------
    ValueError
        Naming the regularizer.
    """
    numbers = np.atleast_1d(array)
    for start in range(0, numbers.shape[0], _ROWS):
        finite = np.isfinite(numbers[start : start + _ROWS])
        if not finite.all():
            _raise(numbers[start : start + _ROWS][~finite][0], name, what)


def _raise(number: NDArray, name: str, what: str) -> None:
    msg = f"The regularizer {name!r} must have a finite {what}. Got {number}."
    raise ValueError(msg)
