"""New words: what phi of a word is when it occurs for the first time."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm.em._batches import Batch
from skartm.em._counters import Counters, column_sums

_SHAKE = 0.3  # words of a text without any known one would stay alike if their rows were proportional


def tokens_with_mass(batch: Batch, asked: NDArray) -> NDArray:
    """Those of the ascending columns ``asked`` that have a positive weighted count in a batch."""
    return asked[batch.with_mass()[asked]]


def begin_words(phi_wt: NDArray, tokens: NDArray, counters: Counters, n_topics: int) -> None:
    """Start rows of phi that are all zeros, in place, so that p(t|d,w) is about p(t|d); the others stay.

    A row is as large as if its word had been counted once, and the same for all topics but the dead ones. An update
    would leave a row of zeros as it is, and one that differs between topics would move theta by nothing but chance.

    Parameters
    ----------
    phi_wt : array of shape (n_tokens, width)
        Padded.
    tokens : array of int32
        Words without evidence so far.
    counters : Counters
        Those that phi belongs to.
    """
    if tokens.size == 0:
        return
    tokens = tokens[~phi_wt[tokens].any(axis=1)]
    alive = np.array([column_sums(phi_wt, block, 0.0, counters.n_threads)[:n_topics] > 0 for block in counters.blocks])
    anywhere = alive.any(axis=0) if alive.any() else np.ones(n_topics, dtype=bool)
    mass = np.maximum(counters.block_sums[:, :n_topics], 0).sum(axis=1)
    for rows, living, block, n in zip(counters.split(tokens), alive, counters.blocks, mass, strict=True):
        topics = living if living.any() else anywhere  # a modality that comes as a whole
        phi_wt[rows, :n_topics] = topics * (shaken(rows, n_topics) / (n + block.size))


def shaken(tokens: NDArray, n_topics: int) -> NDArray:
    """Numbers around 1 of shape (n_tokens, n_topics), which depend on the column and the topic alone.

    So a word begins alike in whatever batch it comes, and no stream of random numbers is moved. The bits of the place
    are mixed as in SplitMix64.
    """
    topics = np.arange(1, n_topics + 1, dtype=np.uint64)
    bits: Any = tokens.astype(np.uint64)[:, None] * np.uint64(2**20) + topics
    with np.errstate(over="ignore"):
        bits = bits * np.uint64(0x9E3779B97F4A7C15)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            bits = (bits ^ (bits >> np.uint64(shift))) * np.uint64(factor)
    return 1 + _SHAKE * (2 * ((bits >> np.uint64(11)) / 2.0**53) - 1)
