"""Regularizers of the E-step: functions of p(t|d,w), token by token."""

from collections.abc import Callable
from numbers import Integral

import numpy as np
from numpy.typing import NDArray

from skartm.base import shown
from skartm.base._parameters import declared, is_number, parameters
from skartm.em import Layout, PosteriorTerm
from skartm.regularizers._base import Regularizer


@parameters
class PosteriorFunction(Regularizer):
    r"""Post-process p(t|d,w) by any function: a regularizer of the E-step.

    .. math:: p_{tdw} = \operatorname{norm}_t(\phi_{wt} \theta_{td}), \qquad
              p_{tdw} + \tau (\tilde p_{tdw} - p_{tdw}) \text{ in place of } p_{tdw} \text{ in both M-steps}

    By the theorem of the E-step [1]_ this is to add, with the :math:`p^k` and :math:`\tilde p^k` of iteration k as
    constants,

    .. math:: R(\Pi) = \sum_d \sum_{w \in d} n_{dw} \sum_t (\tilde p^k_{tdw} - p^k_{tdw}) \ln p_{tdw} .

    Parameters
    ----------
    tau : float, default=1.0
        0 changes nothing, 1 puts the result in place of p, without a unit; beyond 1 it exaggerates, below 0 it does
        the opposite, and what gets negative is cut off.
    function : callable
        From p of shape (n_entries, n_topics), rows sum to 1, to an array of that shape, finite and non-negative; rows
        are scaled to sum to 1, and a row of zeros leaves p as it is. Without ``needs_order`` a row of the result may
        depend on its own row only: the rows of many documents come together.
    needs_order : bool, default=False
        The function gets the tokens of one document in the order of the text.

    See Also
    --------
    SparsePosterior, SmoothPosterior, SegmentPosterior : Such functions.
    skartm.em.PosteriorTerm : For functions of tokens and counts as well.

    References
    ----------
    .. [1] K. Vorontsov. "Rethinking probabilistic topic modeling from the point of view of classical non-Bayesian
       regularization." 2023: a normalised substitute for p(t|d,w) in the M-step is a regularizer.

    Examples
    --------
    Powers make every token choose fewer topics:

    >>> import numpy as np
    >>> from skartm import ARTMTransformer
    >>> from skartm.datasets import make_topics
    >>> from skartm.regularizers import PosteriorFunction
    >>> X = make_topics(random_state=0).data
    >>> sharp = PosteriorFunction(0.5, function=np.square)
    >>> model = ARTMTransformer(10, regularizers=[("sharp", sharp)], random_state=0)
    >>> model.fit_transform(X).shape
    (200, 10)
    """

    tau: float = declared(default=1.0, kw_only=False)
    function: Callable[[NDArray], NDArray] | None = None
    needs_order: bool = False

    side = "posterior"

    def bind(self, layout: Layout) -> "_PosteriorFunctionTerm":
        if self.function is None or not callable(self.function):
            msg = f"The 'function' parameter of PosteriorFunction must be callable. Got {shown(self.function)}."
            raise TypeError(msg)
        if not isinstance(self.needs_order, (bool, np.bool_)):
            msg = (
                "The 'needs_order' parameter of PosteriorFunction must be True or False. Got "
                f"{shown(self.needs_order)}."
            )
            raise TypeError(msg)
        return _PosteriorFunctionTerm(self.function, needs_order=bool(self.needs_order))


class _PosteriorFunctionTerm(PosteriorTerm):
    def __init__(self, function: Callable[[NDArray], NDArray], *, needs_order: bool) -> None:
        self.function, self.needs_order = function, needs_order

    def apply(self, p_it: NDArray, tokens: NDArray, counts: NDArray) -> NDArray:
        seen = p_it.sum(axis=1, keepdims=True) > 0
        if seen.all():
            return self._checked(p_it.copy(), p_it)
        given = np.where(seen, p_it, p_it.dtype.type(1 / p_it.shape[1]))  # a function need not expect zeros
        return np.where(seen, self._checked(given, p_it), 0)

    def _checked(self, given: NDArray, p_it: NDArray) -> NDArray:
        result = np.asarray(self.function(given))
        if result.shape != p_it.shape or result.dtype.kind not in "fiub":
            msg = (
                "PosteriorFunction: the function must return numbers of the shape of p. Got "
                f"{result.dtype} {result.shape} for {p_it.shape}."
            )
            raise ValueError(msg)
        sums = result.sum(axis=1, keepdims=True)
        if not np.isfinite(sums).all() or result.min(initial=0) < 0:
            msg = "PosteriorFunction: the function must return finite, non-negative numbers. Got others."
            raise ValueError(msg)
        empty = sums == 0
        if np.abs(sums - 1).max(initial=0) < 1e-6:
            return result.astype(p_it.dtype, copy=False)
        scaled = np.divide(result, np.where(empty, 1, sums)).astype(p_it.dtype, copy=False)
        return np.where(empty, p_it, scaled) if empty.any() else scaled


