"""More regularizers of phi by loops over tokens and topics, one formula a line. Slow on purpose.

Every function returns the pair (R, r) at tau = 1, with r_wt = phi_wt * dR/dphi_wt, and takes the regularised tokens and
topics.
"""

import math

import numpy as np

FLOOR = 1e-16


def power(phi, tokens, topics, exponent, beta):
    """R = sum beta_w phi_wt^a, r_wt = a beta_w phi_wt^a."""
    value, term = 0.0, np.zeros(phi.shape)
    for w in tokens:
        for t in topics:
            value += beta[w] * phi[w, t] ** exponent
            term[w, t] = exponent * beta[w] * phi[w, t] ** exponent
    return value, term


def decorrelated_pairs(phi, tokens, pairs):
    """R = -sum_{(t, s, v)} v sum_w phi_wt phi_ws."""
    value, term = 0.0, np.zeros(phi.shape)
    for t, s, weight in pairs:
        for w in tokens:
            value -= weight * phi[w, t] * phi[w, s]
            term[w, t] -= weight * phi[w, t] * phi[w, s]
            term[w, s] -= weight * phi[w, t] * phi[w, s]
    return value, term


def logarithms(phi, coefficients):
    """R = sum c_wt ln phi_wt, r_wt = c_wt."""
    value = 0.0
    for w in range(phi.shape[0]):
        for t in range(phi.shape[1]):
            value += coefficients[w, t] * math.log(max(phi[w, t], FLOOR))
    return value, coefficients


def seed_words(phi, topics, words, others):
    """``words`` is a dict of topic to dict of column to weight."""
    coefficients = np.zeros(phi.shape)
    seeds = {w for weights in words.values() for w in weights}
    for t in topics:
        for w in seeds:
            if w in words.get(t, {}):
                coefficients[w, t] = words[t][w]
            else:
                coefficients[w, t] = -others * max(weights.get(w, 0.0) for weights in words.values())
    return logarithms(phi, coefficients)


def topic_prior(phi, tokens, topics, beta):
    """r_wt = beta_t, ``beta`` over the regularised topics."""
    coefficients = np.zeros(phi.shape)
    for w in tokens:
        for place, t in enumerate(topics):
            coefficients[w, t] = beta[place]
    return logarithms(phi, coefficients)


def top_k(phi, n_wt, blocks, topics, k, by, share):
    """r_wt = -n_wt outside of the k largest, or of fewer that have the share."""
    coefficients = np.zeros(phi.shape)
    for block in blocks:
        lines = (
            [[(w, t) for w in block] for t in topics] if by == "topic" else [[(w, t) for t in topics] for w in block]
        )
        for line in lines:
            ranked = sorted(line, key=lambda cell: (-n_wt[cell], cell))
            total, kept = sum(float(n_wt[cell]) for cell in line), 0.0
            for rank, cell in enumerate(ranked):
                if rank > 0 and (rank >= k or (share is not None and kept >= share * total)):
                    coefficients[cell] = -n_wt[cell]
                kept += float(n_wt[cell]) if coefficients[cell] == 0 else 0.0
    return logarithms(phi, coefficients)


def labels(phi, n_wt, blocks, topics, wanted):
    """R = sum_c phat_c ln sum_t phi_ct p_t, with p_t of the counters of the modality."""
    value, term = 0.0, np.zeros(phi.shape)
    for block in blocks:
        mass = {t: sum(n_wt[w, t] for w in block) for t in topics}
        total = sum(mass.values())
        for c in block:
            p_c = sum(phi[c, t] * mass[t] / total for t in topics) if total > 0 else 0.0
            value += wanted[c] * math.log(max(p_c, FLOOR))
            for t in topics:
                if p_c > 0:
                    term[c, t] = wanted[c] * phi[c, t] * mass[t] / total / p_c
    return value, term


def coherence(phi, n_wt, tokens, topics, pairs):
    """r_wt = sum_v C_wv n_vt."""
    coefficients = np.zeros(phi.shape)
    for w in tokens:
        for t in topics:
            for v in tokens:
                coefficients[w, t] += pairs[w, v] * n_wt[v, t]
    return logarithms(phi, coefficients)


def quadratic_coherence(phi, n_wt, tokens, topics, pairs):
    """R = 1/2 sum_t n_t sum_uv C_uv phi_ut phi_vt, n_t of the tokens of all modalities."""
    value, term = 0.0, np.zeros(phi.shape)
    for t in topics:
        n_t = n_wt[:, t].sum()
        for u in tokens:
            for v in tokens:
                value += 0.5 * n_t * pairs[u, v] * phi[u, t] * phi[v, t]
                term[u, t] += 0.5 * n_t * pairs[u, v] * phi[u, t] * phi[v, t]
                term[v, t] += 0.5 * n_t * pairs[u, v] * phi[u, t] * phi[v, t]
    return value, term


def biterm(phi, n_wt, tokens, topics, pairs):
    """R = sum_uv C_uv ln sum_t p_t phi_ut phi_vt; the term by both places of a pair."""
    value, term = 0.0, np.zeros(phi.shape)
    mass = {t: n_wt[:, t].sum() for t in topics}
    total = sum(mass.values())
    for u in tokens:
        for v in tokens:
            if pairs[u, v] == 0:
                continue
            z = sum(mass[t] / total * phi[u, t] * phi[v, t] for t in topics) if total > 0 else 0.0
            value += pairs[u, v] * math.log(max(z, FLOOR**2))
            for t in topics:
                if z > 0:
                    joint = mass[t] / total * phi[u, t] * phi[v, t]
                    term[u, t] += pairs[u, v] * joint / z
                    term[v, t] += pairs[u, v] * joint / z
    return value, term
