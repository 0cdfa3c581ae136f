"""Checks of numbers among the parameters of regularizers."""

from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray


def is_number(value: Any) -> bool:
    """A real number; not a bool."""
    return isinstance(value, Real) and not isinstance(value, (bool, np.bool_))


def distribution_over(values: Any, size: int, owner: str, parameter: str) -> NDArray:
    """Non-negative finite numbers of shape (size,)."""
    array = np.asarray(values, dtype=np.float64)
    if array.shape != (size,):
        msg = f"The {parameter!r} parameter of {owner} must have shape ({size},). Got {array.shape}."
        raise ValueError(msg)
    if not np.isfinite(array).all() or (array < 0).any():
        msg = f"The {parameter!r} parameter of {owner} must be finite and non-negative. Got {values!r}."
        raise ValueError(msg)
    return array
