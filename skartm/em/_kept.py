"""What a model keeps of documents from pass to pass, and what their E-steps start from.

It is fixed at the beginning of a pass, so that E-steps of a pass do not see each other.
"""

import copy
from typing import Any

import numpy as np
from numpy.random import RandomState
from numpy.typing import DTypeLike, NDArray

from skartm.em._batches import Batch, Batches
from skartm.em._expectation import Shared
from skartm.em._padded import padded_zeros
from skartm.em._strength import NO_TERMS, Terms

_REMEMBERED = 256  # states of a generator, some 3 KB each
_TOGETHER = 2**16  # numbers that are drawn at once to be left out


class Kept:
    """What is kept beside phi: here nothing, so that every E-step begins anew.

    Attributes
    ----------
    whole : object
        A copy of what is published of it, as it was at the end of the last pass.
    """

    whole: Any = None

    def prepare(self, batches: Batches, shared: Shared, batch: Batch | None = None) -> Any:
        """Learn what documents share beside phi, from all batches or, online, from one; gives ``shared.parameters``."""

    def of(self, batch: Batch) -> Any:
        """What the E-step of a batch starts from: its ``kept``."""

    def keep(self, batch: Batch, theta_dt: NDArray) -> None:
        """Take the padded theta that the E-step of a batch has found."""

    def end_pass(self, n_docs: int, acting: Terms) -> dict[str, Any]:
        """All ``n_docs`` documents had their E-steps: what the next ones start from moves on.

        Returns the statistics of terms that act on parameters of documents together, not on single theta.
        """
        return {}


class PositionGamma(Kept):
    """Numbers for the positions of texts, which do not change.

    Parameters
    ----------
    values : array of shape (n_positions, 1 or 2) or None
    indptr : array of shape (n_docs + 1,)
        Of the matrix that batches are cut from.
    """

    def __init__(self, values: NDArray | None, indptr: NDArray) -> None:
        self.values, self.indptr = values, indptr

    def of(self, batch: Batch) -> NDArray | None:
        """The numbers of its positions."""
        if self.values is None:
            return None
        first, last = self.indptr[[batch.start, batch.start + batch.n_docs]] - self.indptr[0]
        return self.values[first:last]


class StoredTheta(Kept):
    """Theta of the documents, which goes on from pass to pass.

    The E-steps of a pass read what the last pass has left, and what they find is written beside it. ``end_pass`` puts
    the new rows in place of the old ones.

    Parameters
    ----------
    theta_dt : array of shape (n_docs, width)
        Padded; ``end_pass`` overwrites it.
    """

    def __init__(self, theta_dt: NDArray) -> None:
        self.theta_dt, self._next = theta_dt, np.zeros_like(theta_dt)
        self._written: dict[tuple[int, int], None] = {}

    @classmethod
    def uniform(cls, n_docs: int, n_topics: int, dtype: DTypeLike) -> "StoredTheta":
        """Documents before their first E-step."""
        theta = padded_zeros(n_docs, n_topics, dtype)
        theta[:, :n_topics] = 1 / n_topics
        return cls(theta)

    def of(self, batch: Batch) -> NDArray:
        """Its rows as the last pass has left them."""
        return self.theta_dt[batch.start : batch.start + batch.n_docs]

    def keep(self, batch: Batch, theta_dt: NDArray) -> None:
        """Write the rows beside those of the last pass."""
        rows = (batch.start, batch.start + batch.n_docs)
        self._written[rows] = None
        self._next[slice(*rows)] = theta_dt

    def end_pass(self, n_docs: int, acting: Terms = NO_TERMS) -> dict[str, Any]:
        """The next pass starts from the rows that this one has written."""
        for rows in self._written:
            self.theta_dt[slice(*rows)] = self._next[slice(*rows)]
        self._written = {}
        return {}


class GammaDraws(Kept):
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

    def of(self, batch: Batch) -> NDArray:
        """The rows of its documents."""
        return self.rows(batch.start, batch.start + batch.n_docs)

    def rows(self, start: int, stop: int) -> NDArray:
        """Rows ``start:stop``, float64."""
        self._seek(start)
        return self._draw(stop - start)

    def before_passes(self, shape: tuple[int, ...]) -> NDArray:
        """Numbers of the same kind that are drawn before the first pass."""
        numbers = self._random.gamma(100.0, 0.01, shape)
        self._begin()
        return numbers

    def end_pass(self, n_docs: int, acting: Terms = NO_TERMS) -> dict[str, Any]:
        """The next pass begins after the rows of all documents."""
        self._seek(n_docs)
        self._begin()
        return {}

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