@parameters
class SparsePosterior(Regularizer):
    r"""Let every token keep its strongest topics only.

    .. math:: \tilde p_{tdw} = \operatorname{norm}_t \bigl(p_{tdw}\, [t \text{ among the } k \text{ largest}]\,
              [p_{tdw} \ge \text{threshold}]\bigr)

    A regularizer of the E-step [1]_. The largest topic of a token always stays; with ``top_k=1`` it takes all.

    Parameters
    ----------
    tau : float, default=1.0
        0 changes nothing, 1 puts :math:`\tilde p` in place of p. Without a unit.
    top_k : int, default=None
        Topics that stay, at most; None is any number.
    threshold : float in [0, 1), default=None
        Topics with less go; None is 0.

    References
    ----------
    .. [1] K. Vorontsov. "Rethinking probabilistic topic modeling from the point of view of classical non-Bayesian
       regularization." 2023.

    Examples
    --------
    >>> from skartm import ARTMTransformer
    >>> from skartm.datasets import make_topics
    >>> from skartm.regularizers import SparsePosterior
    >>> X = make_topics(random_state=0).data
    >>> model = ARTMTransformer(10, regularizers=[("few", SparsePosterior(top_k=2))], random_state=0).fit(X)
    >>> int((model.token_topics(X, threshold=0).toarray() > 0).sum(axis=1).max())
    2
    """

    tau: float = declared(default=1.0, kw_only=False)
    top_k: int | None = None
    threshold: float | None = None

    side = "posterior"

    def bind(self, layout: Layout) -> "_SparsePosteriorTerm":
        top_k = layout.n_topics if self.top_k is None else self.top_k
        if not isinstance(top_k, Integral) or isinstance(top_k, bool) or top_k < 1:
            msg = (
                "The 'top_k' parameter of SparsePosterior must be None or an integer of at least 1. Got "
                f"{shown(top_k)}."
            )
            raise ValueError(msg)
        threshold = 0.0 if self.threshold is None else self.threshold
        if not is_number(threshold) or not 0 <= threshold < 1:
            msg = f"The 'threshold' parameter of SparsePosterior must be None or in [0, 1). Got {shown(threshold)}."
            raise ValueError(msg)
        return _SparsePosteriorTerm(min(int(top_k), layout.n_topics), float(threshold))


class _SparsePosteriorTerm(PosteriorTerm):
    def __init__(self, top_k: int, threshold: float) -> None:
        self.top_k, self.threshold = top_k, threshold

    def apply(self, p_it: NDArray, tokens: NDArray, counts: NDArray) -> NDArray:
        least = np.zeros((p_it.shape[0], 1), dtype=p_it.dtype)
        place = p_it.shape[1] - self.top_k
        if place > 0:
            least = np.partition(p_it, place, axis=1)[:, [place]]
        if self.threshold > 0:
            least = np.maximum(least, np.minimum(p_it.dtype.type(self.threshold), p_it.max(axis=1, keepdims=True)))
        kept = p_it * (p_it >= least)
        if place > 0:
            self._break_ties(kept)
        sums = kept.sum(axis=1, keepdims=True)
        return np.divide(kept, np.where(sums > 0, sums, 1), out=kept)

    def _break_ties(self, kept: NDArray) -> None:
        """Of equals the first stay."""
        rows = np.flatnonzero(np.count_nonzero(kept, axis=1) > self.top_k)
        if rows.size:
            last = np.argsort(-kept[rows], axis=1, kind="stable")[:, self.top_k :]
            kept[rows[:, None], last] = 0
