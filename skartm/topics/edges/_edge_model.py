"""What models of edges share: one topic for all vertices of an edge."""

from collections.abc import Callable, Iterator
from typing import Any, cast

import numpy as np
from numpy.typing import DTypeLike, NDArray

from skartm.em import EM, Batches, Decay, FreeMixture, Layout, Shared
from skartm.metrics._completion import say_left_out
from skartm.regularizers import check_regularizers
from skartm.simplex import FLOOR
from skartm.topics._artm import ARTMTransformer
from skartm.topics.edges._graph import EdgeBatch, EdgeBatches, Hypergraph
from skartm.topics.edges._mixture import EdgeMixture

_PRODUCT_BYTES = 8 * 2**20  # products of the edges of a batch, offline, where the cut is free
_EDGES = 4096  # edges looked at together


class EdgeModel(ARTMTransformer):
    """Base of the models whose data are edges: ``_fit`` and ``_partial_fit`` take a :class:`Hypergraph`.

    Attributes
    ----------
    topic_share_ : array of shape (n_components,)
        p(t): the mean theta of the containers, by their edges.
    """

    topic_share_: NDArray

    @property
    def token_topics(self) -> Any:
        """There are none: all vertices of an edge have its topic."""
        msg = f"{type(self).__name__} has no token_topics: all vertices of an edge have its topic; see transform."
        raise AttributeError(msg)

    # --- learning ----------------------------------------------------------------------------------------------------

    def _check_parameters(self) -> None:
        super()._check_parameters()
        for name, regularizer in check_regularizers(self):
            for trait, what in (("needs_order", "reads the order of tokens"), ("uses_y", "reads targets")):
                if getattr(regularizer, trait, False):
                    msg = (
                        f"{type(self).__name__}: edges have neither order nor targets. Got the regularizer {name!r} "
                        f"({type(regularizer).__name__}), which {what}; leave it out or take ARTMTransformer."
                    )
                    raise ValueError(msg)

    def _learn(self, graph: Hypergraph, decay: Decay | None, settle: Callable[[NDArray], None]) -> None:
        """Passes, and ``settle`` with theta of the containers at the end, also after an interruption."""
        try:
            self._fit(graph, None, decay=decay, max_iter=int(self.max_iter), tol=float(self.tol))
            self._share_out(graph, settle)
        except BaseException as error:
            if not isinstance(error, Exception) and self._return_to_whole():
                self._share_out(graph, settle)
                self._mark_whole()
            raise

    def _share_out(self, graph: Hypergraph, settle: Callable[[NDArray], None]) -> None:
        """What follows for containers from the topics."""
        theta = self._fold_in(graph)
        self.topic_share_ = _share(theta, graph)
        settle(theta)

    def _update(self, graph: Hypergraph, settle: Callable[[NDArray], None]) -> None:
        """One online update, and the same at its end; p(t) fades as the counters do."""
        decay, before = self._decay(), getattr(self, "topic_share_", None)
        self._partial_fit(graph, None, decay)
        if self._is_empty(graph, None):
            return  # nothing was learned
        theta = self._fold_in(graph)
        share, rho = _share(theta, graph), min(decay.rho(self.n_updates_), 1.0)
        self.topic_share_ = share if before is None else (1 - rho) * before + rho * share
        settle(theta)

    def _data(self, X: Any, *, reset: bool) -> Any:
        return X

    def _targets(self, y: Any, n_docs: int) -> NDArray | None:
        return None

    def _layout(self, X: Any, *, fitting: bool = False, **known: Any) -> Layout:
        counts = X.counts() if fitting else X
        return super()._layout(counts, fitting=fitting, **known)

    def _is_empty(self, X: Hypergraph, weights: NDArray | None) -> bool:
        return not X.weights.any()

    def _batches(self, X: Hypergraph, weights: NDArray | None, layout: Layout, *, online: bool) -> Batches:
        if self._is_empty(X, weights):
            msg = f"{type(self).__name__}: there must be edges. Got none with a vertex and a positive weight."
            raise ValueError(msg)
        if online:
            return EdgeBatches(X, int(self.batch_size), self._dtype())
        together = max(_PRODUCT_BYTES // (4 * self.n_components), 512)
        size = min(max(round(together * X.shape[0] / X.n_edges), 1), 8192)
        return EdgeBatches(X, size, self._dtype())

    def _engine(self, layout: Layout, *, warm: bool) -> EM:
        engine = super()._engine(layout, warm=warm)
        engine.mixture = EdgeMixture(cast("FreeMixture", engine.mixture))
        return engine

    # --- use ---------------------------------------------------------------------------------------------------------

    def _fold_in(self, graph: Hypergraph) -> NDArray:
        """theta of containers, each from its own edges alone."""
        mixture, shared, graph = self._mixture_on(graph)
        theta = np.empty((graph.shape[0], self.components_.shape[0]), dtype=self._dtype())
        for batch in _passing(graph, self._transform_batch_size(), self._dtype()):
            theta[batch.start : batch.start + batch.n_docs] = mixture.fold_in(shared, batch)
        return theta

    def _posteriors(self, graph: Hypergraph, theta: NDArray, theta_of: NDArray) -> tuple[NDArray, NDArray]:
        """p(t | d, x) of edges whose theta are rows ``theta_of`` of ``theta``, and ln p(x | d)."""
        mixture, shared, graph = self._mixture_on(graph)
        n_topics = self.components_.shape[0]
        p, log_p = np.empty((graph.n_edges, n_topics), dtype=self._dtype()), np.empty(graph.n_edges)
        theta = theta.astype(self._dtype(), copy=False)
        for batch in _passing(graph.apart(), _EDGES, self._dtype()):
            rows = slice(batch.start, batch.start + batch.n_docs)
            p[rows], log_p[rows] = mixture.posteriors(shared, batch, theta[theta_of[rows]])
        return p, log_p

    def _mixture_on(self, graph: Hypergraph) -> tuple[EdgeMixture, Shared, Hypergraph]:
        """The fitted mixture, and phi of the vertices that occur if these are few, with the graph on them."""
        if graph.n_vertices != self.components_.shape[1]:
            msg = (
                f"{type(self).__name__}: edges must have the {self.components_.shape[1]} vertices of components_. Got "
                f"{graph.n_vertices}; fit a new model."
            )
            raise ValueError(msg)
        if 2 * graph.vertices.size < graph.n_vertices:
            used = np.unique(graph.vertices)
            graph = graph.on(used)
        else:
            used = np.arange(graph.n_vertices)
        return EdgeMixture(self._mixture(self.components_.shape[0])), self._fitted(used), graph

    def _refuse_hypergraph(self, X: Any) -> None:
        if isinstance(X, Hypergraph):
            msg = (
                f"{type(self).__name__}: callbacks see the edges of a fit as the engine has them, which can be scored "
                "but not transformed. Let them watch scores of phi, or set validation_fraction."
            )
            raise TypeError(msg)

    def _completed(self, graph: Hypergraph) -> tuple[NDArray, NDArray]:
        """theta of containers for a score of their edges, and which edges to score."""
        if self.evaluation == "fold_in":
            return self._fold_in(graph), np.ones(graph.n_edges, dtype=bool)
        place = np.arange(graph.n_edges) - np.repeat(graph.containers[:-1], np.diff(graph.containers))
        observed = place % 2 == 0
        return self._fold_in(graph.with_weights(np.where(observed, graph.weights, 0))), ~observed

    def _log_likelihood(self, graph: Hypergraph, theta: NDArray) -> NDArray:
        """ln p(x | d) of the edges; what is impossible is charged ln 1e-16 a vertex."""
        _, log_p = self._posteriors(graph, theta, graph.container_of)
        possible = np.isfinite(log_p)
        log_p[~possible] = graph.sizes[~possible] * np.log(FLOOR)
        return log_p

    def _score_new(self, graph: Hypergraph) -> float:
        """Of containers that are not known; they are not looked up."""
        theta, scored = self._completed(graph)
        mean = self._mean(self._log_likelihood(graph, theta), graph.weights * scored, graph.sizes)
        self._say_left_out(graph)
        return mean

    def _say_left_out(self, graph: Hypergraph) -> None:
        """Warn of containers that are not known and have one edge."""
        if self.evaluation == "completion":
            n_edges = np.diff(graph.containers)
            say_left_out(int((n_edges == 1).sum()), int((n_edges > 0).sum()), whole="container", part="edge")

    def _mean(self, log_p: NDArray, weights: NDArray, sizes: NDArray) -> float:
        """Per vertex."""
        mass = float(weights @ sizes)
        if mass == 0:
            msg = (
                f"{type(self).__name__}: there must be edges of positive weight to score. Got none: with evaluation="
                "'completion' every second edge of a new container is scored, given the others; take "
                "evaluation='fold_in' for single ones."
            )
            raise ValueError(msg)
        return float(weights @ log_p) / mass


def _passing(graph: Hypergraph, batch_size: int, dtype: DTypeLike) -> Iterator[EdgeBatch]:
    """Batches that are not kept."""
    for start in range(0, graph.shape[0], batch_size):
        yield EdgeBatch(graph, start, min(start + batch_size, graph.shape[0]), dtype)


def _share(theta: NDArray, graph: Hypergraph) -> NDArray:
    """Mean theta by the weights of the edges."""
    mass = np.bincount(graph.container_of, graph.weights, graph.shape[0])
    return mass @ theta.astype(np.float64) / mass.sum()
