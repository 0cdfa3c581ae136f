"""Compiled loops over texts that an interruption can stop; see :mod:`skartm.base._interruptible`."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm._kernels import count_gensim_windows as _count_gensim_windows
from skartm._kernels import count_windows as _count_windows
from skartm._kernels import nearest_neighbours as _nearest_neighbours
from skartm.base._interruptible import portions


def count_windows(
    indptr: NDArray,
    indices: NDArray,
    slot_of: NDArray,
    partner_indptr: NDArray,
    *rest: Any,
    gensim: bool = False,
) -> None:
    """Windows that contain tokens and pairs, or in which gensim sees them; ``indices`` may be int64."""
    count = _count_gensim_windows if gensim else _count_windows
    for start, stop in portions(indptr, 20.0 + float(np.diff(partner_indptr).max(initial=0)), 1):
        offsets = indptr[start : stop + 1] - indptr[start]
        some = indices[indptr[start] : indptr[stop]].astype(np.int32, copy=False)
        count(offsets, some, slot_of, partner_indptr, *rest)


def nearest_neighbours(
    indptr: NDArray,
    indices: NDArray,
    ends: NDArray,
    docs: NDArray,
    measure: tuple[NDArray, NDArray, NDArray],
    least: int,
    found: tuple[NDArray, NDArray, NDArray],
    scratch: NDArray,
    n_threads: int,
) -> None:
    """Tokens that occur together most; what is ``found`` are values, columns and how many of them."""
    visits = np.concatenate([[0.0], np.cumsum(np.diff(indptr)[docs], dtype=np.float64)])  # entries that a token reads
    for start, stop in portions(visits[np.concatenate([[0], ends])], 4.0, n_threads):
        out = (array[start:stop] for array in found)
        _nearest_neighbours(indptr, indices, ends, docs, measure, least, start, *out, scratch, n_threads)
