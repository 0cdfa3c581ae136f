"""Logarithms of phi, which the values of priors are made of, and of likelihoods."""

import numpy as np
from numpy.typing import NDArray

from skartm.base import _interruptible as interruptible
from skartm.base._threads import worthwhile
from skartm.simplex import FLOOR


def log_sums(phi_wt: NDArray, n_threads: int) -> NDArray:
    """sum_t ln max(phi_wt, FLOOR) of every token, float64; entries are 0 or at least ``FLOOR``."""
    sums = np.empty(phi_wt.shape[0])
    n_threads = worthwhile(n_threads, 20.0 * phi_wt.size)  # some 20 operations a logarithm
    interruptible.row_logs(phi_wt, np.ones(phi_wt.shape[1], dtype=phi_wt.dtype), FLOOR, sums, n_threads)
    return sums


def perplexity_of(mean_log_likelihood: float) -> float:
    """exp(-mean log-likelihood), the largest float where that is larger."""
    return float(np.exp(min(-mean_log_likelihood, np.log(np.finfo(np.float64).max))))
