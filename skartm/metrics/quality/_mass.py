"""The mass of topics: how many tokens each one has."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skartm.base._data import check_numbers


def check_topic_mass(topic_mass: ArrayLike | None, n_topics: int | None = None) -> NDArray[np.float64]:
    """Finite non-negative masses, one a topic; ones without any."""
    if topic_mass is None:
        return np.ones(n_topics or 0)
    return check_numbers(topic_mass, (n_topics,), "topic_mass")


def topic_shares(topic_mass: ArrayLike) -> NDArray[np.float64]:
    """Share of each topic in the tokens of the collection, p(t) = n_t / sum_s n_s.

    BigARTM's ``TopicMassPhiScore`` on the counters; on phi, its default, it says nothing.

    Parameters
    ----------
    topic_mass : array-like of shape (n_topics,)
        Tokens of the topics, as ``topic_mass_``.

    Returns
    -------
    shares : ndarray of shape (n_topics,)
        They sum to 1; all zeros if no topic has tokens.

    Raises
    ------
    ValueError
        If a mass is negative or not finite.

    Examples
    --------
    >>> from skartm.metrics import topic_shares
    >>> topic_shares([30, 10, 0])
    array([0.75, 0.25, 0.  ])
    """
    mass = check_topic_mass(topic_mass)
    total = mass.sum()
    return mass / total if total > 0 else mass


def effective_topics(topic_mass: ArrayLike) -> float:
    r"""Number of topics in use, counted by their shares: the exponential of their entropy.

    .. math:: \exp \Bigl( - \sum_t p_t \ln p_t \Bigr), \qquad p_t = n_t \Big/ \sum_s n_s

    Equal topics count 1 each, a dead topic counts 0, a small one something between.

    Parameters
    ----------
    topic_mass : array-like of shape (n_topics,)
        Tokens of the topics, as ``topic_mass_``.

    Returns
    -------
    number : float
        From 1 to n_topics; 0 if no topic has tokens.

    References
    ----------
    .. [1] Hill M. O. (1973). "Diversity and Evenness: A Unifying Notation and Its Consequences". Ecology 54, 427-432.

    Examples
    --------
    >>> from skartm.metrics import effective_topics
    >>> round(effective_topics([10, 10, 10, 0]), 6)
    3.0
    >>> round(effective_topics([98, 1, 1]), 2)
    1.12
    """
    shares = topic_shares(topic_mass)
    positive = shares[shares > 0]
    return float(np.exp(-(positive @ np.log(positive)))) if positive.size else 0.0
