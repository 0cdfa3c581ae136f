"""Topic diversity: how much the lists of top tokens differ."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from skartm.metrics.reports._top_tokens import check_components, check_n_top, top_columns


def topic_diversity(components: ArrayLike, *, n_top: int = 25) -> float:
    """Share of different tokens among the top tokens of all topics.

    With ``L_t`` the list of the ``n_top`` most probable tokens of topic ``t`` (see `top_tokens`) ::

        diversity = |union_t L_t| / sum_t |L_t|

    1 means that no two topics share a top token, and ``1 / n_topics`` that all lists are the same. Tokens of
    probability zero are not listed, so a dead topic neither helps nor harms; if all are dead, the diversity is 0.

    Parameters
    ----------
    components : array-like of shape (n_topics, n_features)
        Non-negative probabilities (or counts) of the tokens in the topics.
    n_top : int, default=25
        Largest number of tokens of a topic.

    Returns
    -------
    diversity : float
        Share in [0, 1].

    Raises
    ------
    ValueError
        If ``components`` is not a finite non-negative matrix, or if ``n_top < 1``.

    References
    ----------
    .. [1] Dieng A. B., Ruiz F. J. R., Blei D. M. (2020). "Topic Modeling in Embedding Spaces". Transactions of the
       Association for Computational Linguistics 8, 439-453.

    Examples
    --------
    >>> from skartm.metrics import topic_diversity
    >>> topic_diversity([[0.5, 0.3, 0.2, 0.0], [0.0, 0.1, 0.4, 0.5]], n_top=2)
    1.0
    >>> topic_diversity([[0.5, 0.3, 0.2, 0.0], [0.0, 0.1, 0.4, 0.5]], n_top=3)
    0.6666666666666666
    """
    check_n_top(n_top)
    listed = np.concatenate(top_columns(check_components(components), n_top))
    return np.unique(listed).size / listed.size if listed.size else 0.0
