"""What models of edges share: one topic for all vertices of an edge."""

from collections.abc import Callable, Iterator
from typing import Any, cast

import numpy as np
from numpy.typing import DTypeLike, NDArray

from skartm.em import EM, Batches, Decay, FreeMixture, Layout, Shared
from skartm.metrics._completion import say_left_out
from skartm.simplex import FLOOR
from skartm.topics._accepts import Accepts
from skartm.topics._artm import ARTMTransformer
from skartm.topics._corpus import Corpus
from skartm.topics.edges._graph import EdgeBatch, EdgeBatches, Hypergraph
from skartm.topics.edges._mixture import EdgeMixture

_PRODUCT_BYTES = 8 * 2**20  # products of the edges of a batch, offline, where the cut is free
_EDGES = 4096  # edges looked at together


def no_token_topics(model: Any) -> Any:
    """There are none: all vertices of an edge have its topic."""
    msg = f"{type(model).__name__} has no token_topics: all vertices of an edge have its topic; see transform."
    raise AttributeError(msg)


ACCEPTED = Accepts(targets=False, order=False, because="edges have neither order nor targets")


def learn(model: Any, graph: Hypergraph, decay: Decay | None, settle: Callable[[NDArray], None]) -> None:
    """Passes, and ``settle`` with theta of the containers at the end, also after an interruption."""
    try:
        model._fit(graph, None, decay=decay, max_iter=int(model.max_iter), tol=float(model.tol))
        _share_out(model, graph, settle)
    except BaseException as error:
        if not isinstance(error, Exception) and model._return_to_whole():
            _share_out(model, graph, settle)
            model._mark_whole()
        raise


def _share_out(model: Any, graph: Hypergraph, settle: Callable[[NDArray], None]) -> None:
    """What follows for containers from the topics."""
    theta = fold_in(model, graph)
    model.topic_share_ = _share(theta, graph)
    settle(theta)


def update(model: Any, graph: Hypergraph, settle: Callable[[NDArray], None]) -> None:
    """One online update, and the same at its end; p(t) fades as the counters do."""
    decay, before = model._decay(), getattr(model, "topic_share_", None)
    model._partial_fit(graph, None, decay)
    if not graph.weights.any():
        return  # nothing was learned
    theta = fold_in(model, graph)
    share, rho = _share(theta, graph), min(decay.rho(model.n_updates_), 1.0)
    model.topic_share_ = share if before is None else (1 - rho) * before + rho * share
    settle(theta)


def as_they_are(model: Any, X: Any, *, reset: bool) -> Any:
    return X


def layout_of_edges(model: Any, X: Any, *, fitting: bool = False, **known: Any) -> Layout:
    counts = X.counts() if fitting else X
    return ARTMTransformer._layout(model, counts, fitting=fitting, **known)


def is_empty(model: Any, corpus: Corpus) -> bool:
    """Whether no edge counts."""
    return not corpus.X.weights.any()


