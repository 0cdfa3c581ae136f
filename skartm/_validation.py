"""Checks of constructor parameters, made when ``fit`` begins."""

from collections.abc import Collection
from numbers import Integral, Real
from typing import Any

import numpy as np

from skartm.base import shown

MOST_SAMPLES = 1e18  # documents of a corpus: counters that stand for so many do not overflow in float32


def _fail(owner: Any, name: str, expected: str, got: Any) -> None:
    msg = f"The {name!r} parameter of {type(owner).__name__} must be {expected}. Got {shown(got)} instead."
    raise (ValueError if isinstance(got, (Real, str)) and not isinstance(got, bool) else TypeError)(msg)


def check_integer(owner: Any, name: str, *, minimum: int) -> int:
    """An integer parameter of at least ``minimum``."""
    value = getattr(owner, name)
    if not isinstance(value, Integral) or isinstance(value, bool) or value < minimum:
        _fail(owner, name, f"an integer of at least {minimum}", value)
    return int(value)


def check_real(owner: Any, name: str, *, low: float, high: float = np.inf, open_low: bool = False) -> float:
    """A finite real parameter in [low, high], or (low, high] with ``open_low``."""
    value = getattr(owner, name)
    bad = not isinstance(value, Real) or isinstance(value, bool) or not np.isfinite(float(value))
    if bad or value < low or value > high or (open_low and value <= low):
        bracket = "(" if open_low else "["
        _fail(owner, name, f"a finite number in {bracket}{low}, {high}{']' if np.isfinite(high) else ')'}", value)
    return float(value)


def check_choice(owner: Any, name: str, choices: Collection[Any]) -> Any:
    """A parameter that is one of ``choices``."""
    value = getattr(owner, name)
    if not isinstance(value, (str, bool, type(None))) or value not in choices:
        _fail(owner, name, f"one of {sorted(choices, key=str)}", value)
    return value


def check_flag(owner: Any, name: str) -> bool:
    """A boolean parameter."""
    value = getattr(owner, name)
    if not isinstance(value, (bool, np.bool_)):
        _fail(owner, name, "True or False", value)
    return bool(value)


def check_dtype(owner: Any, name: str = "dtype") -> np.dtype:
    """float32 or float64."""
    value = getattr(owner, name)
    try:
        dtype = np.dtype(value) if value is not None else None
    except TypeError:
        dtype = None
    if dtype is None or dtype not in (np.dtype(np.float32), np.dtype(np.float64)):  # numpy: float64 == None
        _fail(owner, name, "'float32' or 'float64'", value)
    return dtype  # type: ignore[return-value]


def dtype_of(X: Any) -> np.dtype | None:
    """The type of the numbers of a matrix or a data frame; None if they have no common one, or are in lists."""
    dtypes = list(X.dtypes) if hasattr(X, "dtypes") and hasattr(X, "iloc") else [getattr(X, "dtype", None)]
    return np.result_type(*dtypes) if dtypes and all(isinstance(dtype, np.dtype) for dtype in dtypes) else None
