"""Edges by name: from tables to hypergraphs with the names of a model."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm.base import shown
from skartm.topics.edges._graph import Hypergraph, offsets
from skartm.topics.edges._tables import Cells, numbers_of, sorted_names


@dataclass(frozen=True)
class VertexNames:
    """Vertices of a model, modality after modality, sorted by name in each."""

    names: Mapping[str, list[Any]]

    @classmethod
    def of(cls, cells: Cells, owner: str) -> "VertexNames":
        """All that occur."""
        parts = cells.modalities.items()
        found = {
            modality: sorted_names((names for _, names in columns), f"vertices of {shown(modality)}", owner)
            for modality, columns in parts
        }
        for modality, names in found.items():
            if not names:
                msg = f"{owner}: every modality must have vertices. Got only missing cells for {shown(modality)}."
                raise ValueError(msg)
        return cls(found)

    @cached_property
    def slices(self) -> dict[str, slice]:
        bounds = offsets(np.array([len(names) for names in self.names.values()])).tolist()
        return {name: slice(*bound) for name, bound in zip(self.names, pairwise(bounds), strict=True)}

    @cached_property
    def places(self) -> dict[str, dict[Any, int]]:
        """The number of every vertex."""
        return {
            modality: {name: self.slices[modality].start + place for place, name in enumerate(names)}
            for modality, names in self.names.items()
        }

    @property
    def n_vertices(self) -> int:
        return sum(map(len, self.names.values()))

    def arrays(self) -> dict[str, NDArray]:
        """Names as arrays of strings or numbers, of objects where they are neither."""
        return {modality: named(names) for modality, names in self.names.items()}


def named(names: list[Any]) -> NDArray:
    """Names as an array of one dimension."""
    kinds = {type(name) for name in names}
    if kinds <= {int} or kinds <= {float}:
        return np.array(names)
    return np.fromiter(names, dtype=object, count=len(names))


@dataclass(frozen=True)
class NamedEdges:
    """Edges of a table, by container.

    Attributes
    ----------
    graph : Hypergraph
    rows : array of shape (n_edges,)
        The row of every edge in the tables.
    containers : list
        Their names, ascending.
    counts : array of shape (n_edges,)
        How often the edges occurred, types not weighted.
    unknown : array of shape (n_edges,)
        The number of vertices that the model does not know.
    """

    graph: Hypergraph
    rows: NDArray
    containers: list[Any]
    counts: NDArray
    unknown: NDArray

    def in_rows(self, values: NDArray) -> NDArray:
        """What belongs to the edges, in the order of the table."""
        out = np.empty_like(values)
        out[self.rows] = values
        return out


def name_edges(cells: Cells, vertices: VertexNames, owner: str) -> NamedEdges:
    """The edges of cells; one without known vertices has weight 0."""
    row, column, unknown = _encoded(cells, vertices.places)
    containers: list[Any] = [None]
    of_rows = np.zeros(cells.n_rows, dtype=np.int64)
    if cells.containers is not None:
        containers = sorted_names(cells.containers, "containers", owner)
        places = {name: number for number, name in enumerate(containers)}
        of_rows = np.concatenate([numbers_of(names, places) for names in cells.containers])
    order = np.argsort(of_rows, kind="stable")
    rank = np.empty(cells.n_rows, dtype=np.int64)
    rank[order] = np.arange(cells.n_rows)
    sizes = np.bincount(row, minlength=cells.n_rows)
    graph = Hypergraph(
        offsets(np.bincount(of_rows, minlength=len(containers))),
        offsets(sizes[order]),
        column[np.argsort(rank[row], kind="stable")],
        np.ones(column.size),
        np.where(sizes > 0, cells.weights, 0)[order],
        vertices.n_vertices,
    )
    return NamedEdges(graph, order, containers, cells.counts[order], unknown[order])


def _encoded(cells: Cells, places: Mapping[str, Mapping[Any, int]]) -> tuple[NDArray, NDArray, NDArray]:
    """Rows and numbers of all vertices that are known, rows ascending, and how many others are in every row."""
    rows, found = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for modality, parts in cells.modalities.items():
        for of_rows, names in parts:
            rows.append(of_rows)
            found.append(numbers_of(names, places[modality]))
    row, column = np.concatenate(rows), np.concatenate(found)
    unknown = np.bincount(row[column < 0], minlength=cells.n_rows)
    row, column = row[column >= 0], column[column >= 0]
    order = np.argsort(row, kind="stable")
    return row[order], column[order].astype(np.int32), unknown
