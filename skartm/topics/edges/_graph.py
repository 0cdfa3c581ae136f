"""Hyperedges: sets of vertices in containers, and their batches."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy import sparse

from skartm.em._batches import Batch, Batches, TokenIndex


@dataclass(frozen=True)
class Hypergraph:
    """Edges in the order of their containers: two levels of CSR.

    Attributes
    ----------
    containers : array of int64 of shape (n_containers + 1,)
        Offsets of the containers into the edges.
    edges : array of int64 of shape (n_edges + 1,)
        Offsets of the edges into ``vertices`` and ``powers``.
    vertices : array of int32 of shape (nnz,)
    powers : array of shape (nnz,)
        How often the edge has the vertex.
    weights : array of float64 of shape (n_edges,)
        How often the container has the edge, times the weight of its type.
    n_vertices : int
    """

    containers: NDArray
    edges: NDArray
    vertices: NDArray
    powers: NDArray
    weights: NDArray
    n_vertices: int

    @property
    def n_edges(self) -> int:
        return self.edges.size - 1

    @property
    def shape(self) -> tuple[int, int]:
        """Containers and vertices."""
        return self.containers.size - 1, self.n_vertices

    @property
    def data(self) -> NDArray:
        return self.powers

    @property
    def container_of(self) -> NDArray:
        """The container of every edge."""
        return np.repeat(np.arange(self.shape[0], dtype=np.int32), np.diff(self.containers))

    @property
    def sizes(self) -> NDArray:
        """Vertices of every edge, with multiplicity."""
        return segment_sums(self.powers, self.edges)

    def with_weights(self, weights: NDArray) -> "Hypergraph":
        """The same edges, another number of times."""
        return replace(self, weights=weights)

    def apart(self) -> "Hypergraph":
        """Every edge in a container of its own."""
        return replace(self, containers=np.arange(self.n_edges + 1, dtype=np.int64))

    def on(self, vertices: NDArray) -> "Hypergraph":
        """The same with the given ascending vertices, among them all that occur, numbered anew."""
        places = np.searchsorted(vertices, self.vertices).astype(np.int32)
        return replace(self, vertices=places, n_vertices=vertices.size)

    def __getitem__(self, chosen: NDArray) -> "Hypergraph":
        """Some containers, by ascending numbers."""
        lengths = np.diff(self.containers)[chosen]
        edges = ranges(self.containers[:-1][chosen], lengths)
        sizes = np.diff(self.edges)[edges]
        entries = ranges(self.edges[:-1][edges], sizes)
        return Hypergraph(
            offsets(lengths),
            offsets(sizes),
            self.vertices[entries],
            self.powers[entries],
            self.weights[edges],
            self.n_vertices,
        )

    def counts(self) -> sparse.csr_matrix:
        """How often every container has every vertex."""
        x = np.repeat(self.weights, np.diff(self.edges)) * self.powers
        counts = sparse.csr_matrix((x, self.vertices.copy(), self.edges[self.containers]), shape=self.shape)
        counts.sum_duplicates()  # in place
        return counts


def offsets(lengths: NDArray) -> NDArray:
    """0 and the ends of consecutive segments."""
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])


def ranges(starts: NDArray, lengths: NDArray) -> NDArray:
    """The numbers start, ..., start + length - 1 of every segment, one after another."""
    return np.repeat(starts - offsets(lengths)[:-1], lengths) + np.arange(int(lengths.sum()))


def segment_sums(values: NDArray, bounds: NDArray) -> NDArray:
    """Sums of consecutive segments in float64, zero of an empty one."""
    sums, filled = np.zeros(bounds.size - 1), np.diff(bounds) > 0
    if filled.any():
        stop = bounds[-1]
        sums[filled] = np.add.reduceat(values[:stop], bounds[:-1][filled], dtype=np.float64)
    return sums


class EdgeBatch(Batch):
    """Some containers. As a ``Batch`` it has their vertices, entry by entry, in the order of the edges.

    Attributes
    ----------
    edges : array of int64 of shape (n_edges + 1,)
        Offsets of the edges into ``indices`` and ``powers``.
    powers, sizes : arrays
        As in :class:`Hypergraph`.
    edge_docs : array of int32 of shape (n_edges,)
        The container of every edge, counted within the batch.
    by_edge : Batch
        The same containers over their edges, in place of tokens.
    """

    def __init__(self, graph: Hypergraph, start: int, stop: int, dtype: DTypeLike) -> None:
        self.start, self.n_docs, self.n_tokens = start, stop - start, graph.n_vertices
        self.sample_weight = None
        bounds = graph.containers[start : stop + 1]
        first, last = int(bounds[0]), int(bounds[-1])
        ends = graph.edges[first : last + 1]
        entries = slice(int(ends[0]), int(ends[-1]))
        self.edges = ends - ends[0]
        self.powers = graph.powers[entries].astype(dtype, copy=False)
        self.sizes = segment_sums(self.powers, self.edges)
        weights = graph.weights[first:last].astype(dtype)
        self.edge_docs = np.repeat(np.arange(self.n_docs, dtype=np.int32), np.diff(bounds))
        self.indptr = self.edges[bounds - first]
        self.indices = graph.vertices[entries]
        self.x = np.repeat(weights, np.diff(self.edges)) * self.powers
        own = np.arange(last - first, dtype=np.int32)
        rows = sparse.csr_matrix((weights, own, (bounds - first).astype(np.int32)), shape=(self.n_docs, own.size))
        self.by_edge = Batch(rows, 0, self.n_docs, dtype)
        self.by_edge.start = start
        self._made = {}

    def carrying(self, kept: Any, of_terms: Mapping[str, tuple[NDArray, ...]] = MappingProxyType({})) -> Self:
        """The same containers, also over their edges, with what their E-step starts from."""
        carrying = super().carrying(kept, of_terms)
        carrying.by_edge = self.by_edge.carrying(kept, of_terms)
        return carrying

    @property
    def doc_mass(self) -> NDArray:
        """Edges of every container, float64 of shape (n_docs,)."""
        return self.by_edge.doc_mass

    def vertex_index(self) -> TokenIndex:
        """The index of the vertices, with edges in place of documents."""
        return self.made_once("vertex_index", self._vertex_index)

    def _vertex_index(self) -> TokenIndex:
        index = self.token_index()
        edge_of = np.repeat(np.arange(self.edges.size - 1, dtype=np.int32), np.diff(self.edges))
        return replace(index, docs=edge_of[index.order])


class EdgeBatches(Batches):
    """All containers of a hypergraph, ``batch_size`` at a time."""

    def __init__(self, graph: Hypergraph, batch_size: int, dtype: DTypeLike) -> None:
        super().__init__(graph, batch_size, dtype)

    def _cut(self, start: int, stop: int) -> EdgeBatch:
        return EdgeBatch(self.X, start, stop, self.dtype)
