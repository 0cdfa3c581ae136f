"""What all topic models share: data in, the loop, results out. Models fill three hooks."""

import sys
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_is_fitted

from skartm.base import shown
from skartm.base._callbacks import CallbackSupportMixin, FitTask
from skartm.base._caller import warn
from skartm.base._data import check_counts, check_weights
from skartm.base._fitting import age_of_best, iterate
from skartm.base._order import keep_order
from skartm.base._state import Stateful
from skartm.base._threads import effective_n_threads
from skartm.em import (
    EM,
    Batches,
    Decay,
    History,
    Layout,
    Pass,
    SomeRows,
    State,
    is_memory_mapped,
    passes,
    perplexity_of,
)
from skartm.exceptions import DeadTopicWarning, LeftOutTokensWarning
from skartm.metrics._completion import said_before
from skartm.topics._assigned_topics import predict_topics
from skartm.topics._corpus import Corpus
from skartm.topics._doc_iter import grow_inner_passes, has_grown
from skartm.topics._hints import hint
from skartm.topics._modalities import layout_of, token_counts
from skartm.topics._readable import shown_words_of
from skartm.topics._reader import Reader
from skartm.topics._scored import score_parts
from skartm.topics._start import has_tokens, require_tokens

_THETA_BYTES = 4 * 2**20  # offline, where the cut is free: so much theta stays in cache, and phi is read more rarely
_OF_A_PASS = ("n_iter_", "history_", "n_samples_seen_", "n_updates_", "_counted_samples", "_last_step")
_PATIENCE = 3  # iterations without a better held-out perplexity


