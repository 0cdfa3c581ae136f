"""Coherence measures: a confirmation of pairs, and what makes one value per topic of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skartm.metrics.coherences._confirmation import (
    Confirmation,
    log_conditional,
    log_ratio,
    normalised_log_ratio,
    npmi,
)
from skartm.metrics.coherences._cooccurrence import Cooccurrence

Tops = list[NDArray[np.intp]]


def token_pairs(tops: Tops) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Return the pairs of all topics: the columns ranked below, those ranked above, and the number of pairs a topic.

    Equivalent to ``[(top[i], top[j]) for top in tops for i in range(len(top)) for j in range(i)]``.
    """
    pairs = [np.tril_indices(len(top), k=-1) for top in tops]
    below = np.concatenate([top[lower] for top, (lower, _) in zip(tops, pairs, strict=True)])
    above = np.concatenate([top[upper] for top, (_, upper) in zip(tops, pairs, strict=True)])
    return below, above, np.array([len(lower) for lower, _ in pairs])


def mean_confirmation(
    tops: Tops, counts: Cooccurrence, confirmation: Confirmation, smoothing: float, lowest: float
) -> NDArray[np.float64]:
    """Return the mean confirmation of the pairs of each topic, ``lowest`` for topics without pairs."""
    below, above, n_pairs = token_pairs(tops)
    values = _confirm(below, above, counts, confirmation, smoothing)
    sums = np.bincount(np.repeat(np.arange(len(tops)), n_pairs), weights=values, minlength=len(tops))
    return np.where(n_pairs > 0, sums / np.maximum(n_pairs, 1), lowest)


def mean_cosine(
    tops: Tops, counts: Cooccurrence, confirmation: Confirmation, smoothing: float, lowest: float
) -> NDArray[np.float64]:
    """Return the mean cosine of the context vectors of the tokens of each topic with their sum.

    The context vector of a token has its confirmation with each seen token of the topic. An unseen token has none, and
    ``lowest`` in place of the cosine. A topic with fewer than two seen tokens has ``lowest``.
    """
    values = np.full(len(tops), lowest)
    seen = [top[counts.single(top) > 0] for top in tops]
    below, above, n_pairs = token_pairs(seen)
    starts = np.concatenate([[0], np.cumsum(n_pairs)])
    off_diagonal = _confirm(below, above, counts, confirmation, smoothing)
    for t, (top, tokens) in enumerate(zip(tops, seen, strict=True)):
        if len(tokens) < 2:
            continue
        context = np.zeros((len(tokens), len(tokens)))  # (token, token)
        context[np.tril_indices(len(tokens), k=-1)] = off_diagonal[starts[t] : starts[t + 1]]
        context += context.T
        n_i = counts.single(tokens)
        np.fill_diagonal(context, confirmation(n_i, n_i, n_i, counts.n_contexts, smoothing))
        cosines = _cosines(context, context.sum(axis=0))
        values[t] = (cosines.sum() + lowest * (len(top) - len(tokens))) / len(top)
    return values


def _confirm(
    below: NDArray[np.intp],
    above: NDArray[np.intp],
    counts: Cooccurrence,
    confirmation: Confirmation,
    smoothing: float,
) -> NDArray[np.float64]:
    return confirmation(
        counts.single(below), counts.single(above), counts.joint(below, above), counts.n_contexts, smoothing
    )


def _cosines(vectors: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the cosine of each row of ``vectors`` with ``other``, 0 where one of them is zero."""
    lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(other)
    products = vectors @ other
    return np.divide(products, lengths, out=np.zeros(len(vectors)), where=lengths > 0)


def _minus_one(smoothing: float) -> float:
    return -1.0


@dataclass(frozen=True)
class Measure:
    """A coherence measure.

    Attributes
    ----------
    confirmation : callable
        Value of a pair.
    window : int or "document"
        Default context: a window of so many tokens.
    counting : {"exact", "gensim"}
        Default counting of windows.
    lowest : callable
        Lowest value, given the smoothing.
    aggregate : callable
        From the confirmation to a value for each topic.
    """

    confirmation: Confirmation
    window: int | str
    counting: str
    lowest: Callable[[float], float]
    aggregate: Callable[[Tops, Cooccurrence, Confirmation, float, float], NDArray[np.float64]] = mean_confirmation


MEASURES = {
    "c_npmi": Measure(normalised_log_ratio, 10, "gensim", _minus_one),
    "c_uci": Measure(log_ratio, 10, "gensim", np.log),
    "c_v": Measure(normalised_log_ratio, 110, "gensim", _minus_one, mean_cosine),
    "npmi": Measure(npmi, "document", "exact", _minus_one),
    "u_mass": Measure(log_conditional, "document", "exact", np.log),
}
