"""Entropy of topics: over how many tokens they are spread."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skartm.metrics.reports._top_tokens import check_components


def topic_entropy(components: ArrayLike, *, average: bool = True) -> float | NDArray[np.float64]:
    r"""Entropy of the token distribution of each topic, in nats.

    .. math:: H_t = - \sum_w \phi_{wt} \ln \phi_{wt}

    Its exponential is the number of tokens, equally probable, that would be as uncertain. A background topic has a
    high entropy, a narrow one a low.

    Parameters
    ----------
    components : array-like of shape (n_topics, n_tokens)
        phi; rows are normalised.
    average : bool, default=True
        Whether to return the mean over the living topics, or an array with the entropy of each topic.

    Returns
    -------
    entropy : float or ndarray of shape (n_topics,)
        From 0 to ``ln n_tokens``; 0 for a dead topic.

    Examples
    --------
    >>> from skartm.metrics import topic_entropy
    >>> topic_entropy([[1.0, 0.0], [0.5, 0.5], [0.0, 0.0]], average=False).round(4)
    array([0.    , 0.6931, 0.    ])
    """
    phi = check_components(components).astype(np.float64)
    alive = phi.any(axis=1)
    values = np.zeros(len(phi))
    p = phi[alive] / phi[alive].sum(axis=1, keepdims=True)
    values[alive] = np.maximum(-(p * np.log(np.where(p > 0, p, 1.0))).sum(axis=1), 0.0)
    return values if not average else float(values[alive].mean()) if alive.any() else 0.0
