"""Posteriors: from expected counts to the parameters that the E-step uses."""

from collections.abc import Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy.special import psi

from skartm.base import _interruptible as interruptible
from skartm.base._threads import worthwhile
from skartm.em._counters import Counters, column_sums
from skartm.em._finite import require_finite
from skartm.em._relative import scale_of_masses
from skartm.em._strength import Acting, Bound
from skartm.em._terms import PhiTerm
from skartm.simplex import FLOOR

WEAK = 1e-4  # share of the mass; a term that moves less changes no topic that anybody would see
_ROWS = 512  # of a block of a term
_OVERFLOW = "term of phi (weaken tau if it overflows)"


class MapPosterior:
    """phi = norm((n_wt + sum_i tau_i r_i)_+): all terms at the old phi and the new counters, one clip, one norm.

    A topic with nothing left is all zeros: it is dead.

    Attributes
    ----------
    local : bool
        Whether a row of phi needs no more than its own counters and the column sums: all terms are constant then.
    block_mass : array of shape (n_modalities, n_topics)
        Column sums after regularization.
    values, coefficients : dict
        Of every regularizer: the value at tau = 1 (see ``measure``), and the factor of its last term.
    moved : dict
        Of every regularizer that has acted: the largest share of the mass of its topics that its term has moved so far.
        A share that is not weak need not be the largest.
    """

    def __init__(self, n_topics: int, terms: Sequence[Bound[PhiTerm]] = (), *, n_threads: int) -> None:
        self.n_topics, self.terms, self.n_threads = n_topics, tuple(terms), n_threads
        self.local = all(not bound.may_act or _is_constant(bound) for bound in self.terms)
        self.values: dict[str, float] = {}
        self.coefficients = {bound.name: 0.0 for bound in self.terms}
        self.moved: dict[str, float] = {}
        self.block_mass = np.zeros((1, n_topics))
        self._total = self._response = np.empty((0, 0))

    @property
    def topic_mass(self) -> NDArray:
        """Column sums after regularization, of all modalities."""
        return self.block_mass.sum(axis=0)

    def update(
        self, phi_wt: NDArray, counters: Counters, out: NDArray, acting: Sequence[Acting[PhiTerm]] = ()
    ) -> None:
        """All of phi, written to ``out``; terms see the old one, ``phi_wt``."""
        active = [bound for bound in acting if bound.tau != 0]
        self.coefficients = {bound.name: 0.0 for bound in self.terms}
        if all(_is_constant(bound) for bound in active):
            self.coefficients |= {bound.name: bound.tau for bound in active}
            for bound in active:
                constant = cast(NDArray, bound.term.constant())
                r = [[constant[tokens].sum()] * self.n_topics for tokens in counters.blocks]
                self._record_moved(bound, np.array(r), counters.block_sums[:, : self.n_topics])
            self.refresh(out, counters, counters.everything, active)
            return
        counts = self._regularized(phi_wt, counters.fold(), active, counters.blocks)
        self.block_mass = np.empty((len(counters.blocks), self.n_topics))
        for number, tokens in enumerate(counters.blocks):
            sums = column_sums(counts, tokens, 0.0, self.n_threads)
            self.block_mass[number] = sums[: self.n_topics]
            self._normalise(counts, self.block_mass[number], tokens, out)

    def refresh(
        self, phi_wt: NDArray, counters: Counters, tokens: NDArray, acting: Sequence[Acting[PhiTerm]] = ()
    ) -> None:
        """Rows ``tokens`` of phi, with constant terms alone."""
        self.block_mass = counters.block_sums[:, : self.n_topics]
        prior = _constants(acting, phi_wt.shape[0], phi_wt.dtype)
        if prior is not None:  # neither it nor the counters are negative, so that there is nothing to clip
            self.block_mass = self.block_mass + [[prior[block].sum()] for block in counters.blocks]
            prior = (prior / counters.factor).astype(phi_wt.dtype)
        for mass, part in zip(self.block_mass, counters.split(tokens), strict=True):
            self._normalise(counters.stored, mass / counters.factor, part, phi_wt, prior)

    def _normalise(
        self, counts: NDArray, mass: NDArray, tokens: NDArray, phi_wt: NDArray, prior: NDArray | None = None
    ) -> None:
        scale = np.zeros(phi_wt.shape[1], dtype=phi_wt.dtype)
        np.divide(1, mass, out=scale[: self.n_topics], where=mass > 0, casting="same_kind")
        n_threads = worthwhile(self.n_threads, float(tokens.size) * phi_wt.shape[1])
        if prior is None:
            interruptible.scale_columns(counts, tokens, scale, FLOOR, phi_wt, n_threads)
        else:
            interruptible.scale_shifted(counts, tokens, prior, scale, FLOOR, phi_wt, n_threads)

    def _regularized(
        self, phi_wt: NDArray, n_wt: NDArray, active: Sequence[Acting[PhiTerm]], blocks: Sequence[NDArray]
    ) -> NDArray:
        phi, n = phi_wt[:, : self.n_topics], n_wt[:, : self.n_topics]
        if self._total.shape != n_wt.shape:
            self._total, self._response = np.empty_like(n_wt), np.zeros_like(n_wt)
        total, response = self._total, self._response
        total[...] = n_wt
        n_t: NDArray | None = None
        for bound in active:
            response[...] = 0
            bound.term.learn(phi, n)
            bound.term.add_term(phi, n, response[:, : self.n_topics])
            measured = bound.strength.relative is not None or self.moved.get(bound.name, 0.0) < WEAK
            r_t = np.stack([self._magnitude(response, tokens) for tokens in blocks]) if measured else None
            if n_t is None and measured:
                n_t = np.stack([self._mass(n_wt, tokens) for tokens in blocks])
            scales = self._scales(bound, n_t, r_t, blocks)
            if n_t is not None and r_t is not None:
                with np.errstate(invalid="ignore"):
                    self._record_moved(bound, scales * r_t, n_t)
            for tokens, scale in zip(blocks, bound.tau * scales, strict=True):
                _add_scaled(response, tokens, scale, bound, total)
            acting = scales[:, bound.term.topics]
            self.coefficients[bound.name] = bound.tau * float(acting[acting != 0].mean()) if acting.any() else 0.0
        return total

    def _mass(self, matrix: NDArray, tokens: NDArray) -> NDArray:
        """Column sums of what is positive."""
        return column_sums(matrix, tokens, 0.0, self.n_threads)[: self.n_topics]

    def _magnitude(self, response: NDArray, tokens: NDArray) -> NDArray:
        """Column sums of absolute values."""
        both = column_sums(response, tokens, -np.inf, self.n_threads)[: self.n_topics]
        with np.errstate(invalid="ignore"):  # of a term that is not finite, which is an error
            return 2 * self._mass(response, tokens) - both

    def _scales(
        self, bound: Acting[PhiTerm], n_t: NDArray | None, r_t: NDArray | None, blocks: Sequence[NDArray]
    ) -> NDArray:
        """Factors of a term at tau = 1, of shape (n_blocks, n_topics); 0 outside of its topics."""
        scales = np.zeros((len(blocks), self.n_topics))
        if n_t is None or r_t is None or bound.strength.relative is None:
            scales[:, bound.term.topics] = 1
            return scales
        for scale, n_of_block, r_of_block, tokens in zip(scales, n_t, r_t, blocks, strict=True):
            scale[:] = scale_of_masses(n_of_block, r_of_block, bound.term.topics, bound.strength.relative)
            if bound.strength.limit is not None:
                moved = abs(bound.tau) * float(scale @ r_of_block)
                most = bound.strength.limit * tokens.size * scale[bound.term.topics].size
                scale *= min(1.0, most / moved) if moved > 0 else 1.0
        return scales

    def _record_moved(self, bound: Acting[PhiTerm], r_t: NDArray, n_t: NDArray) -> None:
        """Record which share of the mass of its topics a term moves, in the modalities on which it acts.

        A term that is zero is not weak: there is nothing that it could move, decorrelated topics for instance.
        """
        r, n = r_t[:, bound.term.topics].sum(axis=1), n_t[:, bound.term.topics].sum(axis=1)
        mass = float(n[r > 0].sum())
        if mass > 0:
            share = abs(bound.tau) * float(r.sum()) / mass
            self.moved[bound.name] = max(share, self.moved.get(bound.name, 0.0))

    def measure(self, phi_wt: NDArray, n_wt: NDArray) -> None:
        """Record the value of every regularizer at tau = 1."""
        phi, n = phi_wt[:, : self.n_topics], n_wt[:, : self.n_topics]
        for bound in self.terms:
            self.values[bound.name] = float(bound.term.value(phi, n))
            require_finite(self.values[bound.name], bound.name, "value")


