"""Matrices as the solvers read them: of one type of floats, with numbers that it can compute with."""

from typing import Any

import numpy as np
from sklearn.utils.validation import validate_data

from skartm._validation import check_structure
from skartm.base._magnitudes import check_magnitudes


def read_matrix(model: Any, X: Any, *, reset: bool, ensure_all_finite: Any = True) -> Any:
    """X as an array or a CSR matrix, of ``model.dtype``, else of its own; after ``fit`` of the dtype of H."""
    check_structure(X)
    X = validate_data(
        model,
        X,
        reset=reset,
        accept_sparse="csr",
        dtype=[np.float64, np.float32],
        ensure_non_negative=True,
        ensure_all_finite=ensure_all_finite,
    )
    dtype = X.dtype if model.dtype is None else np.dtype(model.dtype)
    dtype = dtype if reset else model.components_.dtype
    check_magnitudes(type(model).__name__, X, dtype, counts=False)
    return X.astype(dtype, copy=False)
