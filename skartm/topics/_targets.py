"""Targets of documents, for regularizers that read them."""

from typing import Any

import numpy as np

from skartm.regularizers import check_regularizers


def read_targets(model: Any, X: Any, **given: Any) -> dict[str, Any]:
    """``y`` with a row for each document, if a regularizer of the model reads it, and nothing else."""
    y, n_docs = given.get("y"), X.shape[0]
    readers = [name for name, regularizer in check_regularizers(model) if getattr(regularizer, "uses_y", False)]
    if not readers:
        return {}
    if y is None:
        msg = f"{type(model).__name__}: the regularizers {readers} read targets. Got y=None; call fit(X, y)."
        raise ValueError(msg)
    y = np.asarray(y)
    if y.ndim == 0 or y.shape[0] != n_docs:
        msg = f"{type(model).__name__}: y must have one row for each of the {n_docs} documents. Got shape {y.shape}."
        raise ValueError(msg)
    return {"y": y}