def _is_constant(bound: Bound[PhiTerm]) -> bool:
    """Whether the term is the same in all passes but those without regularizers, for all topics, and not negative."""
    tau, constant = bound.strength.tau, bound.term.constant()
    if constant is None or callable(tau) or bound.strength.relative is not None:
        return False
    return tau >= 0 and bool((constant >= 0).all())


def _constants(acting: Sequence[Acting[PhiTerm]], n_tokens: int, dtype: np.dtype) -> NDArray | None:
    """The sum of the constant terms that act, of shape (n_tokens,)."""
    active = [bound for bound in acting if bound.tau != 0]
    if not active:
        return None
    total = np.zeros(n_tokens)
    for bound in active:
        term = bound.tau * cast(NDArray, bound.term.constant())
        with np.errstate(over="ignore"):  # an error
            require_finite(term.astype(dtype), bound.name, _OVERFLOW)
        total += term
    return total


def _add_scaled(response: NDArray, tokens: NDArray, scale: NDArray, bound: Acting[PhiTerm], total: NDArray) -> None:
    """Add ``scale`` times the rows ``tokens`` of a term, some rows at a time, which stay in cache."""
    topics = bound.term.topics
    if topics.size == 0:
        return
    columns = slice(int(topics[0]), int(topics[-1]) + 1)
    with np.errstate(over="ignore", invalid="ignore"):  # what follows from it is an error
        factors = scale[columns].astype(total.dtype)
        for start in range(0, tokens.size, _ROWS):
            rows = rows_of(tokens[start : start + _ROWS])
            part = response[rows, columns] * factors
            require_finite(part, bound.name, _OVERFLOW)
            total[rows, columns] += part


