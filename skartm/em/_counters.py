"""Counters: the expected counts n_wt, their scale and their column sums."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from skartm.base import _interruptible as interruptible
from skartm.base._threads import worthwhile

_BLOCK = 256  # rows a block of half_step.block_sums
_SMALLEST_FACTOR = 1e-4


class Counters:
    """n_wt = factor * stored.

    Online learning fades all counters at every update but meets few tokens in a batch. With the factor outside, and the
    column sums brought up to date by differences, an update costs what its tokens cost, not what the vocabulary does.

    Parameters
    ----------
    stored : array of shape (n_tokens, width)
        Padded counters; the object owns and changes it.
    clipped : bool
        Whether negative counters count as zero in the sums.
    blocks : sequence of arrays of int32, default=()
        Rows of every modality, which have sums of their own; without blocks all rows are one.
    """

    def __init__(self, stored: NDArray, *, clipped: bool, n_threads: int, blocks: Sequence[NDArray] = ()) -> None:
        self.stored, self.n_threads = stored, n_threads
        self.floor = 0.0 if clipped else -np.inf
        self.factor = 1.0
        self.everything = np.arange(stored.shape[0], dtype=np.int32)
        self.blocks = tuple(blocks) if len(blocks) > 1 else (self.everything,)
        self._block_of = _block_of(self.blocks, stored.shape[0]) if len(self.blocks) > 1 else None
        self._sums: NDArray | None = None

    @property
    def block_sums(self) -> NDArray:
        """Column sums of n_wt in every block, float64, of shape (n_blocks, width)."""
        if self._sums is None:
            self._sums = self._stored_sums(self.everything)
        return self.factor * self._sums

    @property
    def sums(self) -> NDArray:
        """Column sums of n_wt, float64, of shape (width,)."""
        return self.block_sums.sum(axis=0)

    def split(self, tokens: NDArray) -> Sequence[NDArray]:
        """The given rows, block by block."""
        if self._block_of is None:
            return (tokens,)
        if tokens is self.everything:
            return self.blocks
        block_of = self._block_of[tokens]
        return [tokens[block_of == block] for block in range(len(self.blocks))]

    def clear(self) -> None:
        """All counters zero."""
        self.stored[...] = 0
        self.factor, self._sums = 1.0, None

    def changed(self) -> None:
        """The stored counters were changed from outside: forget their sums."""
        self._sums = None

    def fade(self, factor: float) -> None:
        """Multiply all counters."""
        self.factor *= factor
        if self.factor < _SMALLEST_FACTOR:
            self.fold()

    def fold(self) -> NDArray:
        """n_wt itself: the factor is multiplied in."""
        if self.factor != 1.0:
            self.stored *= self.stored.dtype.type(self.factor)
            self.factor, self._sums = 1.0, None
        return self.stored

    def watch(self, tokens: NDArray) -> "_Watch":
        """Context in which only the rows ``tokens`` change; keeps the sums right."""
        return _Watch(self, tokens)

    def _stored_sums(self, tokens: NDArray) -> NDArray:
        return np.stack([column_sums(self.stored, part, self.floor, self.n_threads) for part in self.split(tokens)])


class _Watch:
    def __init__(self, counters: Counters, tokens: NDArray) -> None:
        self.counters, self.tokens = counters, tokens

    def __enter__(self) -> None:
        if self.counters._sums is None:
            self.counters._sums = self.counters._stored_sums(self.counters.everything)
        self.before = self.counters._stored_sums(self.tokens)

    def __exit__(self, *_: object) -> None:
        assert self.counters._sums is not None
        self.counters._sums = self.counters._sums + self.counters._stored_sums(self.tokens) - self.before


def _block_of(blocks: Sequence[NDArray], n_tokens: int) -> NDArray:
    block_of = np.empty(n_tokens, dtype=np.int32)
    for number, tokens in enumerate(blocks):
        block_of[tokens] = number
    return block_of


def column_sums(matrix: NDArray, tokens: NDArray, floor: float, n_threads: int) -> NDArray:
    """Column sums over the given rows in float64, entries at or below ``floor`` left out; the same for any threads."""
    blocks = np.empty((-(-tokens.size // _BLOCK), matrix.shape[1]))
    n_threads = worthwhile(n_threads, float(tokens.size) * matrix.shape[1])
    interruptible.block_sums(matrix, tokens, floor, blocks, n_threads)
    return blocks.sum(axis=0)
