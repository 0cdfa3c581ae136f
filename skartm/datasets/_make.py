"""Corpora that are generated from known topics."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from numpy.random import RandomState
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import Bunch, check_random_state

from skartm.base import shown
from skartm.base._order import keep_order

from ._rows import wrap_csr


def make_topics(
    n_docs: int = 200,
    n_tokens: int = 500,
    n_topics: int = 10,
    *,
    doc_length: int | ArrayLike = 100,
    doc_topic_prior: float = 0.1,
    topic_word_prior: float = 0.05,
    segment_length: int | None = None,
    random_state: int | RandomState | None = None,
) -> Bunch:
    """Generate a corpus from known topics, by the model that topic models fit.

    For every document ``theta_d ~ Dirichlet(doc_topic_prior)``, for every topic ``phi_t ~
    Dirichlet(topic_word_prior)``; for every position a topic ``z ~ theta_d`` and a token ``w ~ phi_z``. Small priors
    give sparse distributions, hence topics that are easy to tell apart.

    Parameters
    ----------
    n_docs : int, default=200
        Number of documents.

    n_tokens : int, default=500
        Size of the vocabulary.

    n_topics : int, default=10
        Number of topics.

    doc_length : int or array-like of int of shape (n_docs,), default=100
        Number of tokens of every document, or of each; 0 makes an empty row.

    doc_topic_prior : float, default=0.1
        Concentration of topics in documents, positive.

    topic_word_prior : float, default=0.05
        Concentration of tokens in topics, positive.

    segment_length : int, default=None
        ``None`` gives counts. An int gives token sequences, where every run of so many tokens of a document shares one
        topic: 1 makes the order carry no information, more makes it matter to models that read it.

    random_state : int, RandomState instance or None, default=None
        Seed of the generator.

    Returns
    -------
    corpus : :class:`~sklearn.utils.Bunch`
        data : CSR of shape (n_docs, n_tokens), float32
            Counts, or token sequences in the order of the text with values 1.
        components : ndarray of shape (n_topics, n_tokens)
            The true phi: p(w given t), rows sum to 1.
        doc_topic : ndarray of shape (n_docs, n_topics)
            The true theta: p(t given d), rows sum to 1.
        token_topics : ndarray of int of shape (total number of tokens,)
            The topic of every token, only of sequences; aligned with ``data.indices``.

    Raises
    ------
    ValueError
        If a size is not a positive int, a prior is not a positive number, or a length is negative.

    References
    ----------
    D. Blei, A. Ng and M. Jordan, "Latent Dirichlet allocation", JMLR 3, 2003, section 3.

    Examples
    --------
    >>> from skartm.datasets import make_topics
    >>> corpus = make_topics(20, 30, 3, random_state=0)
    >>> corpus.data.shape, corpus.components.shape, corpus.doc_topic.shape
    ((20, 30), (3, 30), (20, 3))
    >>> corpus.data.sum(axis=1).min(), corpus.data.sum(axis=1).max()
    (np.float32(100.0), np.float32(100.0))
    """
    for name, size in (("n_docs", n_docs), ("n_tokens", n_tokens), ("n_topics", n_topics)):
        _check_size(name, size)
    if segment_length is not None:
        _check_size("segment_length", segment_length)
    lengths = _check_lengths(doc_length, n_docs)
    random = check_random_state(random_state)
    theta = _draw_dirichlet("doc_topic_prior", doc_topic_prior, (n_docs, n_topics), random)
    phi = _draw_dirichlet("topic_word_prior", topic_word_prior, (n_topics, n_tokens), random)

    docs = np.repeat(np.arange(n_docs), lengths)
    topics = _draw_topics(theta, lengths, segment_length or 1, random)
    tokens = _draw(phi, topics, random)
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    ones = np.ones(docs.size, dtype=np.float32)
    data = wrap_csr(ones, tokens.astype(np.int32), indptr.astype(np.int32), (n_docs, n_tokens))
    if segment_length is None:
        data.sum_duplicates()
        return Bunch(data=data, components=phi, doc_topic=theta)
    return Bunch(data=keep_order(data), components=phi, doc_topic=theta, token_topics=topics)


def _check_size(name: str, size: int) -> None:
    if not isinstance(size, Integral) or isinstance(size, bool) or size < 1:
        raise ValueError(f"The {name!r} parameter of make_topics must be a positive int. Got {shown(size)} instead.")


def _check_lengths(doc_length: int | ArrayLike, n_docs: int) -> NDArray:
    lengths = np.asarray(doc_length)
    if lengths.dtype.kind not in "iu" or lengths.shape not in ((), (n_docs,)) or (lengths < 0).any():
        raise ValueError(
            f"The 'doc_length' parameter of make_topics must be a non-negative int, or {n_docs} of them, one a "
            f"document. Got {shown(doc_length)} instead."
        )
    return np.broadcast_to(lengths, n_docs).astype(np.int64)


def _draw_dirichlet(name: str, prior: float, shape: tuple[int, int], random: RandomState) -> NDArray:
    """Draw rows from a symmetric Dirichlet distribution.

    Through logarithms of gamma variables, ``Gamma(a) = Gamma(a + 1) * U ** (1 / a)``: with a small prior the variables
    themselves underflow, all of them in some rows, which RandomState.dirichlet makes NaN.
    """
    if not isinstance(prior, Real) or not 0 < prior < np.inf:
        raise ValueError(f"The {name!r} parameter of make_topics must be a positive float. Got {shown(prior)} instead.")
    log_gamma = np.log(random.standard_gamma(prior + 1, shape)) + np.log1p(-random.random_sample(shape)) / prior
    gamma = np.exp(log_gamma - log_gamma.max(axis=1, keepdims=True))
    return gamma / gamma.sum(axis=1, keepdims=True)


def _draw_topics(theta: NDArray, lengths: NDArray, segment_length: int, random: RandomState) -> NDArray:
    """Draw a topic for every segment of every document, and repeat it for the tokens of the segment."""
    n_segments = -(-lengths // segment_length)
    segment_docs = np.repeat(np.arange(lengths.size), n_segments)
    sizes = np.full(segment_docs.size, segment_length)
    lasts = np.cumsum(n_segments)[lengths > 0] - 1
    sizes[lasts] -= (n_segments * segment_length - lengths)[lengths > 0]
    return np.repeat(_draw(theta, segment_docs, random), sizes)


def _draw(probabilities: NDArray, rows: NDArray, random: RandomState) -> NDArray:
    """Draw a column for every entry of `rows`, from that row of `probabilities`.

    Inverts all distribution functions at once: row i of the cumulated probabilities is shifted to [i, i + 1).
    """
    n_rows, n_columns = probabilities.shape
    cumulated = np.cumsum(probabilities, axis=1)
    cumulated /= cumulated[:, -1:]
    shifted = (cumulated + np.arange(n_rows)[:, np.newaxis]).ravel()
    found = np.searchsorted(shifted, rows + random.random_sample(rows.size), side="right")
    return np.clip(found - rows * n_columns, 0, n_columns - 1)  # rounding can leave the row
