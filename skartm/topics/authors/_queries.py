"""What is asked of a model of authors."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils.validation import check_is_fitted

from skartm.base._data import check_counts
from skartm.em import Batch, padded
from skartm.metrics import topic_similarity
from skartm.topics.authors._authorship import place_of_author
from skartm.topics.authors._learning import fitted_groups, folded_in, known_authors

_DOCUMENTS = 256  # looked at together, when all authors are candidates of each


def get_author_topics(model: Any, name: Any, minimum_probability: float = 0.01) -> list[tuple[int, float]]:
    """Topics of an author, most probable first.

    Parameters
    ----------
    name : str or other name in ``authors_``
    minimum_probability : float, default=0.01
        Topics below are left out.

    Returns
    -------
    list of (topic, probability)
    """
    check_is_fitted(model, "components_")
    row = model.author_topics_[place_of_author(name, model.authors_, type(model).__name__)]
    order = np.argsort(-row, kind="stable")
    return [(int(t), float(row[t])) for t in order if row[t] >= minimum_probability]


def similar_authors(
    model, name: Any, n: int = 10, *, measure: str = "hellinger", min_mass: float = 0.0
) -> list[tuple[Any, float]]:
    """Authors who write about the same, most similar first.

    Parameters
    ----------
    name : str or other name in ``authors_``
    n : int, default=10
    measure : {"cosine", "hellinger", "jensen_shannon", "jaccard", "rbo"}, default="hellinger"
        See :func:`skartm.metrics.topic_similarity`, here of distributions over topics.
    min_mass : float, default=0
        Authors of fewer tokens (``author_mass_``) are left out, and those without any always.

    Returns
    -------
    list of (name, similarity)
        Without the author himself; 1 is equality.
    """
    check_is_fitted(model, "components_")
    place = place_of_author(name, model.authors_, type(model).__name__)
    similarity = topic_similarity(model.author_topics_[[place]], model.author_topics_, measure=measure)[0]
    asked = (model.author_mass_ > 0) & (model.author_mass_ >= min_mass)
    asked[place] = False
    order = [c for c in np.argsort(-similarity, kind="stable") if asked[c]][:n]
    return [(model.authors_[c], float(similarity[c])) for c in order]


def top_authors(model: Any, n: int = 10) -> list[list[tuple[Any, float]]]:
    """Who writes about each topic, p(author | topic), most probable first.

    Parameters
    ----------
    n : int, default=10
        Authors of a topic, at most; those of probability zero are left out.

    Returns
    -------
    list of n_components lists of (name, probability)
    """
    check_is_fitted(model, "components_")
    counts = model.author_topics_ * model.author_mass_[:, None]
    sums = counts.sum(axis=0)
    shares = np.divide(counts, sums, out=np.zeros_like(counts), where=sums > 0)
    tops = [[c for c in np.argsort(-column, kind="stable")[:n] if column[c] > 0] for column in shares.T]
    return [[(model.authors_[c], float(shares[c, t])) for c in top] for t, top in enumerate(tops)]


def infer_author(model: Any, X: Any, *, max_iter: int = 100, tol: float = 1e-4) -> NDArray:
    """Topics of an author whom the model does not know, from all documents in X: one psi for all rows.

    Parameters
    ----------
    X : array or sparse matrix of shape (n_docs, n_tokens)
        Documents that the new author wrote alone.
    max_iter : int, default=100
    tol : float, default=1e-4
        Stop when psi moves less (sum of absolute changes).

    Returns
    -------
    array of shape (n_components,)
    """
    check_is_fitted(model, "components_")
    X = check_counts(model, X, model._dtype(), reset=False)
    together = sparse.csr_matrix(np.asarray(X.sum(axis=0), dtype=model._dtype()))
    shared = model._fitted(slice(None))
    mixture = replace(model._mixture(shared.n_topics), n_passes=max_iter, tol=tol)
    weights = model._layout(X, known=True).token_weights
    batch = Batch(together, 0, 1, model._dtype(), None, weights)
    return mixture.expect(shared, batch).theta_dt[0, : shared.n_topics].copy()


def author_probabilities(model: Any, X: Any, authors: Any = None, *, max_iter: int = 50, tol: float = 1e-3) -> NDArray:
    """Who wrote it: p(author | document), the shares pi of the candidates that explain the document best.

    Parameters
    ----------
    X : array or sparse matrix of shape (n_docs, n_tokens)
    authors : as in ``fit``, default=None
        Candidates of every document, and their shares to begin with. None: all who have documents, evenly.
    max_iter : int, default=50
        Steps of EM with phi and psi fixed, at most.
    tol : float, default=1e-3
        A document stops when its shares move less (sum of absolute changes).

    Returns
    -------
    array of shape (n_docs, n_authors)
        Columns as in ``authors_``; rows sum to 1, or are zeros without known candidates.
    """
    check_is_fitted(model, "components_")
    X = check_counts(model, X, model._dtype(), reset=False)
    shares = np.zeros((X.shape[0], model.authors_.size), dtype=model._dtype())
    candidates = None if authors is None else known_authors(model, authors, X.shape[0])
    phi, groups = padded(model.components_.T, shares.dtype), fitted_groups(model)
    for start in range(0, X.shape[0], _DOCUMENTS):
        rows = slice(start, min(start + _DOCUMENTS, X.shape[0]))
        members = _everybody(model, rows.stop - start) if candidates is None else candidates.shares[rows]
        pi = folded_in(model, X[rows], members, groups, phi, max_iter, tol)
        places = np.repeat(np.arange(rows.stop - start), np.diff(members.indptr))
        shares[start + places, members.indices] = pi
    return shares


def _everybody(model: Any, n_docs: int) -> sparse.csr_matrix:
    known = np.flatnonzero(model.author_mass_ > 0)
    indptr = np.arange(n_docs + 1) * known.size
    entries = (np.full(n_docs * known.size, 1 / known.size), np.tile(known, n_docs), indptr)
    return sparse.csr_matrix(entries, shape=(n_docs, model.authors_.size))