def edge_batches(model: Any, corpus: Corpus, layout: Layout, *, online: bool) -> Batches:
    """The edges in batches of containers."""
    X: Hypergraph = corpus.X
    if model._is_empty(corpus):
        msg = f"{type(model).__name__}: there must be edges. Got none with a vertex and a positive weight."
        raise ValueError(msg)
    if online:
        return EdgeBatches(X, int(model.batch_size), model._dtype())
    together = max(_PRODUCT_BYTES // (4 * model.n_components), 512)
    size = min(max(round(together * X.shape[0] / X.n_edges), 1), 8192)
    return EdgeBatches(X, size, model._dtype())


def engine(model: Any, layout: Layout, corpus: Corpus, *, warm: bool) -> EM:
    """The engine of an ARTMTransformer with a mixture of edges."""
    engine = ARTMTransformer._engine(model, layout, corpus, warm=warm)
    engine.mixture = EdgeMixture(cast("FreeMixture", engine.mixture))
    return engine


def fold_in(model: Any, graph: Hypergraph) -> NDArray:
    """theta of containers, each from its own edges alone."""
    mixture, shared, graph = _mixture_on(model, graph)
    theta = np.empty((graph.shape[0], model.components_.shape[0]), dtype=model._dtype())
    for batch in _passing(graph, model._transform_batch_size(), model._dtype()):
        theta[batch.start : batch.start + batch.n_docs] = mixture.fold_in(shared, batch)
    return theta


def posteriors(model: Any, graph: Hypergraph, theta: NDArray, theta_of: NDArray) -> tuple[NDArray, NDArray]:
    """p(t | d, x) of edges whose theta are rows ``theta_of`` of ``theta``, and ln p(x | d)."""
    mixture, shared, graph = _mixture_on(model, graph)
    n_topics = model.components_.shape[0]
    p, log_p = np.empty((graph.n_edges, n_topics), dtype=model._dtype()), np.empty(graph.n_edges)
    theta = theta.astype(model._dtype(), copy=False)
    for batch in _passing(graph.apart(), _EDGES, model._dtype()):
        rows = slice(batch.start, batch.start + batch.n_docs)
        p[rows], log_p[rows] = mixture.posteriors(shared, batch, theta[theta_of[rows]])
    return p, log_p


def _mixture_on(model: Any, graph: Hypergraph) -> tuple[EdgeMixture, Shared, Hypergraph]:
    """The fitted mixture, and phi of the vertices that occur if these are few, with the graph on them."""
    if graph.n_vertices != model.components_.shape[1]:
        msg = (
            f"{type(model).__name__}: edges must have the {model.components_.shape[1]} vertices of components_. Got "
            f"{graph.n_vertices}; fit a new model."
        )
        raise ValueError(msg)
    if 2 * graph.vertices.size < graph.n_vertices:
        used = np.unique(graph.vertices)
        graph = graph.on(used)
    else:
        used = np.arange(graph.n_vertices)
    return EdgeMixture(model._mixture(model.components_.shape[0])), model._fitted(used), graph


def refuse_hypergraph(model: Any, X: Any) -> None:
    if isinstance(X, Hypergraph):
        msg = (
            f"{type(model).__name__}: callbacks see the edges of a fit as the engine has them, which can be scored "
            "but not transformed. Let them watch scores of phi, or set validation_fraction."
        )
        raise TypeError(msg)


def completed(model: Any, graph: Hypergraph) -> tuple[NDArray, NDArray]:
    """theta of containers for a score of their edges, and which edges to score."""
    if model.evaluation == "fold_in":
        return fold_in(model, graph), np.ones(graph.n_edges, dtype=bool)
    place = np.arange(graph.n_edges) - np.repeat(graph.containers[:-1], np.diff(graph.containers))
    observed = place % 2 == 0
    return fold_in(model, graph.with_weights(np.where(observed, graph.weights, 0))), ~observed


def log_likelihoods(model: Any, graph: Hypergraph, theta: NDArray) -> NDArray:
    """ln p(x | d) of the edges; what is impossible is charged ln 1e-16 a vertex."""
    _, log_p = posteriors(model, graph, theta, graph.container_of)
    possible = np.isfinite(log_p)
    log_p[~possible] = graph.sizes[~possible] * np.log(FLOOR)
    return log_p


def score_new(model: Any, graph: Hypergraph) -> float:
    """Of containers that are not known; they are not looked up."""
    theta, scored = completed(model, graph)
    mean = mean_of_vertices(model, log_likelihoods(model, graph, theta), graph.weights * scored, graph.sizes)
    say_left_out_of(model, graph)
    return mean


def say_left_out_of(model: Any, graph: Hypergraph) -> None:
    """Warn of containers that are not known and have one edge."""
    if model.evaluation == "completion":
        n_edges = np.diff(graph.containers)
        say_left_out(int((n_edges == 1).sum()), int((n_edges > 0).sum()), whole="container", part="edge")


def mean_of_vertices(model: Any, log_p: NDArray, weights: NDArray, sizes: NDArray) -> float:
    """Per vertex."""
    mass = float(weights @ sizes)
    if mass == 0:
        msg = (
            f"{type(model).__name__}: there must be edges of positive weight to score. Got none: with evaluation="
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
