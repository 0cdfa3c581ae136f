"""Contexts of positions by loops over documents, positions, layers and topics, in float64. Slow on purpose.

A document is a list of tokens; ``x``, ``left`` and ``right`` are lists of the same length: weights of the entries and
gammas of both sides (in windows ``left`` are the weights of the mean). ``phi`` has the shape (n_tokens, n_topics).
"""

import math

import numpy as np

from tests.oracle.plsa import m_step
from tests.oracle.thetaless import masses, topics_of_token


def norm(values):
    total = sum(values)
    return [value / total for value in values] if total > 0 else None


def averages(values, gammas):
    """Exponential moving averages from the first position on; None as long as there is nothing."""
    rows, row = [], None
    for value, gamma in zip(values, gammas):
        if value is not None and gamma > 0:
            row = list(value) if row is None else [gamma * v + (1 - gamma) * r for v, r in zip(value, row)]
        rows.append(row)
    return rows


def mean(values, weights, places):
    """Weighted mean over some positions; None without any."""
    total = [0.0] * len(next(value for value in values if value is not None)) if any(values) else []
    for j, weight in places:
        if values[j] is not None:
            total = [t + weight * weights[j] * v for t, v in zip(total, values[j])]
    return norm(total) if total else None


def sides(values, left, right, window):
    """Topics of the left and right contexts, each with the position itself."""
    n = len(values)
    if window is None:
        return averages(values, left), averages(values[::-1], right[::-1])[::-1]
    lefts = [mean(values, left, [(j, 1.0) for j in range(max(i - window, 0), i + 1)]) for i in range(n)]
    rights = [mean(values, left, [(j, 1.0) for j in range(i, min(i + window, n - 1) + 1)]) for i in range(n)]
    return lefts, rights


def theta_of(values, left, right, i, mass, *, window, beta, own):
    """The context of one position."""
    n, prior = len(values), norm(mass)
    if window is not None:
        near = [(j, 2 * beta) for j in range(max(i - window, 0), i)]
        near += [(j, 2 - 2 * beta) for j in range(i + 1, min(i + window, n - 1) + 1)]
        return mean(values, left, near + ([(i, 1.0)] if own else [])) or prior
    before, after = averages(values, left), averages(values[::-1], right[::-1])[::-1]
    a = before[i] if own else (before[i - 1] if i > 0 else None)
    b = after[i] if own else (after[i + 1] if i + 1 < n else None)
    if a is None or b is None:
        return a or b or prior
    return [beta * u + (1 - beta) * v for u, v in zip(a, b)]


def contexts(document, phi, mass, left, right, *, window=None, beta=0.5, n_layers=1, own=True):
    """Of the last layer: what it takes, theta, z and p(t|i) of every position."""
    n_topics = phi.shape[1]
    values = [norm([phi[w, t] * mass[t] for t in range(n_topics)]) for w in document]
    taken = values
    for _ in range(n_layers):
        taken = values
        theta = [
            theta_of(values, left, right, i, mass, window=window, beta=beta, own=own) for i in range(len(document))
        ]
        z = [sum(phi[w, t] * theta[i][t] for t in range(n_topics)) for i, w in enumerate(document)]
        values = [norm([phi[w, t] * theta[i][t] for t in range(n_topics)]) for i, w in enumerate(document)]
    return taken, theta, z, values


def left_out(document, phi, mass, left, right, **options):
    """z of every position from all layers computed without it."""
    result = []
    for i in range(len(document)):
        others = [[0.0 if j == i else g for j, g in enumerate(side)] for side in (left, right)]
        result.append(contexts(document, phi, mass, *others, **options)[2][i])
    return result


def theta_of_document(p, x, n_topics):
    """Weighted mean of p(t|i)."""
    total = [sum(weight * row[t] for weight, row in zip(x, p) if row is not None) for t in range(n_topics)]
    return norm(total) or [1 / n_topics] * n_topics


def counts(texts, phi, mass, weights=None, **options):
    """n_wt and the log-likelihood of all positions with a probability."""
    n_wt, likelihood = np.zeros(phi.shape), 0.0
    for d, (document, x, left, right) in enumerate(texts):
        weight = 1.0 if weights is None else weights[d]
        _, _, z, p = contexts(document, phi, mass, left, right, **options)
        for i, w in enumerate(document):
            if p[i] is not None:
                n_wt[w] += [weight * x[i] * value for value in p[i]]
                likelihood += weight * x[i] * math.log(z[i])
    return n_wt, likelihood


def offline(texts, phi, *, n_iter, terms=(), weights=None, blocks=None, **options):
    """phi and n_t after ``n_iter`` iterations from a uniform n_t."""
    mass = [1.0] * phi.shape[1]
    for _ in range(n_iter):
        n_wt, _ = counts(texts, phi, mass, weights, **options)
        phi, mass = m_step(phi, n_wt, terms, blocks), masses(n_wt, terms, phi)
    return phi, mass


def online(texts, phi, *, n_iter, batch_size, offset, power, **options):
    """Counters from phi with the mass of the corpus, faded at every batch."""
    n_topics, n_docs = phi.shape[1], len(texts)
    counters = phi * sum(sum(x) for _, x, _, _ in texts) / n_topics
    mass, update = [1.0] * n_topics, 0
    for _ in range(n_iter):
        for start in range(0, n_docs, batch_size):
            part = texts[start : start + batch_size]
            n_wt, _ = counts(part, phi, mass, **options)
            update += 1
            rho = (offset + update) ** -power
            counters = (1 - rho) * counters + rho * n_docs / len(part) * n_wt
            phi, mass = m_step(phi, counters), masses(counters, (), phi)
    return phi, mass


__all__ = ["contexts", "counts", "left_out", "offline", "online", "sides", "theta_of_document", "topics_of_token"]
