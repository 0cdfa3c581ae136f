"""Predictions from edges: missing vertices, likelihoods, topics of vertices."""

from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from skartm.base import shown
from skartm.em import row_products
from skartm.simplex import FLOOR
from skartm.topics.edges._edge_model import log_likelihoods, posteriors, refuse_hypergraph
from skartm.topics.edges._names import NamedEdges, name_edges
from skartm.topics.edges._tables import read_cells

_ROWS = 1024  # rows that are recommended for at once


def vertex_topics_(model: Any) -> NDArray:
    """p(t | v) of the vertices, of shape (n_vertices, n_components); zeros of one that no topic has."""
    check_is_fitted(model, "container_topics_")
    weighted = np.empty(model.components_.T.shape)
    for mass, columns in zip(model._block_mass, model.modalities_.values(), strict=True):
        weighted[columns] = model.components_[:, columns].T * np.maximum(mass, 0)
    sums = weighted.sum(axis=1, keepdims=True)
    return np.divide(weighted, sums, out=weighted, where=sums > 0)


def vertex_proba(model: Any, edges: Any, modality: str) -> NDArray:
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
    topics, phi = _given(model, edges, modality)
    return row_products(topics, phi)


def recommend(model: Any, edges: Any, modality: str, n_top: int = 10) -> tuple[NDArray, NDArray]:
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
    topics, phi = _given(model, edges, modality)
    n_top = min(int(n_top), phi.shape[1])
    order = np.empty((topics.shape[0], n_top), dtype=np.intp)
    values = np.empty(order.shape, dtype=phi.dtype)
    for start in range(0, topics.shape[0], _ROWS):
        part = slice(start, start + _ROWS)
        proba = row_products(topics[part], phi)
        order[part] = np.argsort(-proba, axis=1, kind="stable")[:, :n_top]
        values[part] = np.take_along_axis(proba, order[part], axis=1)
    return model.vertex_names_[modality][order], values


def edge_log_likelihood(model: Any, edges: Any) -> NDArray:
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
    read = look_up(model, edges)
    _, theta = known_containers(model, read)
    return read.in_rows(log_likelihoods(model, read.graph, theta) + read.unknown * np.log(FLOOR))


def look_up(model: Any, edges: Any, sample_weight: Any = None) -> NamedEdges:
    refuse_hypergraph(model, edges)
    check_is_fitted(model, "container_topics_")
    cells = read_cells(edges, model._declared(model.vertex_columns_), sample_weight, fitting=False)
    return name_edges(cells, model._vertices, type(model).__name__)


def known_containers(model: Any, read: NamedEdges) -> tuple[NDArray, NDArray]:
    """Which containers the model knows, and theta: p(t) of the others."""
    places = np.array([model._container_places.get(name, -1) for name in read.containers], dtype=np.intp)
    theta = np.tile(model.topic_share_.astype(model.container_topics_.dtype), (places.size, 1))
    theta[places >= 0] = model.container_topics_[places[places >= 0]]
    return places >= 0, theta


def topics_in(model: Any, read: NamedEdges, theta: NDArray) -> NDArray:
    container_of = read.graph.container_of
    p, log_p = posteriors(model, read.graph, theta, container_of)
    impossible = ~np.isfinite(log_p)
    p[impossible] = theta[container_of[impossible]]
    return read.in_rows(p)


def _given(model: Any, edges: Any, modality: str) -> tuple[NDArray, NDArray]:
    """p(t | d, x), and phi of a modality."""
    read = look_up(model, edges)
    if modality not in model.modalities_:
        msg = f"{type(model).__name__}: modality must be one of {list(model.modalities_)}. Got {shown(modality)}."
        raise ValueError(msg)
    _, theta = known_containers(model, read)
    return topics_in(model, read, theta), model.components_[:, model.modalities_[modality]]
