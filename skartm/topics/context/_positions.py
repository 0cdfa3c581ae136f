"""Topics of positions and of stretches of text."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils.validation import check_is_fitted

from skartm.base import shown
from skartm.base._data import check_counts
from skartm.topics._token_topics import _above
from skartm.topics.context._mixture import Positions


@dataclass(frozen=True)
class ContextVectors:
    """Five distributions over topics for every position of a document, arrays of shape (n_positions, n_topics).

    Attributes
    ----------
    tokens : array of shape (n_positions,)
        Columns of X.
    token : array
        p(t|w_i): without context; zeros for a token that no topic has.
    left, right : arrays
        Contexts of both sides, each with the position itself.
    two_sided : array
        theta_i, the context that the word is predicted from.
    contextual : array
        p(t|i) = norm_t(phi_wt theta_ti); zeros for a token without probability.
    """

    tokens: NDArray
    token: NDArray
    left: NDArray
    right: NDArray
    two_sided: NDArray
    contextual: NDArray


def context_vectors(model: Any, X: Any, position_gamma: Any = None) -> Iterator[ContextVectors]:
    """Topics of every position, one document after the other.

    Parameters
    ----------
    X : CSR matrix of shape (n_docs, n_tokens)
        Rows are texts; ``X[:1]`` or ``X[[3, 7]]`` for some of them.
    position_gamma : list of arrays or CSR matrix, default=None
        As in :meth:`fit`, of these documents.

    Returns
    -------
    iterator of ContextVectors
    """
    check_is_fitted(model, "components_")
    X = check_counts(model, X, model._dtype(), reset=False)
    return _vectors(model, X, model._read(X, position_gamma))


def _vectors(model: Any, X: Any, read: Iterator[Any]) -> Iterator[ContextVectors]:
    for batch, mixture, shared in read:
        for some in mixture.positions(shared, batch, sides=True):
            token, contextual = mixture.topics_of(shared, some.tokens), _contextual(some, shared.phi_wt)
            for d, (start, stop) in enumerate(zip(some.indptr[:-1], some.indptr[1:], strict=True)):
                row = batch.start + some.start + d
                yield ContextVectors(
                    X.indices[X.indptr[row] : X.indptr[row + 1]].copy(),
                    *(part[start:stop].copy() for part in (token, some.left, some.right, some.theta, contextual)),
                )


def token_topics(
    model: Any, X: Any, position_gamma: Any = None, *, dense: bool = False, threshold: float = 0.01
) -> Any:
    """Topics of every position in its context, p(t|i).

    Parameters
    ----------
    X : CSR matrix of shape (n_docs, n_tokens)
        Rows are texts.
    position_gamma : list of arrays or CSR matrix, default=None
        As in :meth:`fit`.
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
    if not 0 <= threshold < 1:
        msg = f"The 'threshold' parameter of token_topics must be in [0, 1). Got {shown(threshold)}."
        raise ValueError(msg)
    X = check_counts(model, X, model._dtype(), reset=False)
    parts: list[Any] = []
    for batch, mixture, shared in model._read(X, position_gamma):
        for some in mixture.positions(shared, batch):
            p = _contextual(some, shared.phi_wt)
            parts.extend(np.split(p, some.indptr[1:-1]) if dense else [_above(p, threshold)])
    return parts if dense else sparse.vstack(parts, format="csr")


def transform_spans(model: Any, X: Any, spans: Any, position_gamma: Any = None) -> NDArray:
    r"""Topics of stretches of text: what is to the right of their beginning and to the left of their end.

    .. math:: p(t \mid i \dots j) = \tfrac12 \bigl(\overleftarrow{\theta}_{ti} + \overrightarrow{\theta}_{tj}\bigr)

    Words beyond the ends take part as far as contexts reach, so choose gamma (or a window) to match the length of
    what is described.

    Parameters
    ----------
    X : CSR matrix of shape (n_docs, n_tokens)
        Rows are texts.
    spans : array of int of shape (n_spans, 3)
        Rows (document, start, stop), positions counted from 0 in the document, ``stop`` not included.
    position_gamma : list of arrays or CSR matrix, default=None
        As in :meth:`fit`.

    Returns
    -------
    array of shape (n_spans, n_components)
        Rows sum to 1.
    """
    check_is_fitted(model, "components_")
    X = check_counts(model, X, model._dtype(), reset=False)
    spans = _check_spans(spans, np.diff(X.indptr))
    result = np.empty((spans.shape[0], model.components_.shape[0]), dtype=model._dtype())
    by_document = np.argsort(spans[:, 0], kind="stable")
    ends = np.searchsorted(spans[by_document, 0], np.arange(X.shape[0] + 1))
    for batch, mixture, shared in model._read(X, position_gamma):
        for some in mixture.positions(shared, batch, sides=True):
            first, last = batch.start + some.start, batch.start + some.stop
            chosen = by_document[ends[first] : ends[last]]
            begin = some.indptr[spans[chosen, 0] - first]
            left, right = some.left[begin + spans[chosen, 2] - 1], some.right[begin + spans[chosen, 1]]
            result[chosen] = 0.5 * (left + right)
    return result


def _contextual(some: Positions, phi: NDArray) -> NDArray:
    """p(t|i); zeros without probability."""
    p = phi[some.tokens, : some.theta.shape[1]] * some.theta
    sums = p.sum(axis=1, keepdims=True)
    return np.divide(p, sums, out=p, where=sums > 0)


def _check_spans(spans: Any, lengths: NDArray) -> NDArray:
    spans = np.asarray(spans)
    if spans.size == 0:
        return np.zeros((0, 3), dtype=np.int64)
    if spans.ndim != 2 or spans.shape[1] != 3 or spans.dtype.kind not in "iu":
        msg = (
            "The 'spans' parameter must be integers of shape (n_spans, 3): document, start, stop. Got "
            f"{spans.dtype} of shape {spans.shape}."
        )
        raise ValueError(msg)
    spans = spans.astype(np.int64)
    inside = (spans[:, 0] >= 0) & (spans[:, 0] < lengths.size)
    inside &= (spans[:, 1] >= 0) & (spans[:, 1] < spans[:, 2])
    inside[inside] = spans[inside, 2] <= lengths[spans[inside, 0]]
    if not inside.all():
        msg = f"The 'spans' parameter must have 0 <= start < stop <= length. Got {spans[~inside][0].tolist()}."
        raise ValueError(msg)
    return spans
