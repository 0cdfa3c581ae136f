"""Smoothing and sparsing of distributions: R = sum beta ln p."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm.em import Documents, Layout, PhiTerm, ThetaTerm, TopicSelection
from skartm.regularizers._base import Regularizer
from skartm.regularizers._numbers import distribution_over
from skartm.simplex import FLOOR


class SmoothSparsePhi(Regularizer):
    r"""Smooth (tau > 0) or sparse (tau < 0) the distributions of tokens in topics.

    .. math:: R(\Phi) = \sum_{t \in S} \sum_w \beta_w \ln \phi_{wt}, \qquad
              r_{wt} = \phi_{wt} \frac{\partial R}{\partial \phi_{wt}} = \beta_w

    The negative Kullback-Leibler divergence from :math:`\beta` to every topic, up to a constant [1]_. With the
    absolute strength ``tau`` is the number of tokens added to (or taken from) every cell of the counters.

    Parameters
    ----------
    tau : float, default=1.0
        Strength; negative makes the topics sparse.
    relative : None or float in [0, 1], default=None
        None: ``tau`` is in tokens a cell. A number: ``abs(tau)`` is the share of the counters' mass that is added
        or taken, spread evenly over cells (0) or in proportion to the mass of the topics (1).
    topics : None, slice, names or indices, default=None
        Regularised topics; None is all.
    distribution : array of shape (n_tokens,), default=None
        :math:`\beta_w`, non-negative; None is 1 for every token.

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

    side = "phi"

    def __init__(
        self,
        tau: float = 1.0,
        *,
        relative: float | None = None,
        topics: TopicSelection = None,
        distribution: Any = None,
    ) -> None:
        self.tau = tau
        self.relative = relative
        self.topics = topics
        self.distribution = distribution

    def bind(self, layout: Layout) -> "_SmoothSparsePhiTerm":
        beta = np.ones(layout.n_tokens)
        if self.distribution is not None:
            beta = distribution_over(self.distribution, layout.n_tokens, "SmoothSparsePhi", "distribution")
        return _SmoothSparsePhiTerm(beta, layout.topics(self.topics, "SmoothSparsePhi"), layout.n_topics)


class _SmoothSparsePhiTerm(PhiTerm):
    def __init__(self, beta: NDArray, topics: NDArray, n_topics: int) -> None:
        self.beta, self.topics = beta, topics
        self._everywhere = topics.size == n_topics

    def value(self, phi_wt: NDArray, n_wt: NDArray) -> float:
        # ln of the smallest probability that is kept stands for ln 0, so that the value stays finite
        logs = np.log(np.maximum(phi_wt, phi_wt.dtype.type(FLOOR)))
        return float(self.beta @ logs.sum(axis=1, dtype=np.float64, where=self._mask(phi_wt.shape[1])))

    def add_term(self, phi_wt: NDArray, n_wt: NDArray, out: NDArray) -> None:
        beta = self.beta.astype(out.dtype)[:, None]
        if self._everywhere:
            out += beta
        else:
            out[:, self.topics] += beta

    def _mask(self, n_topics: int) -> NDArray:
        mask = np.zeros(n_topics, dtype=bool)
        mask[self.topics] = True
        return mask


class SmoothSparseTheta(Regularizer):
    r"""Smooth (tau > 0) or sparse (tau < 0) the distributions of topics in documents.

    .. math:: R(\Theta) = \sum_d \sum_{t \in S} \alpha_t \ln \theta_{td}, \qquad r_{td} = \alpha_t

    The term acts on the unnormalised counters n_td at every inner pass, so ``tau`` is in tokens a document and
    topic [1]_.

    Parameters
    ----------
    tau : float, default=1.0
        Strength; negative makes the documents sparse in topics.
    topics : None, slice, names or indices, default=None
        Regularised topics; None is all.
    distribution : array of shape (number of regularised topics,), default=None
        :math:`\alpha_t`, non-negative; None is 1 for every topic.

    References
    ----------
    .. [1] K. Vorontsov, A. Potapenko. "Additive regularization of topic models." Machine Learning 101, 2015, eq. 21.

    Examples
    --------
    >>> from skartm import ARTMTransformer
    >>> from skartm.datasets import load_peps
    >>> from skartm.regularizers import SmoothSparseTheta
    >>> X = load_peps().data
    >>> model = ARTMTransformer(5, regularizers=[("smooth", SmoothSparseTheta(tau=0.5))], random_state=0)
    >>> bool((model.fit_transform(X) > 0).all())
    True
    """

    side = "theta"

    def __init__(self, tau: float = 1.0, *, topics: TopicSelection = None, distribution: Any = None) -> None:
        self.tau = tau
        self.topics = topics
        self.distribution = distribution

    def bind(self, layout: Layout) -> "_SmoothSparseThetaTerm":
        topics = layout.topics(self.topics, "SmoothSparseTheta")
        alpha = np.zeros(layout.n_topics)
        alpha[topics] = 1.0
        if self.distribution is not None:
            alpha[topics] = distribution_over(self.distribution, topics.size, "SmoothSparseTheta", "distribution")
        return _SmoothSparseThetaTerm(alpha, topics)


class _SmoothSparseThetaTerm(ThetaTerm):
    def __init__(self, alpha: NDArray, topics: NDArray) -> None:
        self.alpha, self.topics = alpha, topics

    def value(self, theta_dt: NDArray, documents: Documents) -> float:
        logs = np.log(np.maximum(theta_dt, theta_dt.dtype.type(FLOOR)))
        if documents.sample_weight is None:
            return float(logs.sum(axis=0, dtype=np.float64) @ self.alpha)
        return float(documents.sample_weight @ logs @ self.alpha)

    def constant(self) -> NDArray:
        return self.alpha
