"""Regularizers by loops over tokens and topics, one formula a line. Slow on purpose.

Every function returns the pair (R, r) at tau = 1, with r_wt = phi_wt * dR/dphi_wt, and takes the regularised topics.
"""

import math

import numpy as np

FLOOR = 1e-16


def smooth_sparse(matrix, topics, distribution=None):
    """R = sum_w sum_t beta_w ln p_wt, r_wt = beta_w; rows of ``matrix`` are tokens."""
    n_rows, n_topics = matrix.shape
    value, term = 0.0, np.zeros((n_rows, n_topics))
    for w in range(n_rows):
        beta = 1.0 if distribution is None else distribution[w]
        for t in topics:
            value += beta * math.log(max(matrix[w, t], FLOOR))
            term[w, t] = beta
    return value, term


def smooth_sparse_theta(theta, topics, distribution=None):
    """R = sum_d sum_t alpha_t ln theta_dt, r_dt = alpha_t; ``distribution`` is over the regularised topics."""
    value, term = 0.0, np.zeros(theta.shape)
    for d in range(theta.shape[0]):
        for place, t in enumerate(topics):
            alpha = 1.0 if distribution is None else distribution[place]
            value += alpha * math.log(max(theta[d, t], FLOOR))
            term[d, t] = alpha
    return value, term


def decorrelation(phi, topics):
    """R = -1/2 sum_w sum_{t != s} phi_wt phi_ws, r_wt = -phi_wt sum_{s != t} phi_ws."""
    value, term = 0.0, np.zeros(phi.shape)
    for w in range(phi.shape[0]):
        for t in topics:
            for s in topics:
                if s != t:
                    value -= 0.5 * phi[w, t] * phi[w, s]
                    term[w, t] -= phi[w, t] * phi[w, s]
    return value, term
