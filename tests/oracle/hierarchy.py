"""Hierarchies by loops: parents are documents below the others, in float64. Slow on purpose.

Documents and parents are lists of (token, count) pairs, ``phi`` an array of shape (n_tokens, n_topics).
"""

import numpy as np

from tests.oracle.plsa import FLOOR, e_step, m_step


def counts(documents, theta, phi, weights=None):
    """n_wt = sum_d n_dw p(t|d,w), of shape (n_tokens, n_topics)."""
    n_wt = np.zeros(phi.shape)
    for d, document in enumerate(documents):
        weight = 1.0 if weights is None else weights[d]
        for w, x in document:
            z = sum(phi[w, t] * theta[d, t] for t in range(phi.shape[1]))
            for t in range(phi.shape[1]):
                if z > 0:
                    n_wt[w, t] += weight * x * phi[w, t] * theta[d, t] / z
    return n_wt


def as_documents(n_wt, token_weights=None):
    """Every topic as a document of its counts."""
    scale = np.ones(n_wt.shape[0]) if token_weights is None else token_weights
    return [[(w, n_wt[w, t] * scale[w]) for w in range(n_wt.shape[0]) if n_wt[w, t] > 0] for t in range(n_wt.shape[1])]


def psi_of(parents, phi, *, n_passes, sparsity=0.0):
    """psi_st = norm_s (n_st - sparsity * n_s / |T|)_+ from uniform, all parents side by side; (n_parents, n_topics)."""
    n_topics, living = phi.shape[1], sum(1 for parent in parents if parent)
    psi = np.full((len(parents), n_topics), 1 / n_topics)
    for _ in range(n_passes):
        n = np.zeros(psi.shape)
        for t, parent in enumerate(parents):
            for w, x in parent:
                z = sum(phi[w, s] * psi[t, s] for s in range(n_topics))
                for s in range(n_topics):
                    if z > 0:
                        n[t, s] += x * phi[w, s] * psi[t, s] / z
        for t, parent in enumerate(parents):
            row = [max(n[t, s] - sparsity * n[:, s].sum() / max(living, 1), 0.0) for s in range(n_topics)]
            if parent and sum(row) > 0:
                row = [value / sum(row) for value in row]
                psi[t] = [0.0 if value < FLOOR else value for value in row]
    return psi


def level(
    documents,
    phi,
    parents=(),
    *,
    n_iter,
    n_passes,
    tau=1.0,
    sparsity=0.0,
    prior=None,
    weights=None,
    terms=(),
    blocks=None,
):
    """phi, psi and theta of a level after ``n_iter`` iterations, and the objectives that the E-steps saw."""
    track = []
    for _ in range(n_iter):
        _, n_wt, log_likelihood = e_step(documents, phi, n_passes=n_passes, prior=prior, weights=weights)
        if parents and tau:
            psi = psi_of(parents, phi, n_passes=n_passes, sparsity=sparsity)
            n_wt = n_wt + tau * counts(parents, psi, phi)
            log_likelihood += tau * value(parents, psi, phi)
        track.append(log_likelihood)
        phi = m_step(phi, n_wt, terms, blocks)
    theta, _, _ = e_step(documents, phi, n_passes=n_passes, prior=prior, weights=weights)
    psi = psi_of(parents, phi, n_passes=n_passes, sparsity=sparsity)
    for t, parent in enumerate(parents):
        if not parent:
            psi[t] = 0
    return phi, psi, theta, track


def value(parents, psi, phi):
    """R = sum_tw n_wt ln sum_s phi_ws psi_st; a token without probability is charged the floor."""
    total = 0.0
    for t, parent in enumerate(parents):
        for w, x in parent:
            z = sum(phi[w, s] * psi[t, s] for s in range(phi.shape[1]))
            total += x * np.log(z if z > 0 else FLOOR)
    return total


def parents_of(psi, n_t):
    """p(t|s) = psi_st n_t / sum over t, of shape (n_children, n_parents)."""
    result = np.zeros(psi.T.shape)
    for s in range(psi.shape[1]):
        total = sum(psi[t, s] * n_t[t] for t in range(psi.shape[0]))
        for t in range(psi.shape[0]):
            if total > 0:
                result[s, t] = psi[t, s] * n_t[t] / total
    return result
