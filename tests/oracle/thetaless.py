"""Theta as a function of phi, by loops over documents, tokens and topics, in float64. Slow on purpose.

Documents are lists of (token, count) pairs, ``phi`` an array of shape (n_tokens, n_topics).
"""

import math

import numpy as np

from tests.oracle.plsa import m_step


def topics_of_token(row, mass):
    """norm_t(phi_wt n_t); zeros if no topic has the token."""
    products = [value * n_t for value, n_t in zip(row, mass)]
    total = sum(products)
    return [product / total if total > 0 else 0.0 for product in products]


def theta_of(document, phi, mass):
    """Mean of p(t|w) over the tokens that some topic has, and their number; uniform without any."""
    n_topics = phi.shape[1]
    theta, n_d = [0.0] * n_topics, 0.0
    for w, x in document:
        p = topics_of_token(phi[w], mass)
        if sum(p) > 0:
            n_d += x
            for t in range(n_topics):
                theta[t] += x * p[t]
    if n_d == 0:
        return [1 / n_topics] * n_topics, 0.0
    return [value / n_d for value in theta], n_d


def log_likelihood(documents, phi, mass, weights=None):
    """Of all tokens that have a probability."""
    total = 0.0
    for d, document in enumerate(documents):
        theta, _ = theta_of(document, phi, mass)
        for w, x in document:
            z = sum(phi[w, t] * theta[t] for t in range(phi.shape[1]))
            if z > 0:
                total += (1.0 if weights is None else weights[d]) * x * math.log(z)
    return total


def counts(documents, phi, mass, *, exact, weights=None):
    """sum_d n_dw p_tdw, or of p'_tdw."""
    n_topics = phi.shape[1]
    n_wt = np.zeros(phi.shape)
    for d, document in enumerate(documents):
        weight = 1.0 if weights is None else weights[d]
        theta, n_d = theta_of(document, phi, mass)
        p_dw, n_td = [], [0.0] * n_topics
        for w, x in document:
            z = sum(phi[w, t] * theta[t] for t in range(n_topics))
            p = [phi[w, t] * theta[t] / z if z > 0 else 0.0 for t in range(n_topics)]
            p_dw.append(p)
            for t in range(n_topics):
                n_td[t] += x * p[t]
        slope = [n_td[t] / theta[t] if theta[t] > 0 else 0.0 for t in range(n_topics)]
        for (w, x), p in zip(document, p_dw):
            p_tw = topics_of_token(phi[w], mass)
            mean = sum(p_tw[s] * slope[s] for s in range(n_topics))
            for t in range(n_topics):
                change = p_tw[t] / n_d * (slope[t] - mean) if exact and n_d > 0 else 0.0
                n_wt[w, t] += weight * x * (p[t] + change)
    return n_wt


def masses(n_wt, terms, phi):
    """n_t of the next step: what is positive of n_wt and the (absolute) terms, of all blocks together."""
    total = n_wt + sum((term["tau"] * term["response"](phi) for term in terms), np.zeros(phi.shape))
    return [sum(max(value, 0.0) for value in total[:, t]) for t in range(phi.shape[1])]


def offline(documents, phi, *, variant, n_iter, terms=(), weights=None, blocks=None):
    """phi and n_t after ``n_iter`` iterations from a uniform n_t."""
    n_topics = phi.shape[1]
    mass = [1.0] * n_topics
    for _ in range(n_iter):
        seen = [1.0] * n_topics if variant == "naive" else mass
        n_wt = counts(documents, phi, seen, exact=variant == "exact", weights=weights)
        phi, mass = m_step(phi, n_wt, terms, blocks), masses(n_wt, terms, phi)
    return phi, mass


def online(documents, phi, *, variant, n_iter, batch_size, offset, power):
    """Counters from phi with the mass of the corpus, faded at every batch."""
    n_topics, n_docs = phi.shape[1], len(documents)
    counters = phi * sum(x for document in documents for _, x in document) / n_topics
    mass, update = [1.0] * n_topics, 0
    for _ in range(n_iter):
        for start in range(0, n_docs, batch_size):
            part = documents[start : start + batch_size]
            seen = [1.0] * n_topics if variant == "naive" else mass
            n_wt = counts(part, phi, seen, exact=variant == "exact")
            update += 1
            rho = (offset + update) ** -power
            counters = (1 - rho) * counters + rho * n_docs / len(part) * n_wt
            phi, mass = m_step(phi, counters), masses(counters, (), phi)
    return phi, mass
