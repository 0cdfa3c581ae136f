"""Starts of phi from a factorisation of the weighted counts."""

from typing import Any

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfTransformer

from skartm.base._sparse import canonical, cast, own_csr, with_data
from skartm.em import Batches, Layout, SomeRows
from skartm.nmf import SimplexNMF
from skartm.nmf._start import nndsvd_start
from skartm.simplex import FLOOR, random_distributions
from skartm.topics._modalities import token_counts
from skartm.topics._start import filled_documents

FACTOR_STARTS = ("nmf", "nndsvd")
_ITERATIONS = 20  # chosen on development corpora, as _LENGTH is
_SAMPLE = 20_000  # documents that are factorised
_LENGTH = 100  # tokens of a document at which half of a topic is its factor, and half all words


def factor_phi(kind: str, batches: Batches, layout: Layout, random_state: RandomState, n_threads: int) -> NDArray:
    r"""(n_tokens, n_topics), columns sum to 1 in every modality: factors of tf-idf, mixed with all words.

    .. math:: \phi_t = (1 - m) \operatorname{norm}(h_t) + m\, p, \qquad m = \frac{L}{L + 100}

    where h are the rows of H of a non-negative factorisation of tf-idf (with logarithms of the counts), p is the
    distribution of all words, and L the mean length of the documents: the shorter documents are, the less do passes
    change what they start from, and the more does the start matter.

    Parameters
    ----------
    kind : {"nmf", "nndsvd"}
        Some iterations of least squares, or only what these start from, a singular value decomposition.
    batches : Batches
        Of more than 20,000 documents a sample is factorised.
    layout : Layout
    random_state : RandomState
    n_threads : int
    """
    counts = token_counts(batches.X, batches.sample_weight)
    X, weights = _sample(batches, random_state)
    if X.shape[0] == 0:
        return random_distributions(random_state, layout.n_tokens, layout.n_topics)
    H = _factors(kind, X, weights, layout, random_state, n_threads)
    n_docs = float(X.shape[0] if weights is None else weights.sum())
    length = float(token_counts(X, weights).sum()) / n_docs
    share = length / (length + _LENGTH)
    phi = np.empty((layout.n_tokens, layout.n_topics))
    for tokens in layout.blocks:
        p = counts[tokens] / max(counts[tokens].sum(), FLOOR)
        sums = H[:, tokens].sum(axis=1, keepdims=True)
        own = np.where(sums > 0, H[:, tokens] / np.maximum(sums, FLOOR), p)
        phi[tokens] = ((1 - share) * own + share * p).T
    return phi


def _sample(batches: Batches, random_state: RandomState) -> tuple[Any, NDArray | None]:
    """Documents to factorise, those that have tokens and a weight, in memory and sorted; and their weights."""
    X, rows = batches.X, filled_documents(batches)
    if rows.size > _SAMPLE:
        rows = np.sort(random_state.permutation(rows)[:_SAMPLE])
    chosen = X.chosen(rows)[:] if isinstance(X, SomeRows) else X[rows]
    weights = None if batches.sample_weight is None else batches.sample_weight[rows]
    return canonical(cast(own_csr(chosen), np.float32)), weights


def _factors(
    kind: str, X: Any, weights: NDArray | None, layout: Layout, random_state: RandomState, n_threads: int
) -> NDArray:
    """H of shape (n_topics, n_tokens); topics for which there are too few documents or words are random."""
    X = TfidfTransformer().fit_transform(with_data(X, np.where(X.data >= 1, 1 + np.log(np.maximum(X.data, 1)), X.data)))
    if layout.token_weights is not None:
        X = X.multiply(layout.token_weights).tocsr().astype(np.float32)
    n_topics = layout.n_topics
    n_factors = min(n_topics, *X.shape)
    if kind == "nndsvd":
        H = nndsvd_start(X, n_factors, weights, random_state, filled=False)
    else:
        model = SimplexNMF(
            n_factors, beta_loss="frobenius", simplex=None, init="nndsvda", max_iter=_ITERATIONS, tol=0,
            n_jobs=n_threads, random_state=random_state,
        )  # fmt: skip
        H = model.fit(X, sample_weight=weights).components_
    if n_factors == n_topics:
        return H
    others = random_distributions(random_state, layout.n_tokens, n_topics - n_factors).T
    return np.vstack([H, others])
