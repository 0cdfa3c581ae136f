"""Intratext coherence: whether the tokens of a topic stand together in the text."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skartm.base import shown
from skartm.base._order import token_order
from skartm.base._sparse import own_csr
from skartm.metrics.quality._kernels import topics_of_tokens
from skartm.metrics.reports._top_tokens import check_components

_CHOICES = {
    "method": ("segment_length", "segment_weight", "window"),
    "relatedness": ("p_wt", "p_tw"),
    "specificity": (None, "max", "mean"),
}
# Elements of the block of windows that is gathered at once.
_BLOCK = 1 << 22


def intratext_coherence(
    components: ArrayLike,
    X: Any,
    *,
    method: str = "window",
    relatedness: str = "p_wt",
    specificity: str | None = None,
    max_gap: int = 10,
    window: int = 20,
    average: bool = True,
) -> float | NDArray[np.float64]:
    r"""Mean length, or weight, of the segments of text that belong to a topic.

    A good topic is met in long passages, not in scattered words. A token ``w`` belongs to the topic
    ``arg max_t R(w, t)`` with the relatedness ``R`` below. A *segment* of a topic in a document starts at a token of
    the topic and ends when ``max_gap`` tokens in a row belong to others. With ``S_dt`` the segments of topic ``t`` in
    document ``d``, and ``D_t`` the documents that have any,

    .. math::

        C_t = \frac{1}{|D_t|} \sum_{d \in D_t} \frac{1}{|S_{dt}|} \sum_{s \in S_{dt}} v(s), \qquad
        v(s) = \begin{cases}
            \#\{w \in s \text{ of the topic}\} & \text{segment\_length} \\
            \sum_{w \in s \text{ of the topic}} R(w, t) & \text{segment\_weight}
        \end{cases}

    With "window" there are windows instead of segments: the first is around the first token of the topic, from
    ``window // 2`` tokens before it to ``window // 2 - 1`` after; the next is around the first token of the topic
    that follows a window; ``v`` is the sum of ``R(w, t)`` over *all* tokens of the window.

    Parameters
    ----------
    components : array-like of shape (n_topics, n_tokens)
        phi.
    X : CSR matrix of shape (n_docs, n_tokens)
        Texts: ``indices`` of a row are its tokens *in the order of the text*, with repetitions. Entries 0 are skipped,
        other values do not matter. To save time, pass part of the documents.
    method : {"window", "segment_length", "segment_weight"}, default="window"
        What is averaged. Compare with a text whose tokens are shuffled in each document: windows of the true order are
        worth more, while long segments arise in a shuffled text too when ``max_gap`` is more than a few tokens.
    relatedness : {"p_wt", "p_tw"}, default="p_wt"
        ``R``: p(w given t), or p(t given w) with all topics equally probable.
    specificity : {None, "max", "mean"}, default=None
        Subtract from ``R(w, t)`` the largest, or the mean, value of the token in the *other* topics, or in all.
    max_gap : int, default=10
        Of segments: foreign tokens in a row that end a segment; 0 makes each token a segment.
    window : int, default=20
        Tokens of a window, at least 2.
    average : bool, default=True
        Whether to return the mean over topics, or an array with the value of each topic. TopicNet reports the median,
        ``numpy.median(intratext_coherence(..., average=False))``.

    Returns
    -------
    coherence : float or ndarray of shape (n_topics,)
        Higher is better; 0 for a topic without tokens in ``X``, as for a dead one.

    Raises
    ------
    TypeError
        If ``X`` is not a CSR matrix; other formats have no order.
    ValueError
        If the order of the text is gone, the rows of ``X`` sorted by column; or if a parameter is out of its range.

    Notes
    -----
    Differences from TopicNet's ``IntratextCoherenceScore``, whose default is "segment_weight": a window at the
    beginning of a text is cut there, instead of being empty; a token without probability belongs to no topic, instead
    of the first one.

    References
    ----------
    .. [1] Alekseev V., Bulatov V., Vorontsov K. (2018). "Intra-Text Coherence as a Measure of Topic Models'
       Interpretability". Computational Linguistics and Intellectual Technologies (Dialogue), 1-13.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse import csr_matrix
    >>> from skartm.metrics import intratext_coherence
    >>> phi = np.array([[0.5, 0.5, 0.0, 0.0], [0.0, 0.0, 0.5, 0.5]])
    >>> together, scattered = [0, 1, 1, 0, 2, 3, 2, 3], [0, 2, 1, 3, 1, 2, 0, 3]
    >>> X = csr_matrix((np.ones(16), together + scattered, [0, 8, 16]), shape=(2, 4))
    >>> intratext_coherence(phi, X[:1], method="segment_length", max_gap=1)
    4.0
    >>> intratext_coherence(phi, X[1:], method="segment_length", max_gap=1)
    1.0
    """
    for name, value in (("method", method), ("relatedness", relatedness), ("specificity", specificity)):
        if value not in _CHOICES[name]:
            raise ValueError(
                f"The {name!r} parameter of intratext_coherence must be one of {list(_CHOICES[name])}. Got "
                f"{shown(value)}."
            )
    for name, number, smallest in (("max_gap", max_gap, 0), ("window", window, 2)):
        if not isinstance(number, Integral) or isinstance(number, bool) or number < smallest:
            raise ValueError(
                f"The {name!r} parameter of intratext_coherence must be an int >= {smallest}. Got {shown(number)}."
            )
    phi = check_components(components)
    docs, tokens = _texts(X, phi.shape[1])
    related = _relatedness(phi, relatedness, specificity)
    own = np.where(phi.any(axis=0), related.argmax(axis=0), -1)[tokens]
    # tokens that belong to a topic, in groups of one document and one topic, in the order of the text
    places = np.flatnonzero(own >= 0)
    groups = docs[places] * phi.shape[0] + own[places]
    order = np.argsort(groups, kind="stable")
    places, groups = places[order], groups[order]
    if method == "window":
        centres, groups = _centres(places, groups, window // 2)
        values = _window_sums(related, tokens, docs, centres, groups % phi.shape[0], window // 2)
    else:
        first = np.ones(places.size, dtype=bool)
        first[1:] = (np.diff(groups) != 0) | (np.diff(places) - 1 >= max_gap)
        segment = np.cumsum(first) - 1
        weights = None if method == "segment_length" else related[groups % phi.shape[0], tokens[places]]
        values = np.bincount(segment, weights=weights).astype(np.float64)
        groups = groups[first]
    result = _mean_of_means(values, groups, phi.shape[0])
    return float(result.mean()) if average else result


def _texts(X: Any, n_tokens: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Document and token of every place of the texts."""
    if getattr(X, "format", None) != "csr":
        raise TypeError(
            "intratext_coherence: X must be a CSR matrix with the tokens in the order of the text. "
            f"Got {type(X).__name__}, which has no order."
        )
    X = own_csr(X)
    if X.shape[1] != n_tokens:
        raise ValueError(f"X must have one column for each of the {n_tokens} tokens. Got shape {X.shape}.")
    X = token_order(X, "intratext_coherence")
    docs = np.repeat(np.arange(X.shape[0], dtype=np.int64), np.diff(X.indptr))
    tokens = X.indices[X.indptr[0] : X.indptr[-1]].astype(np.int64)
    there = X.data[X.indptr[0] : X.indptr[-1]] != 0
    return docs[there], tokens[there]


