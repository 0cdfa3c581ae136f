"""Which features a function rises or falls in."""

from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

_SIGNS = (-1, 0, 1)
_SHOWN = 5  # unexpected names and values in a message


def check_monotonic_cst(estimator: Any, monotonic_cst: Any) -> NDArray:
    """Signs of the features, with the meaning and the messages of scikit-learn's HistGradientBoosting estimators.

    Parameters
    ----------
    estimator : estimator that knows its ``n_features_in_`` and, with names, its ``feature_names_in_``
    monotonic_cst : None, array-like of shape (n_features,) or dict from names of features to -1, 0 or 1
        None and features that a dict leaves out are 0.

    Returns
    -------
    int8 array of shape (n_features,)

    Raises
    ------
    ValueError
        Other values, another length, unknown names, or names for data without names.
    """
    if monotonic_cst is None:
        return np.zeros(estimator.n_features_in_, dtype=np.int8)
    if isinstance(monotonic_cst, Mapping):
        return _from_names(estimator, monotonic_cst)
    values = np.asarray(monotonic_cst, dtype=object)
    unexpected = {str(value): value for value in values.ravel() if not _is_sign(value)}
    if unexpected:
        shown = [unexpected[key] for key in sorted(unexpected)][:_SHOWN]
        msg = f"monotonic_cst must be an array-like of -1, 0 or 1. Observed values: {shown}."
        raise ValueError(msg)
    if values.shape != (estimator.n_features_in_,):
        shape = values.shape or "()"
        msg = f"monotonic_cst has shape {shape} but the input data X has {estimator.n_features_in_} features."
        raise ValueError(msg)
    return values.astype(np.int8)


def _from_names(estimator: Any, monotonic_cst: Mapping[str, int]) -> NDArray:
    names = getattr(estimator, "feature_names_in_", None)
    if names is None:
        msg = f"{type(estimator).__name__} was not fitted on data with feature names."
        raise ValueError(f"{msg} Pass monotonic_cst as an integer array instead.")
    unexpected = sorted(set(monotonic_cst) - set(names), key=str)
    if unexpected:
        shown = unexpected[:_SHOWN] + ["..."] * (len(unexpected) > _SHOWN)
        msg = f"monotonic_cst contains {len(unexpected)} unexpected feature names: {shown}."
        raise ValueError(msg)
    for name, sign in monotonic_cst.items():
        if not _is_sign(sign):
            msg = f"monotonic_cst['{name}'] must be either -1, 0 or 1. Got {sign!r}."
            raise ValueError(msg)
    return np.array([monotonic_cst.get(name, 0) for name in names], dtype=np.int8)


def _is_sign(value: Any) -> bool:
    return isinstance(value, (Real, np.bool_)) and value in _SIGNS
