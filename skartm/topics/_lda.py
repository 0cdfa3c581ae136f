"""LDA: the Bayesian special case, with the signature and the results of scikit-learn's."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from numpy.random import RandomState
from numpy.typing import DTypeLike, NDArray
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_is_fitted

from skartm.base._callbacks import with_callbacks
from skartm.base._data import check_counts, check_numbers, dtype_of
from skartm.base._parameters import (
    MOST_SAMPLES,
    check_declared,
    check_dtype,
    check_real,
    choice,
    flag,
    integer,
    parameters,
    precision,
    real,
)
from skartm.em import (
    EM,
    Batch,
    Batches,
    Bound,
    Counters,
    Decay,
    DirichletMixture,
    DirichletPosterior,
    FreeMixture,
    Layout,
    LeaveOneOut,
    MapPosterior,
    PhiTerm,
    Shared,
    State,
    Strength,
    padded,
    padded_zeros,
    unpadded_transpose,
)
from skartm.metrics._completion import said_before
from skartm.regularizers import SmoothSparsePhi
from skartm.simplex import FLOOR
from skartm.topics import _bound_scored
from skartm.topics._borrowed_state import BorrowedState
from skartm.topics._corpus import Corpus
from skartm.topics._model import TopicModel
from skartm.topics._reader import Inference
from skartm.topics._start import tokens_seen


@parameters
class LDA(TopicModel):
    r"""Latent Dirichlet allocation.

    ``inference="variational"`` is the algorithm of :class:`sklearn.decomposition.LatentDirichletAllocation` [1]_ with
    the same parameters, start, updates and results, many times faster. ``inference="map"`` is the maximum a posteriori
    estimate, the ARTM model with constant smoothing [2]_: faster again, and usually of better held-out perplexity.

    .. math:: \gamma_{td} = \alpha + \theta'_{td} \sum_w \frac{n_{dw}}{z_{dw}} \phi'_{wt}, \qquad
              \lambda_{wt} = \beta + \phi'_{wt} \sum_d \frac{n_{dw}}{z_{dw}} \theta'_{td}, \qquad
              \theta' = e^{E \ln \theta},\; \phi' = e^{E \ln \phi}

    Parameters
    ----------
    n_components : int, default=10
        Number of topics.
    doc_topic_prior : float, default=None
        alpha; None is 1 / n_components.
    topic_word_prior : float, default=None
        beta; None is 1 / n_components.
    learning_method : {"batch", "online"}, default="batch"
    learning_decay : float, default=0.7
        Online: update k has weight (learning_offset + k) ** -learning_decay.
    learning_offset : float, default=10.0
    max_iter : int, default=10
        Passes over the documents.
    batch_size : int, default=128
        Online: documents of an update.
    evaluate_every : int, default=-1
        Compute the perplexity bound of the training documents every so many passes; 0 or less never.
    total_samples : float, default=1e6
        Documents of the whole corpus, for ``partial_fit``.
    perp_tol : float, default=0.1
        With ``evaluate_every``: stop when the bound changes by less.
    mean_change_tol : float, default=1e-3
        A document stops when its Dirichlet parameters change less on average; with "map" when the changes of its theta
        sum to less.
    max_doc_update_iter : int, default=100
        Inner passes over a document, at most.
    inference : {"variational", "map"}, default="variational"
    leave_one_out : bool, default=False
        With "map", in learning: infer the topic of a token from the other tokens of its document, as
        :class:`ARTMTransformer` does.
    dtype : {"float64", "float32"} or None, default=None
        None is float32 for data of float32 and float64 for all other data, as in scikit-learn. "float32" is faster; the
        updates are the same, but stopping rules and rounding take their own ways.
    n_jobs : int, default=None
        Threads. None: what OpenMP allows. Results do not depend on it.
    random_state : int, RandomState or None, default=None
        Start of the topics and, with "variational", of the documents in training.
    verbose : int, default=0
        Print one line per pass; with the perplexity bound where ``evaluate_every`` asks for it.

    Attributes
    ----------
    components_ : array of shape (n_components, n_tokens)
        Dirichlet parameters of the topics, lambda: prior plus expected counts. Not normalised, as in scikit-learn.
    exp_dirichlet_component_ : array of shape (n_components, n_tokens)
        :math:`e^{E \ln \phi}`, made of ``components_`` when it is asked for ("variational").
    doc_topic_prior_, topic_word_prior_ : float
    random_state_ : RandomState
        Where the next draws come from. A RandomState that was handed in is this object itself, as in scikit-learn; it
        moves with every pass that is complete, and a failed call leaves it alone.
    bound_ : float
        Perplexity bound of the training documents ("variational").
    n_batch_iter_ : int
        Updates of the topics so far, plus 1.
    n_iter_ : int
    topic_mass_ : array of shape (n_components,)
        Expected tokens of the topics.
    tokens_seen_ : array of bool of shape (n_tokens,)
    history_ : dict of lists
        See :class:`ARTMTransformer`.

    References
    ----------
    .. [1] M. Hoffman, D. Blei, F. Bach. "Online learning for latent Dirichlet allocation." NIPS 2010, algorithm 2.
    .. [2] A. Asuncion, M. Welling, P. Smyth, Y. W. Teh. "On smoothing and inference for topic models." UAI 2009.

    Examples
    --------
    >>> from skartm import LDA
    >>> from skartm.datasets import load_peps
    >>> model = LDA(5, max_iter=3, random_state=0).fit(load_peps().data)
    >>> model.transform(load_peps().data[:2]).shape
    (2, 5)
    """

    n_components: int = integer(default=10, low=1, kw_only=False)
    doc_topic_prior: float | None = None
    topic_word_prior: float | None = None
    learning_method: str = choice(default="batch", among=("batch", "online"))
    learning_decay: float = real(default=0.7, low=0.0, high=1.0)
    learning_offset: float = real(default=10.0, low=0.0)
    max_iter: int = integer(default=10, low=1)
    batch_size: int = integer(default=128, low=1)
    evaluate_every: int = integer(default=-1, low=-1)
    total_samples: float = real(default=1e6, low=0.0, high=MOST_SAMPLES, open_low=True)
    perp_tol: float = real(default=0.1, low=0.0)
    mean_change_tol: float = real(default=1e-3, low=0.0)
    max_doc_update_iter: int = integer(default=100, low=1)
    inference: str = choice(default="variational", among=("variational", "map"))
    leave_one_out: bool = flag(default=False)
    dtype: DTypeLike | None = precision(default=None, none=True)
    n_jobs: int | None = None
    verbose: int = 0
    random_state: Any = None

    _data_dtype = "float64"
    _phi_is_published = False
    _assignable: ClassVar[frozenset[str]] = frozenset({"components_"})
    _live: ClassVar[frozenset[str]] = frozenset({"max_doc_update_iter", "mean_change_tol"})
    _structural: ClassVar[frozenset[str]] = frozenset({"n_components", "inference"})

    score = _bound_scored.score
    perplexity = _bound_scored.perplexity
    exp_dirichlet_component_ = property(_bound_scored.exp_dirichlet_component_)
    _perplexity_precomp_distr = _bound_scored.perplexity_precomp_distr

    @with_callbacks
    def fit(self, X: Any, y: Any = None) -> "LDA":
        """Learn the topics.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_docs, n_tokens)
            Non-negative counts.
        y : ignored

        Returns
        -------
        self
        """
        self._begin(X)
        online = self.learning_method == "online"
        decay = Decay(float(self.learning_offset), float(self.learning_decay)) if online else None
        try:
            self._fit(X, None, decay=decay, max_iter=int(self.max_iter), tol=0.0)
        finally:
            del self._learning
        if self.inference == "variational":
            self.bound_ = self.perplexity(X)
        return self

    def partial_fit(self, X: Any, y: Any = None) -> "LDA":
        """Update the topics by the documents of X, ``batch_size`` at a time, as part of ``total_samples``."""
        self._begin(X, fresh=not hasattr(self, "components_"))
        decay = Decay(float(self.learning_offset), float(self.learning_decay), float(self.total_samples))
        try:
            return self._partial_fit(X, None, decay)
        finally:
            del self._learning

    def transform(self, X: Any, *, normalize: bool = True) -> NDArray:
        """Topic distributions of documents, from a fixed start: a document does not depend on its neighbours.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_docs, n_tokens)
        normalize : bool, default=True
            Rows that sum to 1; False gives the Dirichlet parameters.

        Returns
        -------
        array of shape (n_docs, n_components)
        """
        check_is_fitted(self, "components_")
        X = check_counts(self, X, self._dtype(), reset=False)
        theta = self._doc_topic(X)
        return theta / theta.sum(axis=1, keepdims=True) if normalize else theta

    def fit_transform(self, X: Any, y: Any = None, *, normalize: bool = True) -> NDArray:
        """``fit`` and ``transform`` of the same documents."""
        return self.fit(X, y).transform(X, normalize=normalize)

    # --- hooks -------------------------------------------------------------------------------------------------------

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        if self.dtype is None:
            tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _dtype(self) -> np.dtype:
        return np.dtype(self._data_dtype) if self.dtype is None else check_dtype(self)

    def _begin(self, X: Any, *, fresh: bool = True) -> None:
        self._check_parameters()
        source = check_random_state(self.random_state) if fresh else self.random_state_
        shared = not isinstance(self.random_state, Integral)
        self._learning: _Learning = _Learning(BorrowedState(source, self.n_components, shared=shared))
        if fresh:
            self._data_dtype = "float32" if dtype_of(X) == np.float32 else "float64"
        self._check_priors()
        for name in ("doc_topic_prior", "topic_word_prior"):
            given = getattr(self, name)
            setattr(self, f"{name}_", 1.0 / self.n_components if given is None else float(given))

    def _check_parameters(self) -> None:
        check_declared(self)
        if self.leave_one_out and self.inference == "variational":
            msg = (
                f"The 'leave_one_out' parameter of {type(self).__name__} must be False with inference='variational'. "
                "Got True; take inference='map'."
            )
            raise ValueError(msg)
        self._n_threads()

    def _check_priors(self) -> None:
        """Digits of counts must be left beside a prior, and of a prior itself, in the dtype of this fit."""
        info, open_low = np.finfo(self._dtype()), self.inference == "variational"
        for name in ("doc_topic_prior", "topic_word_prior"):
            if getattr(self, name) is not None:
                check_real(self, name, low=float(info.tiny) if open_low else 0.0, high=2.0 ** (info.nmant - 9))

    def _engine(self, layout: Layout, corpus: Corpus, *, warm: bool) -> EM:
        n_threads, n_topics = self._n_threads(), layout.n_topics
        if self.inference == "variational":
            posterior, draws = self._dirichlet_posterior(), self._learning.random.draws
            return EM(self._dirichlet(), posterior, n_topics, n_threads=n_threads, kept=draws)
        smooth: Bound[PhiTerm] = Bound("prior", SmoothSparsePhi().bind(layout), Strength(self.topic_word_prior_))
        mixture, smoothed = self._free(), MapPosterior(n_topics, [smooth], n_threads=n_threads)
        if self.leave_one_out:
            mixture = replace(mixture, leave_out=LeaveOneOut.of(layout))
            if warm:
                smoothed.block_mass = self.components_.sum(axis=1, dtype=np.float64)[None]
        return EM(mixture, smoothed, n_topics, n_threads=n_threads)

    def _dirichlet(self) -> DirichletMixture:
        return DirichletMixture(
            self.n_components,
            prior=self.doc_topic_prior_,
            n_passes=int(self.max_doc_update_iter),
            tol=float(self.mean_change_tol),
            n_threads=self._n_threads(),
        )

    def _free(self) -> FreeMixture:
        return FreeMixture(
            self.n_components,
            n_passes=int(self.max_doc_update_iter),
            tol=float(self.mean_change_tol),
            n_threads=self._n_threads(),
            prior=np.full(self.n_components, self.doc_topic_prior_),
        )

    def _start(self, layout: Layout, batches: Batches, *, warm: bool) -> State:
        dtype, n_topics = self._dtype(), layout.n_topics
        phi = padded_zeros(layout.n_tokens, n_topics, dtype)
        n_updates = self.n_updates_ if warm else 0
        if warm:
            n_wt = padded(self.components_.T - dtype.type(self.topic_word_prior_), dtype)
        else:  # Gamma(100, 1/100) as in Hoffman's code and scikit-learn
            gamma = self._learning.random.draws.before_passes((n_topics, layout.n_tokens))
            n_wt = padded(gamma.T - self.topic_word_prior_, dtype)
        counters = Counters(n_wt, clipped=False, n_threads=self._n_threads())
        if self.inference == "variational":
            self._dirichlet_posterior().update(phi, counters, phi)
        else:
            smoothed = n_wt[:, :n_topics] + self.topic_word_prior_
            phi[:, :n_topics] = smoothed / np.maximum(smoothed.sum(axis=0, dtype=np.float64), FLOOR)
        return State(phi, counters, 0.0, n_updates, tokens_seen(self, n_wt, warm=warm))

    def _dirichlet_posterior(self) -> DirichletPosterior:
        return DirichletPosterior(self.n_components, self.topic_word_prior_, self._dtype(), n_threads=self._n_threads())

    def _publish(self, engine: EM, state: State) -> None:
        self.components_ = unpadded_transpose(state.counters.fold(), engine.n_topics)
        self.components_ += self.components_.dtype.type(self.topic_word_prior_)
        self.topic_mass_ = state.counters.sums[: engine.n_topics]
        self.tokens_seen_ = np.array(state.seen)
        self.dead_topics_ = np.flatnonzero(~self.components_.any(axis=1))  # none with a positive prior
        self.n_batch_iter_ = state.n_updates + 1
        self.random_state_: RandomState = self._learning.random.give_back()

    def _assign_components_(self, value: Any) -> None:
        """Dirichlet parameters from outside, instead of those of a fit: prior plus counts, not normalised."""
        check_is_fitted(self, "components_")
        what, shape, dtype = f"{type(self).__name__}.components_", self.components_.shape, self.components_.dtype
        given = check_numbers(value, shape, what)
        least = float(np.finfo(dtype).tiny) if self.inference == "variational" else 0.0
        if given.min() < least or not given.any(axis=1).all():
            msg = f"{what} must be Dirichlet parameters of topics, at least {least:g} and no topic of zeros. Got "
            raise ValueError(f"{msg}{given.min():g} as the smallest; add the prior, topic_word_prior_.")
        self.components_ = given.astype(dtype)
        self.topic_mass_ = np.maximum(given - self.topic_word_prior_, 0).sum(axis=1)
        self.tokens_seen_ = self.tokens_seen_ | (given > self.topic_word_prior_).any(axis=0)
        self.dead_topics_ = np.flatnonzero(~self.components_.any(axis=1))

    def _needs_tokens(self) -> bool:
        return self.inference != "variational"  # there the topics are their prior, as in scikit-learn

    def _line(self, X: Any) -> str:
        bound = self._evaluated(X)
        found = "" if bound is None else f", perplexity {bound:.4f}"
        seconds = self.history_["seconds"][-1]
        return f"{type(self).__name__}: iteration {self.n_iter_}{found}, {seconds:.2f} s\n"

    def _has_converged(self, tol: float, X: Any) -> bool:
        bound = self._evaluated(X)
        if bound is None:
            return False
        before, self._learning.last_bound = self._learning.last_bound, bound
        return before is not None and abs(before - bound) < self.perp_tol

    def _evaluated(self, X: Any) -> float | None:
        """The perplexity of the training documents, after the passes that ``evaluate_every`` asks for."""
        if self.evaluate_every <= 0 or self.n_iter_ % self.evaluate_every:
            return None
        if self._learning.evaluated_after != self.n_iter_:
            with said_before(self._learning.bound is not None):
                self._learning.evaluated_after, self._learning.bound = self.n_iter_, self.perplexity(X)
        return self._learning.bound

    def _inference(self) -> Inference:
        total = self.components_.sum(axis=1, dtype=np.float64)
        if self.inference == "map":
            infer = self._free().inference(Shared(self.components_[:0], self.n_components))
            return lambda tokens: partial(infer, padded(self.components_[:, tokens].T / total, self._dtype()))
        mixture, n_topics = self._dirichlet(), self.n_components

        def of_tokens(tokens: Any) -> Callable[[Batch], NDArray]:
            shared = Shared(self._expected_phi(padded(self.components_[:, tokens].T, self._dtype()), total), n_topics)
            return lambda batch: mixture.parameters(shared, batch)[:, :n_topics]

        return of_tokens

    def _expected_phi(self, parameters: NDArray, total: NDArray) -> NDArray:
        """exp(E[log phi]) of rows of Dirichlet parameters, whose topics have these totals."""
        phi = padded_zeros(parameters.shape[0], self.n_components, self._dtype())
        rows = np.arange(parameters.shape[0], dtype=np.int32)
        self._dirichlet_posterior().from_parameters(parameters, rows, 1.0, total, phi, prior=0.0)
        return phi


@dataclass
class _Learning:
    """What lives as long as a call that learns."""

    random: BorrowedState
    last_bound: float | None = None
    bound: float | None = None
    evaluated_after: int = 0
