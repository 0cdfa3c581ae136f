"""The three-matrix model by loops over documents, tokens, authors and topics, in float64. Slow on purpose.

Documents are lists of (token, count) pairs, ``shares`` a list of dicts of author to pi for each document, ``phi`` an
array of shape (n_tokens, n_topics), ``psi`` one of shape (n_authors, n_topics). ``term`` is a function of psi and n_ct.
"""

import math

import numpy as np

from tests.oracle.plsa import FLOOR, m_step


def theta_of(share, psi):
    """theta_t = sum_c pi_c psi_ct."""
    return [sum(share[c] * psi[c, t] for c in share) for t in range(psi.shape[1])]


def log_likelihood(documents, shares, phi, psi, weights=None):
    """Of all tokens that have a probability."""
    total = 0.0
    for d, document in enumerate(documents):
        theta = theta_of(shares[d], psi)
        for w, x in document:
            z = sum(phi[w, t] * theta[t] for t in range(psi.shape[1]))
            if z > 0:
                total += (1.0 if weights is None else weights[d]) * x * math.log(z)
    return total


def expected(documents, shares, phi, psi, weights=None):
    """n_ct, n_wt, and n_cd of every document, as sums of n_dw p(t,c|d,w)."""
    n_ct, n_wt, n_cd = np.zeros(psi.shape), np.zeros(phi.shape), []
    for d, document in enumerate(documents):
        weight, own = 1.0 if weights is None else weights[d], dict.fromkeys(shares[d], 0.0)
        for w, x in document:
            joint = {(t, c): phi[w, t] * psi[c, t] * pi for c, pi in shares[d].items() for t in range(psi.shape[1])}
            z = sum(joint.values())
            if z == 0:
                continue
            for (t, c), value in joint.items():
                n_ct[c, t] += weight * x * value / z
                n_wt[w, t] += weight * x * value / z
                own[c] += x * value / z
        n_cd.append(own)
    return n_ct, n_wt, n_cd


def normalised(row, before):
    """norm of what is positive; as it was where nothing is left."""
    row = np.maximum(row, 0)
    if row.sum() == 0:
        return before
    new = row / row.sum()
    new[new < FLOOR] = 0
    return new


def new_shares(shares, n_cd):
    """pi = norm_c(n_cd)."""
    result = []
    for share, own in zip(shares, n_cd):
        total = sum(own.values())
        result.append({c: own[c] / total for c in own} if total > 0 else share)
    return result


def masses(documents, shares, n_authors, weights=None):
    """sum_d pi_cd n_d."""
    mass = np.zeros(n_authors)
    for d, document in enumerate(documents):
        n_d = (1.0 if weights is None else weights[d]) * sum(x for _, x in document)
        for c, pi in shares[d].items():
            mass[c] += pi * n_d
    return mass


def offline(documents, shares, phi, psi, *, n_iter, n_sweeps, free=False, term=None, beta=0.0, weights=None):
    """phi, psi, pi, n_ct and the log-likelihoods that the E-steps of phi saw."""
    track, present = [], masses(documents, shares, psi.shape[0], weights) > 0
    n_ct = np.zeros(psi.shape)
    for _ in range(n_iter):
        for _ in range(n_sweeps):
            n_ct, _, n_cd = expected(documents, shares, phi, psi, weights)
            total = n_ct if term is None else n_ct + term(psi, n_ct)
            psi = np.array([normalised(total[c], psi[c]) if present[c] else psi[c] for c in range(psi.shape[0])])
            if free:
                shares = new_shares(shares, n_cd)
        track.append(log_likelihood(documents, shares, phi, psi, weights))
        _, n_wt, _ = expected(documents, shares, phi, psi, weights)
        phi = m_step(phi, n_wt + beta)
    return phi, psi, shares, n_ct, track


def online(documents, shares, phi, psi, *, n_iter, n_sweeps, batch_size, offset, power, free=False, alpha=0.0):
    """Counters of phi faded at every batch, those of an author at his own ones, the first excepted."""
    n_docs, n_authors = len(documents), psi.shape[0]
    whole = masses(documents, shares, n_authors)
    start, shares = list(shares), list(shares)
    counters = phi * sum(x for document in documents for _, x in document) / phi.shape[1]
    n_ct, updates, update = np.zeros(psi.shape), np.zeros(n_authors, dtype=int), 0
    for _ in range(n_iter):
        for first in range(0, n_docs, batch_size):
            rows = slice(first, first + batch_size)
            here = masses(documents[rows], start[rows], n_authors)
            before, psi = n_ct.copy(), psi.copy()
            for _ in range(n_sweeps):
                counts, _, n_cd = expected(documents[rows], shares[rows], phi, psi)
                for c in np.flatnonzero(here > 0):
                    rho = (offset + updates[c] + 1) ** -power if updates[c] else 1.0
                    n_ct[c] = (1 - rho) * before[c] + rho * whole[c] / here[c] * counts[c]
                    psi[c] = normalised(n_ct[c] + alpha, psi[c])
                if free:
                    shares[rows] = new_shares(shares[rows], n_cd)
            updates[here > 0] += 1
            _, n_wt, _ = expected(documents[rows], shares[rows], phi, psi)
            update += 1
            rho = (offset + update) ** -power
            counters = (1 - rho) * counters + rho * n_docs / len(documents[rows]) * n_wt
            phi = m_step(phi, counters)
    return phi, psi, n_ct
