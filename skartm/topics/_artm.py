"""ARTM: topic models with any sum of regularizers."""

from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike, NDArray
from sklearn.utils import check_random_state

from skartm.base._callbacks import with_callbacks
from skartm.base._parameters import (
    MOST_SAMPLES,
    check_choice,
    check_declared,
    check_dtype,
    choice,
    declared,
    flag,
    integer,
    parameters,
    precision,
    real,
)
from skartm.em import (
    EM,
    Batches,
    Counters,
    Decay,
    FreeMixture,
    Layout,
    LeaveOneOut,
    MapPosterior,
    Shared,
    State,
    StoredTheta,
    Terms,
    padded,
    require_no_posterior,
    rows_of,
)
from skartm.regularizers import NamedRegularizers, bind_all, check_regularizers
from skartm.topics import _published, _readable, _scored, _targets, _token_topics
from skartm.topics._accepts import Accepts
from skartm.topics._corpus import Corpus
from skartm.topics._doc_iter import check_doc_iter, doc_iters
from skartm.topics._factor_start import FACTOR_STARTS, factor_phi
from skartm.topics._modalities import check_modalities, check_topic_names
from skartm.topics._model import TopicModel
from skartm.topics._published import learned_before
from skartm.topics._reader import Inference
from skartm.topics._start import initial_phi, spread_mass, tokens_seen


