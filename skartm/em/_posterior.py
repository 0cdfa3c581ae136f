"""Posteriors: from expected counts to the parameters that the E-step uses."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import psi

from skartm._kernels import half_step
from skartm.em._counters import Counters, column_sums
from skartm.em._protocols import Bound, PhiTerm
from skartm.em._relative import relative_scale
from skartm.em._threads import worthwhile
from skartm.simplex import FLOOR


class MapPosterior:
    """phi = norm((n_wt + sum_i tau_i r_i)_+): all terms at the old phi and the new counters, one clip, one norm.

    A topic with nothing left is all zeros: it is dead.

    Attributes
    ----------
    local : bool
        Whether a row of phi needs no more than its own counters and the column sums: without active terms.
    topic_mass : array of shape (n_topics,)
        Column sums after regularization.
    values, coefficients : dict
        Of every regularizer: the value at tau = 1 (see ``measure``), and the factor of its last term.
    """

    def __init__(self, n_topics: int, terms: Sequence[Bound[PhiTerm]] = (), *, n_threads: int) -> None:
        self.n_topics, self.terms, self.n_threads = n_topics, tuple(terms), n_threads
        self.active = [bound for bound in self.terms if bound.strength.tau != 0]
        self.local = not self.active
        self.values: dict[str, float] = {}
        self.coefficients = {bound.name: 0.0 for bound in self.terms}
        self.topic_mass = np.zeros(n_topics)

    def update(self, phi_wt: NDArray, counters: Counters) -> None:
        """All of phi."""
        if self.local:
            self.refresh(phi_wt, counters, counters.everything)
        else:
            counts = self._regularized(phi_wt, counters.fold())
            sums = column_sums(counts, counters.everything, 0.0, self.n_threads)
            self._normalise(counts, sums, counters.everything, phi_wt)

    def refresh(self, phi_wt: NDArray, counters: Counters, tokens: NDArray) -> None:
        """Rows ``tokens`` of phi; only if ``local``."""
        self._normalise(counters.stored, counters.sums / counters.factor, tokens, phi_wt)
        self.topic_mass = counters.sums[: self.n_topics]

    def _normalise(self, counts: NDArray, sums: NDArray, tokens: NDArray, phi_wt: NDArray) -> None:
        self.topic_mass = sums[: self.n_topics]
        scale = np.zeros(phi_wt.shape[1], dtype=phi_wt.dtype)
        np.divide(1, self.topic_mass, out=scale[: self.n_topics], where=self.topic_mass > 0, casting="same_kind")
        n_threads = worthwhile(self.n_threads, float(tokens.size) * phi_wt.shape[1])
        half_step.scale_columns(counts, tokens, scale, FLOOR, phi_wt, n_threads)

    def _regularized(self, phi_wt: NDArray, n_wt: NDArray) -> NDArray:
        phi, n = phi_wt[:, : self.n_topics], n_wt[:, : self.n_topics]
        total = n_wt.copy()
        response = np.empty_like(phi)
        for bound in self.active:
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

    local = True

    def __init__(self, n_topics: int, prior: float, dtype: np.dtype, *, n_threads: int) -> None:
        self.n_topics, self.prior, self.n_threads = n_topics, prior, n_threads
        self.topic_mass = np.zeros(n_topics)
        self.values: dict[str, float] = {}
        self.coefficients: dict[str, float] = {}
        self.dtype = dtype

    def measure(self, phi_wt: NDArray, n_wt: NDArray) -> None:
        """There are no regularizers."""

    def update(self, phi_wt: NDArray, counters: Counters) -> None:
        """All of phi."""
        self.refresh(phi_wt, counters, counters.everything)

    def refresh(self, phi_wt: NDArray, counters: Counters, tokens: NDArray) -> None:
        """Rows ``tokens`` of phi."""
        self.topic_mass = counters.sums[: self.n_topics]
        total = self.topic_mass + counters.everything.size * self.prior
        self.from_parameters(counters.stored, tokens, counters.factor, total, phi_wt)

    def from_parameters(
        self,
        stored: NDArray,
        tokens: NDArray,
        factor: float,
        total: NDArray,
        phi_wt: NDArray,
        prior: float | None = None,
    ) -> None:
        """exp(psi(factor * stored + prior) - psi(total)) in the rows ``tokens``."""
        scale = np.zeros(phi_wt.shape[1], dtype=self.dtype)
        scale[: self.n_topics] = np.exp(-psi(total))
        n_threads = worthwhile(self.n_threads, 30.0 * tokens.size * phi_wt.shape[1])  # some 30 operations a digamma
        scratch = np.empty((n_threads, 2 * phi_wt.shape[1]), dtype=self.dtype)
        shift = self.prior if prior is None else prior
        half_step.exp_dirichlet_columns(stored, tokens, factor, shift, scale, phi_wt, scratch, n_threads)
