"""Regularizers of p(t|d,w) by loops over positions, and the E-step with them. Slow on purpose.

A document is a list of (token, count) pairs in the order of the text; p is a list of arrays of topics.
"""

import math

import numpy as np

from tests.oracle.plsa import FLOOR


def posterior(document, phi, theta):
    """p(t|d,w_i) and z_i; zeros where no topic has the token."""
    p, z = [], []
    for w, _ in document:
        joint = phi[w] * theta
        z.append(joint.sum())
        p.append(joint / joint.sum() if joint.sum() > 0 else np.zeros(theta.size))
    return p, z


def blended(p, document, functions):
    """norm (p + sum tau (p~ - p))_+; zeros stay zeros."""
    results = [(tau, function(p, [x for _, x in document], [w for w, _ in document])) for tau, function in functions]
    mixed = []
    for i, row in enumerate(p):
        total = row + sum((tau * (result[i] - row) for tau, result in results), np.zeros(row.size))
        total = np.maximum(total, 0)
        mixed.append(total / total.sum() if total.sum() > 0 and row.sum() > 0 else np.zeros(row.size))
    return mixed


def theta_of(document, phi, n_passes, functions, prior=None):
    n_topics = phi.shape[1]
    theta = np.full(n_topics, 1 / n_topics)
    for _ in range(n_passes if sum(x for _, x in document) > 0 else 0):
        p = blended(posterior(document, phi, theta)[0], document, functions)
        n_t = np.zeros(n_topics) if prior is None else prior.copy()
        for row, (_, x) in zip(p, document):
            n_t = n_t + x * row
        n_t = np.maximum(n_t, 0)
        if n_t.sum() > 0:
            theta = n_t / n_t.sum()
            theta[theta < FLOOR] = 0
    return theta


def e_step(documents, phi, *, n_passes, functions, weights=None, prior=None):
    """theta, n_wt and the log-likelihood, which is that of the model without post-processing."""
    thetas, n_wt, log_likelihood = [], np.zeros(phi.shape), 0.0
    for d, document in enumerate(documents):
        weight = 1.0 if weights is None else weights[d]
        theta = theta_of(document, phi, n_passes, functions, prior)
        p, z = posterior(document, phi, theta)
        for row, z_i, (w, x) in zip(blended(p, document, functions), z, document):
            n_wt[w] += weight * x * row
            log_likelihood += weight * x * math.log(z_i) if z_i > 0 else 0.0
        thetas.append(theta)
    return np.array(thetas), n_wt, log_likelihood


def smooth(window, decay=1.0, boundaries=()):
    """sum_j K_ij p_j / sum_j K_ij, K_ij = x_j decay^|i - j|, within the window and the stretch."""

    def function(p, counts, tokens):
        stretch, current = [], 0
        for w in tokens:
            stretch.append(current)
            current += w in boundaries
        result = []
        for i in range(len(p)):
            total, weights = np.zeros(p[i].size), 0.0
            for j in range(len(p)):
                near = window is None or abs(i - j) <= window
                if near and stretch[i] == stretch[j] and p[j].sum() > 0:
                    total = total + counts[j] * decay ** abs(i - j) * p[j]
                    weights += counts[j] * decay ** abs(i - j)
            result.append(total / weights if weights > 0 and p[i].sum() > 0 else p[i])
        return result

    return function


def sparse(top_k=None, threshold=0.0):
    def function(p, counts, tokens):
        result = []
        for row in p:
            order = sorted(range(row.size), key=lambda t: (-row[t], t))
            kept = [t for t in order[: top_k or row.size] if row[t] >= threshold or t == order[0]]
            new = np.zeros(row.size)
            new[kept] = row[kept]
            result.append(new / new.sum() if new.sum() > 0 else new)
        return result

    return function


def segments(window, threshold, background=()):
    """A boundary where the windows before and after differ most; then one subject topic a segment."""

    def function(p, counts, tokens):
        if not p:
            return []
        n, n_topics = len(p), p[0].size
        subjects = [t for t in range(n_topics) if t not in background]
        depth = [0.0] * n
        for i in range(1, n):
            left = _mean(p, counts, range(max(i - window, 0), i), subjects)
            right = _mean(p, counts, range(i, min(i + window, n)), subjects)
            if left is None or right is None:
                continue
            a, b = max(subjects, key=lambda t: left[t]), max(subjects, key=lambda t: right[t])
            if a != b:
                depth[i] = round((left[a] - right[a] + right[b] - left[b]) / 2, 5)
        starts = [0]
        for i in range(1, n):
            before, after = depth[max(i - window, 0) : i], depth[i + 1 : i + window + 1]
            first = all(depth[i] > other for other in before if other > threshold)
            if depth[i] > threshold and first and all(depth[i] >= other for other in after):
                starts.append(i)
        result = [row.copy() for row in p]
        for start, stop in zip(starts, [*starts[1:], n]):
            sums = {t: sum(counts[i] * p[i][t] for i in range(start, stop)) for t in subjects}
            topic = max(subjects, key=lambda t: sums[t])
            for i in range(start, stop):
                result[i][subjects] = 0
                result[i][topic] = sum(p[i][t] for t in subjects)
        return result

    return function


def _mean(p, counts, places, subjects):
    total = np.zeros(p[0].size)
    for i in places:
        for t in subjects:
            total[t] += counts[i] * p[i][t]
    return total / total.sum() if total.sum() > 0 else None
