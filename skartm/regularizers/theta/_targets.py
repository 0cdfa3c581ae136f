"""Targets of documents, and the penalty of what is learned from them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm.base import shown
from skartm.base._data import check_matrix
from skartm.base._parameters import is_number
from skartm.em import Layout


def theta_of(theta: NDArray, learned: Mapping[str, Any]) -> NDArray:
    checked: NDArray = check_matrix(theta, "theta", dtype=np.float64, min_rows=0)
    n_topics = np.shape(learned["coef"])[0]
    if checked.shape[1] != n_topics:
        raise ValueError(f"theta must have a column for each of the {n_topics} topics. Got shape {checked.shape}.")
    return checked


def check_penalty(alpha: Any, owner: str) -> None:
    if not is_number(alpha) or not np.isfinite(alpha) or alpha < 0:
        msg = f"The 'alpha' parameter of {owner} must be a finite number, at least 0. Got {shown(alpha)}."
        raise ValueError(msg)


def targets_of(layout: Layout, owner: str) -> NDArray:
    if layout.y is None:
        msg = f"{owner}: y must be the targets of the documents. Got None; call fit(X, y)."
        raise ValueError(msg)
    return np.asarray(layout.y)
