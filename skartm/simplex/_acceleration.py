"""Extrapolation of multiplicative steps, in logarithms of the coordinates."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from skartm.simplex._blocks import Blocks

MEMORY = 5  # steps that Anderson's combination looks back


class Acceleration(Protocol):
    """Proposes a point from steps made; whether it is taken, its value decides."""

    def propose(self, before: NDArray, after: NDArray) -> NDArray | None:
        """A point that may be better than ``after``, which the step made of ``before``; None without one."""

    def refused(self) -> None:
        """The last proposal was not taken."""


def _logarithm(p: NDArray) -> NDArray:
    return np.log(np.where(p > 0, p, 1.0))


def _distributions(blocks: Blocks, logarithms: NDArray, support: NDArray) -> NDArray:
    """Of logarithms up to a constant; zero outside of the support."""
    top = blocks.maxima(np.where(support, logarithms, -np.inf))
    return blocks.normalized(np.where(support, np.exp(np.minimum(logarithms - blocks.spread(top), 0)), 0.0))


class Squarem:
    """After two steps x, y, z: x + 2 a r + a**2 v with r = y - x, v = z - 2 y + x, a = |r| / |v|, at least 1."""

    def __init__(self, blocks: Blocks) -> None:
        self.blocks = blocks
        self.first: NDArray | None = None

    def propose(self, before: NDArray, after: NDArray) -> NDArray | None:
        """See Acceleration."""
        if self.first is None:
            self.first = before
            return None
        x, y, z = (_logarithm(p) for p in (self.first, before, after))
        support = (after > 0) & (self.first > 0) & (before > 0)
        self.first = None
        if not np.array_equal(support, after > 0):
            return None
        r, v = y - x, z - 2 * y + x
        # weighed by p: coordinates on their way to zero move most, and mean nothing
        speed, bend = after @ r**2, after @ v**2
        if not bend > 0 or speed <= bend:  # a = 1 is the step itself
            return None
        length = np.sqrt(speed / bend)
        return _distributions(self.blocks, x + 2 * length * r + length**2 * v, support)

    def refused(self) -> None:
        """See Acceleration."""


class Anderson:
    """The combination of the last steps whose residual, log after - log before, is the least, weighed by p."""

    def __init__(self, blocks: Blocks) -> None:
        self.blocks = blocks
        self.steps: list[tuple[NDArray, NDArray]] = []  # logarithms after, residuals
        self.support: NDArray | None = None

    def propose(self, before: NDArray, after: NDArray) -> NDArray | None:
        """See Acceleration."""
        support = (before > 0) & (after > 0)
        if self.support is None or not np.array_equal(support, self.support):
            self.steps, self.support = [], support
        image = _logarithm(after)
        self.steps = [*self.steps[-MEMORY:], (image, image - _logarithm(before))]
        if len(self.steps) < 2 or not np.array_equal(support, after > 0):
            return None
        images, residuals = (np.stack(column, axis=1) for column in zip(*self.steps))
        weights = np.sqrt(after)
        differences = np.diff(residuals, axis=1) * weights[:, np.newaxis]
        mixing = np.linalg.lstsq(differences, residuals[:, -1] * weights, rcond=1e-8)[0]
        return _distributions(self.blocks, images[:, -1] - np.diff(images, axis=1) @ mixing, support)

    def refused(self) -> None:
        """See Acceleration."""
        self.steps = []
