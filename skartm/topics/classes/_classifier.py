"""ARTMClassifier: class labels as a modality."""

from functools import partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy import sparse
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from skartm.base import shown
from skartm.base._callbacks import CallbackSupportMixin, FitTask, with_callbacks
from skartm.base._data import check_counts, check_weights
from skartm.base._order import carry_order
from skartm.base._parameters import (
    check_declared,
    check_dtype,
    choice,
    declared,
    parameters,
    precision,
    real,
)
from skartm.base._state import Stateful
from skartm.em import Decay, ModalitySelection, row_products
from skartm.regularizers import NamedRegularizers
from skartm.topics._artm import ARTMTransformer
from skartm.topics._modalities import check_modalities, layout_of
from skartm.topics._start import has_tokens, require_tokens
from skartm.topics.classes._bayes import TopicBayes
from skartm.topics.classes._labels import LABELS, Labels, beside, label_modality, read_labels, read_prior

_OWN = ("label_weight", "rule", "class_prior", "threshold")


@NamedRegularizers.register
@parameters
class ARTMClassifier(
    Stateful,
    ClassifierMixin,
    CallbackSupportMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    BaseEstimator,
):
    r"""Topic model of documents and their class labels, which classifies by topics.

    Labels are tokens of a modality of their own: each topic has a distribution over words and one over classes [1]_,

    .. math:: \sum_d \sum_w n_{dw} \ln \sum_t \phi_{wt} \theta_{td} +
              \kappa \sum_d \sum_{c \in d} \ln \sum_t p(c|t)\, \theta_{td} + \sum_i \tau_i R_i(\Phi, \Theta) \to \max

    so that topics form that tell classes apart. A document without label gets its topics from the words alone, and its
    class from the topics.

    Parameters
    ----------
    n_components : int, default=10
        Number of topics; rather more than there are classes.
    label_weight : float, default=2.0
        Mass of all labels, relative to that of all other tokens: with 1 the label of a document weighs as much as its
        words do, on average. 0 learns the topics of :class:`ARTMTransformer`, which do not know the labels.
    rule : {"bayes", "mixture"}, default="bayes"
        From topics to classes. "bayes": :math:`p(c|d) \propto p(c) \prod_t q(t|c)^{s \sqrt{\theta_{td}}}`, with q from
        the topics that the words of the training documents get without their labels. "mixture":
        :math:`p(c|d) = \sum_t p(c|t)\, \theta_{td}`; less accurate.
    class_prior : None, "uniform" or array of shape (n_classes,), default=None
        Frequencies of the classes where the model is used; None: as in the training documents. Not for indicators.
    threshold : float in (0, 1), default=0.5
        Indicator matrices: probability from which on ``predict`` gives a label.
    regularizers, ..., verbose
        As in :class:`ARTMTransformer`. Labels are the modality "labels" of the model: regularizers and
        ``modality_weights`` treat it as any other. ``modalities`` speaks of the columns of X alone, which are the
        modality "words" by default.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
        Labels; columns of an indicator matrix.
    components_ : array of shape (n_components, n_tokens)
        phi of the columns of X.
    class_components_ : array of shape (n_components, n_classes)
        p(c|t).
    class_count_ : array of shape (n_classes,)
        Documents of every class, by weight.
    model_ : ARTMTransformer
        The topic model of tokens and labels; its columns are those of X and one a class.
    history_ : dict of lists
    n_iter_ : int
    n_features_in_ : int
    feature_names_in_ : array of str
        When X has string column names.

    See Also
    --------
    ARTMTransformer : Without labels, and all parameters.
    TopicPipeline : From texts and other columns of a data frame.

    References
    ----------
    .. [1] T. Rubin, A. Chambers, P. Smyth, M. Steyvers. "Statistical topic models for multi-label document
       classification." Machine Learning 88, 2012; K. Vorontsov et al. "Non-Bayesian additive regularization for
       multimodal topic modeling of large collections." TM workshop at CIKM 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from skartm import ARTMClassifier
    >>> from skartm.datasets import load_peps
    >>> peps = load_peps()
    >>> model = ARTMClassifier(20, max_iter=20, tol=0, random_state=0).fit(peps.data[::2], peps.type[::2])
    >>> model.classes_.tolist()
    ['Informational', 'Process', 'Standards Track']
    >>> bool(model.score(peps.data[1::2], peps.type[1::2]) > 0.7)
    True
    >>> model.predict_proba(peps.data[:5]).shape, model.transform(peps.data[:5]).shape
    ((5, 3), (5, 20))
    """

    n_components: int = declared(default=10, kw_only=False)
    label_weight: float = real(default=2.0, low=0.0)
    rule: str = choice(default="bayes", among=("bayes", "mixture"))
    class_prior: Any = None
    threshold: float = real(default=0.5, low=0.0, high=1.0)
    regularizers: Any = ()
    topic_names: Any = None
    token_names: Any = None
    modalities: Any = None
    modality_weights: Any = None
    main_modality: Any = None
    learning_method: str = "batch"
    max_iter: int = 50
    unregularized_iter: int = 0
    tol: float = 1e-3
    max_doc_iter: int = 10
    doc_tol: float = 0.01
    reuse_theta: bool = False
    leave_one_out: bool = False
    batch_size: int = 2048
    learning_offset: float = 1.0
    learning_decay: float = 0.7
    total_samples: float | None = None
    init: Any = None
    validation_fraction: float | None = None
    evaluation: str = "completion"
    shown_words: Any = None
    warm_start: bool = False
    dtype: DTypeLike = precision(default="float32")
    n_jobs: int | None = None
    random_state: Any = None
    verbose: int = 0

    _live: ClassVar[frozenset[str]] = frozenset({"rule", "class_prior", "threshold"})
    _lists: ClassVar[tuple[str, ...]] = ("regularizers",)
    _weights: ClassVar[tuple[str, ...]] = ("modality_weights",)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.positive_only = True
        tags.transformer_tags.preserves_dtype = [str(check_dtype(self))]
        tags.classifier_tags.multi_label = True
        tags.classifier_tags.poor_score = True  # as MultinomialNB: counts, not points in a plane
        return tags

    @with_callbacks
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "ARTMClassifier":
        """Learn topics of words and labels, and how topics tell classes.

        After an interruption the topics are those of the last whole pass, and the classes are learned from them, for
        which the documents are read once more. A second interruption leaves the model as it was before the call.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_docs, n_tokens)
            Non-negative counts.
        y : array of shape (n_docs,), or indicator matrix of shape (n_docs, n_labels)
            One class a document, or any number of labels.
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
        self._check_own()
        warm = bool(self.warm_start) and hasattr(self, "model_")
        X = check_counts(self, X, check_dtype(self), reset=not warm)
        labels = read_labels(y, X, type(self).__name__, self.classes_ if warm else None)
        weights = check_weights(self, sample_weight, X.shape[0])
        require_tokens(X, type(self).__name__)
        if warm:
            self._check_kind(labels)
        model = self._model(X, labels, weights, self.model_ if warm else None)
        learn_classes = partial(self._learn_classes, X=X, labels=labels, weights=weights)
        task = FitTask(self, X, y).begin(int(model.max_iter))
        with task.shown_by(model, learn_classes):
            model.fit(beside(X, labels), sample_weight=weights)
        learn_classes(model)
        task.end()
        return self

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> "ARTMClassifier":
        """Update topics and classes by the documents of X.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_docs, n_tokens)
        y : array of shape (n_docs,), or indicator matrix of shape (n_docs, n_labels)
        classes : array of shape (n_classes,), default=None
            All classes that will come; needed in the first call, unless y is an indicator matrix.
        sample_weight : array of shape (n_docs,), default=None

        Returns
        -------
        self
        """
        self._check_own()
        owner, first = type(self).__name__, not hasattr(self, "model_")
        X = check_counts(self, X, check_dtype(self), reset=first)
        if not first and classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            msg = (
                f"{owner}: classes must be those of the first partial_fit, {self.classes_.tolist()}. Got "
                f"{shown(classes)}."
            )
            raise ValueError(msg)
        labels = read_labels(y, X, owner, classes if first else self.classes_)
        if first and classes is None and not labels.multilabel:
            raise ValueError(f"{owner}: classes must be passed on the first call to partial_fit.")
        weights = check_weights(self, sample_weight, X.shape[0])
        if not first:
            self._check_kind(labels)
        if not has_tokens(X) and not first:
            return self  # labels without text say nothing of topics: an update would only forget
        require_tokens(X, owner)
        model = self._model(X, labels, weights, None) if first else self.model_
        model.partial_fit(beside(X, labels), sample_weight=weights)
        decay = Decay(float(self.learning_offset), float(self.learning_decay))
        if first:
            return self._learn_classes(model, X, labels, weights)
        return self._learn_classes(model, X, labels, weights, self._bayes, decay.rho(self._bayes.n_updates + 1))

    # --- use ---------------------------------------------------------------------------------------------------------

    def transform(self, X: Any) -> NDArray:
        """Topic distributions of documents, from their tokens without any label; of shape (n_docs, n_components)."""
        check_is_fitted(self, "model_")
        return self._doc_topic(check_counts(self, X, check_dtype(self), reset=False))

    def predict_proba(self, X: Any) -> NDArray:
        """Probabilities of the classes.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_docs, n_tokens)

        Returns
        -------
        array of shape (n_docs, n_classes)
            Rows sum to 1; for indicators the probability of every label by itself.
        """
        theta = self.transform(X)
        if self._bayes.multilabel:
            return self._label_probabilities(np.asarray(theta, dtype=np.float64))
        p = self._class_probabilities(np.asarray(theta, dtype=np.float64))
        if self.class_prior is not None:
            present = self.class_count_ > 0
            prior = read_prior(self.class_prior, self.classes_.size, type(self).__name__)
            p[:, present] *= prior[present] / (self.class_count_[present] / self.class_count_.sum())
        total = p.sum(axis=1, keepdims=True)
        return np.divide(p, total, out=np.full_like(p, 1 / p.shape[1]), where=total > 0)

    def predict(self, X: Any) -> NDArray:
        """The most probable classes of shape (n_docs,), or an indicator matrix of the labels above ``threshold``."""
        p, multilabel = self.predict_proba(X), self._bayes.multilabel
        return (p >= float(self.threshold)).astype(np.int64) if multilabel else self.classes_[p.argmax(axis=1)]

    def perplexity(self, X: Any, sample_weight: Any = None, *, modality: ModalitySelection = None) -> float:
        """Perplexity of the tokens of X: lower is better; see :meth:`ARTMTransformer.score`."""
        check_is_fitted(self, "model_")
        X = check_counts(self, X, check_dtype(self), reset=False)
        return self.model_.perplexity(self._wide(X), sample_weight=sample_weight, modality=modality)

    def top_tokens(
        self, n_top: int = 10, *, modality: ModalitySelection = None, relevance: float | None = None
    ) -> list[list[Any]]:
        """Tokens of each topic to read; of "labels" the classes. See :meth:`ARTMTransformer.top_tokens`."""
        check_is_fitted(self, "model_")
        tops = self.model_.top_tokens(n_top, modality=modality, relevance=relevance)
        if self.model_.token_names is None and modality == LABELS:
            return [[self.classes_[column - self.n_features_in_] for column in top] for top in tops]
        return tops

    def get_feature_names_out(self, input_features: Any = None) -> NDArray:
        """Names of the topics: ``topic_names`` if given, else the class name and a number."""
        check_is_fitted(self, "model_")
        return np.asarray(self.model_.topic_names, dtype=object)

    @property
    def components_(self) -> NDArray:
        """phi of the columns of X."""
        return self.model_.components_[:, : self.n_features_in_]

    @property
    def class_components_(self) -> NDArray:
        """p(c|t)."""
        learned = self.model_.components_[:, self.n_features_in_ :]
        if self.model_.modality_weights_[LABELS] > 0:
            return learned
        mass = self._bayes.mass[0].T  # labels without weight: those of the documents in which the topic is
        total = mass.sum(axis=1, keepdims=True)
        return np.divide(mass, total, out=np.zeros_like(mass), where=total > 0)

    @property
    def class_count_(self) -> NDArray:
        """Documents of every class, by weight."""
        return self._bayes.count[0]

    @property
    def shown_words_(self) -> NDArray:
        """Columns of the tokens to show for each topic, with ``shown_words``."""
        return self.model_.shown_words_

    @property
    def history_(self) -> Any:
        """One entry an iteration."""
        return self.model_.history_

    @property
    def n_iter_(self) -> int:
        """Passes of the last fit."""
        return self.model_.n_iter_

    # --- hooks -------------------------------------------------------------------------------------------------------

    def _check_own(self) -> None:
        check_declared(self)
        check_modalities(self)

    _check_live = _check_own

    def _check_kind(self, labels: Labels) -> None:
        if labels.multilabel != self._bayes.multilabel:
            kinds = ["one class a document", "an indicator matrix"]
            was, now = kinds[self._bayes.multilabel], kinds[labels.multilabel]
            raise ValueError(f"{type(self).__name__}: y must be {was}, as in the first fit. Got {now}.")

    def _model(self, X: Any, labels: Labels, weights: NDArray | None, model: ARTMTransformer | None) -> ARTMTransformer:
        """The topic model of tokens and labels, to be fitted."""
        layout = layout_of(self, X, sample_weight=weights)
        params = {name: value for name, value in self.get_params(deep=False).items() if name not in _OWN}
        params |= label_modality(self, layout, X, labels, weights)
        if model is None:
            return ARTMTransformer(**params)
        model.set_params(**params)
        return model

    def _learn_classes(
        self,
        model: ARTMTransformer,
        X: Any,
        labels: Labels,
        weights: NDArray | None,
        bayes: TopicBayes | None = None,
        rho: float = 1.0,
    ) -> "ARTMClassifier":
        if bayes is None:
            bayes = TopicBayes(labels.classes.size, model.components_.shape[0], multilabel=labels.multilabel)
        self.model_, self.classes_, self._bayes = model, labels.classes, bayes
        bayes.learn(self._doc_topic(X), labels.columns, np.ones(X.shape[0]) if weights is None else weights, rho)
        return self

    def _wide(self, X: Any) -> Any:
        """X with columns of labels, which are empty; nothing is copied."""
        wide = sparse.csr_matrix((X.data, X.indices, X.indptr), (X.shape[0], self.model_.components_.shape[1]))
        return carry_order(X, wide)

    def _doc_topic(self, X: Any) -> NDArray:
        return self.model_._snapshot()._doc_topic(self._wide(X))

    _reads_order = ARTMTransformer._reads_order  # if one of the regularizers does

    def _class_probabilities(self, theta: NDArray) -> NDArray:
        if self.rule == "bayes":
            return np.exp(self._bayes.log_probabilities(theta))
        return row_products(theta, self.class_components_)

    def _label_probabilities(self, theta: NDArray) -> NDArray:
        if self.rule == "bayes":
            return expit(self._bayes.log_probabilities(theta))
        with_label, without = self._bayes.count
        per_document = with_label.sum() / (with_label[0] + without[0])
        # at least one of a Poisson number
        return -np.expm1(-per_document * row_products(theta, self.class_components_))
