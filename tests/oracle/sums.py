"""Sums of regularizers of phi, theta and p(t|d,w) with strengths that move, by loops. Slow on purpose.

A phi term is a dict with ``response`` (a function of phi and n_wt), ``tau`` (of the step), ``relative`` and
``topics``; a theta term a pair of a function of theta and tau of the step; a posterior one of a function as in
``posteriors.py`` and tau of the step.
"""

import numpy as np

from tests.oracle.plsa import FLOOR, m_step
from tests.oracle.posteriors import blended, posterior


def e_step(documents, phi, n_passes, theta_terms, functions, step):
    """theta and n_wt."""
    acting = [(tau(step), function) for function, tau in functions]
    thetas, n_wt = [], np.zeros(phi.shape)
    for document in documents:
        theta = np.full(phi.shape[1], 1 / phi.shape[1])
        for _ in range(n_passes if document else 0):
            total = sum((tau(step) * function(theta) for function, tau in theta_terms), np.zeros(theta.size))
            for row, (_, x) in zip(blended(posterior(document, phi, theta)[0], document, acting), document):
                total = total + x * row
            total = np.maximum(total, 0)
            theta = total / total.sum()
            theta[theta < FLOOR] = 0
        for row, (w, x) in zip(blended(posterior(document, phi, theta)[0], document, acting), document):
            n_wt[w] += x * row
        thetas.append(theta)
    return np.array(thetas), n_wt


def update(phi, n_wt, terms, step, blocks):
    at_step = [
        {**term, "tau": term["tau"](step), "response": lambda phi, term=term: term["response"](phi, n_wt)}
        for term in terms
    ]
    return m_step(phi, n_wt, at_step, blocks)


def offline(documents, phi, *, n_iter, n_passes, terms, theta_terms, functions, blocks):
    for step in range(n_iter):
        _, n_wt = e_step(documents, phi, n_passes, theta_terms, functions, step)
        phi = update(phi, n_wt, terms, step, blocks)
    return phi


def online(documents, phi, *, n_iter, n_passes, terms, theta_terms, functions, blocks, batch_size, offset, power):
    counters, k = phi.copy(), 0
    for block in blocks:
        mass = sum(x for document in documents for w, x in document if w in block)
        counters[list(block)] *= mass / phi.shape[1]
    for iteration in range(n_iter):
        for start in range(0, len(documents), batch_size):
            part = documents[start : start + batch_size]
            step = iteration + start / len(documents)
            _, n_wt = e_step(part, phi, n_passes, theta_terms, functions, step)
            k += 1
            rho = (offset + k) ** -power
            counters = (1 - rho) * counters + rho * len(documents) / len(part) * n_wt
            phi = update(phi, counters, terms, step, blocks)
    return phi
