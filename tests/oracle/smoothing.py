"""Smoothing over time, graphs and dictionaries by loops over tokens and topics, one formula a line.

Every function returns the pair (R, r) at tau = 1, with r_wt = phi_wt * dR/dphi_wt, and takes the regularised topics.
"""

import math

import numpy as np

FLOOR = 1e-16


def sign(x):
    return 1 if x > 0 else -1 if x < 0 else 0


def temporal(phi, points, topics, norm):
    """R = -sum_t sum_i |phi_it - phi_{i-1,t}|, or -1/2 of the sum of squares."""
    value, term = 0.0, np.zeros(phi.shape)
    for t in topics:
        for place, i in enumerate(points):
            if place > 0:
                step = phi[i, t] - phi[points[place - 1], t]
                value -= abs(step) if norm == "l1" else 0.5 * step**2
            for neighbour in (place - 1, place + 1):
                if 0 <= neighbour < len(points):
                    step = phi[i, t] - phi[points[neighbour], t]
                    term[i, t] -= phi[i, t] * (sign(step) if norm == "l1" else step)
    return value, term


def graph(phi, n_wt, weights, vertices, topics, vertex_weights=None):
    """R = -1/2 sum_uv w_uv sum_t n_t^2 (phi_ut / D_u - phi_vt / D_v)^2; D = n_u without vertex weights."""
    value, term = 0.0, np.zeros(phi.shape)
    for i, u in enumerate(vertices):
        for j, v in enumerate(vertices):
            n_u, n_v = sum(n_wt[u]), sum(n_wt[v])
            d_u, d_v = (n_u, n_v) if vertex_weights is None else (vertex_weights[i], vertex_weights[j])
            if d_u == 0 or d_v == 0:
                continue
            for t in topics:
                n_t = sum(n_wt[w, t] for w in vertices)
                difference = phi[u, t] / d_u - phi[v, t] / d_v
                value -= 0.5 * weights[i, j] * n_t**2 * difference**2
                term[u, t] -= phi[u, t] * (weights[i, j] + weights[j, i]) * n_t**2 * difference / d_u
    return value, term


def similarity(coordinates, bandwidth, cutoff, metric):
    """S = exp(-rho^2 / 2 h^2) of different places within the cutoff."""
    size = len(coordinates)
    matrix = np.zeros((size, size))
    for i in range(size):
        for j in range(size):
            rho = distance(coordinates[i], coordinates[j], metric)
            if i != j and rho <= cutoff * bandwidth:
                matrix[i, j] = math.exp(-(rho**2) / (2 * bandwidth**2))
    return matrix


def distance(a, b, metric):
    """Euclidean, or in km on the sphere by the law of cosines."""
    if metric == "euclidean":
        return math.sqrt(sum((x - y) ** 2 for x, y in zip(a, b)))
    (lat, lon), (lat2, lon2) = ([math.radians(x) for x in point] for point in (a, b))
    cosine = math.sin(lat) * math.sin(lat2) + math.cos(lat) * math.cos(lat2) * math.cos(lon - lon2)
    return 6371.0088 * math.acos(min(1.0, max(-1.0, cosine)))


def translations(phi, n_wt, pairs, pi):
    """One step of EM: {(u, w, t): p(u|w,t)} of pairs (u, w) from that of before."""
    topics, counts = range(phi.shape[1]), {}
    for u, w in pairs:
        for t in topics:
            total = sum(pi[u, other, t] * phi[other, t] for u2, other in pairs if u2 == u)
            counts[u, w, t] = n_wt[u, t] * pi[u, w, t] * phi[w, t] / total if total > FLOOR else 0.0
    result = {}
    for u, w in pairs:
        for t in topics:
            total = sum(counts[other, w, t] for other, w2 in pairs if w2 == w)
            result[u, w, t] = counts[u, w, t] / total if total > 0 else pi[u, w, t]
    return result


def translation(phi, n_wt, pairs, pi, topics):
    """R = sum_u sum_t n_ut ln sum_w pi_uwt phi_wt over the u of the dictionary."""
    value, term = 0.0, np.zeros(phi.shape)
    for u in sorted({u for u, _ in pairs}):
        for t in topics:
            total = sum(pi[u, w, t] * phi[w, t] for u2, w in pairs if u2 == u)
            value += n_wt[u, t] * math.log(max(total, FLOOR))
            for u2, w in pairs:
                if u2 == u and total > FLOOR:
                    term[w, t] += n_wt[u, t] * pi[u, w, t] * phi[w, t] / total
    return value, term
