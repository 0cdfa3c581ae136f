"""Rank-biased overlap of lists, and the diversity of topics by it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from numbers import Real

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from skartm.base import shown
from skartm.metrics.reports._top_tokens import check_components, check_n_top, top_columns


def overlap_of_rankings(
    left: Sequence[NDArray[np.intp]], right: Sequence[NDArray[np.intp]], *, p: float
) -> NDArray[np.float64]:
    """RBO of each of ``left`` with each of ``right``, lists of non-negative integers without repetition."""
    longest = max((len(ranking) for ranking in (*left, *right)), default=0)
    size = 1 + max((int(max(ranking)) for ranking in (*left, *right) if len(ranking)), default=0)
    n_left = np.array([len(ranking) for ranking in left])[:, None]
    n_right = np.array([len(ranking) for ranking in right])[None, :]
    short, long = np.minimum(n_left, n_right), np.maximum(n_left, n_right)
    # X_d: common items of the first d; the shorter list ends where it ends
    overlaps = [
        (_first(left, depth, size) @ _first(right, depth, size).T).toarray().astype(np.float64)
        for depth in range(1, longest + 1)
    ]
    overlap_short, overlap_long = np.zeros(short.shape), np.zeros(short.shape)
    for depth, overlap in enumerate(overlaps, start=1):
        overlap_short[short == depth] = overlap[short == depth]
        overlap_long[long == depth] = overlap[long == depth]
    agreement_short = overlap_short / np.maximum(short, 1)
    total = np.zeros(short.shape)
    for depth, overlap in enumerate(overlaps, start=1):
        total += np.where(depth <= long, overlap / depth * p**depth, 0.0)
        beyond = (depth > short) & (depth <= long)
        total += np.where(beyond, agreement_short * (depth - short) / depth * p**depth, 0.0)
    tail = ((overlap_long - overlap_short) / np.maximum(long, 1) + agreement_short) * p ** long.astype(np.float64)
    return np.where(short > 0, (1 - p) / p * total + tail, 0.0)


def _first(rankings: Sequence[NDArray[np.intp]], depth: int, size: int) -> csr_array:
    """Indicator of the first ``depth`` items of each list."""
    cut = [ranking[:depth] for ranking in rankings]
    indptr = np.cumsum([0, *map(len, cut)])
    indices = np.concatenate([np.asarray(ranking, dtype=np.int64) for ranking in cut])
    return csr_array((np.ones(len(indices), dtype=np.int32), indices, indptr), shape=(len(rankings), size))


def rank_biased_overlap(left: Sequence[Hashable], right: Sequence[Hashable], *, p: float = 0.9) -> float:
    r"""Rank-biased overlap of two ranked lists: their agreement, where the first ranks matter most.

    The extrapolated RBO of [1]_, equation 32. With ``s <= l`` the lengths of the lists and ``X_d`` the number of
    common items among the first ``d`` of both,

    .. math::

        \frac{1 - p}{p} \Bigl( \sum_{d=1}^{l} \frac{X_d}{d} p^d +
        \sum_{d=s+1}^{l} \frac{X_s (d - s)}{s d} p^d \Bigr) +
        \Bigl( \frac{X_l - X_s}{l} + \frac{X_s}{s} \Bigr) p^l.

    Parameters
    ----------
    left, right : sequences of hashable items
        Best first, without repetition. Lengths may differ.
    p : float in (0, 1), default=0.9
        Persistence: how likely a reader goes on to the next rank. Lower values look at fewer ranks; of the first ten,
        0.9 puts 86 % of the weight.

    Returns
    -------
    overlap : float
        In [0, 1]: 1 for equal lists, 0 for disjoint ones, and if one is empty.

    Raises
    ------
    ValueError
        If a list repeats an item, or if ``p`` is out of its range.

    References
    ----------
    .. [1] Webber W., Moffat A., Zobel J. (2010). "A Similarity Measure for Indefinite Rankings". ACM Transactions on
       Information Systems 28(4), 20.

    Examples
    --------
    >>> from skartm.metrics import rank_biased_overlap
    >>> round(rank_biased_overlap(["cat", "dog", "milk"], ["dog", "cat", "milk"]), 3)
    0.9
    >>> rank_biased_overlap(["cat", "dog"], ["stock", "money"])
    0.0
    """
    _check_p(p)
    number: dict[Hashable, int] = {}
    rankings = []
    for items in (left, right):
        ranking = np.array([number.setdefault(item, len(number)) for item in items], dtype=np.intp)
        if len(set(ranking.tolist())) < len(ranking):
            raise ValueError(f"rank_biased_overlap: a list must not repeat an item. Got {shown(list(items))}.")
        rankings.append(ranking)
    value = float(overlap_of_rankings(rankings[:1], rankings[1:], p=p)[0, 0])
    return min(max(value, 0.0), 1.0)


def inverted_rbo(components: ArrayLike, *, n_top: int = 10, p: float = 0.9) -> float:
    """Diversity of topics by the ranks of their top tokens: 1 minus the mean `rank_biased_overlap` of two topics.

    As `topic_diversity` it falls when topics share top tokens, and more so when these stand on top of the lists.

    Parameters
    ----------
    components : array-like of shape (n_topics, n_tokens)
        phi.
    n_top : int, default=10
        Largest number of tokens of a topic.
    p : float in (0, 1), default=0.9
        Persistence of the overlap.

    Returns
    -------
    diversity : float
        In [0, 1], higher is better. Over the pairs of living topics; 1 for a single one, 0 if all are dead.

    References
    ----------
    .. [1] Bianchi F., Terragni S., Hovy D. (2021). "Pre-training is a Hot Topic: Contextualized Document Embeddings
       Improve Topic Coherence". ACL-IJCNLP, 759-766.

    Examples
    --------
    >>> from skartm.metrics import inverted_rbo
    >>> inverted_rbo([[0.6, 0.4, 0.0, 0.0], [0.0, 0.0, 0.5, 0.5]])
    1.0
    >>> round(inverted_rbo([[0.6, 0.4, 0.0], [0.4, 0.6, 0.0]], n_top=2), 3)
    0.1
    """
    _check_p(p)
    check_n_top(n_top)
    tops = [top for top in top_columns(check_components(components), n_top) if top.size]
    if len(tops) < 2:
        return float(len(tops))
    overlaps = overlap_of_rankings(tops, tops, p=p)[np.triu_indices(len(tops), k=1)]
    return float(np.clip(1.0 - overlaps.mean(), 0.0, 1.0))


def _check_p(p: float) -> None:
    if not isinstance(p, Real) or not 0 < p < 1:
        raise ValueError(f"The 'p' parameter must be a number in (0, 1). Got {shown(p)} instead.")
