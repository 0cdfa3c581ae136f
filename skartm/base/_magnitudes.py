"""How small and how large numbers of a matrix may be, so that sums and quotients of them are numbers too."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy import sparse

_TOGETHER = 2**20  # entries that are looked at in one go, so that a memory map is not copied


def check_magnitudes(owner: str, X: Any, dtype: DTypeLike, *, counts: bool = True) -> None:
    """Raise where ``dtype`` cannot compute with entries of X.

    Entries below the smallest normal number lose their digits: quotients of them are wrong, zero or not finite. Counts
    above 2^24 in float32, above 2^53 in float64, are not exact, and sums of much larger ones overflow.

    Parameters
    ----------
    owner : str
        Who asks, for the message.
    X : array of one or two dimensions, or CSR matrix
        Non-negative, and not yet converted to ``dtype``. NaN is a missing entry.
    dtype : dtype
        float32 or float64.
    counts : bool, default=True
        Whether large entries are to be exact. Otherwise their sum is to be finite.

    Raises
    ------
    ValueError
        With the row of the entry, what is allowed, and what to do.
    """
    info = np.finfo(dtype)
    is_sparse: bool = sparse.issparse(X)
    values = X.data if is_sparse else X.reshape(-1)
    if values.size == 0 or values.dtype.kind == "b":
        return
    small = _first(values, info.tiny) if values.dtype.kind == "f" else None
    if small is not None:
        expected = f"0 or at least {info.tiny:.2g} with dtype='{info.dtype}', which loses the digits of less"
        _refuse(owner, X, small, expected, "multiply X by a number, or set such entries to 0")
    largest = 2 ** (info.nmant + 1) if counts else float(f"{float(info.max) / (4 * values.size):.1e}")
    if float(np.fmax.reduce(values)) > largest:  # as a float: the limit may be beyond those of X
        place = int(np.nanargmax(values))
        remedy = "use dtype='float64' or divide the counts" if info.dtype == np.float32 else "divide the counts"
        reason = "which cannot count further exactly" if counts else "in which their sum overflows"
        _refuse(owner, X, place, f"at most {largest} with dtype='{info.dtype}', {reason}", remedy)


def _first(values: NDArray, least: float) -> int | None:
    """The place of the first positive value below ``least``."""
    for start in range(0, values.size, _TOGETHER):
        part = values[start : start + _TOGETHER]
        if part.min() >= least:
            continue
        small = np.flatnonzero((part > 0) & (part < least))
        if small.size:
            return start + int(small[0])
    return None


def _refuse(owner: str, X: Any, place: int, expected: str, remedy: str) -> None:
    is_sparse: bool = sparse.issparse(X)
    if is_sparse:
        row, value = int(np.searchsorted(X.indptr, place, side="right")) - 1, X.data[place]
    else:
        row, value = place // (X.shape[1] if X.ndim == 2 else 1), X.reshape(-1)[place]
    raise ValueError(f"{owner}: counts must be {expected}. Got {value!s} in row {row}; {remedy}.")
