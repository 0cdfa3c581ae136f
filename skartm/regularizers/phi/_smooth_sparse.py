"""Smoothing and sparsing of topics: R = sum beta f(phi)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm.base import shown
from skartm.base._parameters import declared, is_number, parameters
from skartm.em import Layout, ModalitySelection, PhiTerm, TopicSelection
from skartm.regularizers._base import Regularizer
from skartm.regularizers._cells import Cells
from skartm.regularizers._given import distribution_of_tokens
from skartm.simplex import FLOOR


@parameters
class SmoothSparsePhi(Regularizer):
    r"""Smooth (tau > 0) or sparse (tau < 0) the distributions of tokens in topics.

    .. math:: R(\Phi) = \sum_{t \in S} \sum_w \beta_w f(\phi_{wt}), \qquad
              r_{wt} = \phi_{wt} \frac{\partial R}{\partial \phi_{wt}} = \beta_w \phi_{wt} f'(\phi_{wt})

    With the transform f = ln the term is :math:`\beta_w`, a constant: R is the negative Kullback-Leibler divergence
    from :math:`\beta` to every topic, up to a constant [1]_, and with the absolute strength ``tau`` is the number of
    tokens added to (or taken from) every cell of the counters. With :math:`f(\phi) = \phi^a` the term is
    :math:`a \beta_w \phi_{wt}^a`: it acts on the large probabilities, so tau > 0 sharpens topics and tau < 0 flattens
    them, and zeros stay.

    Parameters
    ----------
    tau : float or Schedule, default=1.0
        Strength; negative makes the topics sparse.
    relative : None or float in [0, 1], default=None
        None: ``tau`` is in tokens a cell. A number: ``abs(tau)`` is the share of the counters' mass that is added
        or taken, spread evenly over cells (0) or in proportion to the mass of the topics (1).
    topics : None, slice, names or indices, default=None
        Regularised topics; None is all.
    distribution : array of shape (n_tokens,) or (tokens of the modality,), default=None
        :math:`\beta_w`, non-negative; None is 1 for every token.
    modality : None, str or list of str, default=None
        Modalities whose tokens are regularised; None is all.
    transform : {"log", "power"}, default="log"
        f: the logarithm, or the power ``exponent``.
    exponent : float, default=2.0
        a > 0, of the transform "power"; not used by "log".

    References
    ----------
    .. [1] K. Vorontsov, A. Potapenko. "Additive regularization of topic models." Machine Learning 101, 2015, eq. 20.

    Examples
    --------
    >>> from skartm import ARTMTransformer
    >>> from skartm.datasets import load_peps
    >>> from skartm.regularizers import SmoothSparsePhi
    >>> X = load_peps().data
    >>> model = ARTMTransformer(5, regularizers=[("sparse", SmoothSparsePhi(tau=-1.0))], random_state=0).fit(X)
    >>> bool((model.components_ == 0).mean() > 0.5)
    True
    """

    tau: float = declared(default=1.0, kw_only=False)
    relative: float | None = None
    topics: TopicSelection = None
    distribution: Any = None
    modality: ModalitySelection = None
    transform: str = "log"
    exponent: float = 2.0

    side = "phi"

    def bind(self, layout: Layout) -> PhiTerm:
        owner = "SmoothSparsePhi"
        if not isinstance(self.transform, str) or self.transform not in ("log", "power"):
            msg = f"The 'transform' parameter of {owner} must be 'log' or 'power'. Got {shown(self.transform)}."
            raise ValueError(msg)
        if not is_number(self.exponent) or not (np.isfinite(self.exponent) and self.exponent > 0):
            msg = f"The 'exponent' parameter of {owner} must be a finite number above 0. Got {shown(self.exponent)}."
            raise ValueError(msg)
        tokens = layout.tokens(self.modality, owner)
        beta = np.ones(tokens.size)
        if self.distribution is not None:
            beta = distribution_of_tokens(self.distribution, layout.n_tokens, tokens, owner, "distribution")
        cells = Cells(tokens, layout.topics(self.topics, owner))
        of_tokens = None
        if cells.topics.size == layout.n_topics:
            of_tokens = np.zeros(layout.n_tokens)
            of_tokens[tokens] = beta
        if self.transform == "power":
            return _PowerTerm(cells, beta, float(self.exponent))
        return _LogTerm(cells, beta, of_tokens)


class _LogTerm(PhiTerm):
    """``of_tokens`` is beta of all tokens, where all topics are regularised; else None."""

    def __init__(self, cells: Cells, beta: NDArray, of_tokens: NDArray | None) -> None:
        self.topics, self._cells, self.beta, self.of_tokens = cells.topics, cells, beta, of_tokens

    def constant(self) -> NDArray | None:
        return self.of_tokens

    def value(self, phi_wt: NDArray, n_wt: NDArray) -> float:
        # ln of the smallest probability that is kept stands for ln 0, so that the value stays finite
        logs = np.log(np.maximum(phi_wt[self._cells.index], phi_wt.dtype.type(FLOOR)))
        return float(self.beta @ logs.sum(axis=1, dtype=np.float64))

    def add_term(self, phi_wt: NDArray, n_wt: NDArray, out: NDArray) -> None:
        out[self._cells.index] += self.beta.astype(out.dtype)[:, None]


class _PowerTerm(PhiTerm):
    def __init__(self, cells: Cells, beta: NDArray, exponent: float) -> None:
        self.topics, self._cells, self.beta, self.exponent = cells.topics, cells, beta, exponent

    def value(self, phi_wt: NDArray, n_wt: NDArray) -> float:
        powers = phi_wt[self._cells.index] ** self.exponent
        return float(self.beta @ powers.sum(axis=1, dtype=np.float64))

    def add_term(self, phi_wt: NDArray, n_wt: NDArray, out: NDArray) -> None:
        powers = phi_wt[self._cells.index] ** self.exponent
        powers *= (self.exponent * self.beta).astype(out.dtype)[:, None]
        out[self._cells.index] += powers
