"""Checks of the parameters of an embedded topic model, and of its documents."""

from typing import Any

import numpy as np
from scipy import sparse

from skartm.base import shown
from skartm.base._parameters import check_declared, check_dtype, check_real


def check_parameters(model: Any) -> None:
    """Raise unless all parameters are of their type and in their range."""
    check_declared(model)
    # digits of counts must be left beside the prior
    check_real(model, "doc_topic_prior", low=0.0, high=2.0 ** (np.finfo(check_dtype(model)).nmant - 9))
    sizes = np.asarray(model.hidden_layer_sizes)
    if sizes.ndim > 1 or sizes.size == 0 or sizes.dtype.kind not in "iu" or (sizes < 1).any():
        msg = f"The 'hidden_layer_sizes' parameter of {type(model).__name__} must be one or more positive integers."
        raise ValueError(f"{msg} Got {shown(model.hidden_layer_sizes)} instead.")


def filled_documents(X: Any, owner: str) -> Any:
    """The rows of a CSR matrix that have tokens, with each token once.

    Raises
    ------
    ValueError
        None has any.
    """
    X = sparse.csr_array((X.data, X.indices, X.indptr), shape=X.shape).copy()
    X.sum_duplicates()
    X.eliminate_zeros()
    X = X[np.flatnonzero(np.diff(X.indptr))]
    if X.shape[0] == 0:
        msg = f"{owner}: X must have tokens. Got a matrix without positive entries."
        raise ValueError(msg)
    return X