@NamedRegularizers.register
@parameters
class ARTMTransformer(TopicModel):
    r"""Topic model with additive regularization.

    Maximises the regularised log-likelihood by the EM algorithm [1]_:

    .. math:: \sum_d \sum_w n_{dw} \ln \sum_t \phi_{wt} \theta_{td} + \sum_i \tau_i R_i(\Phi, \Theta) \to \max

    .. math:: \phi_{wt} = \operatorname{norm}_w \Bigl(n_{wt} + \sum_i \tau_i \phi_{wt}
              \frac{\partial R_i}{\partial \phi_{wt}}\Bigr)_+ , \qquad
              \theta_{td} = \operatorname{norm}_t \Bigl(n_{td} + \sum_i \tau_i \theta_{td}
              \frac{\partial R_i}{\partial \theta_{td}}\Bigr)_+

    Without regularizers it is PLSA, with constant smoothing of both matrices LDA (maximum a posteriori).

    Parameters
    ----------
    n_components : int, default=10
        Number of topics.
    regularizers : list of (str, Regularizer), default=()
        Named regularizers. Their parameters are parameters of the model: ``set_params(decorrelation__tau=0.05)``,
        and the same in a grid. None or ``"drop"`` in place of a regularizer leaves it out.
    topic_names : list of str, default=None
        One unique name a topic; they name the columns of ``transform`` and the topics in regularizers.
    token_names : list of str, default=None
        One name a column of X, for regularizers that are given words; None takes the column names of a data frame.
    modalities : dict of name to slice, indices or mask; or n_tokens labels; default=None
        Kinds of tokens (words, tags, authors): phi is a distribution over each. None: all columns are one kind.
    modality_weights : dict of name to float, default=None
        Counts of a modality are multiplied by its weight, 1 by default. Each weight is a parameter of the model:
        ``set_params(modality_weights__tags=2.0)``.
    main_modality : str, default=None
        Name of the modality to which weights are relative: with weight 1 another gets the mass of the main one.
    learning_method : {"batch", "online"}, default="batch"
        "batch": one update of phi a pass. "online": one a batch, with decaying weights.
    max_iter : int, default=50
        Passes over the documents, at most; exactly, when ``tol=0``.
    unregularized_iter : int, default=0
        So many of the last passes go without any regularizer, which leaves the zeros but takes away the bias.
    tol : float, default=1e-3
        Stop when the objective (log-likelihood plus regularizers, in nats a token) changes by less in one pass.
        With ``leave_one_out`` it is the log-likelihood of every token by the others that must change by less.
        With ``validation_fraction``: stop when the best held-out perplexity is three passes old. 0 never stops early.
    max_doc_iter : int or (int, int), default=10
        Inner passes over a document, at most; exactly, when ``doc_tol=0``. Two numbers are those of the first and of
        the last passes of a fit, between which they grow evenly; whatever is not ``fit`` takes the last one. Few inner
        passes keep theta near to what all documents have in common, which protects topics from single documents.
    doc_tol : float, default=0.01
        A document stops when its theta moves less (sum of absolute changes).
    reuse_theta : bool, default=False
        Start the theta of a training document from the previous pass instead of uniform. Needs
        n_docs x n_components numbers, and 2 or 3 inner passes are enough. ``transform`` always starts from uniform.
    leave_one_out : bool, default=False
        In learning, infer the topic of a token from the other tokens of its document. A token that helps to choose its
        own topic makes topics of single documents; the shorter documents are, the more. See Notes.
    batch_size : int, default=2048
        Online, and in ``partial_fit`` and ``transform``: documents of a batch, after each of which phi is updated in
        learning. Offline the engine cuts as it likes, the result is the sum over all documents.
    learning_offset : float, default=1.0
        Online: update k has weight (learning_offset + k) ** -learning_decay.
    learning_decay : float, default=0.7
        Online: in (0.5, 1] for convergence.
    total_samples : float, default=None
        Online: documents of the whole corpus, to which the counts of every batch are scaled, so that a tau means
        the same as offline. None: the documents of ``fit``, and in ``partial_fit`` those seen so far.
    init : {"random", "nmf", "nndsvd"} or array of shape (n_components, n_tokens), default=None
        Topics to start from, rows sum to 1; None draws them from ``random_state``.
    validation_fraction : float in (0, 1), default=None
        Share of the documents held out to watch; None watches the objective.
    evaluation : {"completion", "fold_in"}, default="completion"
        What ``score`` and ``perplexity`` measure. "completion": theta from every other token of a document, likelihood
        of the rest. "fold_in": theta and likelihood from the same tokens; optimistic, as BigARTM's perplexity.
    shown_words : WordChoice, default=None
        Which tokens of the main modality ``top_tokens`` lists, and in which order; no phi changes by it. None is by
        probability. See :class:`skartm.metrics.WordChoice`, which counts pairs of words in the documents of ``fit``.
    warm_start : bool, default=False
        Let ``fit`` go on from the present topics; regularizers may have changed.
    dtype : {"float32", "float64"}, default="float32"
        Precision of phi, theta and counters; likelihoods and topic masses are summed in float64 always.
    n_jobs : int, default=None
        Threads. None: what OpenMP allows. Results do not depend on it, bit for bit.
    random_state : int, RandomState or None, default=None
        Start of phi.
    verbose : int, default=0
        Print one line per pass.

    Attributes
    ----------
    components_ : array of shape (n_components, n_tokens)
        phi: token distributions of the topics. Rows sum to 1, or are all zeros for a dead topic.
    topic_mass_ : array of shape (n_components,)
        Tokens of the topics, after regularization.
    dead_topics_ : array of int
        Topics without tokens.
    shown_words_ : array of int of shape (n_components, n_candidates)
        With ``shown_words``, after ``fit``: columns of the tokens to show, filled up with -1. Where topics have changed
        since, by ``partial_fit`` or by hand, it is gone, and ``shown_words`` goes by phi and lift alone.
    tokens_seen_ : array of bool of shape (n_tokens,)
        Words that had a count in documents learned from. Any other begins with the topics of its first documents.
    learned_ : dict of dicts
        What regularizers have learned with the model, by their names.
    modality_weights_ : dict of name to float
        Weights of the modalities in effect.
    history_ : dict of lists
        One entry an iteration: ``log_likelihood, perplexity, objective, phi_sparsity, theta_sparsity, dead_topics,
        left_out, seconds`` and the value of every regularizer under its name; with ``leave_one_out`` also
        ``left_out_perplexity``.
    n_iter_ : int
        Passes of the last fit.
    n_features_in_ : int
    feature_names_in_ : array of str
        When X has string column names.

    See Also
    --------
    PLSA : Without regularizers.
    LDA : The Bayesian special case, with the signature of scikit-learn's.

    Notes
    -----
    With ``leave_one_out`` the E-step takes, in place of :math:`p_t = \phi_{wt} \theta_{td} / z`,

    .. math:: q_t \propto \phi_{wt} \theta_{td} \Bigl(1 - \frac{p_t}{\theta_{td}} \frac{\omega}{Z_d}
              - \frac{p_t}{\phi_{wt}} \frac{0.35\, x}{Z_t}\Bigr)_+

    where :math:`Z_d` and :math:`Z_t` are the sums by which theta and phi were divided, x is the count of the word in
    the document, and :math:`\omega` one occurrence: the smaller of x and the weight of the modality. So one occurrence
    is taken out of theta, and .35 of the word's counts in this document out of phi; online nothing is, because phi
    was not made of the document, or of a faded part of it. The inner passes find theta as
    ever, and the last one takes q, as the counts do. Where no topic is left, theta takes p, and phi the topics of the
    word in all documents. The first pass of a fit is without, since its phi was not made of counts. ``transform`` and
    ``score`` are always without. Regularizers of p(t|d,w) are refused.

    References
    ----------
    .. [1] K. Vorontsov, A. Potapenko. "Additive regularization of topic models." Machine Learning 101, 2015, theorem 1.

    Examples
    --------
    >>> from skartm import ARTMTransformer
    >>> from skartm.datasets import load_peps
    >>> from skartm.regularizers import Decorrelation
    >>> peps = load_peps()
    >>> model = ARTMTransformer(8, regularizers=[("decorrelation", Decorrelation(0.05, relative=0))], random_state=0)
    >>> theta = model.fit_transform(peps.data)
    >>> theta.shape
    (736, 8)
    >>> model.set_params(decorrelation__tau=0.02).get_params()["decorrelation__tau"]
    0.02
    """

    n_components: int = integer(default=10, low=1, kw_only=False)
    regularizers: Any = ()
    topic_names: Any = None
    token_names: Any = None
    modalities: Any = None
    modality_weights: Any = None
    main_modality: Any = None
    learning_method: str = choice(default="batch", among=("batch", "online"))
    max_iter: int = integer(default=50, low=1)
    unregularized_iter: int = integer(default=0, low=0)
    tol: float = real(default=1e-3, low=0.0)
    max_doc_iter: int | tuple[int, int] = declared(default=10, check=check_doc_iter)
    doc_tol: float = real(default=0.01, low=0.0)
    reuse_theta: bool = flag(default=False)
    leave_one_out: bool = flag(default=False)
    batch_size: int = integer(default=2048, low=1)
    learning_offset: float = real(default=1.0, low=0.0)
    learning_decay: float = real(default=0.7, low=0.0, high=1.0)
    total_samples: float | None = real(default=None, low=0.0, high=MOST_SAMPLES, open_low=True, none=True)
    init: Any = None
    validation_fraction: float | None = real(default=None, low=0.0, high=1.0, open_low=True, none=True)
    evaluation: str = choice(default="completion", among=("completion", "fold_in"))
    shown_words: Any = declared(default=None, check=_readable.check_shown_words)
    warm_start: bool = flag(default=False)
    dtype: DTypeLike = precision(default="float32")
    n_jobs: int | None = None
    random_state: Any = None
    verbose: int = 0

    _assignable: ClassVar[frozenset[str]] = frozenset({"components_"})
    _lists: ClassVar[tuple[str, ...]] = ("regularizers",)
    _accepts: ClassVar[Accepts] = Accepts()
    _starts: ClassVar[tuple[str, ...]] = ("random", *FACTOR_STARTS)
    _evaluations: ClassVar[tuple[str, ...]] = ("completion", "fold_in")

    score = _scored.score
    perplexity = _scored.perplexity
    top_tokens = _readable.top_tokens
    topic_table = _readable.topic_table
    token_topics = _token_topics.token_topics
    _read_beside = _targets.read_targets

    _publish = _published.publish
    _assign_components_ = _published.assign_components

    @with_callbacks
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> "ARTMTransformer":
        """Learn the topics.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_docs, n_tokens)
            Non-negative counts. CSR is used as it is: memory-mapped, int32 or int64 indices, tokens in any order.
        y : array of shape (n_docs,) or (n_docs, n_targets), default=None
            Targets, for regularizers that read them; ignored otherwise.
        sample_weight : array of shape (n_docs,), default=None
            How often every document counts.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            Parameters or data that cannot be used; the message says what to do.
        """
        self._check_parameters()
        decay = self._decay() if self.learning_method == "online" else None
        return self._fit(X, sample_weight, decay=decay, max_iter=int(self.max_iter), tol=float(self.tol), y=y)

    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> "ARTMTransformer":
        """Update the topics by the documents of X, ``batch_size`` at a time.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_docs, n_tokens)
        y : ignored
        sample_weight : array of shape (n_docs,), default=None

        Returns
        -------
        self
        """
        self._check_parameters()
        return self._partial_fit(X, sample_weight, self._decay(), y=y)

    # --- hooks -------------------------------------------------------------------------------------------------------

    def _dtype(self) -> np.dtype:
        return check_dtype(self)

    def _decay(self) -> Decay:
        return Decay(float(self.learning_offset), float(self.learning_decay), self.total_samples)

    def _check_parameters(self) -> None:
        check_declared(self)
        check_modalities(self)
        self._n_threads()
        check_topic_names(self)
        if isinstance(self.init, str):
            check_choice(self, "init", self._starts)
        self._accepts.check(self)

    def _engine(self, layout: Layout, corpus: Corpus, *, warm: bool) -> EM:
        regularizers = check_regularizers(self)
        terms = bind_all(regularizers, layout, learned=learned_before(self) if warm else None)
        n_threads = self._n_threads()
        n_topics, n_stored = layout.n_topics, (layout.n_docs or 0) if self.reuse_theta else 0
        kept = StoredTheta.uniform(n_stored, n_topics, self._dtype()) if n_stored else None
        posterior, mixture = MapPosterior(n_topics, terms.phi, n_threads=n_threads), self._mixture(n_topics)
        if self.leave_one_out:
            require_no_posterior(terms.posterior, type(self).__name__)
            mixture = replace(mixture, leave_out=LeaveOneOut.of(layout))
            if warm:
                posterior.block_mass = self._block_mass.copy()
        return EM(mixture, posterior, n_topics, n_threads=n_threads, terms=terms, kept=kept)

    def _mixture(self, n_topics: int) -> FreeMixture:
        n_passes, tol = doc_iters(self)[1], float(self.doc_tol)
        return FreeMixture(n_topics, n_passes=n_passes, tol=tol, n_threads=self._n_threads())

    def _has_converged(self, tol: float, X: Any) -> bool:
        if tol > 0 and self.leave_one_out and self.validation_fraction is None:
            return self.history_.change("left_out_perplexity", relative=True) < tol
        return super()._has_converged(tol, X)

    def _start(self, layout: Layout, batches: Batches, *, warm: bool) -> State:
        dtype, n_topics = self._dtype(), layout.n_topics
        start = self.components_.T if warm else self._initial_phi(layout, batches)
        phi = padded(start, dtype)
        if warm and hasattr(self, "n_wt_"):
            n_wt = padded(self.n_wt_, dtype)
        else:
            block_mass = self._block_mass if warm else spread_mass(batches, layout)
            n_wt = phi.copy()
            for tokens, mass in zip(layout.blocks, block_mass, strict=True):
                n_wt[rows_of(tokens), :n_topics] *= mass.astype(dtype)
        n_samples, n_updates = (self._counted_samples, self.n_updates_) if warm else (batches.n_samples, 0)
        counters = Counters(n_wt, clipped=True, n_threads=self._n_threads(), blocks=layout.blocks)
        seen = tokens_seen(self, phi, warm=warm, given=self.init is not None and not isinstance(self.init, str))
        return State(phi, counters, n_samples, n_updates, seen)

    def _initial_phi(self, layout: Layout, batches: Batches) -> NDArray:
        if isinstance(self.init, str) and self.init != "random":
            random_state = check_random_state(self.random_state)
            return factor_phi(self.init, batches, layout, random_state, self._n_threads())
        return initial_phi(self.init, layout, self.random_state)

    def _inference(self) -> Inference:
        mixture, shared = self._mixture(self.components_.shape[0]), self._shared_by_all()
        infer = mixture.inference(shared)
        return lambda tokens: partial(infer, self._phi_of(tokens))

    def _fitted(self, tokens: Any) -> Shared:
        """What E-steps of new documents share: phi of some tokens, and terms as strong as at the end of the fit."""
        return replace(self._shared_by_all(), phi_wt=self._phi_of(tokens))

    def _phi_of(self, tokens: Any) -> NDArray:
        return padded(self.components_[:, tokens].T, self.components_.dtype)

    def _shared_by_all(self) -> Shared:
        """The same without any phi."""
        layout = self._layout(self.components_, known=True)
        regularizers = check_regularizers(self)
        terms = bind_all(regularizers, layout, learned=learned_before(self), training=False)
        step, n_steps, regularized = getattr(self, "_last_step", (0, int(self.max_iter), True))
        acting = self._own_terms(terms, layout).at(step, n_steps, regularized=regularized)
        return Shared(self.components_[:0], layout.n_topics, acting, self.topic_mass_)

    def _own_terms(self, terms: Terms, layout: Layout) -> Terms:
        """Terms of new documents: those of the regularizers, and what the fitted model adds."""
        return terms

    def _reads_order(self) -> bool:
        if not self.regularizers:
            return False
        return any(getattr(regularizer, "needs_order", False) for _, regularizer in check_regularizers(self))

    def _renumbers(self) -> bool:
        return not any(regularizer.side == "posterior" for _, regularizer in check_regularizers(self))
