"""p(t|d,w): the topics of tokens in their documents."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils.validation import check_is_fitted

from skartm.base import shown
from skartm.base._data import check_counts
from skartm.em import Batches, Posteriors

_DOCUMENTS = 1024  # looked at together


def token_topics(model: Any, X: Any, *, dense: bool = False, threshold: float = 0.01) -> Any:
    """Topics of every token of every document, p(t|d,w).

    One row for every stored entry of X, in its order: the tokens of a document, or, where X keeps the order of the
    text (:class:`skartm.feature_extraction.SequenceVectorizer`), its positions. With regularizers of p(t|d,w)
    their result.

    Parameters
    ----------
    X : array or sparse matrix of shape (n_docs, n_tokens)
        Non-negative counts.
    dense : bool, default=False
        False gives one sparse matrix of shape (n_entries, n_components) for all documents, whose rows
        ``X.indptr[d]:X.indptr[d + 1]`` belong to document d; True a list of dense arrays, one a document.
    threshold : float in [0, 1), default=0.01
        Sparse: probabilities below are dropped and the rest is scaled to sum to 1; the largest stays always.

    Returns
    -------
    csr_matrix or list of arrays of shape (entries of the document, n_components)
        Rows sum to 1; a token without probability has zeros.
    """
    check_is_fitted(model, "components_")
    X = check_counts(model, X, model._dtype(), reset=False)
    return topics_of_tokens(model, X, model._doc_topic, dense, threshold)


def topics_of_tokens(model: Any, X: Any, theta_of: Callable[[Any], NDArray], dense: bool, threshold: float) -> Any:
    """The same with a theta of one's own."""
    if not 0 <= threshold < 1:
        msg = f"The 'threshold' parameter of token_topics must be in [0, 1). Got {shown(threshold)}."
        raise ValueError(msg)
    theta = theta_of(X)
    shared = model._fitted(slice(None))
    layout, ordered = model._layout(X, known=True), model._reads_order()
    dtype = model._dtype()
    batches = Batches(X, _DOCUMENTS, dtype, None, layout.token_weights, ordered=ordered)
    batches.keep = False
    dense_parts: list[NDArray] = []
    sparse_parts: list[sparse.csr_matrix] = []
    for batch in batches:
        for chunk in Posteriors.chunks(batch, shared):
            documents = slice(batch.start + chunk.start, batch.start + chunk.start + chunk.n_docs)
            p, _ = chunk.regularized(theta[documents])
            rows = X[documents]
            if not np.array_equal(rows.indices, chunk.tokens):  # they were sorted, and repeated ones added up
                p = p[_entries_of(rows, chunk)]
            if dense:
                dense_parts.extend(np.split(p, rows.indptr[1:-1]))
            else:
                sparse_parts.append(_above(p, threshold))
    return dense_parts if dense else sparse.vstack(sparse_parts, format="csr")


def _entries_of(rows: Any, chunk: Posteriors) -> NDArray:
    """Of every entry of ``rows`` the place among the summed entries of the chunk."""
    document = np.repeat(np.arange(chunk.n_docs, dtype=np.int64), np.diff(rows.indptr))
    summed = np.repeat(np.arange(chunk.n_docs, dtype=np.int64), chunk.lengths)
    return np.searchsorted(summed * rows.shape[1] + chunk.tokens, document * rows.shape[1] + rows.indices)


def _above(p: NDArray, threshold: float) -> sparse.csr_matrix:
    """Entries of at least ``threshold``, or the largest of the row; rows sum to what they did."""
    kept = np.where(p >= np.minimum(threshold, p.max(axis=1, keepdims=True)), p, 0)
    sums, before = kept.sum(axis=1, keepdims=True), p.sum(axis=1, keepdims=True)
    np.multiply(kept, before / np.where(sums > 0, sums, 1), out=kept)
    return sparse.csr_matrix(kept)
