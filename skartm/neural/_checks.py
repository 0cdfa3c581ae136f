"""Checks of the parameters of an embedded topic model, and of its documents."""

from typing import Any

import numpy as np
from scipy import sparse

from skartm._validation import check_choice, check_dtype, check_flag, check_integer, check_real
from skartm.base import shown
from skartm.neural._encoder import ACTIVATIONS

_COUNTS = ("n_components", "embedding_size", "batch_size", "max_iter", "max_doc_iter", "n_iter_no_change")


def check_parameters(model: Any) -> None:
    """Raise unless all parameters are of their type and in their range."""
    for name in _COUNTS:
        check_integer(model, name, minimum=1)
    check_integer(model, "kl_warmup", minimum=0)
    check_real(model, "dropout", low=0.0, high=0.99)
    for name in ("learning_rate", "init_length"):
        check_real(model, name, low=0.0, open_low=True)
    for name in ("doc_topic_prior", "doc_tol"):
        check_real(model, name, low=0.0)
    if model.validation_fraction is not None:
        check_real(model, "validation_fraction", low=0.0, high=1.0, open_low=True)
    for name in ("train_embeddings", "batch_norm"):
        check_flag(model, name)
    check_choice(model, "activation", ACTIVATIONS)
    check_choice(model, "inference", ("em", "encoder"))
    check_choice(model, "evaluation", ("completion", "fold_in"))
    check_choice(model, "device", ("auto", "cpu", "cuda", "mps"))
    check_dtype(model)
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
