"""Context mixtures: theta of every position of a text, from the tokens around it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skartm._kernels import half_step
from skartm.base import _interruptible as interruptible
from skartm.base._threads import worthwhile
from skartm.em._batches import Batch
from skartm.em._expectation import Counts, Expectation, Shared
from skartm.em._padded import padded_zeros

_TOGETHER = 2**21  # bytes of theta of positions, written by documents and read by tokens while in cache
_WHOLE = 2**31 - 1  # a window that has every document inside


@dataclass(frozen=True)
class Context:
    """What the context of a position is.

    Attributes
    ----------
    gamma : (left, right), or None
        Weights of a token in the moving averages from both sides; None takes windows.
    window : int or None
        Positions on each side of a window; None is the whole document.
    beta : float
        Weight of the left side.
    n_layers : int
    own_word : bool
        Whether a token is in its own context.
    token_gamma : array of shape (n_tokens,) or None
        Factors of ``gamma``, or weights in a window.
    """

    gamma: tuple[float, float] | None
    window: int | None = None
    beta: float = 0.5
    n_layers: int = 1
    own_word: bool = True
    token_gamma: NDArray | None = None

    @property
    def rule(self) -> tuple[float, int, int, bool]:
        """How the kernels make contexts of values."""
        return self.beta, self.reach, self.n_layers, self.own_word

    @property
    def reach(self) -> int:
        """Window as the kernel takes it; 0 is the moving average."""
        return 0 if self.gamma is not None else min(self.window or _WHOLE, _WHOLE)

    def weights(self, batch: Batch, tokens: NDArray, x: NDArray) -> tuple[NDArray, NDArray]:
        """Gammas, or weights in windows, of the positions of a batch, from the left and from the right.

        An entry of weight x counts as x tokens in a row: 1 - (1 - gamma)^x; in a window x times. Numbers that are
        ``kept`` for the positions of the batch take the place of gamma where they are not NaN.
        """
        sides = []
        plain = bool((x == 1).all())
        for side, gamma in enumerate(self.gamma or (1.0,)):
            weights = np.full(tokens.size, gamma) if self.token_gamma is None else gamma * self.token_gamma[tokens]
            if batch.kept is not None:
                given = batch.kept[:, min(side, batch.kept.shape[1] - 1)]
                weights = np.where(np.isnan(given), weights, given)
            if self.gamma is not None:
                weights = np.clip(weights, 0.0, 1.0)
                weights = weights if plain else 1 - (1 - weights) ** x.astype(np.float64)
            elif not plain:
                weights = weights * x
            sides.append(weights.astype(x.dtype))
        return sides[0], sides[-1]


class _Text:
    """A batch as the kernel reads it, cut into parts whose positions fit the cache together."""

    def __init__(self, batch: Batch, context: Context, together: int) -> None:
        first, last = int(batch.indptr[0]), int(batch.indptr[-1])
        self.indptr = (batch.indptr - first).astype(np.int64)
        self.tokens = batch.indices[first:last].astype(np.int32, copy=False)
        self.x = batch.x[first:last]
        self.left, self.right = context.weights(batch, self.tokens, self.x)
        self.parts = []
        start = 0
        while start < batch.n_docs:
            after = int(np.searchsorted(self.indptr, self.indptr[start] + together, side="right")) - 1
            self.parts.append((start, max(after, start + 1)))
            start = self.parts[-1][1]
        self.longest = int(np.diff(self.indptr).max(initial=0))
        self.most = max((int(self.indptr[stop] - self.indptr[start]) for start, stop in self.parts), default=0)


class _Transpose:
    """The positions of every token in every part: a stable sort of the index of the batch by parts."""

    def __init__(self, batch: Batch, text: _Text) -> None:
        index = batch.token_index()
        begins = np.array([text.indptr[start] for start, _ in text.parts], dtype=np.int64)
        part = (np.searchsorted(begins, index.order, side="right") - 1).astype(np.int32)
        if begins.size <= 2**16:
            part = part.astype(np.uint16)  # sorted in linear time
        by_part = np.argsort(part, kind="stable")
        part = part[by_part].astype(np.int64)
        slot = np.repeat(np.arange(index.tokens.size, dtype=np.int32), np.diff(index.starts))[by_part]
        self.places = (index.order[by_part] - begins[part]).astype(np.int32)
        new = np.flatnonzero((np.diff(part, prepend=-1) != 0) | (np.diff(slot, prepend=-1) != 0))
        self.slots = slot[new]
        self.starts = np.append(new, slot.size).astype(np.int64)
        self.runs = np.searchsorted(part[new], np.arange(begins.size + 1))


@dataclass(frozen=True)
class Positions:
    """Consecutive documents of a batch, position by position.

    Attributes
    ----------
    start, stop : int
        The documents within the batch.
    indptr : array of shape (n_docs + 1,)
        Where the positions of the documents begin, from 0.
    tokens : array of shape (n_positions,)
    theta : array of shape (n_positions, n_topics)
        Topics of the contexts.
    z : array of shape (n_positions,)
        p(w_i | context).
    left, right : arrays of shape (n_positions, n_topics), or (0, n_topics)
        Topics of both sides, each with the position itself.
    """

    start: int
    stop: int
    indptr: NDArray
    tokens: NDArray
    theta: NDArray
    z: NDArray
    left: NDArray
    right: NDArray


@dataclass(frozen=True)
class ContextMixture:
    """theta_i of every position, the mean of p(t|w) around it; p_ti = norm_t(phi_wt theta_ti), w = w_i.

    Rows of batches are texts. The theta of a document is the mean of p_ti over its positions.

    Parameters
    ----------
    n_topics : int
    context : Context
    n_threads : int
    together : int or None
        Positions that are looked at together; None is what fits the cache.
    """

    n_topics: int
    context: Context
    n_threads: int = 1
    together: int | None = None

    def mass(self, shared: Shared) -> NDArray:
        """n_t, padded, the largest 1; uniform before there are any."""
        mass = padded_zeros(1, self.n_topics, shared.phi_wt.dtype)[0]
        given = np.zeros(self.n_topics) if shared.topic_mass is None else shared.topic_mass
        largest = given.max(initial=0)
        mass[: self.n_topics] = given / largest if largest > 0 else 1
        return mass

    def topics_of(self, shared: Shared, tokens: NDArray) -> NDArray:
        """p(t|w) of some tokens; zeros for one that no topic has."""
        p_wt = shared.phi_wt[tokens, : self.n_topics] * self.mass(shared)[: self.n_topics]
        sums = p_wt.sum(axis=1, keepdims=True)
        return np.divide(p_wt, sums, out=p_wt, where=sums > 0)

    def expect(self, shared: Shared, batch: Batch) -> Expectation:
        """Theta of the positions of a batch, and what follows from it."""
        index, phi_wt = batch.token_index(), shared.phi_wt
        text, mass, scale = self._prepare(shared, batch, index.tokens)
        transpose = batch.made_once("positions", lambda: _Transpose(batch, text))
        counts, totals = padded_zeros(batch.n_docs, self.n_topics, phi_wt.dtype), np.zeros((batch.n_docs, 2))
        ratio = np.empty(batch.nnz, dtype=phi_wt.dtype)
        slope_wt = padded_zeros(index.tokens.size, self.n_topics, phi_wt.dtype)
        z, buffer = np.empty(text.most, dtype=phi_wt.dtype), self._buffer(text.most, phi_wt)
        for part, (start, stop) in enumerate(text.parts):
            first, last = int(text.indptr[start]), int(text.indptr[stop])
            rows, ratios = buffer[0][: last - first], ratio[first:last]
            self._documents(
                text, start, stop, phi_wt, mass, scale, rows, buffer[1], z, ratios, counts[start:stop],
                totals[start:stop],
            )  # fmt: skip
            if batch.sample_weight is not None:
                ratios *= np.repeat(batch.sample_weight[start:stop], np.diff(text.indptr[start : stop + 1]))
            runs = slice(int(transpose.runs[part]), int(transpose.runs[part + 1]))
            half_step.gather_positions(
                transpose.slots[runs], transpose.starts[runs.start : runs.stop + 1],
                transpose.places, ratios, rows, slope_wt,
                worthwhile(self.n_threads, float(last - first) * self.n_topics),
            )  # fmt: skip
        slope_wt *= mass
        found = Counts.of_tokens(index.tokens, slope_wt, of_phi=True, scale=shared.scale)
        return Expectation(self._normalised(counts), totals, found)

    def theta(self, shared: Shared, batch: Batch) -> NDArray:
        """Padded theta of documents: the mean of p_ti, uniform without any."""
        phi_wt = shared.phi_wt
        text, mass, scale = self._prepare(shared, batch)
        buffer = self._buffer(text.most, phi_wt)
        counts, totals = padded_zeros(batch.n_docs, self.n_topics, phi_wt.dtype), np.zeros((batch.n_docs, 2))
        for start, stop in text.parts:
            rows = buffer[0][: int(text.indptr[stop] - text.indptr[start])]
            z, ratio = np.empty((2, rows.shape[0]), dtype=phi_wt.dtype)
            self._documents(
                text, start, stop, phi_wt, mass, scale, rows, buffer[1], z, ratio, counts[start:stop],
                totals[start:stop],
            )  # fmt: skip
        return self._normalised(counts)

    def positions(self, shared: Shared, batch: Batch, *, sides: bool = False) -> Iterator[Positions]:
        """All positions, some documents at a time; the arrays are overwritten by the next ones."""
        phi_wt = shared.phi_wt
        text, mass, scale = self._prepare(shared, batch)
        buffer = self._buffer(text.most, phi_wt)
        for start, stop in text.parts:
            n = int(text.indptr[stop] - text.indptr[start])
            rows = buffer[0][:n]
            left, right = (padded_zeros(n if sides else 0, self.n_topics, phi_wt.dtype) for _ in range(2))
            z, ratio = np.empty((2, n), dtype=phi_wt.dtype)
            counts, totals = padded_zeros(stop - start, self.n_topics, phi_wt.dtype), np.zeros((stop - start, 2))
            self._documents(
                text, start, stop, phi_wt, mass, scale, rows, buffer[1], z, ratio, counts, totals, left, right
            )
            rows *= mass
            used = slice(0, self.n_topics)
            yield Positions(
                start,
                stop,
                text.indptr[start : stop + 1] - text.indptr[start],
                text.tokens[text.indptr[start] : text.indptr[stop]],
                rows[:, used],
                z,
                left[:, used],
                right[:, used],
            )

    def left_out(self, shared: Shared, batch: Batch) -> NDArray:
        """p(w_i | context without w_i) of all positions, in all layers."""
        text, mass, scale = self._prepare(shared, batch)
        context, phi_wt = self.context, shared.phi_wt
        z = np.empty(batch.nnz, dtype=phi_wt.dtype)
        rows = 2 + 2 * text.longest + (context.reach if context.reach < text.longest else 0)
        n_threads = worthwhile(self.n_threads, float(text.longest) * batch.nnz * self.n_topics)
        scratch = padded_zeros(n_threads, rows * phi_wt.shape[1] + 3 * text.longest, phi_wt.dtype)
        interruptible.context_left_out(
            text.indptr, text.tokens, text.left, text.right, phi_wt, scale, mass, context.rule, z, scratch, n_threads
        )
        return z

    def _prepare(
        self, shared: Shared, batch: Batch, tokens: NDArray | None = None
    ) -> tuple[_Text, NDArray, NDArray]:
        """The text, n_t and 1 / s_w of some tokens, or of all."""
        phi_wt = shared.phi_wt
        mass, scale = self.mass(shared), np.zeros(phi_wt.shape[0], dtype=phi_wt.dtype)
        asked = np.arange(phi_wt.shape[0], dtype=np.int32) if tokens is None else tokens
        half_step.token_scales(phi_wt, asked, mass, scale)
        together = self.together or max(_TOGETHER // (phi_wt.shape[1] * phi_wt.itemsize), 1)
        return batch.made_once("text", lambda: _Text(batch, self.context, together)), mass, scale

    def _buffer(self, n_positions: int, like: NDArray) -> tuple[NDArray, NDArray]:
        """Rows for theta of positions, and for their values between layers if there are several."""
        n_values = n_positions if self.context.n_layers > 1 else 0
        return padded_zeros(n_positions, self.n_topics, like.dtype), padded_zeros(n_values, self.n_topics, like.dtype)

    def _documents(
        self,
        text: _Text,
        start: int,
        stop: int,
        phi_wt: NDArray,
        mass: NDArray,
        scale: NDArray,
        rows: NDArray,
        values: NDArray,
        z: NDArray,
        ratio: NDArray,
        counts: NDArray,
        totals: NDArray,
        left: NDArray | None = None,
        right: NDArray | None = None,
    ) -> None:
        context, nothing = self.context, rows[:0]
        n_threads = worthwhile(self.n_threads, 8.0 * rows.size * context.n_layers)
        tails = context.reach if context.reach < text.longest else 0
        half_step.context_documents(
            (text.indptr[start : stop + 1], text.tokens, text.x, text.left, text.right), (phi_wt, scale, mass),
            context.rule, rows, values, z, ratio,
            (nothing if left is None else left, nothing if right is None else right), counts, totals,
            padded_zeros(n_threads, phi_wt.shape[1] * (1 + tails), phi_wt.dtype), n_threads,
        )  # fmt: skip

    def _normalised(self, counts: NDArray) -> NDArray:
        sums = counts.sum(axis=1, keepdims=True)
        np.divide(counts, sums, out=counts, where=sums > 0)
        counts[sums[:, 0] <= 0, : self.n_topics] = 1 / self.n_topics
        return counts
