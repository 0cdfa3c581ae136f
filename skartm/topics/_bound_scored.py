"""Scores of LDA: the evidence lower bound, or the likelihood of held-out tokens."""

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, psi
from sklearn.utils.validation import check_is_fitted

from skartm.base._data import check_counts, check_weights
from skartm.em import Batch, Batches, Shared, at_theta, padded, perplexity_of
from skartm.metrics import log_likelihood
from skartm.metrics._completion import completion_split
from skartm.topics._scored import mean_of_parts, tokens_of

_BOUND_BATCH = 2048  # documents whose gamma is in memory at once


def expected_log(parameters: NDArray) -> NDArray:
    """E[ln x] for x ~ Dirichlet(row of parameters), in float64."""
    rows = np.asarray(parameters, dtype=np.float64)
    return psi(rows) - psi(rows.sum(axis=1))[:, None]


def dirichlet_bound(prior: float, parameters: NDArray) -> NDArray:
    """E[ln p(x)] - E[ln q(x)] for x ~ q = Dirichlet(row of parameters), p = symmetric Dirichlet(prior); one a row.

    Entries that have nothing but the prior, most of them, contribute nothing and are passed over.
    """
    rows = np.asarray(parameters, dtype=np.float64)
    total = rows.sum(axis=1)
    d, t = np.nonzero(rows != prior)
    values = rows[d, t]
    terms = (prior - values) * (psi(values) - psi(total)[d]) + gammaln(values) - gammaln(prior)
    value = np.bincount(d, weights=terms, minlength=rows.shape[0])
    return value + gammaln(prior * rows.shape[1]) - gammaln(total)


class DocumentBound:
    """The part of the bound that belongs to documents: E[ln p(words | theta)] + E[ln p(theta)] - E[ln q(theta)].

    Likelihoods are computed in float64.

    Parameters
    ----------
    components : array of shape (n_topics, n_tokens)
        Dirichlet parameters of the topics.
    prior : float
        Of theta.
    """

    def __init__(self, components: NDArray, prior: float, *, n_threads: int) -> None:
        self.prior, self.n_threads = prior, n_threads
        self.shared = Shared(padded(np.exp(expected_log(components)).T, np.float64), components.shape[0])

    def __call__(self, X: Any, batch: Batch, gamma: NDArray) -> NDArray:
        """One number for each document of a batch of X; ``gamma`` are their Dirichlet parameters."""
        gamma = gamma.astype(np.float64)
        scored = Batch(X, batch.start, batch.start + batch.n_docs, np.dtype(np.float64), None)
        theta = padded(np.exp(expected_log(gamma)), np.float64)
        found = at_theta(self.shared, scored, theta, n_threads=self.n_threads)
        return found.totals[:, 0] + dirichlet_bound(self.prior, gamma)


def score(model: Any, X: Any, y: Any = None, sample_weight: Any = None) -> float:
    """Variational bound of the log-likelihood of X, in nats (scikit-learn's); with ``inference="map"`` the mean
    log-likelihood of a held-out token given the rest of its document (:func:`skartm.metrics.completion_split`).

    Parameters
    ----------
    X : array or sparse matrix of shape (n_docs, n_tokens)
    y : ignored
    sample_weight : array of shape (n_docs,), default=None

    Returns
    -------
    float
    """
    check_is_fitted(model, "components_")
    X = check_counts(model, X, model._dtype(), reset=False)
    return _score(model, X, check_weights(model, sample_weight, X.shape[0]))


def _score(model: Any, X: Any, weights: NDArray | None) -> float:
    if model.inference == "variational":
        return _bound(model, X, weights)
    return mean_of_parts(X, weights, partial(_likelihood, model))


def _likelihood(model: Any, part: slice, X: Any, weights: NDArray | None) -> tuple[float, float]:
    observed, held_out = completion_split(X)
    theta = model._doc_topic(observed.astype(model._dtype()))
    phi = model.components_ / model.components_.sum(axis=1, keepdims=True)
    theta /= theta.sum(axis=1, keepdims=True)
    return log_likelihood(phi, theta, held_out, sample_weight=weights), tokens_of(held_out, weights)


def perplexity(model: Any, X: Any, sub_sampling: bool = False) -> float:
    """exp(-score per token): of the bound over all tokens, or of held-out tokens with ``inference="map"``.

    Parameters
    ----------
    X : array or sparse matrix of shape (n_docs, n_tokens)
    sub_sampling : bool, default=False
        Whether the documents are a sample of ``total_samples``: then the bound of documents and their tokens are
        scaled to that number, and that of the topics is not. A mean over held-out tokens does not depend on it.

    Returns
    -------
    float
        1 for documents without tokens.
    """
    check_is_fitted(model, "components_")
    X = check_counts(model, X, model._dtype(), reset=False)
    return perplexity_precomp_distr(model, X, sub_sampling=sub_sampling)


def perplexity_precomp_distr(model: Any, X: Any, doc_topic_distr: Any = None, sub_sampling: bool = False) -> float:
    """Perplexity for Dirichlet parameters that are known; scikit-learn has it under this name."""
    if doc_topic_distr is not None:
        for what, size, expected in zip(("samples in X and doc_topic_distr", "topics"), doc_topic_distr.shape,
                                        (X.shape[0], model.components_.shape[0])):  # fmt: skip
            if size != expected:
                msg = f"Number of {what} does not match: expected {expected}, got {size}."
                raise ValueError(msg)
    if model.inference != "variational":
        return perplexity_of(_score(model, X, None))
    scale = float(model.total_samples) / X.shape[0] if sub_sampling else 1.0
    mass = scale * float(X.data.sum(dtype=np.float64))
    return perplexity_of(_bound(model, X, None, doc_topic_distr, scale) / mass) if mass > 0 else 1.0


def exp_dirichlet_component_(model: Any) -> NDArray:
    """exp(E[ln phi]) of the topics, of shape (n_components, n_tokens)."""
    components = model.components_
    if model.inference != "variational":
        msg = f"{type(model).__name__} has exp_dirichlet_component_ with inference='variational' only."
        raise AttributeError(msg)
    return np.exp(expected_log(components)).astype(components.dtype)


def _bound(model: Any, X: Any, weights: NDArray | None, gamma_dt: Any = None, scale: float = 1.0) -> float:
    """Evidence lower bound; documents count ``scale`` times, and topics do not depend on them."""
    infer = model._inference()(slice(None))
    document_bound = DocumentBound(model.components_, model.doc_topic_prior_, n_threads=model._n_threads())
    bound = 0.0
    for batch in Batches(X, _BOUND_BATCH, model._dtype(), weights):
        rows = slice(batch.start, batch.start + batch.n_docs)
        documents = document_bound(X, batch, infer(batch) if gamma_dt is None else gamma_dt[rows])
        bound += float(documents.sum() if batch.sample_weight is None else batch.sample_weight @ documents)
    return scale * bound + float(dirichlet_bound(model.topic_word_prior_, model.components_).sum())
