"""Semantic radius: how far samples of a topic are from the topic."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state

from skartm.base import shown
from skartm.base._data import check_csr
from skartm.metrics.reports._top_tokens import check_components, check_doc_topic


def semantic_radius(
    components: ArrayLike,
    doc_topic: ArrayLike,
    X: Any,
    *,
    quantile: float = 0.9,
    n_samples: int = 100,
    power: float = -0.5,
    average: bool = True,
    random_state: Any = None,
) -> float | NDArray[np.float64]:
    r"""Divergence from its topic that a document's tokens of the topic reach by chance.

    Under conditional independence the ``n_td`` tokens of a document that belong to a topic are drawn from
    ``p(w|t)``. The radius is a quantile of the Cressie-Read divergence of such draws,

    .. math::

        R_t = \text{quantile of } \frac{2}{\lambda (\lambda + 1)} \sum_w k_w
        \Bigl( \Bigl( \frac{k_w}{n_t \phi_{wt}} \Bigr)^\lambda - 1 \Bigr), \qquad
        k \sim \text{Multinomial}(n_t, \phi_t), \qquad n_t = \frac{1}{|D|} \sum_d n_d \theta_{td}

    with ``n_t`` rounded, and 1 at least. A narrow topic, of few probable tokens, has a small radius.

    Parameters
    ----------
    components : array-like of shape (n_topics, n_tokens)
        phi; rows are normalised.
    doc_topic : array-like of shape (n_docs, n_topics)
        theta.
    X : {sparse matrix, array-like} of shape (n_docs, n_tokens)
        Counts, for the lengths of the documents.
    quantile : float in (0, 1), default=0.9
        Level of the quantile.
    n_samples : int, default=100
        Draws of each topic.
    power : float > -1, default=-0.5
        lambda of Cressie and Read: -1/2 is the Freeman-Tukey statistic, 0 (the limit) the likelihood ratio, 1
        Pearson's chi-squared.
    average : bool, default=True
        Whether to return the mean over the topics with tokens, or an array with the radius of each topic.
    random_state : int, RandomState or None, default=None
        Of the draws.

    Returns
    -------
    radius : float or ndarray of shape (n_topics,)
        Lower is better; 0 for a topic without tokens, and a mean of 0 if there is none with any.

    Notes
    -----
    TopicNet's ``SemanticRadiusScore`` draws at many lengths and reads the value at the mean length off a cubic through
    them; here the draws are made at that length.

    References
    ----------
    .. [1] Cressie N., Read T. (1984). "Multinomial Goodness-of-Fit Tests". Journal of the Royal Statistical Society B
       46, 440-464.

    Examples
    --------
    >>> import numpy as np
    >>> from skartm.metrics import semantic_radius
    >>> phi = np.array([[1.0, 0.0, 0.0, 0.0], [0.25, 0.25, 0.25, 0.25]])
    >>> theta = np.array([[0.5, 0.5]])
    >>> radii = semantic_radius(phi, theta, [[10, 4, 3, 3]], average=False, random_state=0)
    >>> float(radii[0]), bool(radii[1] > 1)
    (0.0, True)
    """
    _check_parameters(quantile, n_samples, power)
    phi = check_components(components).astype(np.float64)
    lengths = np.asarray(check_csr(X, "semantic_radius", dtype=np.float64).sum(axis=1)).ravel()
    theta = check_doc_topic(doc_topic, lengths.size, len(phi)).astype(np.float64)
    random = check_random_state(random_state)
    mean_length = lengths @ theta / max(lengths.size, 1)
    alive = phi.any(axis=1) & (mean_length > 0)
    radii = np.zeros(len(phi))
    for t in np.flatnonzero(alive):
        n = max(round(float(mean_length[t])), 1)
        radii[t] = np.quantile(_divergences(phi[t], n, n_samples, power, random), quantile)
    return radii if not average else float(radii[alive].mean()) if alive.any() else 0.0


def _divergences(
    topic: NDArray[np.float64], n: int, n_samples: int, power: float, random: np.random.RandomState
) -> NDArray[np.float64]:
    """Divergence of each of ``n_samples`` draws of ``n`` tokens; only the drawn tokens have terms."""
    tokens = np.flatnonzero(topic)
    cumulative = np.cumsum(topic[tokens])
    cumulative /= cumulative[-1]
    drawn = np.searchsorted(cumulative, random.random_sample((n_samples, n)), side="right")
    drawn += tokens.size * np.arange(n_samples)[:, None]
    places, counts = np.unique(drawn, return_counts=True)
    sample, token = np.divmod(places, tokens.size)
    ratio = counts / (n * topic[tokens[token]] / topic.sum())
    # (ratio ** power - 1) / power, whose limit is the logarithm
    growth = np.log(ratio) if power == 0 else (ratio**power - 1) / power
    terms = 2 / (power + 1) * counts * growth
    return np.maximum(np.bincount(sample, weights=terms, minlength=n_samples), 0.0)


def _check_parameters(quantile: float, n_samples: int, power: float) -> None:
    if not isinstance(quantile, Real) or not 0 < quantile < 1:
        raise ValueError(
            f"The 'quantile' parameter of semantic_radius must be a number in (0, 1). Got {shown(quantile)} instead."
        )
    if not isinstance(n_samples, Integral) or isinstance(n_samples, bool) or n_samples < 1:
        raise ValueError(
            f"The 'n_samples' parameter of semantic_radius must be an int >= 1. Got {shown(n_samples)} instead."
        )
    if not isinstance(power, Real) or not -1 < power < np.inf:
        raise ValueError(f"The 'power' parameter of semantic_radius must be a number > -1. Got {shown(power)} instead.")
