"""The engine of a model of authors: what is checked, built, published, and inferred."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from skartm.base._parameters import check_choice
from skartm.em import EM, Batches, Bound, Layout, MapPosterior, State, Strength, Terms, blocks_of, filled_rows, padded
from skartm.metrics._completion import said_before
from skartm.regularizers import bind_all, check_regularizers
from skartm.topics._artm import ARTMTransformer
from skartm.topics._modalities import token_counts
from skartm.topics._start import begin_topics, filled_documents, phi_of_documents
from skartm.topics.authors._authorship import Authorship, read_authors
from skartm.topics.authors._mixture import GroupedMixture, GroupLearning, Groups
from skartm.topics.authors._priors import author_prior, word_prior

_ROWS = 2048  # documents looked at together


class AuthorFitting(ARTMTransformer):
    """Hooks of :class:`AuthorTopic`. The authors of the documents travel as the targets of ``fit`` do."""

    mixing: str
    author_iter: int
    author_names: Any
    author_topic_prior: Any
    topic_word_prior: Any
    unknown_authors: str
    authors_: NDArray
    author_topics_: NDArray
    author_mass_: NDArray

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if isinstance(self.init, str):
            check_choice(self, "init", ("documents",))
        for name, regularizer in check_regularizers(self):
            if regularizer.side == "posterior" or regularizer.uses_y:
                what = "p(t|d,w)" if regularizer.side == "posterior" else "targets of documents"
                msg = (
                    f"{type(self).__name__}: theta of a document is that of its authors, and regularizers of {what} "
                    f"cannot be used. Got {name!r} ({type(regularizer).__name__}); leave it out or take "
                    "ARTMTransformer."
                )
                raise ValueError(msg)

    def _targets(self, y: Any, n_docs: int) -> Any:
        authors, known = y
        owner = type(self).__name__
        if authors is None:
            msg = f"{owner}: authors must be given, one entry for each document. Got None; call fit(X, authors=[...])."
            raise ValueError(msg)
        found = read_authors(authors, n_docs, owner, known=known, column_names=self.author_names)
        if not found.named.all():
            nobody = np.flatnonzero(~found.named)
            msg = (
                f"{owner}: every document must have an author. Got none for {nobody.size} documents, the first of "
                f"them {nobody[:5].tolist()}; leave these out, or name an author for them such as 'anonymous'."
            )
            raise ValueError(msg)
        return found

    def _engine(self, layout: Layout, *, warm: bool) -> EM:
        authors: Any = layout.y
        documents = self._lengths(layout, warm=warm)
        n_authors = authors.names.size
        layout = replace(layout, y=None, n_docs=None if layout.n_docs is None else n_authors)
        regularizers, n_threads = check_regularizers(self), self._n_threads()
        terms = bind_all(regularizers, layout, learned=self._learned_before(regularizers) if warm else None)
        terms = self._with_priors(terms, layout, known=warm, documents=documents)
        groups = self._groups() if warm else Groups.uniform(authors.names[:0], layout.n_topics, self._dtype())
        kept = GroupLearning(
            groups.extended(authors.names),
            authors.shares,
            n_sweeps=int(self.author_iter),
            free=self.mixing == "free",
            pi=self._shares_before(authors.shares) if warm and self.mixing == "free" else None,
            dtype=self._dtype(),
            n_threads=n_threads,
            decay=self._decay(),
            extends=layout.n_docs is None,
        )
        posterior = MapPosterior(layout.n_topics, terms.phi, n_threads=n_threads)
        mixture = GroupedMixture(layout.n_topics, n_threads)
        return EM(mixture, posterior, layout.n_topics, n_threads=n_threads, terms=terms, kept=kept)

    def _start(self, layout: Layout, batches: Batches, *, warm: bool) -> State:
        state = super()._start(layout, batches, warm=warm)
        if not isinstance(self.init, str):
            self._n_begun = layout.n_topics
        elif not warm:
            self._n_begun = min(filled_documents(batches).size, layout.n_topics)
        else:
            begun = getattr(self, "_n_begun", layout.n_topics)  # a model of an older version has begun all
            self._n_begun = begin_topics(state, begun, batches, layout, self.random_state)
        return state

    def _initial_phi(self, layout: Layout, batches: Batches) -> NDArray:
        if not isinstance(self.init, str):
            return super()._initial_phi(layout, batches)
        counts = token_counts(batches.X, batches.sample_weight)
        return phi_of_documents(batches, counts, layout, self.random_state)

    def _with_priors(
        self, terms: Terms, layout: Layout, *, known: bool, documents: tuple[float, float] = (0.0, 0.0)
    ) -> Terms:
        """The priors are terms like any other; what was learned of them goes on."""
        owner = type(self).__name__
        before = (self.author_topic_prior_, self.topic_word_prior_) if known else (None, None)
        alpha = author_prior(self.author_topic_prior, layout.n_topics, owner, before[0], documents)
        beta = word_prior(self.topic_word_prior, layout, owner, before[1], self._n_threads())
        if alpha is not None:
            terms = terms._replace(theta=[*terms.theta, Bound("author_topic_prior", alpha, Strength(1.0))])
        if beta is not None:
            terms = terms._replace(phi=[*terms.phi, Bound("topic_word_prior", beta, Strength(1.0))])
        return terms

    def _lengths(self, layout: Layout, *, warm: bool) -> tuple[float, float]:
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
            n_tokens += self._prior_docs * float(self.author_topic_prior_.sum())
            n_docs += self._prior_docs
        return n_tokens, n_docs

    def _shares_before(self, shares: sparse.csr_matrix) -> NDArray | None:
        """pi of the last fit, if it was of documents by the same authors."""
        before = self.author_shares_
        same = before.shape == shares.shape and np.array_equal(before.indptr, shares.indptr)
        return before.data if same and np.array_equal(before.indices, shares.indices) else None

    def _groups(self) -> Groups:
        """The authors as the engine wants them."""
        dtype = self._dtype()
        return Groups(
            self.authors_,
            self.author_topics_.shape[1],
            padded(self.author_topics_, dtype),
            padded(self._author_counts, dtype),
            self._author_seen.copy(),
            self._author_updates.copy(),
        )

    def _publish(self, engine: EM, state: State) -> None:
        super()._publish(engine, state)
        learning: Any = engine.kept
        groups, pi = state.shared
        self.authors_ = groups.names
        self.author_topics_ = groups.psi_ct[:, : engine.n_topics].copy()
        self.author_mass_ = groups.n_ct.sum(axis=1, dtype=np.float64)
        self._author_counts = groups.n_ct[:, : engine.n_topics].copy()
        self._author_seen, self._author_updates = groups.mass, groups.n_updates
        members = learning.members
        self.author_shares_ = sparse.csr_matrix((pi, members.indices, members.indptr), shape=members.shape)
        found = {bound.name: bound.term for bound in engine.terms.all}
        self.author_topic_prior_ = _prior(state.priors.get("author_topic_prior"), engine.n_topics)
        self._prior_docs = getattr(found.get("author_topic_prior"), "n_docs", 0.0)
        self.topic_word_prior_ = _prior(state.priors.get("topic_word_prior"), state.phi_wt.shape[0])

    # --- theta -------------------------------------------------------------------------------------------------------

    def _own_terms(self, terms: Terms, layout: Layout) -> Terms:
        """Of documents without authors: each is of a new one."""
        return self._with_priors(terms, layout, known=True)

    def _theta(self, X: Any, authors: Authorship | None) -> NDArray:
        """theta of documents by authors that the model knows, or, without, by their text."""
        if authors is None:
            return self._doc_topic(X)
        named = authors.named
        if not named.all():
            theta = np.empty((X.shape[0], self.components_.shape[0]), dtype=self._dtype())
            theta[~named] = self._doc_topic(X[~named])
            if named.any():
                theta[named] = self._theta(X[named], authors[named])
            return theta
        shares = authors.shares.astype(self._dtype())
        if self.mixing == "free":
            phi = padded(self.components_.T, self._dtype())
            shares.data[:] = self._folded_in(
                X, authors.shares, self._groups(), phi, int(self.max_doc_iter), float(self.doc_tol)
            )
        return shares @ self.author_topics_

    def _folded_in(
        self, X: Any, members: sparse.csr_matrix, groups: Groups, phi_wt: NDArray, max_iter: int, tol: float
    ) -> NDArray:
        """pi of documents, learned with psi and phi fixed."""
        dtype = self._dtype()
        learning = GroupLearning(groups, members, n_sweeps=1, free=True, dtype=dtype, n_threads=self._n_threads())
        weights = self._layout(X, known=True).token_weights
        batches = Batches(X, self._transform_batch_size(), dtype, None, weights)
        batches.keep = False
        for batch in batches:
            learning.fold_in(batch, phi_wt, max_iter, tol)
        return learning.pi

    def _known_authors(self, authors: Any, n_docs: int) -> Authorship:
        """Authors of new documents; the model knows those who have documents."""
        owner = type(self).__name__
        found = read_authors(
            authors, n_docs, owner, known=self.authors_, column_names=self.author_names, grow=False
        ).only(self.author_mass_ > 0)
        if found.unknown and self.unknown_authors == "error":
            names = ", ".join(repr(name) for name in found.unknown[:5])
            msg = (
                f"{owner}: authors must have documents in fit. Got {names}; leave them out, or set "
                "unknown_authors='ignore'."
            )
            raise ValueError(msg)
        return found

    def _score_held_out(self, X: Any, y: Any) -> float:
        known = y.only(self.author_mass_ > 0)
        with said_before(self.n_iter_ > 1):
            return self._score_parts(X, None, None, lambda part, given: self._theta(given, known[part]))


def _prior(prior: NDArray | None, size: int) -> NDArray:
    """What is published of a prior."""
    if prior is None:
        return np.zeros(size)
    return prior.copy() if prior.ndim == 1 else (prior[:, 0] if prior.shape[1] == 1 else prior.T).copy()
