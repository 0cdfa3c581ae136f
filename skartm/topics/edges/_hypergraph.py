"""HypergraphARTM: topics of transactions."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm.base import shown
from skartm.base._callbacks import with_callbacks
from skartm.base._parameters import is_number, parameters
from skartm.em import perplexity_of
from skartm.simplex import FLOOR
from skartm.topics._artm import ARTMTransformer
from skartm.topics.edges import _edge_model, _predictions
from skartm.topics.edges._edge_model import (
    completed,
    fold_in,
    learn,
    log_likelihoods,
    mean_of_vertices,
    say_left_out_of,
    score_new,
    update,
)
from skartm.topics.edges._graph import Hypergraph
from skartm.topics.edges._names import NamedEdges, VertexNames, name_edges, named
from skartm.topics.edges._predictions import known_containers, look_up, topics_in
from skartm.topics.edges._tables import Declaration, read_cells


@parameters(without=("token_names", "modalities", "modality_weights", "main_modality", "leave_one_out", "shown_words"))
class HypergraphARTM(ARTMTransformer):
    r"""Topic model of transactions: edges of several vertices, in containers.

    A transaction is a container (a user, a document) and a set of vertices of several modalities (a film, a genre, a
    situation). All vertices of an edge :math:`x` are drawn from one topic of its container :math:`d` [1]_:

    .. math:: \sum_k \tau_k \sum_{(d, x) \in E_k} n_{kdx} \ln \sum_t \theta_{td} \prod_{v \in x} \phi_{vt}^{m_{xv}}
              + \sum_i \tau_i R_i(\Phi, \Theta) \to \max

    .. math:: p_{tdx} = \operatorname{norm}_t \Bigl(\theta_{td} \prod_{v \in x} \phi_{vt}^{m_{xv}}\Bigr), \qquad
              \phi_{vt} = \operatorname{norm}_v \Bigl(\sum_k \tau_k \sum_{(d, x) \in E_k} n_{kdx} m_{xv} p_{tdx} +
              \sum_i \tau_i \phi_{vt} \frac{\partial R_i}{\partial \phi_{vt}}\Bigr)_+

    with :math:`m_{xv}` the times that the edge has the vertex, and theta the norm of :math:`\sum n_{kdx} p_{tdx}` plus
    the terms of its regularizers. Phi is a distribution over the vertices of every modality. Edges of one vertex are
    the tokens of :class:`ARTMTransformer`.

    Parameters
    ----------
    n_components : int, default=10
        Number of topics.
    container : column, default=None
        Whose edges they are: a name, or a number where edges are arrays. None: all edges have one theta, p(t).
    vertices : list of columns, or dict of column to modality, default=None
        Columns with vertices. In a list each column is a modality of its own; columns of one modality (stations from
        and to) share their vertices. None takes all columns but those of container and weight.
    weight : column, default=None
        How often the edge occurred; None is once a row.
    edge_weights : dict of type to float, default=None
        tau_k, 1 by default, where edges are a dict of tables.
    regularizers : list of (str, Regularizer), default=()
        Named regularizers, all but those that read the order of tokens or targets. Documents are the containers.
    topic_names : list of str, default=None
    learning_method : {"batch", "online"}, default="batch"
    max_iter : int, default=50
    unregularized_iter : int, default=0
    tol : float, default=1e-3
        As in :class:`ARTMTransformer`, in nats a vertex.
    max_doc_iter : int, default=10
    doc_tol : float, default=0.01
    reuse_theta : bool, default=False
    batch_size : int, default=2048
        Containers of a batch.
    learning_offset : float, default=1.0
    learning_decay : float, default=0.7
    total_samples : float, default=None
        Containers of the whole corpus.
    init : array of shape (n_components, n_vertices), default=None
        Vertices as in ``components_``.
    validation_fraction : float in (0, 1), default=None
        Share of the containers held out.
    evaluation : {"completion", "fold_in"}, default="completion"
        How ``score`` gets theta of a container that it does not know: from every second edge, to score the others, or
        from all edges, to score the same.
    warm_start : bool, default=False
    dtype : {"float32", "float64"}, default="float32"
    n_jobs : int, default=None
    random_state : int, RandomState or None, default=None
    verbose : int, default=0
        What is not said here is as in :class:`ARTMTransformer`.

    Attributes
    ----------
    components_ : array of shape (n_components, n_vertices)
        phi. Vertices are in the order of the modalities, sorted by name within them. Rows sum to 1 in each modality.
    modalities_ : dict of modality to slice
        Its vertices in ``components_``.
    vertex_names_ : dict of modality to array
    vertex_columns_ : dict of column to modality
    containers_ : array
        Names of the containers of the fit, sorted; after ``partial_fit`` new ones follow. [None] without ``container``.
    container_topics_ : array of shape (n_containers, n_components)
        theta; after ``partial_fit`` from the edges of the last call that had the container.
    topic_share_ : array of shape (n_components,)
        p(t), the mean of theta over the edges: theta of a container about which nothing is known.
    topic_mass_, dead_topics_, learned_, history_, n_iter_
        As in :class:`ARTMTransformer`; "tokens" are vertices, so perplexity is that of a vertex.

    Notes
    -----
    ``edges`` are a data frame (pandas or polars), a 2-d array or a list of rows, one row an edge; or a dict of type to
    such a table. A cell may be a list or a set of vertices. None and NaN are no vertex. ``fit`` and ``partial_fit``
    want at least one vertex in every edge. ``partial_fit`` keeps to the vertices of its first call; edges of
    ``sample_weight`` 0 are a way to name all of them there. Everywhere else an unknown vertex says nothing about
    topics, and likelihoods charge it 1e-16.

    A batch holds n_components numbers for each of its edges.

    See Also
    --------
    SentenceTopicModel : The same for sentences, as rows of a sparse matrix.

    References
    ----------
    .. [1] K. Vorontsov. "Rethinking probabilistic topic modeling from the point of view of classical non-Bayesian
       regularization." 2023.

    Examples
    --------
    >>> from skartm import HypergraphARTM
    >>> edges = [("ann", "tea", "cup"), ("ann", "coffee", "cup"), ("bob", "beer", "glass"), ("bob", "wine", "glass")]
    >>> model = HypergraphARTM(2, container=0, vertices={1: "drink", 2: "dish"}, random_state=0).fit(edges)
    >>> model.recommend([("bob", None, "glass")], "drink", n_top=2)[0].tolist()
    [['beer', 'wine']]
    """

    container: Any = None
    vertices: Any = None
    weight: Any = None
    edge_weights: Any = None

    token_topics = property(_edge_model.no_token_topics)
    vertex_topics_ = property(_predictions.vertex_topics_)
    vertex_proba = _predictions.vertex_proba
    recommend = _predictions.recommend
    edge_log_likelihood = _predictions.edge_log_likelihood

    _accepts = _edge_model.ACCEPTED
    _starts = ("random",)
    _data = _edge_model.as_they_are
    _layout = _edge_model.layout_of_edges
    _is_empty = _edge_model.is_empty
    _batches = _edge_model.edge_batches
    _engine = _edge_model.engine

    # --- learning ----------------------------------------------------------------------------------------------------

    @with_callbacks
    def fit(self, edges: Any, y: Any = None, sample_weight: Any = None) -> "HypergraphARTM":
        """Learn the topics of vertices and containers.

        Parameters
        ----------
        edges : data frame, array, list of rows, or dict of type to these
        y : ignored
        sample_weight : array of shape (n_edges,), default=None
            Multiplies the weights of the edges, of all types in their order.

        Returns
        -------
        self
        """
        self._check_parameters()
        warm = self.warm_start and hasattr(self, "components_")
        decay = self._decay() if self.learning_method == "online" else None
        read = self._read(edges, sample_weight, known=warm)
        learn(self, read.graph, decay, lambda theta: self._settle(theta, read.containers, add=False))
        return self

    def partial_fit(self, edges: Any, y: Any = None, sample_weight: Any = None) -> "HypergraphARTM":
        """Update the topics by some edges, ``batch_size`` containers at a time; containers may be new.

        Parameters
        ----------
        edges : as in ``fit``
            Vertices must be those of the first call.
        y : ignored
        sample_weight : array of shape (n_edges,), default=None

        Returns
        -------
        self
        """
        self._check_parameters()
        known = hasattr(self, "components_")
        read = self._read(edges, sample_weight, known=known)
        if known and read.graph.n_edges == 0:
            return self
        update(self, read.graph, lambda theta: self._settle(theta, read.containers, add=known))
        return self

    def _check_parameters(self) -> None:
        super()._check_parameters()
        owner = type(self).__name__
        if self.vertices is not None and (isinstance(self.vertices, str) or not hasattr(self.vertices, "__iter__")):
            msg = f"The 'vertices' parameter of {owner} must be a list of columns or a dict of column to modality. Got "
            raise TypeError(f"{msg}{shown(self.vertices)}.")
        if self.edge_weights is not None and not isinstance(self.edge_weights, Mapping):
            msg = f"The 'edge_weights' parameter of {owner} must be a dict of weights. Got {shown(self.edge_weights)}."
            raise TypeError(msg)
        for kind, weight in (self.edge_weights or {}).items():
            if not is_number(weight) or not np.isfinite(weight) or weight < 0:
                msg = (
                    f"{owner}: the weight of the type {kind!r} must be a finite number, at least 0. Got "
                    f"{shown(weight)}."
                )
                raise ValueError(msg)

    @property  # type: ignore[misc]
    def modalities(self) -> Any:
        """Modalities of the vertices of the fit, as the engine takes them."""
        return getattr(self, "modalities_", None)

    @property  # type: ignore[misc]
    def token_names(self) -> Any:
        """Names of the vertices of the fit."""
        names = getattr(self, "vertex_names_", None)
        return None if names is None else [name for part in names.values() for name in part.tolist()]

    def _read(self, edges: Any, sample_weight: Any, *, known: bool) -> NamedEdges:
        """Edges to learn from; unless ``known``, their vertices become those of the model."""
        owner = type(self).__name__
        cells = read_cells(edges, self._declared(self._columns_of_vertices()), sample_weight, fitting=True)
        if known and cells.columns != self.vertex_columns_:
            msg = (
                f"{owner}: columns of vertices must be those that the model began with, {self.vertex_columns_}. Got "
                f"{cells.columns}; fit a new model for others."
            )
            raise ValueError(msg)
        vertices = self._vertices if known else VertexNames.of(cells, owner)
        read = name_edges(cells, vertices, owner)
        if read.unknown.any():
            row = int(read.rows[read.unknown > 0].min())
            msg = (
                f"{owner}: edges must have the vertices that the model began with. Got another one in row {row}; leave "
                "such edges out, or let the first call have all vertices, in edges of sample_weight 0 if need be."
            )
            raise ValueError(msg)
        empty = read.graph.sizes == 0
        if empty.any():
            msg = f"{owner}: edges must have a vertex. Got row {int(read.rows[empty].min())} without; leave it out."
            raise ValueError(msg)
        if not known:
            self._vertices: VertexNames = vertices
            self.vertex_columns_: dict[Any, str] = cells.columns
            self.modalities_, self.vertex_names_ = vertices.slices, vertices.arrays()
        return read

    def _columns_of_vertices(self) -> dict[Any, str] | None:
        if self.vertices is None:
            return None
        if isinstance(self.vertices, Mapping):
            return {column: str(modality) for column, modality in self.vertices.items()}
        return {column: str(column) for column in self.vertices}

    def _declared(self, vertices: dict[Any, str] | None) -> Declaration:
        return Declaration(
            self.container, vertices, self.weight, self.edge_weights or {}, type(self).__name__, self._dtype()
        )

    def _settle(self, theta: NDArray, containers: list[Any], *, add: bool) -> None:
        """Keep theta of containers, beside those known if ``add``."""
        names = self.containers_.tolist() if add else []
        places = {name: number for number, name in enumerate(names)}
        names += [name for name in containers if name not in places]
        places = {name: number for number, name in enumerate(names)}
        topics = np.empty((len(names), theta.shape[1]), dtype=theta.dtype)
        if add:
            topics[: self.containers_.size] = self.container_topics_
        topics[[places[name] for name in containers]] = theta
        self.containers_: NDArray = named(names)
        self.container_topics_: NDArray = topics
        self._container_places: dict[Any, int] = places

    # --- use ---------------------------------------------------------------------------------------------------------

    def transform(self, edges: Any) -> NDArray:
        """Topics of edges, p(t | d, x): one row for each row of the table, or of all tables in their order.

        A container of the fit has the theta that it learned there. The theta of another is learned from its edges in
        this call. An edge without any vertex that the model knows has the theta of its container.

        Parameters
        ----------
        edges : as in ``fit``

        Returns
        -------
        array of shape (n_edges, n_components)
            Rows sum to 1.
        """
        read = look_up(self, edges)
        known, theta = known_containers(self, read)
        if not known.all():
            new = np.flatnonzero(~known)
            theta[new] = fold_in(self, read.graph[new])
        return topics_in(self, read, theta)

    def container_topics(self, edges: Any) -> tuple[NDArray, NDArray]:
        """Topics of containers from these edges alone, also of those that the model knows.

        Parameters
        ----------
        edges : as in ``fit``

        Returns
        -------
        containers : array of shape (n_containers,)
            Their names, sorted.
        theta : array of shape (n_containers, n_components)
            Rows sum to 1; uniform without any known vertex.
        """
        read = look_up(self, edges)
        return named(read.containers), fold_in(self, read.graph)

    def score(self, edges: Any, y: Any = None, sample_weight: Any = None) -> float:  # type: ignore[override]
        """Mean log-likelihood of a vertex, in nats: sum of n ln p(x | d) over the sum of n times vertices of x.

        A container of the fit has the theta that it learned there, and all of its edges are scored. Of any other, with
        ``evaluation="completion"``, every second edge is scored, given the others; with "fold_in" all, given all.
        Types of edges are not weighted. Vertices that are unknown or impossible are charged ln 1e-16.

        Parameters
        ----------
        edges : as in ``fit``
        y : ignored
        sample_weight : array of shape (n_edges,), default=None

        Returns
        -------
        float
        """
        if isinstance(edges, Hypergraph):
            return score_new(self, edges)
        read = look_up(self, edges, sample_weight)
        known, theta = known_containers(self, read)
        scored = known[read.graph.container_of]
        if not known.all():
            new = np.flatnonzero(~known)
            theta[new], scored[~scored] = completed(self, read.graph[new])
        log_p = log_likelihoods(self, read.graph, theta) + read.unknown * np.log(FLOOR)
        mean = mean_of_vertices(self, log_p, read.counts * scored, read.graph.sizes + read.unknown)
        if not known.all():
            say_left_out_of(self, read.graph[new])
        return mean

    def perplexity(self, edges: Any, sample_weight: Any = None) -> float:  # type: ignore[override]
        """exp(-score): lower is better."""
        return perplexity_of(self.score(edges, sample_weight=sample_weight))
