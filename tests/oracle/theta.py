"""Theta regularizers by loops over documents and topics. Slow on purpose; R and r at tau = 1."""

import math

import numpy as np

FLOOR = 1e-16


def smooth_sparse(theta, topics, *, alpha=None, multipliers=None, passes=None, inner_pass=0, power=None):
    """R = sum alpha m ln theta or alpha m theta^q; r = alpha m or q alpha m theta^q, times that of the pass."""
    value, term = 0.0, np.zeros(theta.shape)
    for d in range(theta.shape[0]):
        for place, t in enumerate(topics):
            strength = 1.0 if alpha is None else alpha[place]
            if multipliers is not None:
                strength *= multipliers[d] if np.ndim(multipliers) == 1 else multipliers[d][place]
            x = max(theta[d, t], FLOOR)
            last = 1.0 if passes is None else passes[-1]
            now = 1.0 if passes is None else passes[min(inner_pass, len(passes) - 1)]
            value += last * strength * (math.log(x) if power is None else x**power)
            term[d, t] = now * strength * (1.0 if power is None else power * theta[d, t] ** power)
    return value, term


def topic_selection(theta, topics, mass, weights):
    """R = -n/|S| sum ln (n_t / n), r = -n / (|S| n_t) n_d theta_dt, of topics that are not dead."""
    value, term = 0.0, np.zeros(theta.shape)
    n_t = {t: sum(weights[d] * mass[d] * theta[d, t] for d in range(theta.shape[0])) for t in topics}
    n = sum(n_t.values())
    for t in topics:
        value -= n / len(topics) * math.log(max(n_t[t] / n, FLOOR))
        for d in range(theta.shape[0]):
            if n_t[t] > 0:
                term[d, t] = -n / (len(topics) * n_t[t]) * mass[d] * theta[d, t]
    return value, term


def links(theta, topics, matrix, weights):
    """R = sum_dc w_d w_c n_dc <theta_d, theta_c>, r_dt = theta_dt sum_c (n_dc + n_cd) w_c theta_ct."""
    value, term = 0.0, np.zeros(theta.shape)
    for d in range(theta.shape[0]):
        for c in range(theta.shape[0]):
            for t in topics:
                value += weights[d] * weights[c] * matrix[d][c] * theta[d, t] * theta[c, t]
                term[d, t] += theta[d, t] * (matrix[d][c] + matrix[c][d]) * weights[c] * theta[c, t]
    return value, term


def regression(theta, y, coef, intercept, weights):
    """R = -sum_d w_d |y_d - b - v theta_d|^2, r_dt = 2 theta_dt v_t (y_d - b - v theta_d)."""
    value, term = 0.0, np.zeros(theta.shape)
    for d in range(theta.shape[0]):
        for k in range(y.shape[1]):
            residual = y[d, k] - intercept[k] - sum(coef[t, k] * theta[d, t] for t in range(theta.shape[1]))
            value -= weights[d] * residual**2
            for t in range(theta.shape[1]):
                term[d, t] += 2 * theta[d, t] * coef[t, k] * residual
    return value, term


def classification(theta, codes, coef, intercept, weights):
    """R = sum_d w_d ln p(y_d), r_dt = theta_dt sum_k ([y_d = k] - p_k) v_tk."""
    value, term = 0.0, np.zeros(theta.shape)
    n_topics, n_classes = coef.shape
    for d in range(theta.shape[0]):
        scores = [
            math.exp(intercept[k] + sum(coef[t, k] * theta[d, t] for t in range(n_topics))) for k in range(n_classes)
        ]
        p = [score / sum(scores) for score in scores]
        value += weights[d] * math.log(p[codes[d]])
        for t in range(n_topics):
            term[d, t] = theta[d, t] * sum(((codes[d] == k) - p[k]) * coef[t, k] for k in range(n_classes))
    return value, term
