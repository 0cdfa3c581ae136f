"""The EM algorithm: one loop, offline and online."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm.em._batches import Batch, Batches
from skartm.em._counters import Counters
from skartm.em._e_step import e_step
from skartm.em._expectation import Seen, Shared, Sums
from skartm.em._finite import require_finite
from skartm.em._kept import Kept
from skartm.em._new_words import begin_words, tokens_with_mass
from skartm.em._padded import like_padded
from skartm.em._protocols import Mixture, Posterior
from skartm.em._strength import NO_TERMS, Terms

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
        What was ``whole`` of what is kept.
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
class Pass(Sums):
    """One pass over the documents: what the E-steps saw, with the phi they used.

    Attributes
    ----------
    seconds : float
    values, strengths : dict
        R of the terms of theta at tau = 1, and their last tau, by their names.
    """

    seconds: float = 0.0
    values: dict[str, float] = field(default_factory=dict)
    strengths: dict[str, float] = field(default_factory=dict)


class EM:
    """E-steps over batches and M-steps, with a mixture and a posterior of choice.

    Parameters
    ----------
    mixture : Mixture
        Where theta comes from.
    posterior : Posterior
        From counts to phi.
    n_topics, n_threads : int
    terms : Terms
        Those of theta and of p(t|d,w); the posterior has those of phi.
    kept : Kept
        What goes on from pass to pass beside phi.

    Attributes
    ----------
    regularized : bool
        Whether the terms act; the last passes of a fit may do without.
    """

    def __init__(
        self,
        mixture: Mixture,
        posterior: Posterior,
        n_topics: int,
        *,
        n_threads: int,
        terms: Terms = NO_TERMS,
        kept: Kept | None = None,
    ) -> None:
        self.mixture, self.posterior, self.n_topics, self.n_threads = mixture, posterior, n_topics, n_threads
        self.terms = Terms(tuple(posterior.terms), tuple(terms.theta), tuple(terms.posterior))
        self.kept = Kept() if kept is None else kept
        self.regularized = True
        self._moved: dict[str, float] = {}

    @property
    def moved(self) -> dict[str, float]:
        """The largest share of the mass that a term has moved in a pass, by its name, of those that are measured.

        Of terms of phi see :class:`MapPosterior`; of terms of theta those are measured that are the same in all
        documents.
        """
        return self._moved | self.posterior.moved

    @property
    def learned(self) -> dict[str, dict[str, Any]]:
        """What terms have learned, by their names."""
        return {bound.name: dict(bound.term.learned) for bound in self.terms.all if bound.term.learned}

    def acting(self, step: float, n_steps: int | None) -> Terms:
        """The terms with their strengths at a step."""
        return self.terms.at(step, n_steps, regularized=self.regularized)

    def settled(self, step: int, n_steps: int) -> bool:
        """Whether all strengths stay as they are until the end."""
        return self.terms.settled(step, n_steps, regularized=self.regularized)

    def shared(self, phi_wt: NDArray, acting: Terms = NO_TERMS) -> Shared:
        """What the E-steps with a phi share."""
        posterior = self.posterior
        return Shared(phi_wt, self.n_topics, acting._replace(phi=()), posterior.topic_mass, posterior.block_mass)

    def e_step(self, shared: Shared, batch: Batch) -> Seen:
        """The E-step of a batch, which changes nothing."""
        return e_step(self.mixture, shared, batch)

    def carrying(self, shared: Shared, batch: Batch) -> Batch:
        """A batch with what its E-step starts from in this pass, and what terms know of its documents."""
        rows = slice(batch.start, batch.start + batch.n_docs)
        terms = self.terms.theta if shared.acting.theta else ()
        known = {bound.name: bound.term.of_documents() for bound in terms}
        of_terms = {name: tuple(array[rows] for array in arrays) for name, arrays in known.items() if arrays}
        return batch.carrying(self.kept.of(batch), of_terms)

    def count(self, batches: Iterable[Batch], shared: Shared, stored: NDArray) -> Sums:
        """E-steps of batches: adds their counts to stored counters, keeps their theta and returns their sums."""
        sums = Sums()
        for batch in batches:
            sums += self._count(batch, shared, stored)
        return sums

    def _count(self, batch: Batch, shared: Shared, stored: NDArray) -> Sums:
        seen = self.e_step(shared, self.carrying(shared, batch))
        seen.counts.add_to(stored, shared.phi_wt, self.n_threads)
        self.kept.keep(batch, seen.theta_dt)
        return seen.sums

    def offline_pass(self, batches: Batches, state: State, step: float = 0.0, n_steps: int | None = None) -> Pass:
        """All E-steps with one phi, then one M-step."""
        started, new, acting = time.perf_counter(), replace(state), self.acting(step, n_steps)
        begun = self._begin_all(batches, new)
        new.counters.clear()
        shared = self._prepared(self.shared(new.phi_wt, acting), batches)
        sums = self.count(batches, shared, new.counters.stored)
        new.counters.changed()
        new.seen = _with_evidence(new, begun)
        phi_wt = state.spare if state.spare is not None else like_padded(state.phi_wt)
        self.posterior.update(new.phi_wt, new.counters, phi_wt, acting.phi)
        new.phi_wt, new.spare = phi_wt, state.phi_wt
        new.n_updates, new.n_samples = state.n_updates + 1, batches.n_samples
        return self._end(sums, acting, 1.0, batches, state, new, started)

    def _prepared(self, shared: Shared, batches: Batches, batch: Batch | None = None) -> Shared:
        """The same with the parameters that documents share.

        Terms of theta act on these, if there are any, and not on the theta of documents.
        """
        parameters = self.kept.prepare(batches, shared, batch)
        if parameters is None:
            theta = tuple(replace(bound, term=bound.term.without_documents()) for bound in shared.acting.theta)
            return replace(shared, acting=shared.acting._replace(theta=theta))
        return replace(shared, parameters=parameters, acting=shared.acting._replace(theta=()))

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
        started, sums, done, current, acting = time.perf_counter(), Sums(), 0.0, True, self.acting(step, n_steps)
        for batch in batches:
            acting = self.acting(step + done / max(batches.n_samples, 1.0), n_steps)
            if batch.mass() > 0:  # documents without tokens say nothing, and the update would only forget
                known = max(seen, batch.n_samples)
                sums += self._online_step(batches, batch, state, acting, decay, known, current=current)
                current = False
            done += batch.n_samples
        if self.posterior.local:  # the others are up to date, and a second M-step would apply the terms twice
            self.posterior.update(state.phi_wt, state.counters, state.phi_wt, acting.phi)
        rho = 1.0 if whole else decay.rho(max(state.n_updates, 1))
        return self._end(sums, acting, rho, batches, state, replace(state), started)

    def _online_step(
        self,
        batches: Batches,
        batch: Batch,
        state: State,
        acting: Terms,
        decay: Decay,
        seen: float,
        *,
        current: bool,
    ) -> Sums:
        """n_wt <- (1 - rho) n_wt + rho * total / batch * (counts of the batch), and the phi that belongs to it.

        ``current`` says that phi is up to date, as at the beginning of a pass: it may be one that terms did not make.
        """
        counters, tokens = state.counters, batch.token_index().tokens
        total, rho = decay.total(seen), decay.rho(state.n_updates + 1)
        if self.posterior.local and not current:  # brought up to date where this batch reads it
            self.posterior.refresh(state.phi_wt, counters, tokens, acting.phi)
        begun = self._begin(batch, tokens, state)
        if not _any_row(state.phi_wt, tokens):  # no word of the batch has a topic: it would only forget
            return Sums(0.0, batch.mass(), batch.mass(), 0, batch.n_docs, batch.n_samples)
        shared = self._prepared(self.shared(state.phi_wt, acting), batches, batch)
        counters.fade((1 - rho) * (total / state.n_samples if state.n_samples > 0 else 1.0))
        with counters.watch(tokens):
            scale = rho * total / (batch.n_samples * counters.factor)
            sums = self._count(batch, replace(shared, scale=scale, in_phi=False), counters.stored)
        state.seen = _with_evidence(state, begun)
        state.n_samples = total
        state.n_updates += 1
        if not self.posterior.local:
            self.posterior.update(state.phi_wt, counters, state.phi_wt, acting.phi)
        return sums

    def _begin(self, batch: Batch, tokens: NDArray, state: State) -> NDArray:
        """Begin the words of a batch that occur for the first time; returns which they are."""
        if state.seen is None:
            return _NO_TOKENS
        new = tokens[~state.seen[tokens]]
        if new.size:
            new = tokens_with_mass(batch, new)
            begin_words(state.phi_wt, new, state.counters, self.n_topics)
        return new

    def _end(
        self, sums: Sums, acting: Terms, rho: float, batches: Batches, state: State, new: State, started: float
    ) -> Pass:
        """End a pass: what was learned, and the state that is whole from now on."""
        statistics = sums.statistics | self.kept.end_pass(batches.n_docs, acting)
        values = {
            bound.name: bound.term.finish(statistics[bound.name], rho) if bound.name in statistics else 0.0
            for bound in acting.theta
        }
        for name, value in values.items():
            require_finite(value, name, "value")
        for bound in acting.theta:
            constant = bound.term.constant() if bound.tau != 0 and sums.mass > 0 else None
            if constant is not None:
                share = abs(bound.tau) * float(np.abs(constant).sum()) * sums.n_samples / sums.mass
                self._moved[bound.name] = max(share, self._moved.get(bound.name, 0.0))
        new.block_mass, new.learned, new.shared = self.posterior.block_mass, self.learned, self.kept.whole
        new.priors = {bound.name: bound.term.prior for bound in self.terms.all if bound.term.prior is not None}
        strengths = {bound.name: bound.tau for bound in acting.theta}
        result = Pass(**vars(replace(sums, statistics={})), values=values, strengths=strengths)
        result.seconds = time.perf_counter() - started
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
