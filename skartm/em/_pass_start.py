"""What an E-step starts from: fixed at the beginning of a pass, so that E-steps of a pass do not see each other."""

import copy
from typing import Any

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from skartm.em._batches import Batch

_REMEMBERED = 256  # states of a generator, some 3 KB each
_TOGETHER = 2**16  # numbers that are drawn at once to be left out


class StoredTheta:
    """Theta of the documents, which goes on from pass to pass.

    The E-steps of a pass read what the last pass has left and write beside it. ``end_pass`` puts the new rows in place
    of the old ones. So the E-step of a batch gives the same result however often it is made, and after which others.

    Parameters
    ----------
    theta_dt : array of shape (n_docs, width)
        Padded; ``end_pass`` overwrites it.
    """

    def __init__(self, theta_dt: NDArray) -> None:
        self.theta_dt, self._next = theta_dt, np.zeros_like(theta_dt)
        self._written: dict[tuple[int, int], None] = {}

    def start(self, batch: Batch) -> NDArray:
        """The rows that an E-step of the batch changes, as they were at the end of the last pass."""
        rows = (batch.start, batch.start + batch.n_docs)
        self._written[rows] = None
        theta = self._next[slice(*rows)]
        theta[...] = self.theta_dt[slice(*rows)]
        return theta

    def end_pass(self) -> None:
        """The next pass starts from the rows that this one has written."""
        for rows in self._written:
            self.theta_dt[slice(*rows)] = self._next[slice(*rows)]
        self._written = {}


class GammaDraws:
    """Gamma(100, 1/100) numbers of the documents of a pass, one row a document.

    They are the numbers that ``random_state.gamma(100.0, 0.01, (n_docs, n_columns))`` gives at the beginning of a pass,
    whatever rows are asked for, how often and in which order. The generator takes a varying number of random words for
    a number. So the way to a row leads over the rows before it, from the nearest place whose state is remembered; rows
    in their order, as the loop asks for them, are drawn once.

    Parameters
    ----------
    random_state : RandomState
        It is copied, and never drawn from.
    n_columns : int
    """

    def __init__(self, random_state: RandomState, n_columns: int) -> None:
        self.n_columns, self._random = n_columns, copy.deepcopy(random_state)
        self._begin()

    def _begin(self) -> None:
        """A pass begins at the present state."""
        self._row = 0
        self._states: dict[int, Any] = {0: self._random.get_state(legacy=False)}

    def rows(self, start: int, stop: int) -> NDArray:
        """Rows ``start:stop``, float64."""
        self._seek(start)
        return self._draw(stop - start)

    def before_passes(self, shape: tuple[int, ...]) -> NDArray:
        """Numbers of the same kind that are drawn before the first pass."""
        numbers = self._random.gamma(100.0, 0.01, shape)
        self._begin()
        return numbers

    def end_pass(self, n_docs: int) -> None:
        """The next pass begins after the rows of all documents."""
        self._seek(n_docs)
        self._begin()

    def random_state(self) -> RandomState:
        """A generator as it is at the beginning of the pass."""
        random_state = copy.deepcopy(self._random)
        random_state.set_state(self._states[0])
        return random_state

    def _draw(self, n_rows: int) -> NDArray:
        self._row += n_rows
        return self._random.gamma(100.0, 0.01, (n_rows, self.n_columns))

    def _seek(self, row: int) -> None:
        known = max(place for place in self._states if place <= row)
        if not known <= self._row <= row:
            self._random.set_state(self._states[known])
            self._row = known
        while self._row < row:
            self._draw(min(row - self._row, max(_TOGETHER // self.n_columns, 1)))
        self._states[row] = self._random.get_state(legacy=False)
        if len(self._states) > _REMEMBERED:
            self._states = {place: self._states[place] for place in sorted(self._states)[::2]}
