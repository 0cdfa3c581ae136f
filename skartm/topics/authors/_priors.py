"""Priors of authors and topics: smoothing of psi and phi, given or learned."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import psi as digamma

from skartm.base import shown
from skartm.em import Documents, Layout, PhiTerm, RowStatistic, ThetaTerm, log_sums
from skartm.simplex import FLOOR

_WORDS = "'document', 'asymmetric', 'auto'"
_LEAST = 1e-8  # of a learned prior: digamma of zero is infinite


def minka_step(prior: NDArray, counts: NDArray) -> NDArray:
    r"""One step of the fixed point of the Dirichlet-multinomial likelihood (Minka 2000, equation 55).

    .. math:: \alpha_k \leftarrow \alpha_k \frac{\sum_i \psi(n_{ik} + \alpha_k) - \psi(\alpha_k)}
              {\sum_i \psi(n_i + A) - \psi(A)}, \qquad A = \sum_k \alpha_k

    Parameters
    ----------
    prior : array of shape (n_cells,)
    counts : array of shape (n_rows, n_cells), non-negative, float64

    Returns
    -------
    array of shape (n_cells,)
    """
    total = prior.sum()
    above = (digamma(counts + prior) - digamma(prior)).sum(axis=0)
    below = (digamma(counts.sum(axis=1) + total) - digamma(total)).sum()
    return np.maximum(prior * above / below, _LEAST) if below > 0 else prior


class AuthorPrior(ThetaTerm):
    """alpha_t, added to the counts of every author: R = sum_c sum_t alpha_t ln psi_tc.

    Learned, it is brought up to date at the end of each pass. ``n_docs`` is the number of documents whose mean length
    it is, if it is that.
    """

    _STEPS = 3  # of the fixed point, a pass
    prior: NDArray

    def __init__(self, prior: NDArray, *, learned: bool, n_docs: float = 0.0) -> None:
        self.prior, self.is_learned, self.n_docs = prior, learned, n_docs
        self.topics = np.arange(prior.size)

    def constant(self) -> NDArray:
        return self.prior

    def value(self, theta_dt: NDArray, documents: Documents) -> float:
        filled = np.maximum(theta_dt[documents.mass > 0], theta_dt.dtype.type(FLOOR))
        return float(np.log(filled).sum(axis=0, dtype=np.float64) @ self.prior)

    def observe(self, theta_dt: NDArray, documents: Documents) -> RowStatistic:
        return RowStatistic.of(documents, theta_dt.copy(), documents.mass)

    def finish(self, statistic: RowStatistic, rho: float) -> float:
        _, theta, mass = statistic.arrays
        value, filled = self.value(theta, Documents(0, mass)), mass > 0
        if self.is_learned and filled.any():
            # psi = (n + alpha) / (n_c + A), solved for n
            counts = np.maximum(theta[filled] * (mass[filled, None] + self.prior.sum()) - self.prior, 0)
            for _ in range(self._STEPS):
                self.prior = minka_step(self.prior, counts)
        return value


class WordPrior(PhiTerm):
    """beta_w or beta_wt, added to the counts of phi: R = sum_t sum_w beta_wt ln phi_wt.

    Learned, it is brought up to date at each M-step, for each modality by itself.
    """

    prior: NDArray

    def __init__(
        self, prior: NDArray, blocks: Sequence[NDArray], n_topics: int, *, learned: bool, n_threads: int = 1
    ) -> None:
        self.prior, self.blocks, self.is_learned = prior, blocks, learned  # (n_tokens, 1 or n_topics)
        self.topics, self.n_threads = np.arange(n_topics), n_threads

    def constant(self) -> NDArray | None:
        return None if self.is_learned or self.prior.shape[1] > 1 else self.prior[:, 0]

    def value(self, phi_wt: NDArray, n_wt: NDArray) -> float:
        if self.prior.shape[1] == 1:
            return float((self.prior[:, 0] * log_sums(phi_wt, self.n_threads)).sum())
        return float((self.prior * np.log(np.maximum(phi_wt, FLOOR))).sum())

    def add_term(self, phi_wt: NDArray, n_wt: NDArray, out: NDArray) -> None:
        out += self.prior.astype(out.dtype)

    def learn(self, phi_wt: NDArray, n_wt: NDArray) -> None:
        if not self.is_learned:
            return
        prior = self.prior.copy()
        for tokens in self.blocks:
            counts = np.ascontiguousarray(np.maximum(n_wt[tokens], 0).T, dtype=np.float64)
            prior[tokens, 0] = minka_step(self.prior[tokens, 0], counts[counts.any(axis=1)])
        self.prior = prior


def author_prior(
    given: Any, n_topics: int, owner: str, before: NDArray | None, documents: tuple[float, float] = (0.0, 0.0)
) -> AuthorPrior | None:
    """The term of ``author_topic_prior``.

    ``before`` is the prior that a model had so far; ``documents`` are tokens and documents, none of which keep it.
    """
    if given is None:
        return None
    if isinstance(given, str):
        if given == "document":
            tokens, n_docs = documents
            if n_docs > 0 or before is None:
                before = np.full(n_topics, tokens / (n_docs or 1.0) / n_topics)
            return AuthorPrior(before, learned=False, n_docs=n_docs)
        if given == "auto":
            return AuthorPrior(_start_of(before, n_topics, n_topics), learned=True)
        if given == "asymmetric":
            shares = 1 / (np.arange(n_topics) + np.sqrt(n_topics))
            return AuthorPrior(shares / shares.sum(), learned=False)
        _fail("author_topic_prior", owner, _WORDS, [(n_topics,)], given)
    prior = _numbers("author_topic_prior", owner, _WORDS, [(), (n_topics,)], given)
    return AuthorPrior(np.broadcast_to(prior, (n_topics,)).copy(), learned=False)


def word_prior(given: Any, layout: Layout, owner: str, before: NDArray | None, n_threads: int) -> WordPrior | None:
    """The term of ``topic_word_prior``."""
    n_topics, n_tokens = layout.n_topics, layout.n_tokens
    if given is None:
        return None
    shapes: list[tuple[int, ...]] = [(), (n_tokens,), (n_topics, n_tokens)]
    if isinstance(given, str):
        if given != "auto":
            _fail("topic_word_prior", owner, "'auto'", shapes, given)
        start = _start_of(before, n_tokens, n_topics)
        return WordPrior(start[:, None], layout.blocks, n_topics, learned=True, n_threads=n_threads)
    prior = _numbers("topic_word_prior", owner, "'auto'", shapes, given)
    columns = prior.T if prior.ndim == 2 else np.broadcast_to(prior, (n_tokens,))[:, None]
    return WordPrior(np.ascontiguousarray(columns), layout.blocks, n_topics, learned=False, n_threads=n_threads)


def _start_of(before: NDArray | None, size: int, n_topics: int) -> NDArray:
    """Where learning begins: at the prior so far, if it is of the same kind; digamma needs it above zero."""
    if before is None or before.shape != (size,) or not before.any():
        return np.full(size, 1 / n_topics)
    return np.maximum(before, _LEAST)


def _numbers(name: str, owner: str, words: str, shapes: Sequence[tuple[int, ...]], given: Any) -> NDArray:
    try:
        prior = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        _fail(name, owner, words, shapes, given)
    if isinstance(given, bool) or prior.shape not in shapes or not np.isfinite(prior).all() or (prior < 0).any():
        _fail(name, owner, words, shapes, given)
    return prior


def _fail(name: str, owner: str, words: str, shapes: Sequence[tuple[int, ...]], given: Any) -> None:
    allowed = " or ".join("a number" if shape == () else f"an array of shape {shape}" for shape in shapes)
    msg = f"The {name!r} parameter of {owner} must be None, {words} or, finite and not negative, {allowed}. "
    raise ValueError(f"{msg}Got {shown(given)} instead.")
