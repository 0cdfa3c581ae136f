"""Held-out likelihood of a topic model."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from skartm.base import shown
from skartm.base._data import check_counts, check_weights
from skartm.base._sparse import with_data
from skartm.em import ModalitySelection, blocks_of, is_memory_mapped, perplexity_of
from skartm.metrics import completion_split, log_likelihood
from skartm.metrics._completion import in_parts

_ROWS = 2048  # documents on disk that are scored together


def mean_of_parts(
    X: Any,
    weights: NDArray | None,
    likelihood: Callable[[slice, Any, NDArray | None], tuple[float, float]],
    n_rows: int = _ROWS,
) -> float:
    """Mean of documents on disk, some at a time, of others at once.

    ``likelihood`` gives the mean of a part, and its tokens; it is told which documents these are, and their weights.
    """
    if not is_memory_mapped(X):
        return likelihood(slice(None), X, weights)[0]
    total = mass = 0.0
    with in_parts():
        for start, rows in blocks_of(X, n_rows):
            part = slice(start, start + rows.shape[0])
            mean, tokens = likelihood(part, rows, None if weights is None else weights[part])
            total, mass = total + mean * tokens, mass + tokens
    return total / mass if mass > 0 else 0.0


def tokens_of(X: Any, weights: NDArray | None) -> float:
    """Weighted sum of the counts of documents."""
    counts = X.data if weights is None else X.data * np.repeat(weights, np.diff(X.indptr))
    return float(counts.sum(dtype=np.float64))


def score(model: Any, X: Any, y: Any = None, sample_weight: Any = None, *, modality: ModalitySelection = None) -> float:
    """Mean log-likelihood of a token, in nats: higher is better, and corpora of any size compare.

    With ``evaluation="completion"`` of the held-out half of every document given its observed half
    (:func:`skartm.metrics.completion_split`); with "fold_in" of all tokens given all tokens. Theta sees every
    modality with its weight; the likelihood is of p(w|d) in a token's own modality and counts every token once, so
    that models with different weights compare. By completion, rows that are not counts, of tf-idf for instance, are
    halved by cells, and documents of one token are left out, with a ``LeftOutDocumentsWarning``.

    Parameters
    ----------
    X : array or sparse matrix of shape (n_docs, n_tokens)
    y : ignored
    sample_weight : array of shape (n_docs,), default=None
    modality : None, name or names, default=None
        Modalities whose tokens are scored; None is all.

    Returns
    -------
    float
    """
    check_is_fitted(model, "components_")
    X = check_counts(model, X, model._dtype(), reset=False)
    weights = check_weights(model, sample_weight, X.shape[0])
    return score_parts(model, X, weights, modality)


def score_parts(
    model: Any,
    X: Any,
    weights: NDArray | None,
    modality: ModalitySelection,
    theta_of: Callable[[slice, Any], NDArray] | None = None,
) -> float:
    """The same of documents on disk some at a time, of others at once; ``theta_of`` is told which they are."""
    of = theta_of or (lambda part, given: model._doc_topic(given))
    scored = 0.0

    def of_part(part: slice, rows: Any, own: NDArray | None) -> tuple[float, float]:
        nonlocal scored
        mean, tokens = _likelihood(model, partial(of, part), rows, own, modality)
        scored += tokens
        return mean, tokens

    mean = mean_of_parts(X, weights, of_part)
    if modality is not None and scored == 0:
        where = "no document has any" if model.evaluation == "fold_in" else "no document has one in its held-out half"
        msg = (
            f"{type(model).__name__}: modality must have tokens to be scored. Got {shown(modality)}, of which "
            f"{where}; score another one, or with evaluation='fold_in'."
        )
        raise ValueError(msg)
    return mean


def _likelihood(
    model, theta_of: Callable[[Any], NDArray], X: Any, weights: NDArray | None, modality: ModalitySelection
) -> tuple[float, float]:
    """Mean log-likelihood of a token, and the tokens."""
    given, scored = (X, X) if model.evaluation == "fold_in" else _halves(model, X)
    theta = theta_of(given)
    if modality is not None:
        layout = model._layout(X, known=True)
        chosen = np.zeros(X.shape[1])
        chosen[layout.tokens(modality, type(model).__name__)] = 1
        scored = with_data(scored, scored.data * chosen[scored.indices])
    mean = log_likelihood(model.components_, theta, scored, sample_weight=weights)
    return mean, tokens_of(scored, weights)


def _halves(model: Any, X: Any) -> tuple[Any, Any]:
    observed, held_out = completion_split(X, keep_order=model._reads_order())
    observed.data = observed.data.astype(model._dtype())  # astype of the matrix sorts
    return observed, held_out


def perplexity(model: Any, X: Any, sample_weight: Any = None, *, modality: ModalitySelection = None) -> float:
    """exp(-score): lower is better; see :meth:`score` for what is given and what is scored."""
    return perplexity_of(model.score(X, sample_weight=sample_weight, modality=modality))
