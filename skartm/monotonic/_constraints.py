"""Which features a function rises or falls in."""

from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm.base import shown

_SIGNS = (-1, 0, 1)
_SHOWN = 5  # unexpected names and values in a message


def check_monotonic_cst(estimator: Any, monotonic_cst: Any) -> NDArray:
    """Signs of the features, with the meaning and the messages of scikit-learn's HistGradientBoosting estimators.

    Parameters
    ----------
    estimator : estimator that knows its ``n_features_in_`` and, with names, its ``feature_names_in_``
    monotonic_cst : None, array-like of shape (n_features,), dict or series from names of features to -1, 0 or 1
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
    if hasattr(monotonic_cst, "index") and hasattr(monotonic_cst, "items"):
        return _from_series(estimator, monotonic_cst)
    values = np.asarray(monotonic_cst, dtype=object)
    unexpected = {str(value): value for value in values.ravel() if not _is_sign(value)}
    if unexpected:
        some = [unexpected[key] for key in sorted(unexpected)][:_SHOWN]
        msg = f"monotonic_cst must be an array-like of -1, 0 or 1. Observed values: {some}."
        raise ValueError(msg)
    if values.shape != (estimator.n_features_in_,):
        shape = values.shape or "()"
        msg = f"monotonic_cst has shape {shape} but the input data X has {estimator.n_features_in_} features."
        raise ValueError(msg)
    return values.astype(np.int8)


def _from_series(estimator: Any, series: Any) -> NDArray:
    """Signs by the index: names of features, or their numbers."""
    owner, n_features = type(estimator).__name__, estimator.n_features_in_
    signs = dict(series.items())
    if len(signs) < len(series):
        msg = f"{owner}: monotonic_cst must not repeat a feature in its index. Got {shown(series.index.tolist())}."
        raise ValueError(msg)
    if all(isinstance(name, str) for name in signs):
        return _from_names(estimator, signs)
    if set(signs) != set(range(n_features)):
        msg = (
            f"{owner}: the index of monotonic_cst must have the names of features, or their numbers from 0 to "
            f"{n_features - 1}. Got {shown(series.index.tolist())}; pass its values as a list if they are in order."
        )
        raise ValueError(msg)
    return check_monotonic_cst(estimator, [signs[number] for number in range(n_features)])


def _from_names(estimator: Any, monotonic_cst: Mapping[str, int]) -> NDArray:
    names = getattr(estimator, "feature_names_in_", None)
    if names is None:
        msg = f"{type(estimator).__name__} was not fitted on data with feature names."
        raise ValueError(f"{msg} Pass monotonic_cst as an integer array instead.")
    unexpected = sorted(set(monotonic_cst) - set(names), key=str)
    if unexpected:
        some = unexpected[:_SHOWN] + ["..."] * (len(unexpected) > _SHOWN)
        msg = f"monotonic_cst contains {len(unexpected)} unexpected feature names: {some}."
        raise ValueError(msg)
    for name, sign in monotonic_cst.items():
        if not _is_sign(sign):
            msg = f"monotonic_cst['{name}'] must be either -1, 0 or 1. Got {shown(sign)}."
            raise ValueError(msg)
    return np.array([monotonic_cst.get(name, 0) for name in names], dtype=np.int8)


def _is_sign(value: Any) -> bool:
    return isinstance(value, (Real, np.bool_)) and value in _SIGNS
