"""Gammas of positions: metadata that come with the documents."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from skartm.base import shown
from skartm.base._sparse import own_sparse


def check_position_gamma(owner: str, given: Any, X: Any, *, n_sides: int) -> NDArray:
    """One row a stored entry of X, one column, or two for left and right; NaN leaves the model's own gamma.

    Parameters
    ----------
    owner : str
        For messages.
    given : list of arrays, one a document; or CSR matrix with the entries of X
    X : CSR matrix
    n_sides : int
        Columns that are allowed.

    Raises
    ------
    ValueError
        If documents or positions do not match, or a value is outside of [0, 1].
    """
    is_matrix = sparse.issparse(given)
    values = _of_matrix(owner, own_sparse(given, "position_gamma"), X) if is_matrix else _of_documents(owner, given, X)
    if values.shape[1] > n_sides:
        msg = f"{owner}: position_gamma must have one value a position, for windows have no left gamma. Got two."
        raise ValueError(msg)
    outside = ~(np.isnan(values) | ((values >= 0) & (values <= 1)))
    if outside.any():
        msg = f"{owner}: position_gamma must be in [0, 1], or NaN. Got {shown(values[outside][0])}."
        raise ValueError(msg)
    return values


def _of_matrix(owner: str, given: Any, X: Any) -> NDArray:
    same = (
        given.format == "csr"
        and given.shape == X.shape
        and np.array_equal(given.indptr, X.indptr)
        and np.array_equal(given.indices, X.indices)
    )
    if not same:
        msg = (
            f"{owner}: position_gamma must have the entries of X in the same order, zeros stored. Got a matrix of "
            f"shape {given.shape} with {given.nnz} entries; give a list of arrays, one a document."
        )
        raise ValueError(msg)
    return np.asarray(given.data, dtype=np.float64)[:, None]


def _of_documents(owner: str, given: Any, X: Any) -> NDArray:
    try:
        parts = [np.asarray(part, dtype=np.float64) for part in given]
    except (TypeError, ValueError) as error:
        what = type(given).__name__
        msg = f"{owner}: position_gamma must be a list of arrays of numbers, one a document. Got {what}."
        raise ValueError(msg) from error
    lengths = np.diff(X.indptr)
    if len(parts) != lengths.size:
        msg = f"{owner}: position_gamma must have an array for each of the {lengths.size} documents. Got {len(parts)}."
        raise ValueError(msg)
    parts = [part[:, None] if part.ndim == 1 else part for part in parts]
    for d, (part, length) in enumerate(zip(parts, lengths, strict=True)):
        if part.ndim != 2 or part.shape[0] != length or part.shape[1] not in (1, 2):
            msg = (
                f"{owner}: position_gamma of document {d} must have the shape ({length},), or ({length}, 2) for left "
                f"and right. Got {part.shape}."
            )
            raise ValueError(msg)
    widest = max((part.shape[1] for part in parts), default=1)
    widened = [np.broadcast_to(part, (part.shape[0], widest)) for part in parts]
    return np.concatenate(widened) if widened else np.zeros((0, 1))
