"""Predictions from edges: missing vertices, likelihoods, topics of vertices."""

from collections.abc import Callable
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from skartm.base import shown
from skartm.em import row_products
from skartm.simplex import FLOOR
from skartm.topics.edges._graph import Hypergraph
from skartm.topics.edges._names import NamedEdges, VertexNames, name_edges
from skartm.topics.edges._tables import Declaration, read_cells

_ROWS = 1024  # rows that are recommended for at once


class EdgePredictions:
    """Mixin: ``vertex_topics_``, ``vertex_proba``, ``recommend`` and ``edge_log_likelihood``."""

    components_: NDArray
    containers_: NDArray
    container_topics_: NDArray
    modalities_: dict[str, slice]
    topic_share_: NDArray
    vertex_columns_: dict[Any, str]
    vertex_names_: dict[str, NDArray]
    _block_mass: NDArray
    _container_places: dict[Any, int]
    _declared: Callable[[dict[Any, str] | None], Declaration]
    _log_likelihood: Callable[[Hypergraph, NDArray], NDArray]
    _refuse_hypergraph: Callable[[Any], None]
    _posteriors: Callable[[Hypergraph, NDArray, NDArray], tuple[NDArray, NDArray]]
    _vertices: VertexNames

    @property
    def vertex_topics_(self) -> NDArray:
        """p(t | v) of the vertices, of shape (n_vertices, n_components); zeros of one that no topic has."""
        check_is_fitted(self, "container_topics_")
        weighted = np.empty(self.components_.T.shape)
        for mass, columns in zip(self._block_mass, self.modalities_.values(), strict=True):
            weighted[columns] = self.components_[:, columns].T * np.maximum(mass, 0)
        sums = weighted.sum(axis=1, keepdims=True)
        return np.divide(weighted, sums, out=weighted, where=sums > 0)

    def vertex_proba(self, edges: Any, modality: str) -> NDArray:
        r"""Probabilities of one more vertex of a modality, given what is in the rows.

        .. math:: p(v \mid d, x) = \sum_t \phi_{vt}\, p(t \mid d, x)

        All vertices in a row are given: leave out the column that is to be predicted, or its cells. A container that
        the model does not know is an average one, p(t).

        Parameters
        ----------
        edges : as in ``fit``
            Columns may be missing, but not that of the container.
        modality : str

        Returns
        -------
        array of shape (n_edges, n_vertices of the modality)
            In the order of ``vertex_names_[modality]``. Rows sum to 1.
        """
        topics, phi = self._given(edges, modality)
        return row_products(topics, phi)

    def recommend(self, edges: Any, modality: str, n_top: int = 10) -> tuple[NDArray, NDArray]:
        """The most probable vertices of a modality, given what is in the rows; see :meth:`vertex_proba`.

        Parameters
        ----------
        edges : as in ``fit``
        modality : str
        n_top : int, default=10

        Returns
        -------
        names : array of shape (n_edges, n_top)
            The most probable first; as many as there are, if these are fewer.
        probabilities : array of shape (n_edges, n_top)
        """
        if not isinstance(n_top, Integral) or isinstance(n_top, bool) or n_top < 1:
            msg = f"The 'n_top' parameter of recommend must be an integer of at least 1. Got {shown(n_top)}."
            raise ValueError(msg)
        topics, phi = self._given(edges, modality)
        n_top = min(int(n_top), phi.shape[1])
        order = np.empty((topics.shape[0], n_top), dtype=np.intp)
        values = np.empty(order.shape, dtype=phi.dtype)
        for start in range(0, topics.shape[0], _ROWS):
            part = slice(start, start + _ROWS)
            proba = row_products(topics[part], phi)
            order[part] = np.argsort(-proba, axis=1, kind="stable")[:, :n_top]
            values[part] = np.take_along_axis(proba, order[part], axis=1)
        return self.vertex_names_[modality][order], values

    def edge_log_likelihood(self, edges: Any) -> NDArray:
        """ln p(x | d) of every row.

        A container that the model does not know is an average one, p(t). An unknown vertex has probability 1e-16, an
        edge that no topic can have, 1e-16 to the number of its vertices.

        Parameters
        ----------
        edges : as in ``fit``

        Returns
        -------
        array of shape (n_edges,)
        """
        read = self._look_up(edges)
        _, theta = self._known(read)
        return read.in_rows(self._log_likelihood(read.graph, theta) + read.unknown * np.log(FLOOR))

    def _look_up(self, edges: Any, sample_weight: Any = None) -> NamedEdges:
        self._refuse_hypergraph(edges)
        check_is_fitted(self, "container_topics_")
        cells = read_cells(edges, self._declared(self.vertex_columns_), sample_weight, fitting=False)
        return name_edges(cells, self._vertices, type(self).__name__)

    def _known(self, read: NamedEdges) -> tuple[NDArray, NDArray]:
        """Which containers the model knows, and theta: p(t) of the others."""
        places = np.array([self._container_places.get(name, -1) for name in read.containers], dtype=np.intp)
        theta = np.tile(self.topic_share_.astype(self.container_topics_.dtype), (places.size, 1))
        theta[places >= 0] = self.container_topics_[places[places >= 0]]
        return places >= 0, theta

    def _topics_in(self, read: NamedEdges, theta: NDArray) -> NDArray:
        container_of = read.graph.container_of
        p, log_p = self._posteriors(read.graph, theta, container_of)
        impossible = ~np.isfinite(log_p)
        p[impossible] = theta[container_of[impossible]]
        return read.in_rows(p)

    def _given(self, edges: Any, modality: str) -> tuple[NDArray, NDArray]:
        """p(t | d, x), and phi of a modality."""
        read = self._look_up(edges)
        if modality not in self.modalities_:
            msg = f"{type(self).__name__}: modality must be one of {list(self.modalities_)}. Got {shown(modality)}."
            raise ValueError(msg)
        _, theta = self._known(read)
        return self._topics_in(read, theta), self.components_[:, self.modalities_[modality]]
