"""Regularizer: a passive declaration that binds to a layout."""

import inspect
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator

from skartm.base import Versioned, shown
from skartm.base._parameters import is_number
from skartm.em import Bound, Layout, PhiTerm, PosteriorTerm, Strength, Terms, ThetaTerm
from skartm.regularizers._schedules import Schedule

Term = PhiTerm | ThetaTerm | PosteriorTerm


class Regularizer(Versioned, BaseEstimator):
    """Base of all regularizers: parameters only, so that clone, pickle, repr and search need no code.

    A subclass stores its parameters, says in ``side`` what it regularises ("phi", "theta" or "posterior") and gives
    ``bind(layout)``, which checks the parameters against the model and returns a :class:`skartm.em.PhiTerm`,
    :class:`skartm.em.ThetaTerm` or :class:`skartm.em.PosteriorTerm`. R is maximised: the M-step adds
    ``tau * phi * dR/dphi``.

    Every subclass has the parameter ``tau`` (a number or a :class:`Schedule`; None where there is a
    ``default_share``); those of phi and theta also ``topics``
    (None, slice, mask, names, patterns or indices); those of phi also ``relative`` (None or a number in [0, 1]) and
    ``modality`` (None, a name or names).

    Attributes
    ----------
    side : {"phi", "theta", "posterior"}
    training_only : bool
        Whether it speaks of the documents of the fit alone, so that ``transform`` does without.
    uses_y : bool
        Whether it needs the targets given to ``fit``.
    needs_order : bool
        Whether it reads tokens in the order of the text.
    default_share : (float, float) or None
        ``tau`` and ``relative`` in place of ``tau=None``, for a term whose absolute unit depends on the corpus.
    """

    side: str = "phi"
    training_only: bool = False
    uses_y: bool = False
    needs_order: bool = False
    default_share: ClassVar[tuple[float, float] | None] = None

    def bind(self, layout: Layout) -> Term:
        """The term of this regularizer in a model with the given layout."""
        msg = f"{type(self).__name__} must implement bind(layout)."
        raise TypeError(msg)

    def strength(self) -> Strength:
        """tau and relative, checked."""
        name = type(self).__name__
        params = self.get_params(deep=False)
        tau, relative = params["tau"], params.get("relative")
        if tau is None and self.default_share is not None:
            tau, share = self.default_share
            relative = share if relative is None else relative
        if isinstance(tau, Schedule):
            tau.check()
        elif not is_number(tau) or not np.isfinite(tau):
            msg = f"The 'tau' parameter of {name} must be a finite float or a Schedule. Got {shown(tau)} instead."
            raise TypeError(msg) if not is_number(tau) else ValueError(msg)
        if relative is not None and not (is_number(relative) and 0 <= relative <= 1):
            msg = (
                f"The 'relative' parameter of {name} must be None (absolute) or a number in [0, 1]. Got "
                f"{shown(relative)}."
            )
            raise ValueError(msg)
        limit = params.get("limit")
        if limit is not None and not (is_number(limit) and 0 < limit < np.inf):
            msg = f"The 'limit' parameter of {name} must be None or a finite number above 0. Got {shown(limit)}."
            raise ValueError(msg)
        if limit is not None and relative is None:
            msg = f"{name}: limit={shown(limit)} limits a relative strength. Got relative=None; set it, or no limit."
            raise ValueError(msg)
        strength = tau if isinstance(tau, Schedule) else float(tau)
        return Strength(strength, None if relative is None else float(relative), limit)


def _require_statistic(term: Any, name: str) -> None:
    """Raise on a term that keeps what it has observed, as terms of version 0.2 did."""
    taken = list(inspect.signature(term.finish).parameters)
    if len(taken) < 2:
        msg = (
            f"The term of the regularizer {name!r} must have finish(statistic, rho). Got finish({', '.join(taken)}): "
            "let observe return what it has kept so far, a value that adds up; finish gets the sum."
        )
        raise TypeError(msg)


def bind_all(
    named: Any, layout: Layout, *, learned: Mapping[str, Mapping[str, Any]] | None = None, training: bool = True
) -> Terms:
    """Terms of named regularizers.

    Parameters
    ----------
    named : sequence of (str, Regularizer)
    layout : Layout
    learned : mapping of name to what the regularizer has learned, default=None
        To go on from.
    training : bool, default=True
        False leaves out those of phi, and those that speak of the documents of the fit alone.
    """
    terms = Terms([], [], [])
    for name, regularizer in named:
        side = getattr(regularizer, "side", None)
        if side not in Terms._fields:
            msg = f"{type(regularizer).__name__}: side must be 'phi', 'theta' or 'posterior'. Got {shown(side)}."
            raise ValueError(msg)
        if not training and (side == "phi" or regularizer.training_only):
            continue
        term: Any = regularizer.bind(layout)
        if side == "theta":
            _require_statistic(term, name)
        if learned and name in learned:
            term.learned = learned[name]
        getattr(terms, side).append(Bound(name, term, regularizer.strength()))
    return terms
