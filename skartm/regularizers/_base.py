"""Regularizer: a passive declaration that binds to a layout."""

from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from skartm.em import Bound, Layout, PhiTerm, Strength, ThetaTerm

Term = PhiTerm | ThetaTerm


class Regularizer(BaseEstimator):
    """Base of all regularizers: parameters only, so that clone, pickle, repr and search need no code.

    A subclass stores its parameters, names the matrix it regularises in ``side`` ("phi" or "theta") and gives
    ``bind(layout)``, which checks the parameters against the model and returns a term with ``value`` and
    ``add_term`` (phi) or ``constant`` (theta). R is maximised: the M-step adds ``tau * phi * dR/dphi``.

    Every subclass has the parameters ``tau`` (float) and ``topics`` (None, slice, names or indices); phi
    regularizers also ``relative`` (None or a number in [0, 1]).
    """

    side: str = "phi"

    def bind(self, layout: Layout) -> Term:
        """The term of this regularizer in a model with the given layout."""
        msg = f"{type(self).__name__} must implement bind(layout)."
        raise TypeError(msg)

    def strength(self) -> Strength:
        """tau and relative, checked."""
        name = type(self).__name__
        params = self.get_params(deep=False)
        tau, relative = params["tau"], params.get("relative")
        if not is_number(tau) or not np.isfinite(tau):
            msg = f"The 'tau' parameter of {name} must be a finite float. Got {tau!r} instead."
            raise TypeError(msg) if not is_number(tau) else ValueError(msg)
        if relative is not None and not (is_number(relative) and 0 <= relative <= 1):
            msg = f"The 'relative' parameter of {name} must be None (absolute) or a number in [0, 1]. Got {relative!r}."
            raise ValueError(msg)
        return Strength(float(tau), None if relative is None else float(relative))


def is_number(value: Any) -> bool:
    """A real number; not a bool."""
    return isinstance(value, Real) and not isinstance(value, (bool, np.bool_))


def distribution_over(values: Any, size: int, owner: str, parameter: str) -> NDArray:
    """Non-negative finite numbers of shape (size,)."""
    array = np.asarray(values, dtype=np.float64)
    if array.shape != (size,):
        msg = f"The {parameter!r} parameter of {owner} must have shape ({size},). Got {array.shape}."
        raise ValueError(msg)
    if not np.isfinite(array).all() or (array < 0).any():
        msg = f"The {parameter!r} parameter of {owner} must be finite and non-negative. Got {values!r}."
        raise ValueError(msg)
    return array


def bind_all(named: Any, layout: Layout) -> tuple[list[Bound[PhiTerm]], list[Bound[ThetaTerm]]]:
    """Terms of named regularizers, phi and theta apart."""
    sides: dict[str, list] = {"phi": [], "theta": []}
    for name, regularizer in named:
        side = getattr(regularizer, "side", None)
        if side not in sides:
            msg = f"{type(regularizer).__name__}: side must be 'phi' or 'theta'. Got {side!r}."
            raise ValueError(msg)
        sides[side].append(Bound(name, regularizer.bind(layout), regularizer.strength()))
    return sides["phi"], sides["theta"]