def rows_of(tokens: NDArray) -> slice | NDArray:
    """The same rows as a slice, which makes views, if they are consecutive."""
    if tokens.size == 0:
        return slice(0, 0)
    first, last = int(tokens[0]), int(tokens[-1])
    return slice(first, last + 1) if last - first + 1 == tokens.size else tokens


class DirichletPosterior:
    """phi = exp(E[log phi]) of Dirichlet(prior + n_wt): variational LDA."""

    local = True
    terms: Sequence[Bound[PhiTerm]] = ()

    def __init__(self, n_topics: int, prior: float, dtype: np.dtype, *, n_threads: int) -> None:
        self.n_topics, self.prior, self.n_threads = n_topics, prior, n_threads
        self.block_mass = np.zeros((1, n_topics))
        self.values: dict[str, float] = {}
        self.coefficients: dict[str, float] = {}
        self.moved: dict[str, float] = {}
        self.dtype = dtype

    @property
    def topic_mass(self) -> NDArray:
        """Tokens of the topics."""
        return self.block_mass[0]

    def measure(self, phi_wt: NDArray, n_wt: NDArray) -> None:
        """There are no regularizers."""

    def update(
        self, phi_wt: NDArray, counters: Counters, out: NDArray, acting: Sequence[Acting[PhiTerm]] = ()
    ) -> None:
        """All of phi, written to ``out``."""
        self.refresh(out, counters, counters.everything)

    def refresh(
        self, phi_wt: NDArray, counters: Counters, tokens: NDArray, acting: Sequence[Acting[PhiTerm]] = ()
    ) -> None:
        """Rows ``tokens`` of phi."""
        self.block_mass = counters.block_sums[:, : self.n_topics]
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
        # a topic that has next to nothing: its rows are zeros rather than 0 times infinity
        scale[: self.n_topics] = np.exp(np.minimum(-psi(total), np.log(np.finfo(self.dtype).max) - 1))
        n_threads = worthwhile(self.n_threads, 30.0 * tokens.size * phi_wt.shape[1])  # some 30 operations a digamma
        scratch = np.empty((n_threads, 2 * phi_wt.shape[1]), dtype=self.dtype)
        shift = self.prior if prior is None else prior
        interruptible.exp_dirichlet_columns(stored, tokens, factor, shift, scale, phi_wt, scratch, n_threads)
