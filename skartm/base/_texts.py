"""Texts as users have them: a list, a column, or a table of one column, whose iteration would give names of columns."""

from __future__ import annotations

from typing import Any


def texts_of(X: Any, owner: str) -> Any:
    """Return documents to iterate over: those of the single column of a table, everything else as it is.

    Raises
    ------
    ValueError
        A table of several columns.

    Examples
    --------
    >>> import numpy as np
    >>> from skartm.base import texts_of
    >>> texts_of(np.array([["a cat"], ["a dog"]]), "owner").tolist()
    ['a cat', 'a dog']
    """
    shape: Any = getattr(X, "shape", ())
    if len(shape) != 2 or hasattr(X, "indptr"):
        return X
    if shape[1] != 1:
        raise ValueError(
            f"{owner}: texts must be a sequence, or a table of one column. Got a table of {shape[1]} columns; pass one "
            "column, such as frame['text'], or count several with a ColumnTransformer."
        )
    return X[X.columns[0]] if hasattr(X, "columns") else X[:, 0]
