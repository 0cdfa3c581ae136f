"""Checks of what regularizers are given: distributions, and the documents that they speak of."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm.base import shown
from skartm.base._data import as_floats
from skartm.em import Layout

SLICED = (
    "Cross-validation, search and validation_fraction fit on some rows of X and leave parameters as they are: give it "
    "the rows of this fit."
)


def distribution_over(values: Any, size: int, owner: str, parameter: str) -> NDArray:
    """Non-negative finite numbers of shape (size,)."""
    array = as_floats(values, f"The {parameter!r} parameter of {owner}")
    if array.shape != (size,):
        msg = f"The {parameter!r} parameter of {owner} must have shape ({size},). Got {array.shape}."
        raise ValueError(msg)
    if not np.isfinite(array).all() or (array < 0).any():
        msg = f"The {parameter!r} parameter of {owner} must be finite and non-negative. Got {shown(values)}."
        raise ValueError(msg)
    return array


def distribution_of_tokens(values: Any, n_tokens: int, tokens: NDArray, owner: str, parameter: str) -> NDArray:
    """Non-negative finite numbers for ``tokens``, from one for each of them or one for each of all tokens."""
    array = as_floats(values, f"The {parameter!r} parameter of {owner}")
    if array.shape == (n_tokens,):
        return distribution_over(array, n_tokens, owner, parameter)[tokens]
    if tokens.size != n_tokens and array.shape != (tokens.size,):
        msg = (
            f"The {parameter!r} parameter of {owner} must have shape ({tokens.size},), the tokens of the modality, or "
            f"({n_tokens},), all tokens. Got {array.shape}."
        )
        raise ValueError(msg)
    return distribution_over(array, tokens.size, owner, parameter)


def documents_of_fit(layout: Layout, owner: str, parameter: str) -> int:
    """How many documents the fit has; raises where that is not known."""
    if layout.n_docs is None:
        msg = f"{owner}: {parameter} speaks of the documents of one fit, partial_fit has others each time; call fit."
        raise ValueError(msg)
    return layout.n_docs
