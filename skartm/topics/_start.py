"""What learning starts from: phi, and the mass of its topics."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from skartm.base._data import as_floats
from skartm.em import Batches, Layout, SomeRows, State, blocks_of, filled_rows, rows_of
from skartm.simplex import FLOOR, random_distributions
from skartm.topics._modalities import token_counts

_ROWS = 2048  # documents looked at together


def has_tokens(X: Any) -> bool:
    """Whether some count of a CSR matrix is positive."""
    parts = (rows.data for _, rows in blocks_of(X, _ROWS)) if isinstance(X, SomeRows) else (X.data,)
    return any(data.size > 0 and bool(data.max() > 0) for data in parts)


def require_tokens(X: Any, owner: str) -> None:
    """Raise unless some count is positive: there is nothing that a model could begin with."""
    if not has_tokens(X):
        msg = f"{owner}: X must have tokens. Got a matrix of shape {X.shape} without positive entries."
        raise ValueError(msg)


def initial_phi(init: Any, layout: Layout, random_state: Any) -> NDArray:
    """(n_tokens, n_topics), columns sum to 1 in every modality; ``init`` None, or "random", is random."""
    if init is None or isinstance(init, str):
        phi = random_distributions(check_random_state(random_state), layout.n_tokens, layout.n_topics)
        return _normalised(phi, layout) if len(layout.blocks) > 1 else phi
    return given_phi(init, layout, "The 'init' parameter")


def given_phi(given: Any, layout: Layout, what: str, *, dead: bool = False) -> NDArray:
    """(n_tokens, n_topics) of topics that are given as rows; ``dead`` allows topics that are zeros.

    Raises
    ------
    ValueError, TypeError
        Not numbers, another shape, or rows that are no distributions in every modality.
    """
    shape = (layout.n_topics, layout.n_tokens)
    phi = given_topics(given, shape, what)
    sums = np.array([phi[:, tokens].sum(axis=1) for tokens in layout.blocks])
    whole = np.isclose(sums, 1, atol=1e-3) | (np.all(sums == 0, axis=0) if dead else False)
    if not np.isfinite(phi).all() or (phi < 0).any() or not whole.all():
        where = " in every modality" if len(layout.blocks) > 1 else ""
        msg = f"{what} must have rows that are distributions (finite, non-negative, sum 1{where}); normalise."
        raise ValueError(msg)
    return _normalised(phi.T, layout)


def given_topics(given: Any, shape: tuple[int, int], what: str) -> NDArray:
    """Topics as numbers, float64 of the shape (n_components, n_tokens)."""
    phi = as_floats(given, what)
    if phi.shape != shape:
        msg = f"{what} must have shape {shape} (n_components, n_tokens). Got {phi.shape}."
        raise ValueError(msg)
    return phi


def phi_of_documents(batches: Batches, counts: NDArray, layout: Layout, random_state: Any) -> NDArray:
    """(n_tokens, n_topics): a random document for each topic, half and half with all of them, shaken a little.

    Topics that begin at a place of the corpus part within two or three passes, where random ones take six to eight.

    Parameters
    ----------
    batches : Batches
    counts : array of shape (n_tokens,)
        Of all documents.
    """
    rng, X = check_random_state(random_state), batches.X
    filled = filled_documents(batches)
    n_rounds = -(-layout.n_topics // filled.size)  # fewer documents than topics: the shaking tells them apart
    chosen = np.concatenate([rng.permutation(filled) for _ in range(n_rounds)])[: layout.n_topics]
    shares = np.zeros(layout.n_tokens)
    for tokens in layout.blocks:
        shares[tokens] = counts[tokens] / max(counts[tokens].sum(), FLOOR)
    phi = np.empty((layout.n_topics, layout.n_tokens))
    phi[...] = shares
    blocks = [rows_of(tokens) for tokens in layout.blocks]
    for row, document in zip(phi, chosen, strict=True):
        text = X[document : document + 1]
        own: NDArray = np.bincount(text.indices, weights=text.data, minlength=layout.n_tokens)
        if not own.any():  # zeros that are stored
            own = rng.random_sample(layout.n_tokens)
        for block in blocks:
            own[block] /= max(own[block].sum(), FLOOR)
        present = np.flatnonzero(own)
        row[present] += own[present] * rng.uniform(0.5, 1.5, present.size)
        for block in blocks:
            row[block] /= max(row[block].sum(), FLOOR)
    return phi.T


def begin_topics(state: State, n_begun: int, batches: Batches, layout: Layout, random_state: Any) -> int:
    """Begin the topics from ``n_begun`` on by documents, in place, as many as there are; returns how many have begun.

    Learning begins with a document for each topic. Topics for which the first call had none are copies of others, which
    no update would tell apart. New words stay zeros: they begin as in all topics.
    """
    n_topics, counters = layout.n_topics, state.counters
    topics = np.arange(n_begun, min(n_begun + filled_documents(batches).size, n_topics))
    if topics.size == 0:
        return n_begun
    counts = token_counts(batches.X, batches.sample_weight)
    known = counters.fold()[:, :n_topics].sum(axis=1, dtype=np.float64)
    phi = phi_of_documents(batches, counts / counts.sum() + known / known.sum(), layout, random_state)
    phi = phi[:, : topics.size] * (state.phi_wt[:, :n_topics].any(axis=1, keepdims=True))
    phi = _normalised(phi, layout)
    for tokens, mass in zip(layout.blocks, counters.block_sums, strict=True):
        rows = np.ix_(tokens, topics)
        state.phi_wt[rows] = phi[tokens]
        counters.stored[rows] = phi[tokens] * mass[:n_topics].mean()
    counters.changed()
    return int(topics[-1]) + 1


def filled_documents(batches: Batches) -> NDArray:
    """Documents that have tokens and a weight."""
    filled = filled_rows(batches.X)
    if batches.sample_weight is not None:
        filled &= batches.sample_weight > 0
    return np.flatnonzero(filled)


def _normalised(phi_wt: NDArray, layout: Layout) -> NDArray:
    """Columns that sum to 1 in every modality."""
    phi = np.array(phi_wt, dtype=np.float64)
    for tokens in layout.blocks if len(layout.blocks) > 1 else (slice(None),):
        phi[tokens] /= np.maximum(phi[tokens].sum(axis=0), FLOOR)
    return phi


def spread_mass(batches: Batches, layout: Layout) -> NDArray:
    """The mass of every modality, divided evenly among the topics; of shape (n_modalities, n_topics)."""
    if len(layout.blocks) == 1:
        return np.full((1, layout.n_topics), sum(batch.mass() for batch in batches) / layout.n_topics)
    counts = np.zeros(layout.n_tokens)
    for batch in batches:
        first, last = int(batch.indptr[0]), int(batch.indptr[-1])
        x = batch.x[first:last].astype(np.float64)
        if batch.sample_weight is not None:
            x *= np.repeat(batch.sample_weight, batch.row_lengths)
        counts += np.bincount(batch.indices[first:last], weights=x, minlength=layout.n_tokens)
    mass = np.array([counts[tokens].sum() for tokens in layout.blocks])
    return np.repeat(mass[:, None] / layout.n_topics, layout.n_topics, axis=1)


def tokens_seen(model: Any, n_wt: NDArray, *, warm: bool, given: bool = False) -> NDArray:
    """Words with evidence so far, of shape (n_tokens,); the array may be changed.

    A row of zeros is a decision where there was evidence, and in a ``given`` init: it stays. Any other row of zeros
    begins when its word occurs.

    Parameters
    ----------
    model : estimator
    n_wt : array of shape (n_tokens, width)
        Counters, or phi, that learning begins with.
    """
    if warm and hasattr(model, "tokens_seen_"):
        return np.array(model.tokens_seen_)
    filled: NDArray = np.asarray(n_wt.any(axis=1))
    if warm:  # a model of an older version, which does not know
        return filled
    return ~filled if given else np.zeros(filled.size, dtype=bool)
