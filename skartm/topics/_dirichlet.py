"""Expectations of Dirichlet distributions: what the bound of variational LDA is made of."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, psi


def expected_log(parameters: NDArray) -> NDArray:
    """E[ln x] for x ~ Dirichlet(row of parameters), in float64."""
    rows = np.asarray(parameters, dtype=np.float64)
    return psi(rows) - psi(rows.sum(axis=1))[:, None]


def dirichlet_bound(prior: float, parameters: NDArray) -> NDArray:
    """E[ln p(x)] - E[ln q(x)] for x ~ q = Dirichlet(row of parameters), p = symmetric Dirichlet(prior); one a row.

    Entries that have nothing but the prior, most of them, contribute nothing and are passed over.
    """
    rows = np.asarray(parameters, dtype=np.float64)
    total = rows.sum(axis=1)
    d, t = np.nonzero(rows != prior)
    values = rows[d, t]
    terms = (prior - values) * (psi(values) - psi(total)[d]) + gammaln(values) - gammaln(prior)
    value = np.bincount(d, weights=terms, minlength=rows.shape[0])
    return value + gammaln(prior * rows.shape[1]) - gammaln(total)
