"""Priors of authors and topics: smoothing of psi and phi, given or learned."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import psi as digamma

from skartm.em import Documents, Layout, PhiTerm, ThetaTerm
from skartm.simplex import FLOOR

_ROWS = 512  # looked at together: they stay in cache
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

    Learned, it is brought up to date at the end of each pass.
    """

    _STEPS = 3  # of the fixed point, a pass

    def __init__(self, prior: NDArray, *, learned: bool) -> None:
        self.prior, self.is_learned = prior, learned
        self.topics = np.arange(prior.size)

    def constant(self) -> NDArray:
        return self.prior

    def value(self, theta_dt: NDArray, documents: Documents) -> float:
        filled = theta_dt[documents.mass > 0].astype(np.float64)
        return float((np.log(np.maximum(filled, FLOOR)) @ self.prior).sum())

    def observe(self, theta_dt: NDArray, documents: Documents) -> None:
        super().observe(theta_dt, documents)
        filled = documents.mass > 0
        if not self.is_learned or not filled.any():
            return
        # psi = (n + alpha) / (n_c + A), solved for n
        smoothed = theta_dt[filled] * (documents.mass[filled, None] + self.prior.sum())
        counts = np.maximum(smoothed - self.prior, 0)
        for _ in range(self._STEPS):
            self.prior = minka_step(self.prior, counts)


class WordPrior(PhiTerm):
    """beta_w or beta_wt, added to the counts of phi: R = sum_t sum_w beta_wt ln phi_wt.

    Learned, it is brought up to date at each M-step, for each modality by itself.
    """

    def __init__(self, prior: NDArray, blocks: Sequence[NDArray], n_topics: int, *, learned: bool) -> None:
        self.prior, self.blocks, self.is_learned = prior, blocks, learned  # (n_tokens, 1 or n_topics)
        self.topics = np.arange(n_topics)

    def value(self, phi_wt: NDArray, n_wt: NDArray) -> float:
        total, floor = 0.0, phi_wt.dtype.type(FLOOR)
        for start in range(0, phi_wt.shape[0], _ROWS):
            logs = np.log(np.maximum(phi_wt[start : start + _ROWS], floor))
            prior = self.prior[start : start + _ROWS]
            if prior.shape[1] == 1:
                logs, prior = logs.sum(axis=1, dtype=np.float64), prior[:, 0]
            total += float((prior * logs).sum())
        return total

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


def author_prior(given: Any, n_topics: int, owner: str, before: NDArray | None) -> AuthorPrior | None:
    """The term of ``author_topic_prior``; ``before`` is what was learned so far."""
    if given is None:
        return None
    if isinstance(given, str):
        if given == "auto":
            return AuthorPrior(np.full(n_topics, 1 / n_topics) if before is None else before, learned=True)
        if given == "asymmetric":
            shares = 1 / (np.arange(n_topics) + np.sqrt(n_topics))
            return AuthorPrior(shares / shares.sum(), learned=False)
        _fail("author_topic_prior", owner, "'asymmetric', 'auto'", [(n_topics,)], given)
    prior = _numbers("author_topic_prior", owner, "'asymmetric', 'auto'", [(), (n_topics,)], given)
    return AuthorPrior(np.broadcast_to(prior, (n_topics,)).copy(), learned=False)


def word_prior(given: Any, layout: Layout, owner: str, before: NDArray | None) -> WordPrior | None:
    """The term of ``topic_word_prior``."""
    n_topics, n_tokens = layout.n_topics, layout.n_tokens
    if given is None:
        return None
    shapes: list[tuple[int, ...]] = [(), (n_tokens,), (n_topics, n_tokens)]
    if isinstance(given, str):
        if given != "auto":
            _fail("topic_word_prior", owner, "'auto'", shapes, given)
        start = np.full(n_tokens, 1 / n_topics) if before is None else before
        return WordPrior(start[:, None], layout.blocks, n_topics, learned=True)
    prior = _numbers("topic_word_prior", owner, "'auto'", shapes, given)
    columns = prior.T if prior.ndim == 2 else np.broadcast_to(prior, (n_tokens,))[:, None]
    return WordPrior(np.ascontiguousarray(columns), layout.blocks, n_topics, learned=False)


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
    raise ValueError(f"{msg}Got {given!r} instead.")
