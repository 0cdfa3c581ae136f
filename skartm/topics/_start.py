"""What learning starts from: phi, and the mass of its topics."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from skartm.base._data import as_floats
from skartm.base._sparse import filled_rows
from skartm.em import Batches, Layout, rows_of
from skartm.simplex import FLOOR, random_distributions


def initial_phi(init: Any, layout: Layout, random_state: Any) -> NDArray:
    """(n_tokens, n_topics), columns sum to 1 in every modality; ``init`` None is random."""
    if init is None:
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
    phi = as_floats(given, what)
    if phi.shape != shape:
        msg = f"{what} must have shape {shape} (n_components, n_tokens). Got {phi.shape}."
        raise ValueError(msg)
    sums = np.array([phi[:, tokens].sum(axis=1) for tokens in layout.blocks])
    whole = np.isclose(sums, 1, atol=1e-3) | (np.all(sums == 0, axis=0) if dead else False)
    if not np.isfinite(phi).all() or (phi < 0).any() or not whole.all():
        where = " in every modality" if len(layout.blocks) > 1 else ""
        msg = f"{what} must have rows that are distributions (finite, non-negative, sum 1{where}); normalise."
        raise ValueError(msg)
    return _normalised(phi.T, layout)


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
    filled = filled_rows(X)
    if batches.sample_weight is not None:
        filled &= batches.sample_weight > 0
    filled = np.flatnonzero(filled)
    n_rounds = -(-layout.n_topics // filled.size)  # fewer documents than topics: the shaking tells them apart
    chosen = np.concatenate([rng.permutation(filled) for _ in range(n_rounds)])[: layout.n_topics]
    shares = np.zeros(layout.n_tokens)
    for tokens in layout.blocks:
        shares[tokens] = counts[tokens] / max(counts[tokens].sum(), FLOOR)
    phi = np.empty((layout.n_topics, layout.n_tokens))
    phi[...] = shares
    blocks = [rows_of(tokens) for tokens in layout.blocks]
    for row, document in zip(phi, chosen, strict=True):
        entries = slice(int(X.indptr[document]), int(X.indptr[document + 1]))
        own: NDArray = np.bincount(X.indices[entries], weights=X.data[entries], minlength=layout.n_tokens)
        if not own.any():  # zeros that are stored
            own = rng.random_sample(layout.n_tokens)
        for block in blocks:
            own[block] /= max(own[block].sum(), FLOOR)
        present = np.flatnonzero(own)
        row[present] += own[present] * rng.uniform(0.5, 1.5, present.size)
        for block in blocks:
            row[block] /= max(row[block].sum(), FLOOR)
    return phi.T


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


def begin_unseen(phi_wt: NDArray, n_wt: NDArray, layout: Layout, batches: Batches, random_state: Any) -> None:
    """Start the modalities that had no tokens so far, in place: their phi is all zeros, which no update leaves."""
    unseen = [number for number, tokens in enumerate(layout.blocks) if not phi_wt[tokens].any()]
    if not 0 < len(unseen) < len(layout.blocks):
        return
    phi, mass, n_topics = initial_phi(None, layout, random_state), spread_mass(batches, layout), layout.n_topics
    for number in unseen:
        tokens = layout.blocks[number]
        if mass[number].any():
            phi_wt[tokens, :n_topics] = phi[tokens]
            n_wt[tokens, :n_topics] = phi[tokens] * mass[number]
