"""Equality of parameters, whatever they are made of."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import sparse


def same_value(one: Any, other: Any) -> bool:
    """Whether two parameters say the same, arrays and containers of arrays included.

    Parameters
    ----------
    one, other : any objects

    Returns
    -------
    bool
        False for objects that cannot be compared.
    """
    if one is other:
        return True
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return _same_arrays(one, other)
    if sparse.issparse(one) or sparse.issparse(other):
        return sparse.issparse(one) and sparse.issparse(other) and _same_matrices(one, other)
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return list(one) == list(other) and all(same_value(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(same_value(a, b) for a, b in zip(one, other, strict=True))
    try:
        return bool(one == other)
    except (TypeError, ValueError):
        return False


def _same_arrays(one: Any, other: Any) -> bool:
    if isinstance(one, (str, Mapping)) or isinstance(other, (str, Mapping)) or one is None or other is None:
        return False
    one, other = np.asarray(one), np.asarray(other)
    return one.shape == other.shape and bool(np.array_equal(one, other))


def _same_matrices(one: Any, other: Any) -> bool:
    if one.shape != other.shape:
        return False
    return all(_same_arrays(a, b) for a, b in zip(_entries(one), _entries(other), strict=True))


def _entries(matrix: Any) -> tuple[Any, Any, Any]:
    coordinates = matrix.tocoo(copy=True)
    coordinates.sum_duplicates()
    return coordinates.row, coordinates.col, coordinates.data
