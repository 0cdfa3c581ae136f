"""ContextARTM: the topics of a token from the tokens around it."""

from collections.abc import Iterator
from dataclasses import replace
from numbers import Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from skartm.base import shown
from skartm.base._callbacks import with_callbacks
from skartm.base._data import as_floats, check_counts
from skartm.base._parameters import (
    choice,
    flag,
    integer,
    parameters,
    real,
)
from skartm.em import EM, Batch, Layout, MapPosterior, PositionGamma, Shared
from skartm.regularizers import bind_all, check_regularizers
from skartm.topics._accepts import Accepts
from skartm.topics._artm import ARTMTransformer
from skartm.topics._corpus import Corpus
from skartm.topics._published import learned_before
from skartm.topics.context import _left_out, _positions, _segmentation
from skartm.topics.context._mixture import Context, ContextMixture
from skartm.topics.context._position_gamma import check_position_gamma

_GAMMA = 0.1


@parameters(without=("max_doc_iter", "doc_tol", "reuse_theta", "leave_one_out"))
class ContextARTM(ARTMTransformer):
    r"""Topic model of the order of the text: theta of every position is a mean of the topics of the words around it.

    With a localised E-step, "topic attention" [1]_. Words :math:`w_1, \dots, w_n` of a document have the topics

    .. math:: p(t \mid w) = \operatorname{norm}_t(\phi_{wt} n_t), \qquad
              \overrightarrow{\theta}_{ti} = \gamma_i\, p(t \mid w_i) + (1 - \gamma_i) \overrightarrow{\theta}_{t,i-1},
              \qquad
              \overleftarrow{\theta}_{ti} = \gamma_i\, p(t \mid w_i) + (1 - \gamma_i) \overleftarrow{\theta}_{t,i+1}

    .. math:: \theta_{ti} = \beta \overrightarrow{\theta}_{ti} + (1 - \beta) \overleftarrow{\theta}_{ti}, \qquad
              p_{ti} = \operatorname{norm}_t(\phi_{w_i t} \theta_{ti}), \qquad
              \phi_{wt} = \operatorname{norm}_w \Bigl(\sum_{i: w_i = w} p_{ti} + \sum_j \tau_j \phi_{wt}
              \frac{\partial R_j}{\partial \phi_{wt}}\Bigr)_+

    One pass over a text in both directions; nothing is iterated in a document. X keeps the order of the text
    (:class:`skartm.feature_extraction.SequenceVectorizer`). Regularizers of phi only.

    Parameters
    ----------
    n_components : int, default=10
        Number of topics.
    context : {"ema", "window"}, default="ema"
        "ema": exponential moving averages from both sides, as above. "window": the mean of p(t|w) over ``window``
        positions on each side.
    gamma : float, (float, float) or None, default=None
        "ema": weight of a token in [0, 1], from the left and from the right if there are two; a context is about
        1 / gamma tokens long. None is 0.1. With windows None.
    window : int or None, default=None
        "window": positions on each side; None is the whole document. With "ema" None.
    beta : float in [0, 1], default=0.5
        Weight of the left side; in a window tokens on the left count 2 beta, on the right 2 - 2 beta.
    n_layers : int, default=1
        In the layers after the first p(t|i) of the layer before takes the place of :math:`p(t \mid w_i)`.
    own_word : bool, default=False
        Whether a token is in its own context, as in the formulas above. False is :math:`\gamma_i = 0` for the position
        predicted: :math:`\theta_{ti} = \beta \overrightarrow{\theta}_{t,i-1} + (1 - \beta)
        \overleftarrow{\theta}_{t,i+1}`. Words that help to predict themselves drift apart into topics of few words:
        the likelihood of training soars and that of words left out falls.
    token_gamma : array of shape (n_tokens,), default=None
        Importance of tokens, factors of ``gamma`` (the product is clipped to 1), or weights in windows: 0 leaves a
        token out of all contexts, ``inf`` makes it forget what was before ("ema").
    regularizers : list of (str, Regularizer), default=()
        Named regularizers of phi. Those of theta and of p(t|d,w) are an error.
    topic_names : list of str, default=None
    token_names : list of str, default=None
    modalities : dict of name to slice, indices or mask; or n_tokens labels; default=None
        Kinds of tokens, which stand in one text.
    modality_weights : dict of name to float, default=None
        A weight of x makes x tokens in a row of one, in counts and in contexts: :math:`1 - (1 - \gamma)^x`.
    main_modality : str, default=None
    learning_method : {"batch", "online"}, default="batch"
    max_iter : int, default=50
        Passes over the documents, at most; exactly, when ``tol=0``.
    unregularized_iter : int, default=0
    tol : float, default=1e-3
    batch_size : int, default=2048
    learning_offset : float, default=1.0
    learning_decay : float, default=0.7
    total_samples : float, default=None
    init : array of shape (n_components, n_tokens), default=None
    validation_fraction : float in (0, 1), default=None
        The documents held out are scored by ``evaluation``. Not together with ``position_gamma``.
    evaluation : {"leave_one_out", "plain"}, default="leave_one_out"
        What ``score`` and ``perplexity`` measure: every token given the others of its text, or as in training, where
        a context that has the word itself makes it look easy.
    shown_words : WordChoice, default=None
    warm_start : bool, default=False
    dtype : {"float32", "float64"}, default="float32"
    n_jobs : int, default=None
    random_state : int, RandomState or None, default=None
    verbose : int, default=0
        All of these as in :class:`ARTMTransformer`.

    Attributes
    ----------
    components_ : array of shape (n_components, n_tokens)
        phi: token distributions of the topics. Rows sum to 1, or are all zeros for a dead topic.
    topic_mass_ : array of shape (n_components,)
        n_t: counts of the topics after regularization, of all modalities. Contexts need them beside phi.
    history_ : dict of lists
        One entry an iteration, as in :class:`ARTMTransformer`. The perplexity is the plain one.
    dead_topics_, learned_, modality_weights_, n_iter_, n_features_in_, feature_names_in_
        As in :class:`ARTMTransformer`.

    Notes
    -----
    The first position from either side has gamma 1. One with gamma 0, or with a token that no topic has, hands on what
    was before; a side without anything leaves the other one alone, and without both theta is n_t / n.

    Contexts are those of the parameters at the time of use: ``set_params(gamma=0.02)`` after ``fit`` gives longer ones
    with the same topics.

    Memory grows with the longest document, n_components numbers a position (twice with layers).

    References
    ----------
    .. [1] I. Dyakov. "Topic attention models for the analysis of connected text." Bachelor's thesis, Lomonosov Moscow
       State University, 2025 (in Russian).

    Examples
    --------
    >>> from skartm import ContextARTM
    >>> from skartm.datasets import load_peps
    >>> X = load_peps().data
    >>> model = ContextARTM(8, gamma=0.05, max_iter=10, tol=0, random_state=0).fit(X)
    >>> model.transform(X).shape
    (736, 8)
    >>> vectors = next(model.context_vectors(X[:1]))
    >>> vectors.left.shape == (X[:1].nnz, 8)
    True
    """

    context: str = choice(default="ema", among=("ema", "window"))
    gamma: Any = None
    window: int | None = integer(default=None, low=1, none=True)
    beta: float = real(default=0.5, low=0.0, high=1.0)
    n_layers: int = integer(default=1, low=1)
    own_word: bool = flag(default=False)
    token_gamma: Any = None
    evaluation: str = choice(default="leave_one_out", among=("leave_one_out", "plain"))

    _accepts: ClassVar[Accepts] = Accepts(sides=("phi",), because="theta is a function of phi")

    max_doc_iter = 1
    doc_tol = 0.0
    reuse_theta = False
    _evaluations = ("leave_one_out", "plain")
    __metadata_request__fit: ClassVar = {"position_gamma": True}
    __metadata_request__partial_fit: ClassVar = {"position_gamma": True}
    __metadata_request__transform: ClassVar = {"position_gamma": True}
    __metadata_request__score: ClassVar = {"position_gamma": True}

    score = _left_out.score
    perplexity = _left_out.perplexity
    position_log_likelihood = _left_out.position_log_likelihood
    context_vectors = _positions.context_vectors
    token_topics = _positions.token_topics
    transform_spans = _positions.transform_spans
    divergence = _segmentation.divergence
    segment = _segmentation.segment

    _score_held_out = _left_out.score_held_out

    @with_callbacks
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None, position_gamma: Any = None) -> "ContextARTM":
        """Learn the topics.

        Parameters
        ----------
        X : CSR matrix of shape (n_docs, n_tokens)
            Rows are texts: tokens in their order, each with the value 1, or a weight.
        y : ignored unless a regularizer reads it
        sample_weight : array of shape (n_docs,), default=None
            How often every document counts.
        position_gamma : list of arrays, one a document, or CSR matrix with the entries of X; default=None
            Gammas of the positions, in [0, 1], in place of ``gamma`` times ``token_gamma``: 1 forgets, 0 leaves the
            token out, NaN is as without. An array of shape (n, 2) has them for left and right. In windows, weights.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            Parameters or data that cannot be used; the message says what to do.
        """
        self._check_parameters()
        if position_gamma is not None and self.validation_fraction is not None:
            msg = (
                f"{type(self).__name__}: validation_fraction scores documents without their position_gamma. Got both; "
                "hold documents out by hand."
            )
            raise ValueError(msg)
        decay = self._decay() if self.learning_method == "online" else None
        beside = {"y": y, "position_gamma": position_gamma}
        return self._fit(X, sample_weight, decay=decay, max_iter=int(self.max_iter), tol=float(self.tol), **beside)

    def partial_fit(
        self, X: Any, y: Any = None, sample_weight: Any = None, position_gamma: Any = None
    ) -> "ContextARTM":
        """Update the topics by the documents of X, ``batch_size`` at a time; parameters as in :meth:`fit`."""
        self._check_parameters()
        return self._partial_fit(X, sample_weight, self._decay(), y=y, position_gamma=position_gamma)

    def fit_transform(self, X: Any, y: Any = None, sample_weight: Any = None, position_gamma: Any = None) -> NDArray:
        """:meth:`fit`, then :meth:`transform` of the same documents."""
        return self.fit(X, y, sample_weight, position_gamma).transform(X, position_gamma)

    def transform(self, X: Any, position_gamma: Any = None) -> NDArray:
        """Topic distributions of documents: the mean of p(t|i) over the positions.

        A document without tokens that the model knows gets the uniform distribution.

        Parameters
        ----------
        X : CSR matrix of shape (n_docs, n_tokens)
            Rows are texts.
        position_gamma : list of arrays or CSR matrix, default=None
            As in :meth:`fit`.

        Returns
        -------
        array of shape (n_docs, n_components)
            Rows sum to 1.
        """
        check_is_fitted(self, "components_")
        X = check_counts(self, X, self._dtype(), reset=False)
        return self._doc_topic(X, position_gamma)

    # --- hooks -------------------------------------------------------------------------------------------------------

    def _check_parameters(self) -> None:
        super()._check_parameters()
        self._gammas()

    def _gammas(self) -> tuple[float, float] | None:
        """Gamma from the left and from the right; None for windows."""
        other = "gamma" if self.context == "window" else "window"
        if getattr(self, other) is not None:
            msg = (
                f"{type(self).__name__}: context={shown(self.context)} has no {other}. Got {other}="
                f"{shown(getattr(self, other))}; set it to None, or take the other kind of context."
            )
            raise ValueError(msg)
        if self.context == "window":
            return None
        pair = isinstance(self.gamma, (tuple, list))
        gammas = tuple(self.gamma) if pair else (_GAMMA if self.gamma is None else self.gamma,) * 2
        numbers = all(isinstance(gamma, Real) and not isinstance(gamma, bool) for gamma in gammas)
        if not numbers or len(gammas) != 2 or not all(0 <= gamma <= 1 for gamma in gammas):
            msg = (
                f"The 'gamma' parameter of {type(self).__name__} must be a number in [0, 1], or two: from the left and "
                f"from the right. Got {shown(self.gamma)} instead."
            )
            raise ValueError(msg) if numbers else TypeError(msg)
        return float(gammas[0]), float(gammas[1])

    def _contexts(self, n_tokens: int, tokens: Any = slice(None)) -> Context:
        """What contexts are, where columns are ``tokens`` of all ``n_tokens``."""
        gamma, token_gamma = self._gammas(), None
        if self.token_gamma is not None:
            token_gamma = as_floats(self.token_gamma, "The 'token_gamma' parameter")
            good = token_gamma.shape == (n_tokens,) and bool((token_gamma >= 0).all())
            if not good or (gamma is None and not np.isfinite(token_gamma).all()):
                msg = (
                    f"The 'token_gamma' parameter of {type(self).__name__} must be {n_tokens} numbers of at least 0, "
                    f"one a token, finite in windows. Got {shown(self.token_gamma)}."
                )
                raise ValueError(msg)
            token_gamma = np.minimum(token_gamma, np.finfo(np.float64).max)[tokens]
        return Context(
            gamma,
            None if self.window is None else int(self.window),
            float(self.beta),
            int(self.n_layers),
            bool(self.own_word),
            token_gamma,
        )

    def _position_gammas(self, X: Any, position_gamma: Any) -> PositionGamma:
        """Those of the positions of X."""
        if position_gamma is None:
            return PositionGamma(None, np.zeros(1))
        n_sides = 1 if self._gammas() is None else 2
        values = check_position_gamma(type(self).__name__, position_gamma, X, n_sides=n_sides)
        return PositionGamma(values, X.indptr)

    def _read_beside(self, X: Any, **given: Any) -> dict[str, Any]:
        gammas = {name: values for name, values in given.items() if name == "position_gamma" and values is not None}
        return super()._read_beside(X, **given) | gammas

    def _engine(self, layout: Layout, corpus: Corpus, *, warm: bool) -> EM:
        regularizers, n_threads = check_regularizers(self), self._n_threads()
        terms = bind_all(regularizers, layout, learned=learned_before(self) if warm else None)
        posterior = MapPosterior(layout.n_topics, terms.phi, n_threads=n_threads)
        if warm:
            posterior.block_mass = self._block_mass.copy()
        mixture = ContextMixture(layout.n_topics, self._contexts(layout.n_tokens), n_threads)
        gammas = self._position_gammas(corpus.X, corpus.beside.get("position_gamma"))
        return EM(mixture, posterior, layout.n_topics, n_threads=n_threads, kept=gammas)

    def _reads_order(self) -> bool:
        return True

    def _read(
        self, X: Any, position_gamma: Any, *, own_word: bool | None = None
    ) -> Iterator[tuple[Batch, ContextMixture, Shared]]:
        """New documents in batches, with the mixture that reads them and what they share."""
        batches, tokens = self._reader().read(X)
        context, gammas = self._contexts(X.shape[1], tokens), self._position_gammas(X, position_gamma)
        if own_word is not None:
            context = replace(context, own_word=own_word)
        mixture, shared = ContextMixture(self.components_.shape[0], context, self._n_threads()), self._fitted(tokens)
        return ((batch.carrying(gammas.of(batch)), mixture, shared) for batch in batches)

    def _doc_topic(self, X: Any, position_gamma: Any = None) -> NDArray:
        n_topics = self.components_.shape[0]
        theta = np.empty((X.shape[0], n_topics), dtype=self._dtype())
        for batch, mixture, shared in self._read(X, position_gamma):
            theta[batch.start : batch.start + batch.n_docs] = mixture.theta(shared, batch)[:, :n_topics]
        return theta
