"""The EM algorithm: one loop, offline and online."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from skartm.base import _interruptible as interruptible
from skartm.em._batches import Batch, Batches
from skartm.em._counters import Counters
from skartm.em._finite import require_finite
from skartm.em._new_words import begin_words, tokens_with_mass
from skartm.em._padded import like_padded, n_zeros, padded_zeros
from skartm.em._protocols import Expectation, Mixture, MovingMixture, Posterior, SharedMixture
from skartm.em._terms import Documents
from skartm.em._threads import worthwhile
from skartm.simplex import FLOOR

_NO_TOKENS = np.empty(0, dtype=np.int32)


@dataclass
class State:
    """What the loop changes: all of it belongs together, also after an interruption.

    A pass works on a copy, and ``become`` replaces everything at its end. Offline, phi of the pass before stays as it
    is until then. Online, phi and the counters change from batch to batch, so that only the end of a pass is whole.

    Attributes
    ----------
    phi_wt : array of shape (n_tokens, width)
        Parameters that the E-step uses, padded.
    counters : Counters
        Expected counts n_wt, on the scale of ``n_samples`` documents; those of a pass that goes on are not whole.
    n_samples : float
        Documents (or their weights) that the counters stand for; 0 if the first update shall not rescale them.
    n_updates : int
        M-steps so far.
    seen : array of bool of shape (n_tokens,) or None
        Words with evidence so far: others begin when they occur (see ``begin_words``). None begins no words.
    block_mass : array of shape (n_modalities, n_topics) or None
        Column sums that phi was divided by; None before the first pass.
    learned : dict of dicts
        What terms have learned, by their names.
    priors : dict of arrays
        Terms that are priors, by their names.
    shared : object
        What a :class:`SharedMixture` has learned.
    spare : array or None
        Where the next phi is written.
    """

    phi_wt: NDArray
    counters: Counters
    n_samples: float = 0.0
    n_updates: int = 0
    seen: NDArray | None = None
    block_mass: NDArray | None = None
    learned: dict[str, dict[str, Any]] = field(default_factory=dict)
    priors: dict[str, NDArray] = field(default_factory=dict)
    shared: Any = None
    spare: NDArray | None = None

    def become(self, other: "State") -> None:
        """Take over all of another state: one call of C, so that no signal comes in between."""
        vars(self).update(vars(other))


@dataclass(frozen=True)
class Decay:
    """Online learning: the counts of update k get weight rho_k = (offset + k) ** -power, k = 1, 2, ...

    The counts of a batch are scaled to ``total_samples`` documents first (Hoffman, Blei, Bach 2010), so that ``n_wt``
    has the mass of the whole corpus at every step and a tau means the same online and offline. None scales to the
    documents seen so far, at least those of the present call.
    """

    offset: float
    power: float
    total_samples: float | None = None

    def rho(self, update: int) -> float:
        return (self.offset + update) ** -self.power

    def total(self, seen: float) -> float:
        return seen if self.total_samples is None else float(self.total_samples)


@dataclass
class Pass:
    """One pass over the documents: what the E-steps saw, with the phi they used."""

    log_likelihood: float = 0.0
    mass: float = 0.0
    left_out: float = 0.0
    theta_zeros: int = 0
    n_docs: int = 0
    n_samples: float = 0.0
    statistics: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    started: float = field(default_factory=time.perf_counter)

    @property
    def mean_log_likelihood(self) -> float:
        """Per token; tokens without probability are charged ``FLOOR``."""
        if self.mass == 0:
            return 0.0
        return (self.log_likelihood + self.left_out * float(np.log(FLOOR))) / self.mass

    def observe(self, name: str, statistic: Any) -> None:
        """Add the statistic of a term to those of other batches."""
        if statistic is None:
            msg = (
                f"The term of the regularizer {name!r} must return a statistic from observe, a value that adds up over "
                "batches. Got None; return what was kept in attributes, and read the sum in finish(statistic, rho)."
            )
            raise TypeError(msg)
        known = self.statistics.get(name)
        self.statistics[name] = statistic if known is None else known + statistic


class EM:
    """E-steps over batches and M-steps, with a mixture and a posterior of choice.

    Parameters
    ----------
    mixture : Mixture
        Where theta comes from.
    posterior : Posterior
        From counts to phi.

    Attributes
    ----------
    regularized : bool
        Whether the terms act; the last passes of a fit may do without.
    """

    def __init__(self, mixture: Mixture, posterior: Posterior, n_topics: int, *, n_threads: int) -> None:
        self.mixture, self.posterior, self.n_topics = mixture, posterior, n_topics
        self.theta_terms, self.n_threads = tuple(mixture.theta_terms), n_threads
        self.terms = (*mixture.terms, *posterior.terms)
        self.shared = cast(SharedMixture, mixture) if hasattr(mixture, "prepare") else None
        self.moving = cast(MovingMixture, mixture) if hasattr(mixture, "end_pass") else None
        self.theta_values: dict[str, float] = {}
        self.regularized = True

    @property
    def learned(self) -> dict[str, dict[str, Any]]:
        """What terms have learned, by their names."""
        found = {bound.name: dict(getattr(bound.term, "learned", {})) for bound in self.terms}
        return {name: learned for name, learned in found.items() if learned}

    def advance(self, step: float, n_steps: int | None) -> None:
        """Set the strengths of all terms to those of a step."""
        for bound in self.terms:
            bound.advance(step, n_steps, regularized=self.regularized)

    def settled(self, step: int, n_steps: int) -> bool:
        """Whether all strengths stay as they are until the end."""
        return all(bound.settled(step, n_steps) for bound in self.terms)

    def e_step(self, batch: Batch, state: State, result: Pass, *, keep: bool, scale: float = 1.0) -> None:
        """Add ``scale`` times the counts of a batch to the stored counters, and its likelihood to ``result``.

        Both are functions of the batch, of phi and of the beginning of the pass: the E-steps of a pass may be made in
        any order.
        """
        expectation = self.mixture.expect(batch, state.phi_wt)
        theta, totals = expectation.theta_dt, expectation.totals
        if batch.sample_weight is not None:
            totals = totals * batch.sample_weight[:, None]
        self._accumulate(batch, state, expectation, scale, keep=keep)
        result.log_likelihood += float(totals[:, 0].sum())
        result.left_out += float(totals[:, 1].sum())
        result.mass += batch.mass()
        result.n_docs += batch.n_docs
        result.n_samples += batch.n_samples
        result.theta_zeros += n_zeros(theta, self.n_topics)
        if self.theta_terms and self.shared is None:
            documents = Documents(batch.start, batch.doc_mass, batch.sample_weight)
            for bound in self.theta_terms:
                result.observe(bound.name, bound.term.observe(theta[:, : self.n_topics], documents))

    def _accumulate(self, batch: Batch, state: State, expectation: Expectation, scale: float, *, keep: bool) -> None:
        if expectation.add_to is not None:
            expectation.add_to(state.counters.stored, scale)
            return
        index = batch.token_index(keep=keep)
        if expectation.n_wt is not None:
            state.counters.stored[index.tokens] += state.phi_wt.dtype.type(scale) * expectation.n_wt
            return
        theta, ratio = expectation.theta_dt, expectation.ratio
        if batch.sample_weight is not None:
            ratio *= np.repeat(batch.sample_weight, batch.row_lengths).astype(ratio.dtype)
        if scale != 1.0:
            ratio *= ratio.dtype.type(scale)
        n_threads = worthwhile(self.n_threads, float(batch.nnz) * self.n_topics)
        interruptible.accumulate(
            index.tokens, index.starts, index.docs, index.order, ratio, theta, state.phi_wt, state.counters.stored,
            padded_zeros(n_threads, self.n_topics, theta.dtype), n_threads,
        )  # fmt: skip

    def offline_pass(self, batches: Batches, state: State, step: float = 0.0, n_steps: int | None = None) -> Pass:
        """All E-steps with one phi, then one M-step."""
        result, new = Pass(), replace(state)
        self.advance(step, n_steps)
        begun = self._begin_all(batches, new)
        new.counters.clear()
        if self.shared is not None:
            self.shared.prepare(batches, new.phi_wt)
        for batch in batches:
            self.e_step(batch, new, result, keep=batches.keep)
        new.counters.changed()
        new.seen = _with_evidence(new, begun)
        phi_wt = state.spare if state.spare is not None else like_padded(state.phi_wt)
        self.posterior.update(new.phi_wt, new.counters, phi_wt)
        new.phi_wt, new.spare = phi_wt, state.phi_wt
        new.n_updates, new.n_samples = state.n_updates + 1, batches.n_samples
        return self._end(result, 1.0, batches, state, new)

    def _begin_all(self, batches: Batches, state: State) -> NDArray:
        """Begin the words that occur for the first time, in a copy of phi; returns which they are."""
        if state.seen is None or state.seen.all():
            return _NO_TOKENS
        new = np.flatnonzero(batches.with_mass & ~state.seen).astype(np.int32)
        if not state.phi_wt[new].any(axis=1).all():
            before, state.phi_wt = state.phi_wt, like_padded(state.phi_wt)
            state.phi_wt[...] = before
            begin_words(state.phi_wt, new, state.counters, self.n_topics)
        return new

    def online_pass(
        self,
        batches: Batches,
        state: State,
        decay: Decay,
        seen: float,
        step: float = 0.0,
        n_steps: int | None = None,
        *,
        whole: bool = True,
    ) -> Pass:
        """An M-step after every batch.

        ``seen`` is the number of documents known when the pass begins; ``whole`` says that these are all documents, so
        that what theta terms learn need not remember others.
        """
        result, done, current = Pass(), 0.0, True
        for batch in batches:
            self.advance(step + done / max(batches.n_samples, 1.0), n_steps)
            if batch.mass() > 0:  # documents without tokens say nothing, and the update would only forget
                self._online_step(batches, batch, state, result, decay, max(seen, batch.n_samples), current=current)
                current = False
            done += batch.n_samples
        if self.posterior.local:  # the others are up to date, and a second M-step would apply the terms twice
            self.posterior.update(state.phi_wt, state.counters, state.phi_wt)
        return self._end(result, 1.0 if whole else decay.rho(max(state.n_updates, 1)), batches, state, replace(state))

    def _online_step(
        self,
        batches: Batches,
        batch: Batch,
        state: State,
        result: Pass,
        decay: Decay,
        seen: float,
        *,
        current: bool,
    ) -> None:
        """n_wt <- (1 - rho) n_wt + rho * total / batch * (counts of the batch), and the phi that belongs to it.

        ``current`` says that phi is up to date, as at the beginning of a pass: it may be one that terms did not make.
        """
        counters, tokens = state.counters, batch.token_index(keep=True).tokens
        total, rho = decay.total(seen), decay.rho(state.n_updates + 1)
        if self.posterior.local and not current:  # brought up to date where this batch reads it
            self.posterior.refresh(state.phi_wt, counters, tokens)
        begun = self._begin(batch, tokens, state)
        if not _any_row(state.phi_wt, tokens):  # no word of the batch has a topic: it would only forget
            result.mass, result.left_out = result.mass + batch.mass(), result.left_out + batch.mass()
            result.n_docs, result.n_samples = result.n_docs + batch.n_docs, result.n_samples + batch.n_samples
            return
        if self.shared is not None:
            self.shared.prepare(batches, state.phi_wt, batch)
        counters.fade((1 - rho) * (total / state.n_samples if state.n_samples > 0 else 1.0))
        with counters.watch(tokens):
            scale = rho * total / (batch.n_samples * counters.factor)
            self.e_step(batch, state, result, keep=batches.keep, scale=scale)
        state.seen = _with_evidence(state, begun)
        state.n_samples = total
        state.n_updates += 1
        if not self.posterior.local:
            self.posterior.update(state.phi_wt, counters, state.phi_wt)

    def _begin(self, batch: Batch, tokens: NDArray, state: State) -> NDArray:
        """Begin the words of a batch that occur for the first time; returns which they are."""
        if state.seen is None:
            return _NO_TOKENS
        new = tokens[~state.seen[tokens]]
        if new.size:
            new = tokens_with_mass(batch, new)
            begin_words(state.phi_wt, new, state.counters, self.n_topics)
        return new

    def _end(self, result: Pass, rho: float, batches: Batches, state: State, new: State) -> Pass:
        """End a pass: what was learned, and the state that is whole from now on."""
        if self.moving is not None:
            self.moving.end_pass(batches.n_docs)
        if self.shared is not None:
            for name, statistic in self.shared.observe().items():
                result.observe(name, statistic)
        seen = result.statistics
        self.theta_values = {
            bound.name: bound.term.finish(seen[bound.name], rho) if bound.name in seen else 0.0
            for bound in self.theta_terms
        }
        for name, value in self.theta_values.items():
            require_finite(value, name, "value")
        new.block_mass, new.learned = self.posterior.block_mass, self.learned
        new.priors = {bound.name: bound.term.prior for bound in self.terms if hasattr(bound.term, "prior")}
        new.shared = None if self.shared is None else self.shared.whole
        result.seconds = time.perf_counter() - result.started
        state.become(new)
        return result


def _with_evidence(state: State, begun: NDArray) -> NDArray | None:
    """Words with evidence so far, after an E-step in which some have begun.

    A word of which all occurrences are impossible, by the words that share an edge with it, got no counts: it begins
    again when it occurs again.
    """
    if state.seen is None or begun.size == 0:
        return state.seen
    seen = state.seen.copy()
    seen[begun] = state.counters.stored[begun].any(axis=1)
    return seen


def _any_row(phi_wt: NDArray, tokens: NDArray) -> bool:
    """Whether some of the words have a topic; the first one nearly always has."""
    return any(phi_wt[token].any() for token in tokens)


def passes(engine: EM, batches: Batches, state: State, *, max_iter: int, decay: Decay | None) -> Iterator[Pass]:
    """Up to ``max_iter`` passes; after every one phi, the counters and the result belong together.

    ``decay=None`` is offline.
    """
    for step in range(max_iter):
        if decay is None:
            yield engine.offline_pass(batches, state, step, max_iter)
        else:
            yield engine.online_pass(batches, state, decay, batches.n_samples, step, max_iter)
