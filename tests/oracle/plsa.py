"""PLSA and ARTM by loops over documents and tokens, in float64. Slow on purpose.

A document is a list of (token, count) pairs, ``phi`` an array of shape (n_tokens, n_topics). A term is a dict with
``response`` (a function of phi that returns r at tau = 1), ``tau``, ``relative`` and ``topics``.
"""

import math

import numpy as np

FLOOR = 1e-16


def documents_of(X):
    """Documents of a sparse matrix, entries as they are stored."""
    X = X.tocsr()
    rows = zip(X.indptr[:-1], X.indptr[1:])
    return [[(int(X.indices[k]), float(X.data[k])) for k in range(start, stop)] for start, stop in rows]


def theta_of(document, phi, n_passes, prior=None, theta=None, tol=0.0):
    """theta = norm((n_t + prior_t)_+), ``n_passes`` times from uniform; as it was where nothing is left."""
    n_topics = phi.shape[1]
    theta = np.full(n_topics, 1 / n_topics) if theta is None else theta.copy()
    for _ in range(n_passes if document else 0):
        n_t = np.zeros(n_topics)
        for w, x in document:
            z = float(phi[w] @ theta)
            if z > 0:
                n_t += x / z * phi[w]
        n_t *= theta
        if prior is not None:
            n_t += prior
        n_t[n_t < 0] = 0
        if n_t.sum() == 0:
            break
        new = n_t / n_t.sum()
        new[new < FLOOR] = 0
        change = np.abs(new - theta).sum()
        theta = new
        if change < tol:
            break
    return theta


def e_step(documents, phi, *, n_passes, prior=None, weights=None, tol=0.0):
    """theta, the expected counts n_wt and the log-likelihood at the final theta."""
    thetas, n_wt, log_likelihood = [], np.zeros(phi.shape), 0.0
    for d, document in enumerate(documents):
        weight = 1.0 if weights is None else weights[d]
        theta = theta_of(document, phi, n_passes, prior, tol=tol)
        for w, x in document:
            z = float(phi[w] @ theta)
            if z > 0:
                n_wt[w] += weight * x / z * phi[w] * theta
                log_likelihood += weight * x * math.log(z)
        thetas.append(theta)
    return np.array(thetas), n_wt, log_likelihood


def relative_scale(n_wt, r_wt, topics, relative):
    """lambda_t = gamma n_t / r_t + (1 - gamma) sum n_t / sum r_t, 0 / 0 = 0; ones if ``relative`` is None."""
    n_topics = n_wt.shape[1]
    if relative is None:
        return np.ones(n_topics)
    n = {t: sum(max(value, 0.0) for value in n_wt[:, t]) for t in topics}
    r = {t: sum(abs(value) for value in r_wt[:, t]) for t in topics}
    scale = np.zeros(n_topics)
    for t in topics:
        if r[t] > 0:
            scale[t] += relative * n[t] / r[t]
        if sum(r.values()) > 0:
            scale[t] += (1 - relative) * sum(n.values()) / sum(r.values())
    return scale


def m_step(phi, n_wt, terms=(), blocks=None):
    """phi = norm((n_wt + sum_i tau_i lambda_i r_i)_+): all terms at the old phi and the new counters.

    Norm and relative strength are those of every block of tokens (modality) by itself; None is one block.
    """
    blocks = [range(phi.shape[0])] if blocks is None else blocks
    total = n_wt.copy()
    for term in terms:
        response = term["response"](phi)
        for block in map(list, blocks):
            scale = relative_scale(n_wt[block], response[block], term["topics"], term["relative"])
            total[block] += term["tau"] * scale * response[block]
    total[total < 0] = 0
    new = np.zeros(phi.shape)
    for block in map(list, blocks):
        for t in range(phi.shape[1]):
            mass = total[block, t].sum()
            if mass > 0:
                new[block, t] = total[block, t] / mass
    new[new < FLOOR] = 0
    return new


def offline(documents, phi, *, n_iter, n_passes, terms=(), prior=None, weights=None, blocks=None):
    """phi after ``n_iter`` iterations, and the log-likelihood that every E-step saw."""
    track = []
    for _ in range(n_iter):
        _, n_wt, log_likelihood = e_step(documents, phi, n_passes=n_passes, prior=prior, weights=weights)
        phi = m_step(phi, n_wt, terms, blocks)
        track.append(log_likelihood)
    return phi, track


def online(
    documents,
    phi,
    *,
    n_iter,
    n_passes,
    batch_size,
    offset,
    power,
    total_samples=None,
    terms=(),
    prior=None,
    weights=None,
    first=None,
    blocks=None,
):
    """n_wt <- (1 - rho_k) n_wt + rho_k * total / batch * counts, from counters proportional to phi.

    The first counters have the mass of the ``first`` documents, by default of all.
    """
    weights = [1.0] * len(documents) if weights is None else weights
    seen = sum(weights)
    total = seen if total_samples is None else total_samples
    first = len(documents) if first is None else first
    mass = np.zeros(phi.shape[0])
    for weight, document in zip(weights[:first], documents):
        for w, x in document:
            mass[w] += weight * x
    counters, counted, update = phi.copy(), sum(weights[:first]), 0
    for block in [range(phi.shape[0])] if blocks is None else blocks:
        counters[list(block)] *= mass[list(block)].sum() / phi.shape[1]
    for _ in range(n_iter):
        for start in range(0, len(documents), batch_size):
            part = slice(start, start + batch_size)
            if sum(weights[part]) == 0:
                continue
            _, n_wt, _ = e_step(documents[part], phi, n_passes=n_passes, prior=prior, weights=weights[part])
            update += 1
            rho = (offset + update) ** -power
            counters = (1 - rho) * total / counted * counters + rho * total / sum(weights[part]) * n_wt
            counted = total
            phi = m_step(phi, counters, terms, blocks)
    return phi
