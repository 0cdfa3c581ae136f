"""The engine of a model of authors: what is checked, built, published, and inferred."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from skartm.em import EM, Batches, Bound, Layout, MapPosterior, State, Strength, Terms, blocks_of, filled_rows, padded
from skartm.metrics._completion import said_before
from skartm.regularizers import bind_all, check_regularizers
from skartm.topics._artm import ARTMTransformer
from skartm.topics._corpus import Corpus
from skartm.topics._doc_iter import doc_iters
from skartm.topics._modalities import token_counts
from skartm.topics._published import learned_before
from skartm.topics._scored import score_parts
from skartm.topics._start import begin_topics, filled_documents, phi_of_documents
from skartm.topics.authors._authorship import Authorship, read_authors
from skartm.topics.authors._mixture import GroupedMixture, GroupLearning, Groups
from skartm.topics.authors._priors import author_prior, word_prior

_ROWS = 2048  # documents looked at together


def authors_of_documents(model: Any, X: Any, **given: Any) -> dict[str, Any]:
    """The authors of the documents to learn from; ``known`` are those that the model knows."""
    owner, n_docs = type(model).__name__, X.shape[0]
    authors, known = given["authors"], given["known"]
    if authors is None:
        msg = f"{owner}: authors must be given, one entry for each document. Got None; call fit(X, authors=[...])."
        raise ValueError(msg)
    found = read_authors(authors, n_docs, owner, known=known, column_names=model.author_names)
    if not found.named.all():
        nobody = np.flatnonzero(~found.named)
        msg = (
            f"{owner}: every document must have an author. Got none for {nobody.size} documents, the first of "
            f"them {nobody[:5].tolist()}; leave these out, or name an author for them such as 'anonymous'."
        )
        raise ValueError(msg)
    return {"authors": found}


def engine(model: Any, layout: Layout, corpus: Corpus, *, warm: bool) -> EM:
    authors = corpus.beside["authors"]
    documents = _lengths(model, layout, warm=warm)
    n_authors = authors.names.size
    layout = replace(layout, n_docs=None if layout.n_docs is None else n_authors)
    regularizers, n_threads = check_regularizers(model), model._n_threads()
    terms = bind_all(regularizers, layout, learned=learned_before(model) if warm else None)
    terms = with_priors(model, terms, layout, known=warm, documents=documents)
    groups = fitted_groups(model) if warm else Groups.uniform(authors.names[:0], layout.n_topics, model._dtype())
    kept = GroupLearning(
        groups.extended(authors.names),
        authors.shares,
        n_sweeps=int(model.author_iter),
        free=model.mixing == "free",
        pi=_shares_before(model, authors.shares) if warm and model.mixing == "free" else None,
        dtype=model._dtype(),
        n_threads=n_threads,
        decay=model._decay(),
        extends=layout.n_docs is None,
    )
    posterior = MapPosterior(layout.n_topics, terms.phi, n_threads=n_threads)
    mixture = GroupedMixture(layout.n_topics, n_threads)
    return EM(mixture, posterior, layout.n_topics, n_threads=n_threads, terms=terms, kept=kept)


def start(model: Any, layout: Layout, batches: Batches, *, warm: bool) -> State:
    state = ARTMTransformer._start(model, layout, batches, warm=warm)
    if not isinstance(model.init, str):
        model._n_begun = layout.n_topics
    elif not warm:
        model._n_begun = min(filled_documents(batches).size, layout.n_topics)
    else:
        begun = getattr(model, "_n_begun", layout.n_topics)  # a model of an older version has begun all
        model._n_begun = begin_topics(state, begun, batches, layout, model.random_state)
    return state


def initial_phi(model: Any, layout: Layout, batches: Batches) -> NDArray:
    if not isinstance(model.init, str):
        return ARTMTransformer._initial_phi(model, layout, batches)
    counts = token_counts(batches.X, batches.sample_weight)
    return phi_of_documents(batches, counts, layout, model.random_state)


def with_priors(
    model, terms: Terms, layout: Layout, *, known: bool, documents: tuple[float, float] = (0.0, 0.0)
) -> Terms:
    """The priors are terms like any other; what was learned of them goes on."""
    owner = type(model).__name__
    before = (model.author_topic_prior_, model.topic_word_prior_) if known else (None, None)
    alpha = author_prior(model.author_topic_prior, layout.n_topics, owner, before[0], documents)
    beta = word_prior(model.topic_word_prior, layout, owner, before[1], model._n_threads())
    if alpha is not None:
        terms = terms._replace(theta=[*terms.theta, Bound("author_topic_prior", alpha, Strength(1.0))])
    if beta is not None:
        terms = terms._replace(phi=[*terms.phi, Bound("topic_word_prior", beta, Strength(1.0))])
    return terms


def _lengths(model: Any, layout: Layout, *, warm: bool) -> tuple[float, float]:
    """Tokens, and documents that have any: of those here and, in ``partial_fit``, those before."""
    X, weights, of_tokens = layout.X, layout.sample_weight, layout.token_weights
    if weights is None and of_tokens is None:
        n_tokens = float(sum(rows.data.sum(dtype=np.float64) for _, rows in blocks_of(X, _ROWS)))
    else:
        counts = token_counts(X, weights)
        n_tokens = float(counts.sum() if of_tokens is None else counts @ of_tokens)
    filled = filled_rows(X)
    n_docs = float(filled.sum() if weights is None else weights[filled].sum())
    if warm and layout.n_docs is None:
        n_tokens += model._prior_docs * float(model.author_topic_prior_.sum())
        n_docs += model._prior_docs
    return n_tokens, n_docs


def _shares_before(model: Any, shares: sparse.csr_matrix) -> NDArray | None:
    """pi of the last fit, if it was of documents by the same authors."""
    before = model.author_shares_
    same = before.shape == shares.shape and np.array_equal(before.indptr, shares.indptr)
    return before.data if same and np.array_equal(before.indices, shares.indices) else None


def fitted_groups(model: Any) -> Groups:
    """The authors as the engine wants them."""
    dtype = model._dtype()
    return Groups(
        model.authors_,
        model.author_topics_.shape[1],
        padded(model.author_topics_, dtype),
        padded(model._author_counts, dtype),
        model._author_seen.copy(),
        model._author_updates.copy(),
    )


def publish(model: Any, engine: EM, state: State) -> None:
    ARTMTransformer._publish(model, engine, state)
    learning: Any = engine.kept
    groups, pi = state.shared
    model.authors_ = groups.names
    model.author_topics_ = groups.psi_ct[:, : engine.n_topics].copy()
    model.author_mass_ = groups.n_ct.sum(axis=1, dtype=np.float64)
    model._author_counts = groups.n_ct[:, : engine.n_topics].copy()
    model._author_seen, model._author_updates = groups.mass, groups.n_updates
    members = learning.members
    model.author_shares_ = sparse.csr_matrix((pi, members.indices, members.indptr), shape=members.shape)
    found = {bound.name: bound.term for bound in engine.terms.all}
    model.author_topic_prior_ = _prior(state.priors.get("author_topic_prior"), engine.n_topics)
    model._prior_docs = getattr(found.get("author_topic_prior"), "n_docs", 0.0)
    model.topic_word_prior_ = _prior(state.priors.get("topic_word_prior"), state.phi_wt.shape[0])


def own_terms(model: Any, terms: Terms, layout: Layout) -> Terms:
    """Of documents without authors: each is of a new one."""
    return with_priors(model, terms, layout, known=True)


def theta_of(model: Any, X: Any, authors: Authorship | None) -> NDArray:
    """theta of documents by authors that the model knows, or, without, by their text."""
    if authors is None:
        return model._doc_topic(X)
    named = authors.named
    if not named.all():
        theta = np.empty((X.shape[0], model.components_.shape[0]), dtype=model._dtype())
        theta[~named] = model._doc_topic(X[~named])
        if named.any():
            theta[named] = theta_of(model, X[named], authors[named])
        return theta
    shares = authors.shares.astype(model._dtype())
    if model.mixing == "free":
        phi = padded(model.components_.T, model._dtype())
        shares.data[:] = folded_in(
            model, X, authors.shares, fitted_groups(model), phi, doc_iters(model)[1], float(model.doc_tol)
        )
    return shares @ model.author_topics_


def folded_in(
    model, X: Any, members: sparse.csr_matrix, groups: Groups, phi_wt: NDArray, max_iter: int, tol: float
) -> NDArray:
    """pi of documents, learned with psi and phi fixed."""
    dtype = model._dtype()
    learning = GroupLearning(groups, members, n_sweeps=1, free=True, dtype=dtype, n_threads=model._n_threads())
    weights = model._layout(X, known=True).token_weights
    batches = Batches(X, model._transform_batch_size(), dtype, None, weights)
    batches.keep = False
    for batch in batches:
        learning.fold_in(batch, phi_wt, max_iter, tol)
    return learning.pi


def known_authors(model: Any, authors: Any, n_docs: int) -> Authorship:
    """Authors of new documents; the model knows those who have documents."""
    owner = type(model).__name__
    found = read_authors(
        authors, n_docs, owner, known=model.authors_, column_names=model.author_names, grow=False
    ).only(model.author_mass_ > 0)
    if found.unknown and model.unknown_authors == "error":
        names = ", ".join(repr(name) for name in found.unknown[:5])
        msg = (
            f"{owner}: authors must have documents in fit. Got {names}; leave them out, or set "
            "unknown_authors='ignore'."
        )
        raise ValueError(msg)
    return found


def score_held_out(model: Any, held_out: Corpus) -> float:
    """What ``validation_perplexity`` is made of."""
    X, known = held_out.X, held_out.beside["authors"].only(model.author_mass_ > 0)
    with said_before(model.n_iter_ > 1):
        return score_parts(model, X, None, None, lambda part, given: theta_of(model, given, known[part]))


def _prior(prior: NDArray | None, size: int) -> NDArray:
    """What is published of a prior."""
    if prior is None:
        return np.zeros(size)
    return prior.copy() if prior.ndim == 1 else (prior[:, 0] if prior.shape[1] == 1 else prior.T).copy()
