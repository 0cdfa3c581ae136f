"""Cells of phi, tokens times topics, on which a term acts."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

# Rows of a block: with a few hundred topics its temporaries stay in the second-level cache.
_ROWS = 512


class Cells:
    """The cells in the rows ``tokens`` and the columns ``topics``; indexing with ``index`` makes views where it can.

    Parameters
    ----------
    tokens, topics : arrays of int
        Ascending.

    Attributes
    ----------
    index : tuple
        ``matrix[index]`` are the cells, of shape (tokens.size, topics.size); ``matrix[index] += ...`` changes them.
    """

    def __init__(self, tokens: NDArray, topics: NDArray) -> None:
        self.tokens, self.topics = tokens, topics
        self.index = _index(consecutive(tokens), consecutive(topics))

    def blocks(self) -> Iterator[tuple[slice | NDArray, slice | NDArray]]:
        """Indices of the same cells, some rows at a time."""
        columns = consecutive(self.topics)
        for start in range(0, self.tokens.size, _ROWS):
            yield _index(consecutive(self.tokens[start : start + _ROWS]), columns)


def consecutive(indices: NDArray) -> slice | NDArray:
    """The same ascending indices, as a slice if they are consecutive."""
    if indices.size == 0:
        return slice(0, 0)
    first, last = int(indices[0]), int(indices[-1])
    return slice(first, last + 1) if last - first + 1 == indices.size else indices


def _index(rows: slice | NDArray, columns: slice | NDArray) -> tuple[slice | NDArray, slice | NDArray]:
    if isinstance(rows, slice) or isinstance(columns, slice):
        return rows, columns
    row_places, column_places = np.ix_(rows, columns)
    return row_places, column_places
