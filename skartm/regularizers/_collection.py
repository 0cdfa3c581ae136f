"""Named collections of regularizers, as scikit-learn names the steps of a pipeline."""

from abc import ABC
from collections import Counter
from typing import Any

from sklearn.base import BaseEstimator

from skartm.base import shown
from skartm.base._named import named_pairs, nested_params, set_nested
from skartm.em import History
from skartm.regularizers._base import Regularizer


class NamedRegularizers(ABC):
    """Mixin: ``regularizers=[(name, regularizer), ...]`` with parameters ``name`` and ``name__parameter``.

    For classes of your own that derive from :class:`sklearn.base.BaseEstimator`. Estimators of this library that have
    regularizers count as such classes, and need no mixin for it.
    """

    regularizers: Any

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters of the estimator and, if ``deep``, its regularizers by name and their parameters."""
        params: dict[str, Any] = super().get_params(deep=deep)  # type: ignore[misc]
        return params | nested_params(self, ("regularizers",)) if deep else params

    def set_params(self, **params: Any) -> Any:
        """Set parameters of the estimator, whole regularizers by name, and theirs by ``name__parameter``."""
        return super().set_params(**set_nested(self, params, ("regularizers",)))  # type: ignore[misc]


def check_regularizers(estimator: BaseEstimator) -> list[tuple[str, Regularizer]]:
    """Named regularizers of an estimator; raises on what is not one, and on names that cannot be parameters."""
    owner = type(estimator).__name__
    regularizers = estimator.regularizers
    pairs = named_pairs(regularizers)
    if not isinstance(regularizers, (list, tuple)) or len(pairs) != len(regularizers):
        msg = (
            f"The 'regularizers' parameter of {owner} must be a list of (name, regularizer) pairs. "
            f"Got {shown(regularizers)}. "
            "make_regularizers(...) names them for you."
        )
        raise TypeError(msg)
    taken = set(estimator.get_params(deep=False)) if pairs else set()
    for name, count in Counter(name for name, _ in pairs).items():
        if count > 1:
            reason = f"is used {count} times; names must be unique"
        elif name in taken:
            reason = "is a parameter of the estimator"
        elif name in History.KEYS:
            reason = "is a key of history_"
        elif "__" in name or not name:
            reason = "must not be empty or contain '__'"
        else:
            continue
        msg = f"{owner}: the regularizer name {name!r} {reason}."
        raise ValueError(msg)
    active = [(name, item) for name, item in pairs if item is not None and not _is_drop(item)]
    for name, item in active:
        if not hasattr(item, "bind") or isinstance(item, type):
            msg = f"{owner}: {name!r} must be a Regularizer, None or 'drop'. Got {shown(item)}."
            raise TypeError(msg)
    return active


def _is_drop(item: Any) -> bool:
    return isinstance(item, str) and item == "drop"


def make_regularizers(*regularizers: Regularizer) -> list[tuple[str, Regularizer]]:
    """Name regularizers after their classes, as :func:`sklearn.pipeline.make_pipeline` does.

    Parameters
    ----------
    *regularizers : Regularizer

    Returns
    -------
    list of (str, Regularizer)
        Lower-case class names; several of a class get ``-1``, ``-2``, ...

    Examples
    --------
    >>> from skartm.regularizers import Decorrelation, SmoothSparsePhi, make_regularizers
    >>> [name for name, _ in make_regularizers(Decorrelation(), SmoothSparsePhi(), SmoothSparsePhi(-1))]
    ['decorrelation', 'smoothsparsephi-1', 'smoothsparsephi-2']
    """
    names = [type(regularizer).__name__.lower() for regularizer in regularizers]
    totals, seen = Counter(names), Counter[str]()
    pairs = []
    for name, regularizer in zip(names, regularizers, strict=True):
        seen[name] += 1
        pairs.append((f"{name}-{seen[name]}" if totals[name] > 1 else name, regularizer))
    return pairs
