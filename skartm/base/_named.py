"""Lists of named items whose names are parameters, as scikit-learn has them of the steps of a pipeline."""

from typing import Any


class NamedItems:
    """Mixin: items of a list that have names, ``(name, item)``, are parameters, as are ``name__parameter`` of theirs.

    Only for classes that derive from :class:`sklearn.base.BaseEstimator`.
    """

    _listed: str  # the parameter that is the list

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters of the estimator and, if ``deep``, its items by name and their parameters."""
        params = super().get_params(deep=deep)  # type: ignore[misc]
        if not deep:
            return params
        for name, item in named_pairs(getattr(self, self._listed)):
            params[name] = item
            if hasattr(item, "get_params") and not isinstance(item, type):
                params.update({f"{name}__{key}": value for key, value in item.get_params(deep=True).items()})
        return params

    def set_params(self, **params: Any) -> Any:
        """Set parameters of the estimator, whole items by name, and their parameters by ``name__parameter``."""
        if self._listed in params:
            setattr(self, self._listed, params.pop(self._listed))
        items = getattr(self, self._listed)
        whole = {name: params.pop(name) for name, _ in named_pairs(items) if name in params}
        if whole:
            items = [(item[0], whole.get(item[0], item[1])) if is_named(item) else item for item in items]
            setattr(self, self._listed, items)
        return super().set_params(**params)  # type: ignore[misc]


def is_named(item: Any) -> bool:
    """Whether an item of a list is a pair of a name and something."""
    return isinstance(item, (tuple, list)) and len(item) == 2 and isinstance(item[0], str)


def named_pairs(items: Any) -> list[tuple[str, Any]]:
    """The pairs with a name; fit says what is wrong with others."""
    return [(item[0], item[1]) for item in items if is_named(item)] if isinstance(items, (list, tuple)) else []
