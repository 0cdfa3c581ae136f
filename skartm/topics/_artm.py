"""ARTM: topic models with any sum of regularizers."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skartm._callbacks import with_callbacks
from skartm._validation import (
    check_choice,
    check_counts,
    check_dtype,
    check_flag,
    check_integer,
    check_real,
    check_weights,
)
from skartm.em import (
    EM,
    Batch,
    Batches,
    Counters,
    Decay,
    FreeMixture,
    Layout,
    MapPosterior,
    State,
    padded,
    unpadded_transpose,
)
from skartm.metrics import completion_split, log_likelihood
from skartm.regularizers import NamedRegularizers, bind_all, check_regularizers
from skartm.simplex import random_distributions
from skartm.topics._base import TopicModel


class ARTMTransformer(NamedRegularizers, TopicModel):
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
    learning_method : {"batch", "online"}, default="batch"
        "batch": one update of phi a pass. "online": one a batch, with decaying weights.
    max_iter : int, default=50
        Passes over the documents, at most; exactly, when ``tol=0``.
    tol : float, default=1e-3
        Stop when the objective (log-likelihood plus regularizers, in nats a token) changes by less in one pass.
        With ``validation_fraction``: stop when the best held-out perplexity is three passes old. 0 never stops early.
    max_doc_iter : int, default=10
        Inner passes over a document, at most; exactly, when ``doc_tol=0``.
    doc_tol : float, default=0.01
        A document stops when its theta moves less (sum of absolute changes).
    reuse_theta : bool, default=False
        Start the theta of a training document from the previous pass instead of uniform. Needs
        n_docs x n_components numbers, and 2 or 3 inner passes are enough. ``transform`` always starts from uniform.
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
    init : array of shape (n_components, n_tokens), default=None
        Topics to start from, rows sum to 1; None draws them from ``random_state``.
    validation_fraction : float in (0, 1), default=None
        Share of the documents held out to watch; None watches the objective.
    evaluation : {"completion", "fold_in"}, default="completion"
        What ``score`` and ``perplexity`` measure. "completion": theta from every other token of a document, likelihood
        of the rest. "fold_in": theta and likelihood from the same tokens; optimistic, as BigARTM's perplexity.
    warm_start : bool, default=False
        Let ``fit`` go on from the present topics; regularizers may have changed.
    dtype : {"float32", "float64"}, default="float32"
        Precision of phi, theta and counters; likelihoods and topic masses are summed in float64 always.
    n_jobs : int, default=None
        Threads. None: what OpenMP allows. Results do not depend on it, bit for bit.
    random_state : int, RandomState or None, default=None
        Start of phi.
    verbose : int, default=0
        Print a line a pass.

    Attributes
    ----------
    components_ : array of shape (n_components, n_tokens)
        phi: token distributions of the topics. Rows sum to 1, or are all zeros for a dead topic.
    topic_mass_ : array of shape (n_components,)
        Tokens of the topics, after regularization.
    dead_topics_ : array of int
        Topics without tokens.
    history_ : dict of lists
        One entry an iteration: ``log_likelihood, perplexity, objective, phi_sparsity, theta_sparsity, dead_topics,
        left_out, seconds`` and the value of every regularizer under its name.
    n_iter_ : int
        Passes of the last fit.
    n_features_in_ : int
    feature_names_in_ : array of str
        When X has string column names.

    See Also
    --------
    PLSA : Without regularizers.
    LDA : The Bayesian special case, with the signature of scikit-learn's.

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

    def __init__(
        self,
        n_components: int = 10,
        *,
        regularizers: Any = (),
        topic_names: Any = None,
        learning_method: str = "batch",
        max_iter: int = 50,
        tol: float = 1e-3,
        max_doc_iter: int = 10,
        doc_tol: float = 0.01,
        reuse_theta: bool = False,
        batch_size: int = 2048,
        learning_offset: float = 1.0,
        learning_decay: float = 0.7,
        total_samples: float | None = None,
        init: Any = None,
        validation_fraction: float | None = None,
        evaluation: str = "completion",
        warm_start: bool = False,
        dtype: DTypeLike = "float32",
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.n_components = n_components
        self.regularizers = regularizers
        self.topic_names = topic_names
        self.learning_method = learning_method
        self.max_iter = max_iter
        self.tol = tol
        self.max_doc_iter = max_doc_iter
        self.doc_tol = doc_tol
        self.reuse_theta = reuse_theta
        self.batch_size = batch_size
        self.learning_offset = learning_offset
        self.learning_decay = learning_decay
        self.total_samples = total_samples
        self.init = init
        self.validation_fraction = validation_fraction
        self.evaluation = evaluation
        self.warm_start = warm_start
        self.dtype = dtype
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    @with_callbacks
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> "ARTMTransformer":
        """Learn the topics.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_docs, n_tokens)
            Non-negative counts. CSR is used as it is: memory-mapped, int32 or int64 indices, tokens in any order.
        y : ignored
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
        return self._fit(X, sample_weight, decay=decay, max_iter=int(self.max_iter), tol=float(self.tol))

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
        return self._partial_fit(X, sample_weight, self._decay())

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Mean log-likelihood of a token, in nats: higher is better, and corpora of any size compare.

        With ``evaluation="completion"`` of the held-out half of every document given its observed half
        (:func:`skartm.metrics.completion_split`); with "fold_in" of all tokens given all tokens.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_docs, n_tokens)
        y : ignored
        sample_weight : array of shape (n_docs,), default=None

        Returns
        -------
        float
        """
        check_is_fitted(self, "components_")
        X = check_counts(self, X, self._dtype(), reset=False)
        weights = check_weights(self, sample_weight, X.shape[0])
        given, scored = (X, X) if self.evaluation == "fold_in" else completion_split(X)
        theta = self._doc_topic(given.astype(self._dtype()))
        return log_likelihood(self.components_, theta, scored, sample_weight=weights)

    def perplexity(self, X: Any, sample_weight: Any = None) -> float:
        """exp(-score): lower is better; see :meth:`score` for what is given and what is scored."""
        return float(np.exp(-self.score(X, sample_weight=sample_weight)))

    # --- hooks -------------------------------------------------------------------------------------------------------

    def _dtype(self) -> np.dtype:
        return check_dtype(self)

    def _decay(self) -> Decay:
        return Decay(float(self.learning_offset), float(self.learning_decay), self.total_samples)

    def _check_parameters(self) -> None:
        check_integer(self, "n_components", minimum=1)
        check_choice(self, "learning_method", ("batch", "online"))
        check_choice(self, "evaluation", ("completion", "fold_in"))
        for name in ("max_iter", "max_doc_iter", "batch_size"):
            check_integer(self, name, minimum=1)
        for name in ("tol", "doc_tol", "learning_offset"):
            check_real(self, name, low=0.0)
        check_real(self, "learning_decay", low=0.0, high=1.0)
        for name in ("reuse_theta", "warm_start"):
            check_flag(self, name)
        if self.total_samples is not None:
            check_real(self, "total_samples", low=0.0, open_low=True)
        if self.validation_fraction is not None:
            check_real(self, "validation_fraction", low=0.0, high=1.0, open_low=True)
        check_dtype(self)
        self._n_threads()
        self._check_topic_names()
        check_regularizers(self)

    def _check_topic_names(self) -> None:
        if self.topic_names is None:
            return
        if isinstance(self.topic_names, str) or not isinstance(self.topic_names, Iterable):
            msg = f"The 'topic_names' parameter must be {self.n_components} strings. Got {self.topic_names!r}."
            raise TypeError(msg)
        names = list(self.topic_names)
        if len(names) != self.n_components or not all(isinstance(name, str) for name in names):
            msg = f"The 'topic_names' parameter must be {self.n_components} strings. Got {self.topic_names!r}."
            raise ValueError(msg)
        if len(set(names)) != len(names):
            repeated = sorted({name for name in names if names.count(name) > 1})
            msg = f"The 'topic_names' parameter must not repeat names. Got {repeated} more than once."
            raise ValueError(msg)

    def _engine(self, layout: Layout, n_docs: int) -> EM:
        phi_terms, theta_terms = bind_all(check_regularizers(self), layout)
        n_threads = self._n_threads()
        mixture = self._mixture(layout, theta_terms, n_stored=n_docs if self.reuse_theta else 0)
        posterior = MapPosterior(layout.n_topics, phi_terms, n_threads=n_threads)
        return EM(mixture, posterior, layout.n_topics, theta_terms=theta_terms, n_threads=n_threads)

    def _mixture(self, layout: Layout, theta_terms: Any, *, n_stored: int = 0) -> FreeMixture:
        prior = np.zeros(layout.n_topics)
        for bound in theta_terms:
            prior += bound.strength.tau * bound.term.constant()
        return FreeMixture(
            layout.n_topics,
            n_passes=int(self.max_doc_iter),
            tol=float(self.doc_tol),
            dtype=self._dtype(),
            n_threads=self._n_threads(),
            prior=prior,
            n_stored=n_stored,
        )

    def _start(self, layout: Layout, batches: Batches, *, warm: bool) -> State:
        dtype, n_topics = self._dtype(), layout.n_topics
        phi = padded(self.components_.T if warm else self._initial_phi(layout), dtype)
        if warm and hasattr(self, "n_wt_"):
            n_wt = padded(self.n_wt_, dtype)
        else:
            mass = self.topic_mass_ if warm else np.full(n_topics, _total_mass(batches) / n_topics)
            n_wt = padded(phi[:, :n_topics] * mass.astype(dtype), dtype)
        n_samples, n_updates = (self._counted_samples, self.n_updates_) if warm else (batches.n_samples, 0)
        return State(phi, Counters(n_wt, clipped=True, n_threads=self._n_threads()), n_samples, n_updates)

    def _initial_phi(self, layout: Layout) -> NDArray:
        """(n_tokens, n_topics), columns sum to 1."""
        shape = (layout.n_topics, layout.n_tokens)
        if self.init is None:
            return random_distributions(check_random_state(self.random_state), layout.n_tokens, layout.n_topics)
        phi = np.asarray(self.init, dtype=np.float64)
        if phi.shape != shape:
            msg = f"The 'init' parameter must have shape {shape} (n_components, n_tokens). Got {phi.shape}."
            raise ValueError(msg)
        if not np.isfinite(phi).all() or (phi < 0).any() or not np.allclose(phi.sum(axis=1), 1, atol=1e-3):
            msg = "The 'init' parameter must have rows that are distributions (non-negative, sum 1); normalise them."
            raise ValueError(msg)
        return phi.T / phi.sum(axis=1)

    def _publish(self, engine: EM, state: State) -> None:
        self.components_ = unpadded_transpose(state.phi_wt, engine.n_topics)
        self.topic_mass_ = engine.posterior.topic_mass.copy()
        self.dead_topics_ = np.flatnonzero(self.topic_mass_ <= 0)

    def _infer(self, tokens: Any) -> Callable[[Batch], NDArray]:
        layout = self._layout(self.components_.shape[1])
        mixture = self._mixture(layout, bind_all(check_regularizers(self), layout)[1])
        phi = padded(self.components_[:, tokens].T, self._dtype())
        return lambda batch: mixture.expect(batch, phi).theta_dt[:, : layout.n_topics]


def _total_mass(batches: Batches) -> float:
    return sum(batch.mass() for batch in batches)
