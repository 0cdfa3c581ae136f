"""Coherence of topics by the co-occurrence of their top tokens in documents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.utils import check_array

from skartm.metrics._cooccurrence import Cooccurrence, document_cooccurrence
from skartm.metrics._top_tokens import check_components, check_n_top, check_names, top_columns

# Column of a token that the vocabulary does not have; no matrix counts it.
_UNSEEN = -1

# A confirmation measure: (n_i, n_j, n_ij, n_contexts, smoothing) -> value of each pair, w_i ranked below w_j. Without
# any context it gives its lowest value.
Confirmation = Callable[[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], int, float], NDArray[np.float64]]


def _npmi(
    n_i: NDArray[np.int64], n_j: NDArray[np.int64], n_ij: NDArray[np.int64], n_contexts: int, smoothing: float
) -> NDArray[np.float64]:
    # gensim adds 1e-12 to both p_ij instead of taking the limits, and so gets -1 where p_ij = 1
    values = np.where(n_ij == n_contexts, 1.0, -1.0)
    inner = (n_ij > 0) & (n_ij < n_contexts)
    log_d, log_i, log_j, log_ij = (np.log(n) for n in (n_contexts, n_i[inner], n_j[inner], n_ij[inner]))
    # ln(p_ij / (p_i p_j)) / -ln p_ij with p = n / D
    values[inner] = (log_ij + log_d - log_i - log_j) / (log_d - log_ij)
    # rounding may pass the bounds by an ulp
    return np.clip(values, -1.0, 1.0)


def _u_mass(
    n_i: NDArray[np.int64], n_j: NDArray[np.int64], n_ij: NDArray[np.int64], n_contexts: int, smoothing: float
) -> NDArray[np.float64]:
    # an unseen w_j is put at p_j = 1, the worst case; gensim gives the best value, 0, for it
    p_j = np.where(n_j > 0, n_j / n_contexts, 1.0)
    # ln((p_ij + eps) / p_j)
    return np.log((n_ij / n_contexts + smoothing) / p_j)


_MEASURES: dict[str, tuple[Confirmation, Callable[[float], float]]] = {
    # name: (confirmation of pairs, lowest value given the smoothing)
    "npmi": (_npmi, lambda smoothing: -1.0),
    "u_mass": (_u_mass, np.log),
}


def coherence(
    topics: NDArray[Any] | Sequence[Sequence[str]] | Sequence[Sequence[int]],
    X: Any,
    *,
    measure: str = "npmi",
    feature_names: Sequence[str] | NDArray[Any] | None = None,
    n_top: int = 10,
    average: bool = True,
    smoothing: float = 1e-12,
) -> float | NDArray[np.float64]:
    r"""Mean association of the top tokens of a topic, counted over whole documents.

    Let ``w_1, ..., w_N`` be the top tokens of a topic, most probable first, ``D`` the number of documents, and
    ``p_i`` and ``p_ij`` the shares of documents that have ``w_i``, and both ``w_i`` and ``w_j``. The coherence of the
    topic is the mean over its pairs

    .. math:: \frac{2}{N (N - 1)} \sum_{i=2}^{N} \sum_{j=1}^{i-1} m(w_i, w_j),

    where the confirmation ``m`` is

    .. math::

        \mathrm{npmi}: \ln \frac{p_{ij}}{p_i p_j} \Big/ (-\ln p_{ij}), \qquad
        \mathrm{u\_mass}: \ln \frac{p_{ij} + \epsilon}{p_j}.

    How often a document has a token does not matter, only whether it does. For ``npmi``, in [-1, 1], a pair that never
    co-occurs has the limit -1, and one that occurs in all documents has 1. ``u_mass`` depends on the order of the
    tokens, is at most ``ln(1 + eps)``, and is what gensim computes as ``coherence="u_mass"``, up to unseen tokens.

    A token that no document of ``X`` has, or that ``feature_names`` lacks, never makes a topic look better: its pairs
    have the confirmation -1 in ``npmi``; in ``u_mass`` they have ``ln(eps / p_j)``, with ``p_j`` taken as 1 if ``w_j``
    is the unseen one (gensim gives such a pair 0, the best value). A topic with fewer than two tokens has no pairs and
    gets the lowest value, -1 or ``ln(eps)``; leave dead topics out with ``components[components.any(axis=1)]`` to have
    the mean over the living ones. The result is always finite.

    Parameters
    ----------
    topics : ndarray of shape (n_topics, n_features), or list of lists
        Either non-negative probabilities of the tokens in the topics, as ``components_``, of which the `top_tokens` are
        taken, or one list per topic, most probable first, of column indices of ``X`` (int) or of tokens (str, needs
        ``feature_names``). A numeric array is always read as probabilities, and lists never are.
    X : {sparse matrix, array-like} of shape (n_docs, n_features), non-negative counts
        Reference documents. A CSR is neither copied nor modified and may be non-canonical: a token listed several
        times in a row, as in a matrix that keeps the order of the text, counts once.
    measure : {"npmi", "u_mass"}, default="npmi"
        Confirmation of a pair.
    feature_names : sequence of shape (n_features,), default=None
        Tokens of the columns of ``X``, to look up the tokens of ``topics``.
    n_top : int, default=10
        Number of tokens of a topic to use; longer lists are cut. Of ``components`` fewer are used where a topic has
        fewer non-zero probabilities.
    average : bool, default=True
        Whether to return the mean over all topics, or an array with the coherence of each topic.
    smoothing : float, default=1e-12
        Positive ``eps`` of ``u_mass``, a probability; ``npmi`` has none. 1e-12 is the choice of [3]_ and of gensim;
        ``1 / n_docs`` gives the original ``ln((n_ij + 1) / n_j)`` of [1]_.

    Returns
    -------
    coherence : float or ndarray of shape (n_topics,)
        Coherence, higher is better.

    Raises
    ------
    TypeError
        If a list holds anything but strings and integers.
    ValueError
        If the shapes of ``topics``, ``X`` and ``feature_names`` do not fit, if ``X`` or ``components`` has negative
        entries or NaN, if a list has a token twice, an index outside ``X``, or tokens without ``feature_names``, or if
        a parameter is out of its range.

    References
    ----------
    .. [1] Mimno D., Wallach H., Talley E., Leenders M., McCallum A. (2011). "Optimizing Semantic Coherence in Topic
       Models". EMNLP, 262-272.
    .. [2] Bouma G. (2009). "Normalized (Pointwise) Mutual Information in Collocation Extraction". GSCL, 31-40.
    .. [3] Röder M., Both A., Hinneburg A. (2015). "Exploring the Space of Topic Coherence Measures". WSDM, 399-408.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse import csr_array
    >>> from skartm.metrics import coherence
    >>> X = csr_array([[2, 1, 0, 0], [1, 1, 0, 0], [0, 0, 3, 1], [1, 0, 1, 1]])
    >>> names = ["cat", "milk", "stock", "money"]
    >>> coherence([["stock", "money"], ["milk", "money"]], X, feature_names=names, average=False)
    array([ 1., -1.])
    >>> phi = np.array([[0.6, 0.4, 0.0, 0.0], [0.0, 0.0, 0.5, 0.5]])
    >>> round(coherence(phi, X), 4)
    0.7075
    """
    check_n_top(n_top)
    if measure not in _MEASURES:
        raise ValueError(f"The 'measure' parameter of coherence must be one of {sorted(_MEASURES)}. Got {measure!r}.")
    if not isinstance(smoothing, Real) or not 0 < smoothing < np.inf:
        raise ValueError(f"The 'smoothing' parameter of coherence must be a number > 0. Got {smoothing!r} instead.")
    X = _check_counts(X)
    names = None
    if feature_names is not None:
        names = check_names(feature_names, X.shape[1], "feature_names", "columns of X")
    tops = _resolve_topics(topics, names, X.shape[1], n_top)
    columns = np.unique(np.concatenate(tops))
    confirmation, lowest = _MEASURES[measure]
    values = _mean_confirmation(
        tops, document_cooccurrence(X, columns[columns != _UNSEEN]), confirmation, smoothing, lowest(smoothing)
    )
    return float(values.mean()) if average else values


def _mean_confirmation(
    tops: list[NDArray[np.intp]], counts: Cooccurrence, confirmation: Confirmation, smoothing: float, lowest: float
) -> NDArray[np.float64]:
    """Return the mean confirmation of the pairs of each topic, ``lowest`` for topics without pairs."""
    pairs = [np.tril_indices(len(top), k=-1) for top in tops]
    n_pairs = np.array([len(lower) for lower, _ in pairs])
    below = np.concatenate([top[lower] for top, (lower, _) in zip(tops, pairs, strict=True)])
    above = np.concatenate([top[upper] for top, (_, upper) in zip(tops, pairs, strict=True)])
    values = confirmation(
        counts.single(below), counts.single(above), counts.joint(below, above), counts.n_contexts, smoothing
    )
    sums = np.bincount(np.repeat(np.arange(len(tops)), n_pairs), weights=values, minlength=len(tops))
    return np.where(n_pairs > 0, sums / np.maximum(n_pairs, 1), lowest)


def _check_counts(X: Any) -> Any:
    """Return ``X`` as a CSR with entries >= 0, the same object if it is one."""
    X = check_array(X, accept_sparse="csr", input_name="X", ensure_min_features=0)
    if not hasattr(X, "indptr"):
        X = csr_array(X)
    if X.nnz and X.data[: X.nnz].min() < 0:
        raise ValueError(
            f"X must hold counts, which are non-negative. Got an entry {X.data[: X.nnz].min()}; "
            "pass the output of a vectorizer without centring."
        )
    return X


def _resolve_topics(topics: Any, names: list[Any] | None, n_features: int, n_top: int) -> list[NDArray[np.intp]]:
    """Return the columns of the top tokens of each topic, ``_UNSEEN`` for tokens that ``names`` lacks."""
    if isinstance(topics, (list, tuple)) or (isinstance(topics, np.ndarray) and topics.dtype.kind in "OSUT"):
        return _resolve_lists(topics, names, n_features, n_top)
    components = check_components(topics)
    if components.shape[1] != n_features:
        raise ValueError(
            f"topics must have one column for each of the {n_features} columns of X. Got an array of shape "
            f"{components.shape}, read as probabilities; pass column indices as lists of int."
        )
    return top_columns(components, n_top)


def _resolve_lists(
    topics: Sequence[Sequence[Any]] | NDArray[Any], names: list[Any] | None, n_features: int, n_top: int
) -> list[NDArray[np.intp]]:
    if len(topics) == 0:
        raise ValueError("topics must have at least one topic. Got none.")
    column_of = None if names is None else {name: column for column, name in enumerate(names)}
    tops = []
    for number, topic in enumerate(topics):
        if isinstance(topic, str) or not hasattr(topic, "__len__"):
            raise ValueError(
                f"topics must be an array of probabilities or a list with one list of tokens per topic. Got {topic!r} "
                f"as topic {number}; wrap the tokens of a single topic into one more list."
            )
        listed = list(topic)[:n_top]
        tops.append(np.array([_column(token, column_of, n_features) for token in listed], dtype=np.intp))
        if len(set(listed)) < len(listed):
            twice = next(token for position, token in enumerate(listed) if token in listed[:position])
            raise ValueError(f"topics must list a token once per topic. Got {twice!r} twice in topic {number}.")
    return tops


def _column(token: Any, column_of: dict[Any, int] | None, n_features: int) -> int:
    if isinstance(token, str):
        if column_of is None:
            raise ValueError(
                f"feature_names must name the columns of X when topics hold tokens. Got None, and the token {token!r}; "
                "pass feature_names=vectorizer.get_feature_names_out()."
            )
        if len(column_of) < n_features:
            raise ValueError(
                "feature_names must not repeat a name when topics hold tokens. "
                f"Got {len(column_of)} different names of {n_features} columns; pass topics as column indices."
            )
        return column_of.get(token, _UNSEEN)
    if not isinstance(token, Integral) or isinstance(token, bool):
        raise TypeError(
            f"topics given as lists must hold tokens (str) or column indices (int). Got {token!r}; "
            "pass probabilities as an array."
        )
    if not 0 <= int(token) < n_features:
        raise ValueError(f"topics must hold column indices of X, in the range [0, {n_features}). Got {token}.")
    return int(token)
