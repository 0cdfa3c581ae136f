"""Decorrelation of topics."""

import numpy as np
from numpy.typing import NDArray

from skartm.em import Layout, PhiTerm, TopicSelection
from skartm.regularizers._base import Regularizer


class Decorrelation(Regularizer):
    r"""Make topics differ: every token leaves the topics in which it is weaker.

    .. math:: R(\Phi) = -\frac12 \sum_w \sum_{t \in S} \sum_{s \in S, s \ne t} \phi_{wt} \phi_{ws}, \qquad
              r_{wt} = -\phi_{wt} \sum_{s \in S, s \ne t} \phi_{ws}

    Some texts let the sum run over s = t too; the form without it is the covariance of different topics [1]_ and what
    BigARTM computes.

    Parameters
    ----------
    tau : float, default=1.0
        Strength. Absolute values depend on the corpus (1e3 to 1e6 are usual); prefer ``relative``.
    relative : None or float in [0, 1], default=None
        None: absolute. A number: ``tau`` is the share of the counters' mass that the term moves; 0 leaves its
        distribution over topics to the term, 1 gives every topic its own share. 0.02 to 0.1 is sane; 0.2 leaves tokens
        without a topic, 0.5 a good part of them, and topics begin to die.
    topics : None, slice, names or indices, default=None
        Topics among which to decorrelate; None is all.

    References
    ----------
    .. [1] Y. Tan, Z. Ou. "Topic-weak-correlated latent Dirichlet allocation." ISCSLP 2010;
       K. Vorontsov, A. Potapenko. "Additive regularization of topic models." Machine Learning 101, 2015, eq. 26.

    Examples
    --------
    >>> from skartm import ARTMTransformer
    >>> from skartm.datasets import load_peps
    >>> from skartm.metrics import topic_diversity
    >>> from skartm.regularizers import Decorrelation
    >>> X = load_peps().data
    >>> plain = ARTMTransformer(10, random_state=0).fit(X)
    >>> apart = ARTMTransformer(10, regularizers=[("d", Decorrelation(0.05, relative=0))], random_state=0).fit(X)
    >>> bool(topic_diversity(apart.components_) > topic_diversity(plain.components_))
    True
    """

    side = "phi"

    def __init__(self, tau: float = 1.0, *, relative: float | None = None, topics: TopicSelection = None) -> None:
        self.tau = tau
        self.relative = relative
        self.topics = topics

    def bind(self, layout: Layout) -> "_DecorrelationTerm":
        return _DecorrelationTerm(layout.topics(self.topics, "Decorrelation"), layout.n_topics)


class _DecorrelationTerm(PhiTerm):
    def __init__(self, topics: NDArray, n_topics: int) -> None:
        self.topics = topics
        self._everywhere = topics.size == n_topics

    def _chosen(self, phi_wt: NDArray) -> NDArray:
        return phi_wt if self._everywhere else phi_wt[:, self.topics]

    def value(self, phi_wt: NDArray, n_wt: NDArray) -> float:
        phi = self._chosen(phi_wt)
        row_sums = phi.sum(axis=1, dtype=np.float64)
        squares = np.einsum("wt,wt->w", phi, phi, dtype=np.float64)
        return float(-0.5 * (row_sums @ row_sums - squares.sum()))

    def add_term(self, phi_wt: NDArray, n_wt: NDArray, out: NDArray) -> None:
        phi = self._chosen(phi_wt)
        others = phi.sum(axis=1, keepdims=True) - phi  # (W, S)
        np.maximum(others, 0, out=others)
        others *= phi
        if self._everywhere:
            out -= others
        else:
            out[:, self.topics] -= others
