"""Topics of edges, by loops over containers, edges, vertices and topics, in float64. Slow on purpose.

A container is a list of ``(weight, vertices)``, ``vertices`` a list of ``(vertex, power)``; ``phi`` has the shape
(n_vertices, n_topics).
"""

import math

import numpy as np

from tests.oracle.plsa import FLOOR, m_step


def likelihoods(vertices, phi):
    """prod_v phi_vt ** m_v of every topic."""
    products = []
    for t in range(phi.shape[1]):
        product = 1.0
        for v, power in vertices:
            product *= float(phi[v, t]) ** power
        products.append(product)
    return products


def topics_of(vertices, phi, theta):
    """p(t | d, x) and p(x | d); zeros where no topic has all of the vertices."""
    products = [theta[t] * product for t, product in enumerate(likelihoods(vertices, phi))]
    z = sum(products)
    return [product / z if z > 0 else 0.0 for product in products], z


def theta_of(container, phi, n_passes, prior=0.0):
    """theta = norm((sum_x n_x p_tx + prior)_+), ``n_passes`` times from uniform."""
    n_topics = phi.shape[1]
    theta = [1 / n_topics] * n_topics
    for _ in range(n_passes if container else 0):
        n_t = [0.0] * n_topics
        for weight, vertices in container:
            p, _ = topics_of(vertices, phi, theta)
            for t in range(n_topics):
                n_t[t] += weight * p[t]
        n_t = [max(value + prior, 0.0) for value in n_t]
        if sum(n_t) == 0:
            break
        theta = [value / sum(n_t) for value in n_t]
        theta = [0.0 if value < FLOOR else value for value in theta]
    return theta


def e_step(containers, phi, *, n_passes, prior=0.0):
    """theta, n_vt = sum_x n_x m_xv p_tdx, and the log-likelihood of the edges at the final theta."""
    thetas, n_vt, total = [], np.zeros(phi.shape), 0.0
    for container in containers:
        theta = theta_of(container, phi, n_passes, prior)
        for weight, vertices in container:
            p, z = topics_of(vertices, phi, theta)
            if z > 0:
                total += weight * math.log(z)
            for v, power in vertices:
                for t in range(phi.shape[1]):
                    n_vt[v, t] += weight * power * p[t]
        thetas.append(theta)
    return np.array(thetas), n_vt, total


def offline(containers, phi, *, n_iter, n_passes, terms=(), prior=0.0, blocks=None):
    """phi after ``n_iter`` iterations, and the log-likelihood that every E-step saw."""
    track = []
    for _ in range(n_iter):
        _, n_vt, log_likelihood = e_step(containers, phi, n_passes=n_passes, prior=prior)
        phi = m_step(phi, n_vt, terms, blocks)
        track.append(log_likelihood)
    return phi, track


def online(containers, phi, *, n_iter, n_passes, batch_size, offset, power, blocks):
    """Counters from phi with the mass of the corpus, faded at every batch of containers."""
    counters, update = phi.copy(), 0
    for block in map(list, blocks):
        inside = set(block)
        mass = sum(
            weight * m for container in containers for weight, vertices in container for v, m in vertices if v in inside
        )
        counters[block] *= mass / phi.shape[1]
    for _ in range(n_iter):
        for start in range(0, len(containers), batch_size):
            part = containers[start : start + batch_size]
            _, n_vt, _ = e_step(part, phi, n_passes=n_passes)
            update += 1
            rho = (offset + update) ** -power
            counters = (1 - rho) * counters + rho * len(containers) / len(part) * n_vt
            phi = m_step(phi, counters, (), blocks)
    return phi
