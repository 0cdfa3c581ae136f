"""Parameters inside of parameters: named items of a list, as scikit-learn has them of a pipeline, and named weights."""

from collections.abc import Mapping
from typing import Any


def nested_params(estimator: Any, lists: tuple[str, ...] = (), weights: tuple[str, ...] = ()) -> dict[str, Any]:
    """Items and weights of an estimator as parameters of their own.

    Parameters
    ----------
    estimator : estimator
    lists : tuple of str
        Parameters that are lists of ``(name, item)``. Items are parameters ``name``, theirs are ``name__parameter``.
    weights : tuple of str
        Parameters that are dicts of numbers by name. The numbers are parameters ``parameter__name``.
    """
    params: dict[str, Any] = {}
    for listed in lists:
        for name, item in named_pairs(getattr(estimator, listed)):
            params[name] = item
            if hasattr(item, "get_params") and not isinstance(item, type):
                params.update({f"{name}__{key}": value for key, value in item.get_params(deep=True).items()})
    for parameter in weights:
        given = getattr(estimator, parameter)
        if isinstance(given, Mapping):
            params.update({f"{parameter}__{name}": weight for name, weight in given.items()})
    return params


def set_nested(
    estimator: Any, params: dict[str, Any], lists: tuple[str, ...] = (), weights: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Set whole lists and dicts, items by name, and weights by ``parameter__name``; gives the parameters that are left.

    Lists and dicts are replaced, not changed: the old ones may be shared with a clone.
    """
    left = dict(params)
    for parameter in (*lists, *weights):
        if parameter in left:
            setattr(estimator, parameter, left.pop(parameter))
    for listed in lists:
        items = getattr(estimator, listed)
        whole = {name: left.pop(name) for name, _ in named_pairs(items) if name in left}
        if whole:
            items = [(item[0], whole.get(item[0], item[1])) if is_named(item) else item for item in items]
            setattr(estimator, listed, items)
    for parameter in weights:
        prefix = f"{parameter}__"
        named = {key.removeprefix(prefix): left.pop(key) for key in list(left) if key.startswith(prefix)}
        if named:
            setattr(estimator, parameter, {**(getattr(estimator, parameter) or {}), **named})
    return left


def is_named(item: Any) -> bool:
    """Whether an item of a list is a pair of a name and something."""
    return isinstance(item, (tuple, list)) and len(item) == 2 and isinstance(item[0], str)


def named_pairs(items: Any) -> list[tuple[str, Any]]:
    """The pairs with a name; fit says what is wrong with others."""
    return [(item[0], item[1]) for item in items if is_named(item)] if isinstance(items, (list, tuple)) else []
