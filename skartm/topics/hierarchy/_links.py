"""Links between the levels of a hierarchy: counts of topics, psi, and topics that are replaced."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import clone

from skartm.base._order import keep_order
from skartm.em import Batches, expected_counts
from skartm.regularizers import ParentTopics
from skartm.topics._artm import ARTMTransformer

PARENTS = "parents"  # name of the regularizer that ties a level to the one above
_DOCUMENTS = 1024  # looked at together
_SMALLEST = 1e-6  # of p(t|d,w), of which float32 knows seven digits


def level_counts(model: ARTMTransformer, X: Any, weights: NDArray | None) -> NDArray:
    """n_wt = sum_d n_dw p(t|d,w) of a fitted model, of shape (n_components, n_tokens); modalities are not weighted."""
    model = model._snapshot()
    batches = Batches(X, model._transform_batch_size(), model._dtype(), weights, ordered=model._reads_order())
    batches.keep = False
    counts = expected_counts(batches, model._fitted(slice(None)), model._doc_topic(X), n_threads=model._n_threads())
    return np.ascontiguousarray(counts.T)


def tie_of(model: ARTMTransformer) -> ParentTopics:
    """The regularizer by which a level knows the one above."""
    return dict(model.regularizers)[PARENTS]


def tied(model: ARTMTransformer, counts: NDArray) -> ARTMTransformer:
    """The same fitted model below parents with other counts."""
    tie = clone(tie_of(model)).set_params(counts=counts)
    return model._with(
        regularizers=[(name, tie if name == PARENTS else item) for name, item in model.regularizers],
        learned_={name: learned for name, learned in model.learned_.items() if name != PARENTS},
    )


def psi_of(model: ARTMTransformer) -> NDArray:
    """p(child | parent) for the phi of a fitted level, (n_parents, n_components); zeros for a dead parent."""
    model = model._snapshot()
    tie = tie_of(model)
    psi = tie.bind(model._layout(model.components_, known=True)).psi(model.components_.T)
    psi[~(tie.counts.sum(axis=1) > 0)] = 0
    return psi


def parents_of(psi: NDArray, weights: NDArray) -> NDArray:
    """p(parent | child) of shape (n_children, n_parents), from p(child | parent) and p(parent)."""
    joint = psi.T.astype(np.float64) * weights
    total = joint.sum(axis=1, keepdims=True)
    return np.divide(joint, total, out=np.zeros_like(joint), where=total > 0)


def topic_part(model: ARTMTransformer, X: Any, topic: int) -> sparse.csr_matrix:
    """n_dw p(t|d,w) of one topic t, entry by entry; probabilities too small to make a difference are left out."""
    data = np.empty(X.nnz, dtype=np.float64)
    for start in range(0, X.shape[0], _DOCUMENTS):
        rows = slice(start, min(start + _DOCUMENTS, X.shape[0]))
        entries = slice(int(X.indptr[rows.start]), int(X.indptr[rows.stop]))
        part = keep_order(X[rows]) if model._reads_order() else X[rows]
        parts = model.token_topics(part, dense=True)
        p = np.concatenate([part[:, topic] for part in parts])
        data[entries] = np.where(p > _SMALLEST, p, 0) * X.data[entries]
    part = sparse.csr_matrix((data, X.indices.copy(), X.indptr.copy()), shape=X.shape)
    part.eliminate_zeros()
    return part


def with_topics(model: ARTMTransformer, dropped: list[int], other: ARTMTransformer) -> ARTMTransformer:
    """A fitted model with the topics of another in place of some of its own; the new ones come last.

    Raises
    ------
    ValueError
        The model has regularizers that learned something, which speaks of the old topics; or the other one has
        other modalities.
    """
    if len(model._block_mass) != len(other._block_mass):
        msg = (
            f"{type(other).__name__}: modalities must be those of the level. Got {len(other._block_mass)} in place of "
            f"{len(model._block_mass)}; leave modalities=None to take them over."
        )
        raise ValueError(msg)
    learned = sorted(set(model.learned_) - {PARENTS})
    if learned:
        msg = (
            f"{type(model).__name__}: topics cannot be replaced where regularizers have learned of the old ones. Got "
            f"{learned}; fit the whole hierarchy again."
        )
        raise ValueError(msg)
    kept = np.setdiff1d(np.arange(model.components_.shape[0]), dropped)
    names = [model.topic_names[t] for t in kept]
    for name in other.topic_names:
        names.append(_free(name, names))
    block_mass = np.hstack([model._block_mass[:, kept], other._block_mass])
    topic_mass = block_mass.sum(axis=0)
    return model._with(
        without=["n_wt_", "shown_words_"],
        components_=np.vstack([model.components_[kept], other.components_.astype(model.components_.dtype)]),
        _block_mass=block_mass,
        topic_mass_=topic_mass,
        dead_topics_=np.flatnonzero(topic_mass <= 0),
        n_components=len(names),
        topic_names=names,
    )


def _free(name: str, taken: list[str]) -> str:
    """The name, or the first of name-2, name-3, ... that is not taken."""
    free, number = name, 1
    while free in taken:
        number += 1
        free = f"{name}-{number}"
    return free