class TopicModel(
    Stateful, CallbackSupportMixin, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator
):
    """Base of the topic models on the EM engine.

    Hooks of a model: ``_check_parameters`` (raises, returns nothing), ``_engine`` (mixture and posterior of a fit),
    ``_start`` (phi and counters to begin with), ``_inference`` (theta of batches with the fitted phi).
    """

    components_: NDArray
    history_: History
    modality_weights_: dict[str, float]
    n_components: int
    n_iter_: int
    _last_step: tuple[int, int | None, bool]  # step, steps planned, whether regularized, of the last pass
    modalities: Any = None
    modality_weights: Any = None
    main_modality: Any = None
    token_names: Any = None
    topic_names: Any = None
    shown_words: Any = None
    unregularized_iter = 0
    validation_fraction: float | None = None
    _phi_is_published = True  # components_ is phi, not the counters
    _live: ClassVar[frozenset[str]] = frozenset({"evaluation"})
    _weights: ClassVar[tuple[str, ...]] = ("modality_weights",)

    predict_topics = predict_topics
    _layout = layout_of

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.positive_only = True
        tags.transformer_tags.preserves_dtype = [str(np.dtype(self._dtype()))]
        return tags

    @property
    def _n_features_out(self) -> int:
        return self.components_.shape[0]

    # --- fitting -----------------------------------------------------------------------------------------------------

    def _fit(
        self, X: Any, sample_weight: Any, *, decay: Decay | None, max_iter: int, tol: float, **beside: Any
    ) -> Any:
        """Passes until convergence; also after an interruption the attributes are those of the last whole pass."""
        warm = bool(getattr(self, "warm_start", False)) and hasattr(self, "components_")
        corpus, held_out = self._hold_out(self._corpus(X, sample_weight, beside, known=warm))
        layout = self._layout_of(corpus, n_docs=corpus.X.shape[0])
        engine = self._engine(layout, corpus, warm=warm)
        batches = self._batches(corpus, layout, online=decay is not None)
        state = self._start(layout, batches, warm=warm)
        history = self.history_ if warm else History()
        self._iterate(engine, batches, state, decay, max_iter, tol, corpus.X, held_out, history)
        if self.shown_words is not None:
            self.shown_words_ = shown_words_of(self, corpus)
        self._warn(layout)
        hint(self, engine, corpus.X)
        return self

    def _corpus(self, X: Any, sample_weight: Any, beside: dict[str, Any], *, known: bool) -> Corpus:
        """Documents to learn from, checked; ``known`` if the model has seen such documents before."""
        X = self._data(X, reset=not known)
        weights = check_weights(self, sample_weight, X.shape[0])
        return Corpus(X, weights, self._read_beside(X, **beside))

    def _layout_of(self, corpus: Corpus, *, n_docs: int | None = None, known: bool = False) -> Layout:
        """Names, modalities and what terms need of the documents to learn from."""
        y, weights = corpus.beside.get("y"), corpus.sample_weight
        return self._layout(corpus.X, n_docs=n_docs, y=y, sample_weight=weights, known=known, fitting=True)

    def _iterate(
        self,
        engine: EM,
        batches: Batches,
        state: State,
        decay: Decay | None,
        max_iter: int,
        tol: float,
        X: Any,
        held_out: Corpus | None,
        history: History,
    ) -> None:
        """What was learned before stays until the first pass is complete; then every pass replaces it as a whole."""
        shown = X[:] if isinstance(X, SomeRows) and getattr(self, "_skl_callbacks", None) else X  # others read a matrix
        task = FitTask(self, shown)
        iterations = passes(engine, batches, state, max_iter=max_iter, decay=decay)
        # A copy of phi an iteration would cost some percent of it; offline, phi itself survives an interruption.
        eager = task.observed or held_out is not None or decay is not None or not self._phi_is_published
        final = 0
        self.history_ = history

        def update(number: int) -> None:
            engine.regularized = not final and number < max_iter - self.unregularized_iter
            grow_inner_passes(self, engine, number, max_iter)
            result = next(iterations)
            self.n_iter_, self.n_samples_seen_ = number + 1, batches.n_samples
            self.__dict__.pop("n_wt_", None)
            self.n_updates_, self._counted_samples = state.n_updates, state.n_samples
            self._last_step = (number, max_iter, engine.regularized)
            if eager:
                self._publish(engine, state)
            self._record(engine, result, state, held_out)

        def keep() -> tuple[dict[str, Any], State | None]:
            if eager:
                return dict(vars(self)), None
            return {name: vars(self)[name] for name in _OF_A_PASS}, replace(state)

        def write(kept: tuple[dict[str, Any], State | None], *, interrupted: bool = False) -> None:
            self.__dict__.update(kept[0])
            if kept[1] is not None:  # phi of this pass is still there, also while the next one is in the making
                self._publish(engine, kept[1])

        def converged(_: None) -> bool:
            nonlocal final
            if not final and self._is_settled(engine, max_iter) and self._has_converged(tol, X):
                final = min(self.n_iter_ + self.unregularized_iter, max_iter) if engine.regularized else self.n_iter_
            return self.n_iter_ == final

        line = partial(self._line, X) if self.verbose else None
        ended = iterate(task, update, max_iter, keep=keep, write=write, converged=converged, line=line)
        self._keep_counters(engine, state)
        if tol > 0 and not ended:
            msg = f"{type(self).__name__}: max_iter={max_iter} iterations did not reach tol={tol}; raise one of them."
            warn(msg, ConvergenceWarning)

    def _is_settled(self, engine: EM, max_iter: int) -> bool:
        """Whether strengths of terms and inner passes stay as they are now."""
        return engine.settled(self.n_iter_ - 1, max_iter) and has_grown(self, self.n_iter_ - 1, max_iter)

    def _has_converged(self, tol: float, X: Any) -> bool:
        if tol == 0:
            return False
        if self.validation_fraction is None:
            return self.history_.change("objective") < tol
        return age_of_best(self.history_["validation_perplexity"][-self.n_iter_ :]) >= _PATIENCE  # of this fit

    def _record(
        self, engine: EM, result: Pass, state: State, held_out: Corpus | None, kept: int | None = None
    ) -> None:
        posterior = engine.posterior
        if posterior.coefficients:
            posterior.measure(state.phi_wt, state.counters.fold())
        values = posterior.values | result.values
        # online the counters, and so tau of phi, are on the scale of the corpus, the likelihood on that of the pass
        share = result.n_samples / state.n_samples if state.n_samples > 0 else 1.0
        coefficients = {name: share * coefficient for name, coefficient in posterior.coefficients.items()}
        coefficients |= result.strengths
        held_out_perplexity = None if held_out is None else perplexity_of(self._score_held_out(held_out))
        self.history_ = self.history_.recorded(
            result, state.phi_wt, engine.n_topics, posterior.topic_mass, values, coefficients, held_out_perplexity, kept
        )

    def _line(self, X: Any) -> str:
        """A line about the last pass."""
        last = {key: track[-1] for key, track in self.history_.items()}
        return (
            f"{type(self).__name__}: iteration {self.n_iter_}, perplexity {last['perplexity']:.1f}, phi sparsity "
            f"{last['phi_sparsity']:.3f}, {last['seconds']:.2f} s\n"
        )

    def _batches(self, corpus: Corpus, layout: Layout, *, online: bool) -> Batches:
        X, weights = corpus.X, corpus.sample_weight
        size = int(self.batch_size) if online else min(max(_THETA_BYTES // (4 * self.n_components), 512), 8192)
        batches = Batches(X, size, self._dtype(), weights, layout.token_weights, ordered=self._reads_order())
        if self._needs_tokens():
            require_tokens(X, type(self).__name__)
        return batches

    def _is_empty(self, corpus: Corpus) -> bool:
        """Whether there is nothing to learn from."""
        X, weights = corpus.X, corpus.sample_weight
        return not has_tokens(X) if weights is None else not token_counts(X, weights).any()

    def _partial_fit(self, X: Any, sample_weight: Any, decay: Decay, **beside: Any) -> Any:
        """One update from the rows of X."""
        first = not hasattr(self, "components_")
        corpus = self._corpus(X, sample_weight, beside, known=not first)
        if not first and self._is_empty(corpus):
            return self  # documents without tokens say nothing: an update would only forget
        layout = self._layout_of(corpus, known=not first)
        engine = self._engine(layout, corpus, warm=not first)
        batches = self._batches(corpus, layout, online=True)
        if first:
            self.n_samples_seen_, self.history_, self.n_iter_ = 0.0, History(), 0
        state = self._start(layout, batches, warm=not first)
        self.n_samples_seen_ += batches.n_samples
        result = engine.online_pass(batches, state, decay, self.n_samples_seen_, self.n_iter_, whole=first)
        self._last_step = (self.n_iter_, None, True)
        self.n_iter_ += 1
        self._publish(engine, state)
        self._record(engine, result, state, None, kept=History.UPDATES)
        if self.verbose:
            sys.stdout.write(self._line(X))
        self._keep_counters(engine, state)
        self._warn(layout)
        if first:
            hint(self, engine, corpus.X)
        return self

    def _keep_counters(self, engine: EM, state: State) -> None:
        """What the next online update needs; phi times mass, unless regularizers moved phi."""
        self.n_updates_ = state.n_updates
        self._counted_samples = state.n_samples
        if any(bound.may_act for bound in engine.posterior.terms):
            self.n_wt_ = state.counters.fold()[:, : engine.n_topics]
        else:
            self.__dict__.pop("n_wt_", None)

    def _warn(self, layout: Layout) -> None:
        """Once a fit: topics that died, tokens that were left out."""
        dead = [layout.topic_names[t] for t in self.dead_topics_]
        if dead:
            names = ", ".join(dead[:5]) + (f" and {len(dead) - 5} more" if len(dead) > 5 else "")
            msg = (
                f"{type(self).__name__}: {len(dead)} of {layout.n_topics} topics lost their tokens ({names}); their "
                "rows of components_ are zeros. Weaken the regularizers (history_['dead_topics'] tells when they died) "
                "or take fewer topics."
            )
            warn(msg, DeadTopicWarning)
        if self.history_["left_out"][-1] > 0:
            msg = (
                f"{type(self).__name__}: tokens of total weight {self.history_['left_out'][-1]:g} got no probability "
                "in the last iteration; perplexity charges each 1e-16."
            )
            warn(msg, LeftOutTokensWarning)

    def _data(self, X: Any, *, reset: bool) -> Any:
        """X as the batches are cut from it."""
        if isinstance(X, SomeRows):  # of a model around this one, which has checked it
            self.n_features_in_ = X.shape[1]
            return X
        return check_counts(self, X, self._dtype(), reset=reset)

    def _read_beside(self, X: Any, **given: Any) -> dict[str, Any]:
        """What was given beside the documents, checked, by its name; nothing of what the model does not read."""
        return {}

    def _reads_order(self) -> bool:
        """Whether rows are texts, their entries not to be added up; ``check_counts`` asks, and refuses others."""
        return False

    def _needs_tokens(self) -> bool:
        """Whether there is nothing to learn from documents without tokens, which is an error."""
        return True

    def _adds_up(self) -> bool:
        """Whether inference needs a token once in a row, with the sum of its counts."""
        return not self._reads_order()

    def _renumbers(self) -> bool:
        """Whether inference may be given some columns in place of all: nobody asks which they are."""
        return True

    def _hold_out(self, corpus: Corpus) -> tuple[Corpus, Corpus | None]:
        """Documents to learn from, and those held out for validation (None without)."""
        fraction = getattr(self, "validation_fraction", None)
        if fraction is None:
            return corpus, None
        X = corpus.X
        n_held_out = round(fraction * X.shape[0])
        if not 0 < n_held_out < X.shape[0]:
            msg = (
                f"The 'validation_fraction' parameter of {type(self).__name__} must leave documents on both sides. Got "
                f"{shown(fraction)} of {X.shape[0]} documents."
            )
            raise ValueError(msg)
        order = check_random_state(self.random_state).permutation(X.shape[0])
        train, held_out = np.sort(order[n_held_out:]), np.sort(order[:n_held_out])
        whole = SomeRows(X, np.arange(X.shape[0])) if is_memory_mapped(X) and not isinstance(X, SomeRows) else X
        some = whole.chosen if isinstance(whole, SomeRows) else X.__getitem__
        keep = keep_order if self._reads_order() and whole is X and not isinstance(X, SomeRows) else _as_it_is
        return corpus.some(train, keep(some(train))), corpus.some(held_out, keep(some(held_out)))

    def _score_held_out(self, held_out: Corpus) -> float:
        """What ``validation_perplexity`` is made of; what it leaves out is said once a fit."""
        X = held_out.X
        with said_before(self.n_iter_ > 1):
            return score_parts(self, X, None, None) if isinstance(X, SomeRows) else self.score(X)

    # --- use ---------------------------------------------------------------------------------------------------------

    def transform(self, X: Any) -> NDArray:
        """Topic distributions of documents.

        Every document is inferred on its own, from a uniform start: the result does not depend on its neighbours, on
        chunks or on threads. A document without tokens gets the uniform distribution.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_docs, n_tokens)
            Non-negative counts.

        Returns
        -------
        array of shape (n_docs, n_components)
            theta; rows sum to 1.
        """
        if "components_" not in vars(self):
            check_is_fitted(self, "components_")
        return self._doc_topic(check_counts(self, X, self.components_.dtype, reset=False))

    def _doc_topic(self, X: Any) -> NDArray:
        return self._reader().theta(X)

    def _reader(self) -> Reader:
        """How new documents are read and inferred; it is made once for a fitted state."""
        return self._once(self._n_threads(), self._new_reader)

    def _new_reader(self) -> Reader:
        weights = None if self.modalities is None else self._layout(self.components_, known=True).token_weights
        size, dtype, ordered = self._transform_batch_size(), self._dtype(), not self._adds_up()
        return Reader(self.components_.shape[0], dtype, size, ordered, self._renumbers(), weights, self._inference())

    def _transform_batch_size(self) -> int:
        return int(getattr(self, "batch_size", 2048))

    def _n_threads(self) -> int:
        return effective_n_threads(self.n_jobs)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray:
        """Names of the topics: ``topic_names`` if given, else the class name and a number."""
        check_is_fitted(self, "components_")
        if getattr(self, "topic_names", None) is not None:
            return np.asarray(self.topic_names, dtype=object)
        return super().get_feature_names_out()


def _as_it_is(X: Any) -> Any:
    return X
