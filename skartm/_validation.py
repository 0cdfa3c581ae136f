"""Checks of constructor parameters and of data, made when ``fit`` begins."""

from collections.abc import Collection
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy import sparse
from sklearn.utils.validation import validate_data

from skartm.base import shown
from skartm.base._magnitudes import check_magnitudes
from skartm.base._order import carry_order, reads_order, token_order

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


def check_counts(estimator: Any, X: Any, dtype: DTypeLike, *, reset: bool) -> Any:
    """X as a CSR matrix of finite non-negative numbers; token order, memory maps and index types are kept.

    If rows are texts for the estimator, they are in the order of the text, even if scipy has sorted X.

    Raises
    ------
    ValueError
        NaN, infinite or negative entries, a wrong number of features, indices out of range, an entry that ``dtype``
        cannot count exactly or that is so small that it loses digits, or no order of the text for an estimator that
        reads it.
    """
    check_structure(X)
    given = X
    X = validate_data(
        estimator,
        X,
        reset=reset,
        accept_sparse="csr",
        dtype="numeric",
        ensure_non_negative=True,
        accept_large_sparse=True,
    )
    if not sparse.issparse(X):
        X = sparse.csr_matrix(X.astype(np.float32) if X.dtype == np.float16 else X)  # scipy has no float16
    check_magnitudes(type(estimator).__name__, X, dtype)
    data = X.data
    if data.dtype != dtype and not isinstance(_origin(data), np.memmap):
        # not X.astype, which sorts the rows and adds up repeated tokens
        X = type(X)((data.astype(dtype), X.indices, X.indptr), shape=X.shape)
    X = carry_order(given, X)
    return token_order(X, type(estimator).__name__) if reads_order(estimator) else X


def check_structure(X: Any) -> None:
    """Raise on indices out of range, which conversions between formats follow blindly."""
    if not sparse.issparse(X):
        return
    matrix: Any = X
    if matrix.format in ("csr", "csc", "bsr"):
        matrix.check_format(full_check=True)
    elif matrix.format == "coo":
        for name, index, size in zip(("row", "column"), matrix.coords, matrix.shape, strict=True):
            if index.size and (index.min() < 0 or index.max() >= size):
                msg = f"{name} indices must be in [0, {size}). Got {index.min()} to {index.max()}."
                raise ValueError(msg)


def _origin(array: Any) -> Any:
    while isinstance(getattr(array, "base", None), np.ndarray) and not isinstance(array, np.memmap):
        array = array.base
    return array


def check_weights(estimator: Any, sample_weight: Any, n_docs: int) -> NDArray | None:
    """Finite non-negative weights of shape (n_docs,), float64, not all zero; None stays None."""
    if sample_weight is None:
        return None
    owner = type(estimator).__name__
    weights = np.asarray(sample_weight)
    if weights.ndim == 0:
        weights = np.full(n_docs, weights)
    if weights.shape != (n_docs,) or weights.dtype.kind not in "fiub":
        msg = (
            f"{owner}: sample_weight must be numbers of shape ({n_docs},). Got shape {weights.shape}, {weights.dtype}."
        )
        raise ValueError(msg)
    weights = weights.astype(np.float64)
    if not np.isfinite(weights).all() or (weights < 0).any():
        msg = f"{owner}: sample_weight must be finite and non-negative. Got {weights.min()} to {weights.max()}."
        raise ValueError(msg)
    if not weights.any():
        msg = f"{owner}: sample_weight must not be all zero."
        raise ValueError(msg)
    return weights
