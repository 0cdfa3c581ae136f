"""Topic matrices as the kernels want them: rows padded to whole cache lines, 64-byte aligned, zeros in the pad."""

import numpy as np
from numpy.typing import DTypeLike, NDArray

_LINE = 64


def padded_width(n_topics: int, dtype: DTypeLike) -> int:
    """Topics rounded up to whole cache lines: 16 for float32, 8 for float64."""
    lanes = _LINE // np.dtype(dtype).itemsize
    return -(-n_topics // lanes) * lanes


def padded_zeros(n_rows: int, n_topics: int, dtype: DTypeLike) -> NDArray:
    """Zeros of shape (n_rows, padded_width), aligned to a cache line."""
    dtype = np.dtype(dtype)
    width = padded_width(n_topics, dtype)
    size = n_rows * width * dtype.itemsize
    raw = np.zeros(size + _LINE, dtype=np.uint8)
    start = -raw.ctypes.data % _LINE
    return raw[start : start + size].view(dtype).reshape(n_rows, width)


def like_padded(matrix: NDArray) -> NDArray:
    """Zeros as large as a padded matrix, and aligned as it is."""
    return padded_zeros(matrix.shape[0], matrix.shape[1], matrix.dtype)


def n_zeros(matrix: NDArray, n_topics: int) -> int:
    """Zeros of a padded matrix, the pad not counted. As integers the entries are counted several times faster."""
    pad = matrix.shape[0] * (matrix.shape[1] - n_topics)
    return int(matrix.size - np.count_nonzero(matrix.view(f"u{matrix.itemsize}")) - pad)


def unpadded_transpose(matrix: NDArray, n_topics: int) -> NDArray:
    """A C-ordered copy of shape (n_topics, n_rows); by blocks of rows, which stay in cache (twice as fast)."""
    out = np.empty((n_topics, matrix.shape[0]), dtype=matrix.dtype)
    for start in range(0, matrix.shape[0], 256):
        out[:, start : start + 256] = matrix[start : start + 256, :n_topics].T
    return out


def padded(matrix: NDArray, dtype: DTypeLike) -> NDArray:
    """A padded copy of a matrix of shape (n_rows, n_topics)."""
    out = padded_zeros(matrix.shape[0], matrix.shape[1], dtype)
    for start in range(0, matrix.shape[0], 256):  # by blocks, as above
        out[start : start + 256, : matrix.shape[1]] = matrix[start : start + 256]
    return out