def _relatedness(phi: NDArray[Any], relatedness: str, specificity: str | None) -> NDArray[np.float64]:
    related = phi.astype(np.float64)
    if relatedness == "p_tw":
        related = topics_of_tokens(related, np.ones(len(related)))
    if specificity == "mean":
        return related - related.mean(axis=0)
    if specificity == "max" and len(related) > 1:
        ranked = np.sort(related, axis=0)
        largest = related.argmax(axis=0) == np.arange(len(related))[:, None]
        return related - np.where(largest, ranked[-2], ranked[-1])
    return related


def _centres(places: NDArray[Any], groups: NDArray[Any], half: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Centres of the windows of all groups: the first place, then the first one behind the window, and so on.

    One step for all groups at once, as many steps as the largest number of windows.
    """
    span = int(places.max(initial=0)) + half + 1
    keys = groups * span + places  # sorted; a place behind the last of a group finds the next group
    at = np.flatnonzero(np.diff(groups, prepend=-1))
    centres, owners = [places[at]], [groups[at]]
    while at.size:
        group = groups[at]
        at = np.searchsorted(keys, keys[at] + half)
        inside = at < keys.size
        at, group = at[inside], group[inside]
        at = at[groups[at] == group]
        centres.append(places[at])
        owners.append(groups[at])
    return np.concatenate(centres), np.concatenate(owners)


def _window_sums(
    related: NDArray[np.float64],
    tokens: NDArray[np.int64],
    docs: NDArray[np.int64],
    centres: NDArray[Any],
    topics: NDArray[Any],
    half: int,
) -> NDArray[np.float64]:
    """Sum of the relatedness over each window, cut at the ends of its document."""
    sums = np.zeros(centres.size)
    offsets = np.arange(-half, half)
    step = max(_BLOCK // offsets.size, 1)
    for start in range(0, centres.size, step):
        centre = centres[start : start + step]
        around = centre[:, None] + offsets
        clipped = np.clip(around, 0, tokens.size - 1)
        inside = (around == clipped) & (docs[clipped] == docs[centre][:, None])
        values = related[topics[start : start + step, None], tokens[clipped]]
        sums[start : start + step] = np.where(inside, values, 0.0).sum(axis=1)
    return sums


def _mean_of_means(values: NDArray[np.float64], groups: NDArray[Any], n_topics: int) -> NDArray[np.float64]:
    """Mean over the values of a group, then over the groups of a topic."""
    found, number = np.unique(groups, return_inverse=True)
    means = np.bincount(number, weights=values) / np.maximum(np.bincount(number), 1)
    topics = found % n_topics
    counts = np.bincount(topics, minlength=n_topics)
    return np.bincount(topics, weights=means, minlength=n_topics) / np.maximum(counts, 1)
