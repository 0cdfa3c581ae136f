"""Stability: whether other seeds, or other documents, find the same topics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment

from skartm.metrics.quality._similarity import topic_similarity
from skartm.metrics.reports._top_tokens import check_components


@dataclass(frozen=True)
class TopicMatching:
    """Pairs of topics of two models.

    Attributes
    ----------
    left, right : ndarray of shape (n_pairs,)
        Topics of the first and of the second model; ``left`` is sorted.
    similarity : ndarray of shape (n_pairs,)
        Of each pair.
    mean : float
        Sum of the similarities by the number of living topics of the larger model: a topic without a partner has 0.
    """

    left: NDArray[np.intp]
    right: NDArray[np.intp]
    similarity: NDArray[np.float64]
    mean: float


@dataclass(frozen=True)
class TopicStability:
    """Stability of a set of models.

    Attributes
    ----------
    value : float
        Mean over all pairs of models of ``matching.mean``.
    topics : ndarray of shape (n_topics,)
        For every topic of the first model the mean similarity with its partners in the others.
    matchings : list of TopicMatching
        One a pair of models, in the order of ``itertools.combinations``.
    """

    value: float
    topics: NDArray[np.float64]
    matchings: list[TopicMatching]


def match_topics(a: ArrayLike, b: ArrayLike, *, measure: str = "cosine", n_top: int = 10) -> TopicMatching:
    r"""Match the topics of two models one to one, so that the sum of similarities is largest.

    .. math:: \max_\pi \sum_t \mathrm{sim}(a_t, b_{\pi(t)}),

    a linear assignment, solved exactly. Dead topics are matched with nothing.

    Parameters
    ----------
    a, b : array-like of shape (n_topics, n_tokens)
        phi of models with the same tokens; the numbers of topics may differ.
    measure : {"cosine", "hellinger", "jaccard", "jensen_shannon", "rbo"}, default="cosine"
        See `topic_similarity`.
    n_top : int, default=10
        Length of the lists of "jaccard" and "rbo".

    Returns
    -------
    matching : TopicMatching
        With ``left``, ``right``, ``similarity`` and ``mean``.

    Examples
    --------
    >>> from skartm.metrics import match_topics
    >>> matching = match_topics([[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]])
    >>> matching.right, matching.mean
    (array([1, 0]), 1.0)
    """
    a, b = check_components(a), check_components(b)
    similarity = topic_similarity(a, b, measure=measure, n_top=n_top)
    alive_a, alive_b = np.flatnonzero(a.any(axis=1)), np.flatnonzero(b.any(axis=1))
    rows, columns = linear_sum_assignment(similarity[np.ix_(alive_a, alive_b)], maximize=True)
    left, right = alive_a[rows], alive_b[columns]
    matched = similarity[left, right]
    larger = max(alive_a.size, alive_b.size)
    return TopicMatching(left, right, matched, float(matched.sum() / larger) if larger else 0.0)


def topic_stability(components: Sequence[ArrayLike], *, measure: str = "cosine", n_top: int = 10) -> TopicStability:
    """Mean similarity of the matched topics of several models of the same data.

    The models differ in the seed, or in the documents that they were fitted on; each two are matched by
    `match_topics`. As in [1]_ with "jaccard", where the number of topics is chosen that is most stable.

    Parameters
    ----------
    components : sequence of at least two arrays of shape (n_topics, n_tokens)
        phi of the models, with the same tokens.
    measure : {"cosine", "hellinger", "jaccard", "jensen_shannon", "rbo"}, default="cosine"
        See `topic_similarity`.
    n_top : int, default=10
        Length of the lists of "jaccard" and "rbo".

    Returns
    -------
    stability : TopicStability
        ``value`` in [0, 1], higher is better, ``topics`` of the first model, and ``matchings``. A topic without a
        partner, and a dead one, has 0.

    Raises
    ------
    ValueError
        If there are fewer than two models, or if they have different tokens.

    References
    ----------
    .. [1] Greene D., O'Callaghan D., Cunningham P. (2014). "How Many Topics? Stability Analysis for Topic Models".
       ECML PKDD, 498-513.

    Examples
    --------
    >>> from skartm import PLSA
    >>> from skartm.datasets import load_peps
    >>> from skartm.metrics import topic_stability
    >>> X = load_peps().data
    >>> seeds = [PLSA(5, max_iter=20, tol=0, random_state=seed).fit(X).components_ for seed in range(3)]
    >>> stability = topic_stability(seeds)
    >>> 0.3 < stability.value < 1, stability.topics.shape, len(stability.matchings)
    (True, (5,), 3)
    """
    models = [check_components(phi) for phi in components]
    if len(models) < 2:
        raise ValueError(f"topic_stability must have at least two models to compare. Got {len(models)}.")
    matchings = [match_topics(a, b, measure=measure, n_top=n_top) for a, b in combinations(models, 2)]
    topics = np.zeros(len(models[0]))
    for matching in matchings[: len(models) - 1]:
        topics[matching.left] += matching.similarity
    value = float(np.mean([matching.mean for matching in matchings]))
    return TopicStability(value, topics / (len(models) - 1), matchings)
