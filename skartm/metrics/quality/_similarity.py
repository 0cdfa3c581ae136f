"""Similarity of topics, within a model and between models."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skartm.base import shown
from skartm.metrics.quality._rank_biased_overlap import overlap_of_rankings
from skartm.metrics.reports._top_tokens import check_components, check_n_top, top_columns

Matrix = NDArray[np.float64]


def _cosine(a: Matrix, b: Matrix, n_top: int) -> Matrix:
    # topics of tiny scale must not underflow when squared
    a, b = a / a.max(axis=1, keepdims=True), b / b.max(axis=1, keepdims=True)
    return (a / np.linalg.norm(a, axis=1, keepdims=True)) @ (b / np.linalg.norm(b, axis=1, keepdims=True)).T


def _hellinger(a: Matrix, b: Matrix, n_top: int) -> Matrix:
    a, b = a / a.sum(axis=1, keepdims=True), b / b.sum(axis=1, keepdims=True)
    # H^2 = 1 - sum_w sqrt(a_w b_w); where it is lost to rounding, the topics are the same
    distance = 1 - np.sqrt(a) @ np.sqrt(b).T
    distance[distance < 1e-14] = 0
    return 1 - np.sqrt(distance)


def _jensen_shannon(a: Matrix, b: Matrix, n_top: int) -> Matrix:
    a, b = a / a.sum(axis=1, keepdims=True), b / b.sum(axis=1, keepdims=True)
    values = np.empty((len(a), len(b)))
    for row, p in enumerate(a):
        mean = (p + b) / 2
        divergence = (_entropy_terms(mean) - (_entropy_terms(p) + _entropy_terms(b)) / 2).sum(axis=1)
        values[row] = 1 - divergence / np.log(2)
    return values


def _entropy_terms(p: Matrix) -> Matrix:
    return -p * np.log(np.where(p > 0, p, 1.0))


def _jaccard(a: Matrix, b: Matrix, n_top: int) -> Matrix:
    listed_a, listed_b = (_indicator(top_columns(rows, n_top), rows.shape[1]) for rows in (a, b))
    joint = listed_a @ listed_b.T
    return joint / (listed_a.sum(axis=1)[:, None] + listed_b.sum(axis=1)[None, :] - joint)


def _rbo(a: Matrix, b: Matrix, n_top: int) -> Matrix:
    return overlap_of_rankings(top_columns(a, n_top), top_columns(b, n_top), p=0.9)


def _indicator(tops: list[NDArray[np.intp]], n_tokens: int) -> Matrix:
    rows = np.zeros((len(tops), n_tokens))
    for row, top in zip(rows, tops, strict=True):
        row[top] = 1
    return rows


SIMILARITIES: dict[str, Callable[[Matrix, Matrix, int], Matrix]] = {
    "cosine": _cosine,
    "hellinger": _hellinger,
    "jaccard": _jaccard,
    "jensen_shannon": _jensen_shannon,
    "rbo": _rbo,
}


def topic_similarity(
    components: ArrayLike, other: ArrayLike | None = None, *, measure: str = "cosine", n_top: int = 10
) -> Matrix:
    r"""Similarity of each topic of a model with each topic of another one, or of the same.

    1 is equality, 0 the absence of common tokens. With ``a`` and ``b`` the token distributions of two topics and ``A``,
    ``B`` their lists of ``n_top`` top tokens,

    .. math::

        \text{cosine}: \frac{a \cdot b}{\|a\| \|b\|}, \qquad
        \text{hellinger}: 1 - \sqrt{1 - \textstyle\sum_w \sqrt{a_w b_w}}, \qquad
        \text{jensen\_shannon}: 1 - \frac{\mathrm{KL}(a \| m) + \mathrm{KL}(b \| m)}{2 \ln 2}, \; m = \frac{a + b}{2},

    .. math::

        \text{jaccard}: \frac{|A \cap B|}{|A \cup B|}, \qquad
        \text{rbo}: \text{rank-biased overlap of A and B with } p = 0.9.

    Parameters
    ----------
    components : array-like of shape (n_topics, n_tokens)
        phi.
    other : array-like of shape (n_others, n_tokens), default=None
        phi of another model with the same tokens. None compares ``components`` with itself.
    measure : {"cosine", "hellinger", "jaccard", "jensen_shannon", "rbo"}, default="cosine"
        How to compare.
    n_top : int, default=10
        Length of the lists of "jaccard" and "rbo".

    Returns
    -------
    similarity : ndarray of shape (n_topics, n_others)
        In [0, 1]. A dead topic has 0 with everything, itself included.

    Raises
    ------
    ValueError
        If the numbers of tokens differ, or if an argument is out of its range.

    Examples
    --------
    >>> from skartm.metrics import topic_similarity
    >>> phi = [[0.5, 0.5, 0.0], [0.0, 0.5, 0.5]]
    >>> topic_similarity(phi).round(3)
    array([[1. , 0.5],
           [0.5, 1. ]])
    >>> topic_similarity(phi, [[0.5, 0.5, 0.0]], measure="jaccard", n_top=2).round(3)
    array([[1.   ],
           [0.333]])
    """
    check_n_top(n_top)
    if measure not in SIMILARITIES:
        raise ValueError(
            f"The 'measure' parameter of topic_similarity must be one of {sorted(SIMILARITIES)}. Got {shown(measure)}."
        )
    a = check_components(components)
    b = a if other is None else check_components(other)
    if a.shape[1] != b.shape[1]:
        raise ValueError(
            f"components and other must have the same tokens. Got {a.shape[1]} and {b.shape[1]} columns; "
            "reorder one of them by feature names first."
        )
    alive_a, alive_b = a.any(axis=1), b.any(axis=1)
    similarity = np.zeros((len(a), len(b)))
    if alive_a.any() and alive_b.any():
        values = SIMILARITIES[measure](a[alive_a].astype(np.float64), b[alive_b].astype(np.float64), n_top)
        similarity[np.ix_(alive_a, alive_b)] = np.clip(values, 0.0, 1.0)
    return similarity


def topic_redundancy(
    components: ArrayLike,
    *,
    measure: str = "cosine",
    statistic: str = "mean",
    n_top: int = 10,
    average: bool = True,
) -> float | NDArray[np.float64]:
    r"""How similar the topics of a model are to each other; lower is better.

    .. math::

        \text{mean}: \frac{1}{T} \sum_t \frac{1}{T - 1} \sum_{s \ne t} \mathrm{sim}(t, s), \qquad
        \text{max}: \frac{1}{T} \sum_t \max_{s \ne t} \mathrm{sim}(t, s)

    over the living topics. The mean of cosines is the criterion of Cao et al. [1]_ for the number of topics. The
    maximum finds duplicates, which in the mean over many topics disappear.

    Parameters
    ----------
    components : array-like of shape (n_topics, n_tokens)
        phi.
    measure : {"cosine", "hellinger", "jaccard", "jensen_shannon", "rbo"}, default="cosine"
        See `topic_similarity`.
    statistic : {"mean", "max"}, default="mean"
        Over the other topics.
    n_top : int, default=10
        Length of the lists of "jaccard" and "rbo".
    average : bool, default=True
        Whether to return the mean over the living topics, or an array with the value of each topic.

    Returns
    -------
    redundancy : float or ndarray of shape (n_topics,)
        In [0, 1]; 0 for a topic that is dead or the only one.

    References
    ----------
    .. [1] Cao J., Xia T., Li J., Zhang Y., Tang S. (2009). "A Density-Based Method for Adaptive LDA Model Selection".
       Neurocomputing 72, 1775-1781.

    Examples
    --------
    >>> from skartm.metrics import topic_redundancy
    >>> phi = [[0.5, 0.5, 0.0], [0.5, 0.5, 0.0], [0.0, 0.0, 1.0]]
    >>> round(topic_redundancy(phi), 3)
    0.333
    >>> topic_redundancy(phi, statistic="max", average=False).round(3)
    array([1., 1., 0.])
    """
    if statistic not in ("mean", "max"):
        raise ValueError(
            f"The 'statistic' parameter of topic_redundancy must be 'mean' or 'max'. Got {shown(statistic)} instead."
        )
    checked = check_components(components)
    alive = np.flatnonzero(checked.any(axis=1))
    values = np.zeros(len(checked))
    if alive.size > 1:
        similarity = topic_similarity(checked[alive], measure=measure, n_top=n_top)
        np.fill_diagonal(similarity, 0.0)
        values[alive] = similarity.sum(axis=1) / (alive.size - 1) if statistic == "mean" else similarity.max(axis=1)
    else:
        topic_similarity(checked, measure=measure, n_top=n_top)  # the same errors
    return values if not average else float(values[alive].mean()) if alive.size else 0.0
