"""Posteriors: from expected counts to the parameters that the E-step uses."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import psi

from skartm._kernels import half_step
from skartm.em._protocols import Bound, PhiTerm
from skartm.em._relative import relative_scale

_BLOCK = 256  # rows a block of half_step.block_sums


def positive_sums(n_wt: NDArray, n_threads: int) -> NDArray:
    """Column sums of the positive parts, in float64; the same for any number of threads."""
    blocks = np.empty((-(-n_wt.shape[0] // _BLOCK), n_wt.shape[1]))
    half_step.block_sums(n_wt, blocks, n_threads)
    return blocks.sum(axis=0)


class MapPosterior:
    """phi = norm((n_wt + sum_i tau_i r_i)_+): all terms at the old phi and the new counters, one clip, one norm.

    A topic with nothing left is all zeros: it is dead.
    """

    def __init__(self, n_topics: int, terms: Sequence[Bound[PhiTerm]] = (), *, n_threads: int) -> None:
        self.n_topics, self.terms, self.n_threads = n_topics, tuple(terms), n_threads
        self.values: dict[str, float] = {}
        self.coefficients: dict[str, float] = {}
        self.topic_mass = np.zeros(n_topics)

    def update(self, phi_wt: NDArray, n_wt: NDArray) -> None:
        active = [bound for bound in self.terms if bound.strength.tau != 0]
        counts = self._regularized(phi_wt, n_wt, active) if active else n_wt
        self.topic_mass = positive_sums(counts, self.n_threads)[: self.n_topics]
        scale = np.zeros(phi_wt.shape[1], dtype=phi_wt.dtype)
        np.divide(1, self.topic_mass, out=scale[: self.n_topics], where=self.topic_mass > 0, casting="same_kind")
        half_step.scale_columns(counts, scale, phi_wt, self.n_threads)

    def _regularized(self, phi_wt: NDArray, n_wt: NDArray, active: Sequence[Bound[PhiTerm]]) -> NDArray:
        phi, n = phi_wt[:, : self.n_topics], n_wt[:, : self.n_topics]
        total = n_wt.copy()
        response = np.empty_like(phi)
        for bound in active:
            response[...] = 0
            bound.term.add_term(phi, n, response)
            scale = bound.strength.tau * relative_scale(n, response, bound.term.topics, bound.strength.relative)
            response *= scale.astype(phi.dtype, copy=False)
            total[:, : self.n_topics] += response
            self.coefficients[bound.name] = float(np.mean(scale[bound.term.topics]))
        return total

    def measure(self, phi_wt: NDArray, n_wt: NDArray) -> None:
        """Record the value of every regularizer at tau = 1."""
        phi, n = phi_wt[:, : self.n_topics], n_wt[:, : self.n_topics]
        for bound in self.terms:
            self.values[bound.name] = float(bound.term.value(phi, n))


class DirichletPosterior:
    """phi = exp(E[log phi]) of Dirichlet(prior + n_wt): variational LDA."""

    def __init__(self, n_topics: int, prior: float, *, n_threads: int) -> None:
        self.n_topics, self.prior, self.n_threads = n_topics, prior, n_threads

    def update(self, phi_wt: NDArray, n_wt: NDArray) -> None:
        parameters = n_wt + n_wt.dtype.type(self.prior)
        total = positive_sums(parameters, self.n_threads)[: self.n_topics]
        half_step.exp_dirichlet_columns(parameters, psi(total), phi_wt, self.n_threads)
