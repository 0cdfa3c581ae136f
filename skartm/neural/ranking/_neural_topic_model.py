"""The neural topic model of Cao et al. as a scikit-learn transformer."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.random import RandomState
from numpy.typing import DTypeLike, NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.linear_model import LogisticRegression
from sklearn.utils import ClassifierTags, check_random_state, column_or_1d
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from skartm.base import names_in_order
from skartm.base._callbacks import CallbackSupportMixin, FitTask, with_callbacks
from skartm.base._data import check_counts
from skartm.base._fitting import iterate
from skartm.base._parameters import check_declared, choice, integer, parameters, precision, real
from skartm.base._sparse import compact
from skartm.base._state import Stateful
from skartm.base._threads import effective_n_threads
from skartm.em import Batches, FreeMixture, Shared, padded, row_products
from skartm.neural._ntm_components import activation_counts, topics_of_counts
from skartm.neural.ranking._examples import Examples
from skartm.neural.ranking._optimizers import RULES
from skartm.neural.ranking._ranking import LOSSES, Objective, Training, Weights, sigmoid_topics, softmax
from skartm.neural.ranking._start import STARTS
from skartm.neural.ranking._term_vectors import term_vectors

_BATCH = 2048  # documents whose theta stays in cache


def _has_labels(model: Any) -> bool:
    return bool(model.label_weight)


@parameters
class NeuralTopicModel(
    Stateful, CallbackSupportMixin, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator
):
    r"""Topics that rank documents with a term above documents without it (NTM), with labels if there are any (sNTM).

    .. math::

       lt_g = \sigma(le_g W_2), \qquad ld_d = \operatorname{softmax}(W_{1,d}), \qquad ls(g, d) = lt_g \cdot ld_d

    where :math:`le_g` is the given vector of a term. Each pair of a document and a term that it has is an example, with
    a random document that lacks the term; the sum over examples of

    .. math:: \max(0,\, \Omega - ls(g, d^+) + ls(g, d^-))

    is minimised over W1 and W2. No torch is needed: the gradients are written out and their loops compiled.

    ``components_`` are counts that the model expects, :math:`n_{wt} = \sum_d n_{dw}\, lt_{wt} ld_{dt} / ls(w, d)`, less
    what random documents would give:

    .. math:: \phi_{wt} \propto \max\Bigl(n_{wt} - \lambda \frac{n_w n_t}{n},\, 0\Bigr) + 0.01\, n_{wt}

    Parameters
    ----------
    n_components : int, default=10
    embeddings : array of shape (n_terms, length), mapping of word to vector, KeyedVectors or None, default=None
        Vectors of terms. By name, a term of several words (``ngram_range`` of the vectorizers) that has no vector of
        its own gets the sum of those of its words. None counts them in X
        (:func:`skartm.feature_extraction.word_embeddings`), an n-gram being a term like others.
    embedding_size : int, default=100
        Length of the vectors that are counted, at most the number of terms.
    token_names : sequence of str or None, default=None
        Names of the columns, for embeddings by name; None is the names of a data frame.
    margin : float, default=0.5
        :math:`\Omega`. With ``loss="logistic"`` it is the difference at which the slope is one half.
    loss : {"hinge", "logistic"}, default="hinge"
        ``"logistic"`` is :math:`\ln(1 + \exp(\Omega - ls(g, d^+) + ls(g, d^-)))`.
    optimizer : {"adam", "adadelta", "sgd"}, default="adam"
        How the mean gradient of a batch becomes a step. With ``"sgd"`` the model stalls, see the user guide.
    learning_rate : float, default=0.01
        Of W2 and of the labels.
    document_learning_rate : float, default=0.05
        Of W1.
    alpha : float, default=0.0
        Strength of the penalty :math:`\alpha \lVert W_2 \rVert^2`.
    init : {"autoencoder", "random"}, default="autoencoder"
        Start of W2 and W1. ``"autoencoder"``, of the paper: W2 encodes vectors so that they can be decoded, rows of W1
        are the sums of lt over the terms of documents. ``"random"``: normal draws, W1 nearly uniform.
    pretrain_iter : int, default=100
        Steps of Adam on the vectors of all terms, with ``init="autoencoder"``.
    label_weight : float, default=0.0
        Weight of the negative log-probability of ``y`` under :math:`\operatorname{softmax}(ld_d W_3)`. With 0, ``y`` is
        ignored; otherwise ``fit`` needs it and there is ``predict``.
    min_lift : float, default=2.5
        :math:`\lambda`: how many times as frequent as in random documents a term must be in a topic to be more than a
        trace in it. 0 makes ``components_`` of the expected counts alone.
    batch_size : int, default=4000
        Examples of a step.
    max_iter : int, default=10
        Passes over all examples.
    max_doc_iter : int, default=50
        Updates of a document in ``transform``, at most.
    doc_tol : float, default=1e-3
        A document of ``transform`` stops when the sum of absolute changes of its topics is below.
    dtype : {"float32", "float64"}, default="float32"
    n_jobs : int or None, default=None
        Threads of ``transform`` and of ``components_``; results do not depend on it. Training has one.
    random_state : int, RandomState or None, default=None

    Attributes
    ----------
    components_ : array of shape (n_components, n_terms)
        Rows sum to 1.
    embeddings_ : array of shape (n_terms, length)
        le.
    term_weights_ : array of shape (length, n_components)
        W2.
    term_topics_ : array of shape (n_terms, n_components)
        lt, each in [0, 1].
    doc_topics_ : array of shape (n_docs, n_components)
        ld of the training documents; rows sum to 1.
    history_ : dict of list
        A number a pass: ``"loss"`` and ``"margin"``, the means of the loss and of ls(g, d+) - ls(g, d-) over examples,
        and ``"movement"``, the root mean square of the change of W1 since the start.
    classes_ : array of shape (n_classes,)
        With ``label_weight``.
    label_weights_, label_intercept_ : arrays of shapes (n_classes, n_components) and (n_classes,)
        With ``label_weight``: the layer of ``predict``.
    n_iter_ : int
    n_features_in_, feature_names_in_
        As everywhere in scikit-learn.

    Notes
    -----
    ld is no mixture weight, so ``transform`` does not continue the training: it maximises the likelihood
    :math:`\sum_w n_{dw} \ln \sum_t \phi_{wt} \theta_{td}` over theta by EM from a uniform start, which is the fold-in
    of the other models.

    References
    ----------
    Z. Cao, S. Li, Y. Liu, W. Li, H. Ji, A novel neural topic model and its supervised extension, AAAI 2015.

    Examples
    --------
    >>> from skartm.datasets import load_peps
    >>> from skartm.neural import NeuralTopicModel
    >>> peps = load_peps()
    >>> X = peps.data[::4, ::10]
    >>> model = NeuralTopicModel(8, batch_size=2000, max_iter=3, random_state=0).fit(X)
    >>> theta = model.transform(X[:5])
    >>> theta.shape, theta.sum(axis=1).round(3).tolist()
    ((5, 8), [1.0, 1.0, 1.0, 1.0, 1.0])
    >>> bool(model.history_["margin"][-1] > model.history_["margin"][0])
    True
    """

    n_components: int = integer(default=10, low=1, kw_only=False)
    embeddings: Any = None
    embedding_size: int = integer(default=100, low=1)
    token_names: Sequence[str] | None = None
    margin: float = real(default=0.5, low=0)
    loss: str = choice(default="hinge", among=LOSSES)
    optimizer: str = choice(default="adam", among=RULES)
    learning_rate: float = real(default=0.01, low=0, open_low=True)
    document_learning_rate: float = real(default=0.05, low=0, open_low=True)
    alpha: float = real(default=0.0, low=0)
    init: str = choice(default="autoencoder", among=STARTS)
    pretrain_iter: int = integer(default=100, low=0)
    label_weight: float = real(default=0.0, low=0)
    min_lift: float = real(default=2.5, low=0)
    batch_size: int = integer(default=4000, low=1)
    max_iter: int = integer(default=10, low=1)
    max_doc_iter: int = integer(default=50, low=1)
    doc_tol: float = real(default=1e-3, low=0)
    dtype: DTypeLike = precision(default="float32")
    n_jobs: int | None = None
    random_state: Any = None

    @with_callbacks
    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn W1 and W2, and with ``label_weight`` the labels.

        After an interruption the model is that of the last whole pass. Its layer of labels is then the one that was
        trained with W1, which is less accurate for new documents.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_docs, n_terms), non-negative counts
            How often a document has a term does not matter to the ranking, it does to ``components_``.
        y : array of shape (n_docs,) or None
            Classes; ignored without ``label_weight``.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            Parameters out of their range, X without tokens or with negative, infinite or missing entries, embeddings
            that do not fit, missing or continuous y with ``label_weight``.
        """
        self._check_parameters()
        X = self._data(X, reset=True)
        if X.nnz == 0:
            msg = (
                f"{type(self).__name__}: X must have tokens. Got a matrix of shape {X.shape} without positive entries."
            )
            raise ValueError(msg)
        targets = self._targets(y, X.shape[0])
        random_state = check_random_state(self.random_state)
        vectors = term_vectors(
            X, self.embeddings, self.embedding_size, self._names(X.shape[1]), random_state, type(self).__name__
        )
        self.embeddings_ = np.ascontiguousarray(vectors, dtype=self.dtype)
        weights = STARTS[self.init](X, self.embeddings_, self.n_components, self.pretrain_iter, random_state)
        if targets is not None:
            weights.label = np.zeros((self.n_components, self.classes_.size), dtype=self.dtype)
        self._train(X, weights, targets, random_state)
        return self

    def transform(self, X: Any) -> NDArray:
        """Topics of documents, new or not: the mixture of ``components_`` under which a document is most likely.

        Each document on its own, from a uniform start; a document without tokens has the uniform distribution.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_docs, n_terms), non-negative counts

        Returns
        -------
        array of shape (n_docs, n_components)
            Rows sum to 1.
        """
        check_is_fitted(self)
        return self._fold_in(self._data(X, reset=False))

    @available_if(_has_labels)
    def predict(self, X: Any) -> NDArray:
        """The most probable class of each document; there is no such method without ``label_weight``.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_docs, n_terms), non-negative counts

        Returns
        -------
        array of shape (n_docs,)
        """
        number = self.predict_proba(X).argmax(axis=1)
        return self.classes_[number]

    @available_if(_has_labels)
    def predict_proba(self, X: Any) -> NDArray:
        """Probabilities of the classes; there is no such method without ``label_weight``.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_docs, n_terms), non-negative counts

        Returns
        -------
        array of shape (n_docs, n_classes)
        """
        check_is_fitted(self, "label_weights_")
        theta = self.transform(X).astype(np.float64)
        return softmax(row_products(theta, self.label_weights_.T) + self.label_intercept_)

    def _check_parameters(self) -> None:
        check_declared(self)

    def _data(self, X: Any, *, reset: bool) -> Any:
        return sparse.csr_matrix(compact(check_counts(self, X, np.dtype(self.dtype), reset=reset)))

    def _targets(self, y: Any, n_docs: int) -> NDArray | None:
        """Numbers of the classes of documents."""
        if not self.label_weight:
            return None
        owner = type(self).__name__
        if y is None:
            msg = f"{owner}: with label_weight, fit requires y to be passed, but the target y is None."
            raise ValueError(f"{msg} Give the classes, or set label_weight=0.")
        y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        if y.size != n_docs:
            raise ValueError(f"{owner}: y must have a class for each of the {n_docs} documents. Got {y.size}.")
        self.classes_, targets = np.unique(y, return_inverse=True)
        return targets

    def _names(self, n_terms: int) -> Sequence[str] | None:
        names = getattr(self, "feature_names_in_", None) if self.token_names is None else self.token_names
        parameter = f"The 'token_names' parameter of {type(self).__name__}"
        return None if names is None else names_in_order(names, n_terms, parameter)

    def _train(self, X: Any, weights: Weights, targets: NDArray | None, random_state: RandomState) -> None:
        training = Training(
            self.embeddings_,
            weights,
            Examples(X),
            Objective(self.loss, float(self.margin), float(self.alpha), float(self.label_weight)),
            optimizer=self.optimizer,
            learning_rate=float(self.learning_rate),
            document_learning_rate=float(self.document_learning_rate),
            targets=targets,
        )
        start = weights.document.copy()
        history: dict[str, list[float]] = {"loss": [], "margin": [], "movement": []}

        def update(number: int) -> None:
            loss, margin = training.run(int(self.batch_size), random_state)
            movement = float(np.sqrt(np.square(weights.document - start, dtype=np.float64).mean()))
            for name, value in (("loss", loss), ("margin", margin), ("movement", movement)):
                history[name].append(value)
            self.n_iter_, self.history_ = number + 1, {name: list(track) for name, track in history.items()}

        def keep() -> tuple[dict[str, Any], Weights]:
            return {"n_iter_": self.n_iter_, "history_": self.history_}, weights.copy()

        def write(kept: tuple[dict[str, Any], Weights], *, interrupted: bool = False) -> None:
            self.__dict__.update(kept[0])
            self._publish(X, kept[1])
            if kept[1].label is not None and interrupted:
                self.label_weights_, self.label_intercept_ = kept[1].label.T, np.zeros(self.classes_.size)
            elif targets is not None:
                self._fit_labels(X, targets)

        task = FitTask(self, X, targets)
        iterate(task, update, int(self.max_iter), keep=keep, write=write, lazily=True)

    def _publish(self, X: Any, weights: Weights) -> None:
        if not all(np.isfinite(matrix).all() for matrix in (weights.term, weights.document)):
            msg = f"{type(self).__name__}: the weights overflowed. Take a smaller learning_rate, document_learning_rate"
            raise ValueError(f"{msg} or alpha, or embeddings on a smaller scale.")
        self.term_weights_ = weights.term
        self.term_topics_ = sigmoid_topics(self.embeddings_, weights.term)
        self.doc_topics_ = softmax(weights.document)
        n_tw = activation_counts(X, self.term_topics_, self.doc_topics_, n_threads=effective_n_threads(self.n_jobs))
        self.components_ = np.ascontiguousarray(topics_of_counts(n_tw, float(self.min_lift)), dtype=self.dtype)

    def _fit_labels(self, X: Any, targets: NDArray) -> None:
        """The layer of new documents: as in the joint loss, but on what ``transform`` gives, which is all they have."""
        n_classes = self.classes_.size
        self.label_weights_, self.label_intercept_ = np.zeros((n_classes, self.n_components)), np.zeros(n_classes)
        if n_classes > 1:
            layer = LogisticRegression(C=100.0, max_iter=1000).fit(self._fold_in(X).astype(np.float64), targets)
            half = n_classes == 2  # of two classes scikit-learn has the difference
            self.label_weights_[-1 if half else slice(None)] = layer.coef_[0] if half else layer.coef_
            self.label_intercept_[-1 if half else slice(None)] = layer.intercept_[0] if half else layer.intercept_

    def _fold_in(self, X: Any) -> NDArray:
        n_threads, n_topics = effective_n_threads(self.n_jobs), self.components_.shape[0]
        free = FreeMixture(
            n_topics,
            n_passes=int(self.max_doc_iter),
            tol=float(self.doc_tol),
            n_threads=n_threads,
        )
        shared = Shared(padded(self.components_.T, self.components_.dtype), n_topics)
        theta = np.empty((X.shape[0], n_topics), dtype=self.components_.dtype)
        for batch in Batches(X, _BATCH, self.components_.dtype):
            theta[batch.start : batch.start + batch.n_docs] = free.expect(shared, batch).theta_dt[:, :n_topics]
        return theta

    @property
    def _n_features_out(self) -> int:
        return self.components_.shape[0]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.positive_only = True
        if self.label_weight:
            tags.target_tags.required, tags.classifier_tags = True, ClassifierTags()
        tags.transformer_tags.preserves_dtype = [str(np.dtype(self.dtype))]
        return tags
