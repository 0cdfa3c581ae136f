"""Smoothing of topics over a graph of tokens: NetPLSA, geolocations."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from skartm.base import shown
from skartm.base._data import matrix_of_numbers
from skartm.base._parameters import declared, parameters
from skartm.em import Layout, ModalitySelection, PhiTerm, TopicSelection
from skartm.regularizers._base import Regularizer
from skartm.regularizers._given import distribution_over
from skartm.regularizers._words import Words
from skartm.regularizers.phi._places import similarity_of_places


@parameters
class NetPLSA(Regularizer):
    r"""Make neighbours in a graph of tokens (authors, cities, tags) alike in their topics.

    .. math:: R(\Phi) = -\frac12 \sum_{u, v} w_{uv} \sum_{t \in S} n_t^2
              \Bigl(\frac{\phi_{ut}}{D_u} - \frac{\phi_{vt}}{D_v}\Bigr)^2, \qquad
              r_{ut} = -n_t^2 \frac{\phi_{ut}}{D_u} \sum_v (w_{uv} + w_{vu})
              \Bigl(\frac{\phi_{ut}}{D_u} - \frac{\phi_{vt}}{D_v}\Bigr)

    [1]_, [2]_ The sum runs over ordered pairs of tokens of the modality, and :math:`n_t` are its counters. It is the
    gradient of the formula, times phi: BigARTM computes without the factor phi, and takes :math:`w_{uv}` alone.

    Parameters
    ----------
    tau : float, Schedule or None, default=None
        Strength. None moves 5 % of the mass of the modality: 0.05 with ``relative=0.0``, or with the one that is given.
        Absolute, its unit is that of :math:`D^2` a token and unit of w, as
        :math:`n_t \phi_{ut} \approx n_{ut}`: with ``vertex_weights="counts"`` tokens for every unit of w, without
        vertex weights 1 / tokens.
    edges : sequence of (u, v) or (u, v, w), default=None
        Tokens by name or column, and the weight of the edge, 1 by default. Edges listed twice add up.
    adjacency : sparse matrix or array of shape (n_vertices, n_vertices), default=None
        In place of edges: w over the columns of the modality, non-negative; the diagonal does not matter.
    symmetric : bool, default=False
        Whether every edge stands for both directions, :math:`w_{uv} = w_{vu}`, which doubles R.
    vertex_weights : None, "counts", array of shape (n_vertices,), or mapping of tokens to weights, default=None
        D, positive: None is 1 for every vertex (and for those that the mapping does not name). "counts":
        :math:`D_u = n_u`, the tokens of the vertex among the counters, so that :math:`p(t \mid u)` are compared.
    relative : None or float in [0, 1], default=None
        None: absolute; the pull fades as neighbours become alike. A number: ``tau`` is the share of the mass of the
        modality that the term moves at each pass, which does not fade; a large one oversteps.
    topics : None, slice, names or indices, default=None
        Regularised topics S; None is all.
    modality : None, name or names, default=None
        The modality of the vertices; None is all columns.

    References
    ----------
    .. [1] Q. Mei, D. Cai, D. Zhang, C. Zhai. "Topic modeling with network regularization." WWW 2008.
    .. [2] K. Vorontsov, O. Frei, M. Apishev et al. "Non-Bayesian additive regularization for multimodal topic modeling
       of large collections." CIKM TM workshop, 2015.

    Examples
    --------
    Ann writes mostly about animals and Bob mostly about flowers, but they know each other. How much of a topic is by
    whom:

    >>> import numpy as np
    >>> from skartm import ARTMTransformer
    >>> from skartm.regularizers import NetPLSA
    >>> animals, flowers, Ann, Bob = [5, 4, 0, 0], [0, 0, 5, 4], [3, 0], [0, 3]
    >>> X = np.array(3 * [animals + Ann] + [flowers + Ann] + [animals + Bob] + 3 * [flowers + Bob])
    >>> for tau in (0, 5):
    ...     know = NetPLSA(tau, edges=[("Ann", "Bob")], vertex_weights="counts", modality="authors")
    ...     model = ARTMTransformer(
    ...         2,
    ...         regularizers=[("know", know)],
    ...         modalities={"words": slice(4), "authors": slice(4, 6)},
    ...         token_names=["cat", "dog", "rose", "tulip", "Ann", "Bob"],
    ...         random_state=0,
    ...     )
    ...     print(model.fit(X).components_[:, 4:].round(1))
    [[0.8 0.2]
     [0.2 0.8]]
    [[0.7 0.3]
     [0.3 0.7]]
    """

    tau: Any = declared(default=None, kw_only=False)
    edges: Any = None
    adjacency: Any = None
    symmetric: bool = False
    vertex_weights: Any = None
    relative: float | None = None
    topics: TopicSelection = None
    modality: ModalitySelection = None

    side = "phi"
    default_share = (0.05, 0.0)

    def bind(self, layout: Layout) -> "_GraphTerm":
        words = Words(layout, self.modality, "NetPLSA")
        if (self.edges is None) == (self.adjacency is None):
            msg = (
                "NetPLSA: give it the graph as edges or as adjacency, one of them. Got "
                f"{'both' if self.edges is not None else 'none'}."
            )
            raise ValueError(msg)
        if self.adjacency is not None:
            weights = _square(self.adjacency, words.columns.size, "NetPLSA", "adjacency")
        else:
            weights = _matrix_of_edges(self.edges, words)
        weights = weights + weights.T
        topics = layout.topics(self.topics, "NetPLSA")
        return _GraphTerm(2 * weights if self.symmetric else weights, self._vertex_weights(words), words, topics)

    def _vertex_weights(self, words: Words) -> NDArray | None:
        given = self.vertex_weights
        if isinstance(given, str) and given == "counts":
            return None
        weights = np.ones(words.columns.size)
        if isinstance(given, Mapping):
            weights[words.places(list(given), "vertex_weights")] = list(given.values())
        elif given is not None:
            weights = np.asarray(given)
        weights = distribution_over(weights, words.columns.size, "NetPLSA", "vertex_weights")
        if (weights == 0).any():
            msg = "The 'vertex_weights' parameter of NetPLSA must be positive. Got a weight of 0."
            raise ValueError(msg)
        return weights


@parameters
class GeospatialSmoothing(Regularizer):
    r"""Make places that are near each other alike in their topics.

    Places are tokens of a modality: every document has the token of its place. With the similarity S of places

    .. math:: R(\Phi) = -\frac12 \sum_{g, g'} S_{gg'} \sum_{t} n_t^2
              \Bigl(\frac{\phi_{gt}}{n_g} - \frac{\phi_{g't}}{n_{g'}}\Bigr)^2

    [1]_. :math:`n_t` and :math:`n_g` are the counters of the modality, so :math:`n_t \phi_{gt} / n_g` is about
    :math:`p(t \mid g)`, however many documents a place has. It is :class:`NetPLSA` with ``vertex_weights="counts"`` on
    the graph of similar places. Places without tokens are left out.

    Parameters
    ----------
    tau : float or Schedule, default=1.0
        Strength; absolute, in tokens of a place for every unit of S.
    coordinates : array of shape (n_places, n_dimensions), or mapping of tokens to coordinates, default=None
        Where the places are, in the order of the columns of the modality; a mapping may leave out places, which are
        then not regularised. Latitude and longitude in degrees for ``metric="haversine"``.
    similarity : sparse matrix or array of shape (n_places, n_places), default=None
        In place of coordinates: S over the columns of the modality, non-negative; the diagonal does not matter.
    metric : {"haversine", "euclidean"}, default="haversine"
        Distances on the sphere, in km; or those of the coordinates as they are, of any dimension: points in time too.
    bandwidth : float, default=None
        h of :math:`S_{gg'} = \exp(-\rho(g, g')^2 / 2 h^2)`, in the unit of the distances; None is the median distance
        of a place to its nearest neighbour.
    cutoff : float, default=3.0
        S is 0 beyond so many bandwidths, which keeps it sparse.
    relative : None or float in [0, 1], default=None
        None: absolute; the pull fades as neighbours become alike. A number: ``tau`` is the share of the mass of the
        modality that the term moves at each pass, which does not fade; a large one oversteps.
    topics : None, slice, names or indices, default=None
        Regularised topics; None is all.
    modality : None, name or names, default=None
        The modality of places; None is all columns.

    References
    ----------
    .. [1] K. Vorontsov, O. Frei, M. Apishev et al. "Non-Bayesian additive regularization for multimodal topic modeling
       of large collections." CIKM TM workshop, 2015.

    Examples
    --------
    >>> from skartm.em import Layout
    >>> from skartm.regularizers import GeospatialSmoothing
    >>> towns = {"Bergen": (60.39, 5.32), "Oslo": (59.91, 10.75), "Lima": (-12.05, -77.04)}
    >>> near = GeospatialSmoothing(coordinates=towns, bandwidth=200)
    >>> term = near.bind(Layout(("a", "b"), 3, token_names=("Bergen", "Oslo", "Lima")))
    >>> term.weights.toarray().round(2)  # S + S', at 306 km
    array([[0.  , 0.62, 0.  ],
           [0.62, 0.  , 0.  ],
           [0.  , 0.  , 0.  ]])
    """

    tau: Any = declared(default=1.0, kw_only=False)
    coordinates: Any = None
    similarity: Any = None
    metric: str = "haversine"
    bandwidth: float | None = None
    cutoff: float = 3.0
    relative: float | None = None
    topics: TopicSelection = None
    modality: ModalitySelection = None

    side = "phi"

    def bind(self, layout: Layout) -> "_GraphTerm":
        words = Words(layout, self.modality, "GeospatialSmoothing")
        if (self.coordinates is None) == (self.similarity is None):
            msg = (
                "GeospatialSmoothing: say what is near by coordinates or by similarity, one of them. Got "
                f"{'both' if self.coordinates is not None else 'none'}."
            )
            raise ValueError(msg)
        size = words.columns.size
        if self.similarity is not None:
            weights = _square(self.similarity, size, "GeospatialSmoothing", "similarity")
        else:
            places, coordinates = np.arange(size), self.coordinates
            if isinstance(coordinates, Mapping):
                places = words.places(list(coordinates), "coordinates")
                coordinates = list(coordinates.values())
            near = similarity_of_places(
                coordinates, places.size, self.metric, self.bandwidth, self.cutoff, "GeospatialSmoothing"
            )
            ends = (places[near.row], places[near.col])
            weights = csr_array(coo_array((near.data, ends), shape=(size, size)))
        return _GraphTerm(weights + weights.T, None, words, layout.topics(self.topics, "GeospatialSmoothing"))


class _GraphTerm(PhiTerm):
    """R = -1/2 sum_t n_t^2 x_t' L x_t with x = phi / D and the Laplacian L of W + W'.

    ``weights`` is W + W'; ``vertex_weights=None`` is D_u = n_u. A vertex with n_u = 0 has no edges.
    """

    def __init__(self, weights: csr_array, vertex_weights: NDArray | None, words: Words, topics: NDArray) -> None:
        self.topics, self._rows, self._vertex_weights = topics, words.columns, vertex_weights
        graph = coo_array(weights)
        apart = graph.row != graph.col
        ends = (graph.row[apart], graph.col[apart])
        self.weights = csr_array((graph.data[apart], ends), shape=graph.shape)
        self.weights.eliminate_zeros()

    def _scaled(self, phi_wt: NDArray, n_wt: NDArray) -> tuple[NDArray, NDArray]:
        """n_t phi_ut / D_u, and L times it; both of shape (vertices, S), float64."""
        counts = np.maximum(n_wt[self._rows], 0).astype(np.float64)  # (U, T)
        n_t = counts.sum(axis=0)[self.topics]
        x = phi_wt[np.ix_(self._rows, self.topics)] * n_t
        if self._vertex_weights is not None:
            x /= self._vertex_weights[:, None]
            return x, self.weights.sum(axis=1)[:, None] * x - self.weights @ x
        n_u = counts.sum(axis=1)[:, None]
        here = (n_u > 0).astype(np.float64)  # (U, 1)
        x = np.divide(x, n_u, out=np.zeros_like(x), where=n_u > 0)
        return x, here * (self.weights @ here) * x - here * (self.weights @ x)

    def value(self, phi_wt: NDArray, n_wt: NDArray) -> float:
        x, flow = self._scaled(phi_wt, n_wt)
        return float(-0.5 * (x * flow).sum())

    def add_term(self, phi_wt: NDArray, n_wt: NDArray, out: NDArray) -> None:
        x, flow = self._scaled(phi_wt, n_wt)
        out[np.ix_(self._rows, self.topics)] -= (x * flow).astype(out.dtype)


def _square(matrix: Any, size: int, owner: str, parameter: str) -> csr_array:
    """Non-negative finite weights over the columns of a modality."""
    weights = csr_array(matrix_of_numbers(matrix, f"{owner}: {parameter}"))
    if weights.shape != (size, size):
        msg = f"The {parameter!r} parameter of {owner} must have shape ({size}, {size}). Got {weights.shape}."
        raise ValueError(msg)
    if not np.isfinite(weights.data).all() or (weights.data < 0).any():
        msg = f"The {parameter!r} parameter of {owner} must be finite and non-negative."
        raise ValueError(msg)
    return weights


def _matrix_of_edges(edges: Any, words: Words) -> csr_array:
    edges = [tuple(edge) for edge in edges]
    if not edges or any(len(edge) not in (2, 3) for edge in edges):
        msg = (
            "The 'edges' parameter of NetPLSA must have pairs (u, v) or triples (u, v, weight). Got "
            f"{shown(edges[:3])}."
        )
        raise ValueError(msg)
    u, v = words.places([edge[0] for edge in edges], "edges"), words.places([edge[1] for edge in edges], "edges")
    given = [edge[2] if len(edge) == 3 else 1.0 for edge in edges]
    weights = distribution_over(given, len(edges), "NetPLSA", "edges")
    return csr_array(coo_array((weights, (u, v)), shape=(words.columns.size, words.columns.size)))
