"""Ways to choose the words shown that any system can be given, beside its own: they change no phi.

``re-ranked`` takes the 40 words of the largest weights and orders them three times by ::

    log weight + 6 * mean NPMI of the word with the ten that are first now,

NPMI counted in training documents. ``lift`` orders by ``weight * (weight / p_w) ** 0.3`` with ``p_w`` the share of the
word among all tokens, and ``lift, re-ranked`` re-ranks that. This NPMI is the smoothed one of ``scores.py``.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import scipy.sparse as sp

from quality.scores import N_COHERENT, N_DIVERSE, npmi_matrix

N_CANDIDATES, N_ROUNDS, STRENGTH, LIFT = 40, 3, 6.0, 0.3


def log_weights(weights, train, lift: float) -> np.ndarray:
    """Return the logarithms of the weights, or of the weights times their lift to a power; -inf for zeros."""
    weights = np.asarray(weights, dtype=np.float64)
    weights = weights / np.maximum(weights.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    share = np.asarray(train.sum(axis=0)).ravel() / train.sum()
    with np.errstate(divide="ignore"):
        return (1.0 + lift) * np.log(weights) - lift * np.log(share)


def choose(weights, train, lift: float, strength: float) -> list[list[int]]:
    """Return 25 columns of each topic."""
    scores = log_weights(weights, train, lift)
    present = sp.csc_matrix(train > 0, dtype=np.float64)
    words = []
    for row in scores:
        candidates = np.argsort(-row, kind="stable")[:N_CANDIDATES]
        candidates = candidates[np.isfinite(row[candidates])]
        order = np.arange(candidates.size)
        if strength and candidates.size > 1:
            association = npmi_matrix(present[:, candidates].toarray(), smoothed=True)
            np.fill_diagonal(association, 0.0)
            for _ in range(N_ROUNDS):
                first = order[:N_COHERENT]
                others = first.size - np.isin(np.arange(candidates.size), first)
                coherence = association[:, first].sum(axis=1) / np.maximum(others, 1)
                order = np.argsort(-(row[candidates] + strength * coherence), kind="stable")
        words.append(candidates[order[:N_DIVERSE]].tolist())
    return words


DISPLAYS = {
    "lift": partial(choose, lift=LIFT, strength=0.0),
    "re-ranked": partial(choose, lift=0.0, strength=STRENGTH),
    "lift, re-ranked": partial(choose, lift=LIFT, strength=STRENGTH),
}
