"""The score of Blei and Lafferty: top tokens that are probable in one topic and improbable in the others."""

from __future__ import annotations

from numbers import Real

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skartm.base import shown
from skartm.metrics.reports._top_tokens import check_components, check_n_top
from skartm.simplex import FLOOR


def blei_lafferty(
    components: ArrayLike, *, n_top: int = 30, floor: float = FLOOR, average: bool = True
) -> float | NDArray[np.float64]:
    r"""Sum over the best tokens of a topic of their probability times their log lift over the geometric mean.

    .. math::

        B_t = \sum_{w \in \text{best}_t} b_{wt}, \qquad
        b_{wt} = \phi_{wt} \Bigl( \ln \phi_{wt} - \frac{1}{|S|} \sum_{s \in S} \ln \phi_{ws} \Bigr)

    where ``best_t`` are the ``n_top`` tokens with the largest ``b_wt``, and ``S`` the living topics. High where topics
    consist of tokens of their own.

    Parameters
    ----------
    components : array-like of shape (n_topics, n_tokens)
        phi.
    n_top : int, default=30
        Number of tokens of a topic.
    floor : float, default=1e-16
        Least probability inside the logarithms. It matters in sparse models: a token of one topic alone gets about
        ``-ln floor`` times its probability, so values of different floors do not compare. TopicNet adds 1e-42.
    average : bool, default=True
        Whether to return the mean over topics, or an array with the value of each topic.

    Returns
    -------
    score : float or ndarray of shape (n_topics,)
        Higher is better; 0 for a dead topic, and if only one topic is alive.

    Notes
    -----
    TopicNet's ``BleiLaffertyScore`` is the sum over topics, and sorts the topics of each token instead of the tokens of
    each topic: what it sums is over the last ``n_top`` tokens of the vocabulary.

    References
    ----------
    .. [1] Blei D., Lafferty J. (2009). "Topic Models". In: Text Mining: Classification, Clustering, and Applications,
       Chapman and Hall/CRC, 71-94, equation 3.

    Examples
    --------
    >>> from skartm.metrics import blei_lafferty
    >>> blei_lafferty([[0.5, 0.5], [0.5, 0.5]])
    0.0
    >>> round(blei_lafferty([[0.9, 0.1], [0.1, 0.9]], n_top=1), 3)
    0.989
    """
    check_n_top(n_top)
    if not isinstance(floor, Real) or not 0 < floor < 1:
        raise ValueError(
            f"The 'floor' parameter of blei_lafferty must be a number in (0, 1). Got {shown(floor)} instead."
        )
    phi = check_components(components).astype(np.float64)
    alive = phi.any(axis=1)
    values = np.zeros(len(phi))
    if alive.any():
        log_phi = np.log(np.maximum(phi[alive], floor))
        scores = phi[alive] * (log_phi - log_phi.mean(axis=0))
        k = min(n_top, scores.shape[1])
        values[alive] = np.partition(scores, scores.shape[1] - k, axis=1)[:, scores.shape[1] - k :].sum(axis=1)
    return float(values.mean()) if average else values
