"""The door for arrays from outside: what comes in is checked once, and never written."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy import sparse
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from skartm.base._magnitudes import check_magnitudes
from skartm.base._order import carry_order, reads_order, token_order
from skartm.base._sparse import canonical, cast, csr_of, guarded, is_memory_mapped, own_csr, own_sparse, plain


def check_counts(estimator: Any, X: Any, dtype: DTypeLike, *, reset: bool) -> Any:
    """X of an estimator as a CSR matrix of finite non-negative numbers, of our own, that cannot be written.

    Token order, memory maps and index types are kept. If rows are texts for the estimator, they are in the order of the
    text, even if scipy has sorted X. Methods of scipy that need sorted rows raise, unless the rows are
    sorted: :func:`skartm.base._sparse.canonical` sorts a copy.

    Raises
    ------
    ValueError
        NaN, infinite or negative entries, a wrong number of features, a matrix whose arrays do not belong together, an
        entry that ``dtype`` cannot count exactly or that is so small that it loses digits, or no order of the text for
        an estimator that reads it.
    """
    dtype, given = np.dtype(dtype), X
    X = read_matrix(estimator, X, reset=reset, dtype="numeric", ensure_non_negative=True)
    if not sparse.issparse(X):
        X = csr_of(X)
    if not _is_harmless(X.data, dtype):
        check_magnitudes(type(estimator).__name__, X, dtype)
        check_scale(X, dtype, type(estimator).__name__)
    X = carry_order(given, X if X.data.dtype == dtype or is_memory_mapped(X.data) else cast(X, dtype))
    return token_order(X, type(estimator).__name__) if reads_order(estimator) else X


def read_matrix(
    estimator: Any, X: Any, *, reset: bool, dtype: Any, ensure_non_negative: bool = False, finite: Any = True
) -> Any:
    """X of an estimator as scikit-learn's ``validate_data`` returns it, as an array or a CSR of our own.

    ``dtype`` is as in ``validate_data``; a sparse matrix is converted without being sorted, which scikit-learn does to
    the one of the user.
    """
    if sparse.issparse(X):
        X = own_csr(X)
        if dtype != "numeric":
            X = cast(X, _chosen(X.dtype, dtype))
        done = _is_sound(X.data, ensure_non_negative) and min(X.shape) > 0
        if done and not reset and _is_as_wide(X, estimator):
            return X
        return validate_data(
            estimator, X, reset=reset, skip_check_array=done,
            **({} if done else {"accept_sparse": "csr", "dtype": dtype, "ensure_non_negative": ensure_non_negative}),
        )  # fmt: skip
    with np.errstate(over="ignore"):  # what is too large for the dtype is infinite then, and refused
        X = validate_data(
            estimator,
            as_array(X),
            reset=reset,
            accept_sparse="csr",
            dtype=dtype,
            ensure_non_negative=ensure_non_negative,
            ensure_all_finite=finite,
        )
    return own_csr(X) if sparse.issparse(X) else guarded(plain(X))  # a frame with sparse columns is sparse by now


def check_matrix(
    X: Any,
    name: str,
    *,
    dtype: Any = "numeric",
    accept_sparse: bool | str = False,
    non_negative: bool = False,
    finite: Any = True,
    min_rows: int = 1,
    min_columns: int = 1,
) -> Any:
    """A matrix that is no estimator's X: an array, or a CSR with ``accept_sparse``, of our own, that cannot be written.

    Raises
    ------
    ValueError, TypeError
        Not a matrix of numbers, too few rows or columns, NaN, infinite or (``non_negative``) negative entries, or a
        sparse matrix whose arrays do not belong together.
    """
    if sparse.issparse(X):
        X = own_csr(X, name)
        if dtype != "numeric":
            X = cast(X, _chosen(X.dtype, dtype))
    checked: Any = check_array(
        as_array(X), accept_sparse="csr" if accept_sparse else False, dtype=dtype, ensure_all_finite=finite,
        ensure_min_samples=min_rows, ensure_min_features=min_columns, input_name=name,
    )  # fmt: skip
    if non_negative:
        _check_non_negative(checked, name, "must be non-negative")
    return own_csr(checked, name) if sparse.issparse(checked) else guarded(plain(checked))


def check_csr(
    X: Any, owner: str, *, name: str = "X", dtype: DTypeLike | None = None, non_negative: bool = True, min_rows: int = 0
) -> Any:
    """A sparse or dense matrix of finite numbers as a CSR of our own; the entries of a CSR keep their order.

    Raises
    ------
    ValueError, TypeError
        As of :func:`check_matrix`.
    """
    checked = check_matrix(X, name, accept_sparse=True, min_rows=min_rows, min_columns=0)
    if non_negative:
        _check_non_negative(checked, owner, f"{name} must be counts")
    if not sparse.issparse(checked):
        checked = csr_of(checked)
    return checked if dtype is None else cast(checked, dtype)


def matrix_of_numbers(values: Any, name: str) -> Any:
    """A sparse or dense matrix as a float64 CSR of our own, sorted, whatever its shape and its values."""
    if sparse.issparse(values):
        return canonical(cast(own_csr(values, name), np.float64))
    return sparse.csr_matrix(np.atleast_2d(as_floats(values, name)))


def check_structure(X: Any, name: str = "X") -> Any:
    """X itself if it is dense, else a checked matrix of our own around the same arrays (:func:`own_sparse`)."""
    return own_sparse(X, name) if sparse.issparse(X) else X


def check_weights(estimator: Any, sample_weight: Any, n_docs: int) -> NDArray | None:
    """Finite non-negative weights of shape (n_docs,), float64, not all zero; None stays None.

    ``estimator`` is who asks: an estimator, or the name of a function.
    """
    if sample_weight is None:
        return None
    owner = estimator if isinstance(estimator, str) else type(estimator).__name__
    weights = as_floats(sample_weight, f"{owner}: sample_weight")
    if weights.ndim == 0:
        weights = np.full(n_docs, weights)
    if weights.shape != (n_docs,):
        raise ValueError(f"{owner}: sample_weight must be numbers of shape ({n_docs},). Got shape {weights.shape}.")
    weights = weights.copy()
    if not np.isfinite(weights).all() or (weights < 0).any():
        msg = f"{owner}: sample_weight must be finite and non-negative. Got {weights.min()} to {weights.max()}."
        raise ValueError(msg)
    reach = _reach(_type_of(estimator))
    extreme = (weights > reach) | ((weights > 0) & (weights < 1 / reach))
    if extreme.any():
        row = int(np.argmax(extreme))
        msg = f"{owner}: sample_weight must be zero or from {1 / reach:.0e} to {reach:.0e}. Got {weights[row]} in row "
        raise ValueError(f"{msg}{row}; only the relation of weights matters, so divide all of them.")
    if not weights.any():
        msg = f"{owner}: sample_weight must not be all zero."
        raise ValueError(msg)
    return weights


def check_numbers(values: Any, shape: tuple[int | None, ...], name: str, *, non_negative: bool = True) -> NDArray:
    """Finite numbers of a shape, in which None is any length; a float64 array of our own."""
    array = as_floats(values, name)
    fits = array.ndim == len(shape) and all(n in (None, m) for n, m in zip(shape, array.shape, strict=True))
    if not fits:
        expected = f"({', '.join('n' if n is None else str(n) for n in shape)}{',' * (len(shape) == 1)})"
        raise ValueError(f"{name} must be numbers of shape {expected}. Got shape {array.shape}.")
    array = array.copy()
    if not np.isfinite(array).all() or (non_negative and (array < 0).any()):
        kind = "finite and non-negative" if non_negative else "finite"
        raise ValueError(f"{name} must be {kind}. Got {array.min()} to {array.max()}.")
    return array


def as_floats(values: Any, name: str) -> NDArray:
    """An array of real numbers as float64, not copied if it is one already."""
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name} must be numbers, in rows of one length. Got rows of several.") from error
    if array.dtype.kind not in "fiubO":
        raise ValueError(f"{name} must be numbers. Got an array of {array.dtype}.")
    try:
        return np.asarray(array, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be numbers. Got objects that are none.") from error


def _check_non_negative(X: Any, whom: str, expected: str) -> None:
    matrix: Any = X
    data = matrix.data if sparse.issparse(X) else matrix
    if data.size and data.min() < 0:
        raise ValueError(f"Negative values in data passed to {whom}: {expected}. Got {data.min()}.")


def as_array(X: Any) -> Any:
    """np.matrix, which scikit-learn refuses, as the array that it is."""
    return np.asarray(X) if isinstance(X, np.matrix) else X


def _chosen(dtype: np.dtype, wanted: DTypeLike | Sequence[DTypeLike]) -> np.dtype:
    """The type that scikit-learn would convert to: the present one if it is among those wanted, else the first."""
    kinds = [np.dtype(kind) for kind in wanted] if isinstance(wanted, (list, tuple)) else [np.dtype(wanted)]  # type: ignore[arg-type]
    return dtype if dtype in kinds else kinds[0]


def _is_sound(data: NDArray, ensure_non_negative: bool) -> bool:
    """Whether all values are finite, and none negative: what scikit-learn finds out in more passes, to refuse them."""
    if data.size == 0 or data.dtype.kind not in "fiub":
        return data.dtype.kind in "fiub"
    low, high = data.min(), data.max()  # NaN, if there is one
    return bool(np.isfinite(low) and np.isfinite(high)) and (not ensure_non_negative or bool(low >= 0))


def check_scale(X: Any, dtype: DTypeLike, owner: str) -> Any:
    """X itself; raise on rows of a non-negative CSR or array that sums and quotients of a type cannot hold.

    NaN is missing.

    The sum of a row must be zero or within the square root of the largest number and the inverse of that: so far a
    product with a weight, or the inverse of a sum, is finite. Single entries are zero or have all their digits.
    """
    is_sparse, dtype = sparse.issparse(X), np.dtype(dtype)
    data: NDArray = X.data if is_sparse else X
    if not data.size or data.dtype.kind not in "fiub":
        return X
    check_magnitudes(owner, X, dtype, counts=False)
    largest = data.max() if is_sparse else np.nanmax(data, initial=0)
    reach = _reach(dtype)
    if float(largest) * data.size <= reach and (data.dtype.kind != "f" or _smallest(data) >= 1 / reach):
        return X
    filled = np.flatnonzero(np.diff(X.indptr)) if is_sparse else np.arange(X.shape[0])
    sums: Any
    with np.errstate(over="ignore"):
        if is_sparse:
            sums = np.add.reduceat(data, X.indptr[filled], dtype=np.longdouble)
        else:
            sums = np.nansum(X, axis=1, dtype=np.longdouble)
    bad = (sums > reach) | ((sums > 0) & (sums < 1 / reach))
    if bad.any():
        place = int(np.argmax(bad))
        msg = f"{owner}: the numbers of a row must be zeros or add up to {1 / reach:.0e} to {reach:.0e} with dtype="
        raise ValueError(f"{msg}'{dtype}'. Got {sums[place]:g} in row {filled[place]}; scale X, or leave the row out.")
    return X


def _is_harmless(counts: NDArray, dtype: np.dtype) -> bool:
    """Whether finite non-negative counts are so moderate that neither magnitudes nor sums can be a problem."""
    if not counts.size:
        return True
    largest = float(counts.max())
    moderate = largest <= _exact(dtype) and largest * counts.size <= _reach(dtype)
    return moderate and (counts.dtype.kind != "f" or float(counts.min()) >= 1 / _reach(dtype))


def _is_as_wide(X: Any, estimator: Any) -> bool:
    """Whether scikit-learn has nothing to say of the features of a sparse X: their number, or that they had names."""
    fitted = vars(estimator)
    return fitted.get("n_features_in_") == X.shape[1] and "feature_names_in_" not in fitted


def _type_of(estimator: Any) -> np.dtype:
    """What an estimator computes in: its parameter dtype, or float64 without any."""
    given = getattr(estimator, "dtype", None)
    return np.dtype(np.float32 if given is not None and np.dtype(given) == np.float32 else np.float64)


@cache
def _exact(dtype: np.dtype) -> float:
    return 2.0 ** (np.finfo(dtype).nmant + 1)


@cache
def _reach(dtype: np.dtype) -> float:
    return float(np.sqrt(np.finfo(dtype).max))


def _smallest(data: NDArray) -> float:
    """The smallest number above zero; infinity without any."""
    low = data.min()
    return float(low if low > 0 else np.min(data, where=data > 0, initial=np.inf))  # NaN is not above zero


def dtype_of(X: Any) -> np.dtype | None:
    """The type of the numbers of a matrix or a data frame; None if they have no common one, or are in lists."""
    dtypes = list(X.dtypes) if hasattr(X, "dtypes") and hasattr(X, "iloc") else [getattr(X, "dtype", None)]
    return np.result_type(*dtypes) if dtypes and all(isinstance(dtype, np.dtype) for dtype in dtypes) else None
