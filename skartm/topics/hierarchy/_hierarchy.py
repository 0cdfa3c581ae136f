"""HierarchicalARTM: levels of topics, in which the topics of a level are subtopics of those above."""

from collections.abc import Sequence
from numbers import Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from skartm.base import shown
from skartm.base._callbacks import CallbackSupportMixin, FitTask, with_callbacks
from skartm.base._data import check_counts, check_weights
from skartm.base._parameters import check_declared, declared, parameters, real
from skartm.base._state import Stateful
from skartm.base._topic_tree import TopicNode, TopicTree, make_tree
from skartm.em import ModalitySelection, perplexity_of
from skartm.metrics._completion import said_before
from skartm.topics._artm import ARTMTransformer
from skartm.topics.hierarchy._levels import check_level, check_levels, check_ties, fill_in, learn_levels
from skartm.topics.hierarchy._links import level_counts, parents_of, psi_of, tied, topic_part, with_topics


@parameters
class HierarchicalARTM(Stateful, CallbackSupportMixin, TransformerMixin, BaseEstimator):
    r"""Hierarchy of topics, learned level by level from the top.

    Level 0 is a topic model of the documents. Each further level is one too, whose topics :math:`s` besides explain
    the topics :math:`t` above as mixtures [1]_:

    .. math:: \sum_{d,w} n_{dw} \ln \sum_s \phi_{ws} \theta_{sd} + \lambda \sum_{t,w} n_{wt}
              \ln \sum_s \phi_{ws} \psi_{st} + \sum_i \tau_i R_i \to \max, \qquad
              n_{wt} = \sum_d n_{dw}\, p(t \mid d, w)

    The parents are as pseudo-documents with the counts :math:`n_{wt}`, and their theta is
    :math:`\psi_{st} = p(s \mid t)`. Each level gets this as a regularizer, :class:`skartm.regularizers.ParentTopics`.

    Parameters
    ----------
    levels : list, default=(10, 30)
        From the top, each with more topics than the one above: numbers of topics, or models
        (:class:`ARTMTransformer`, with regularizers of their own), by themselves or as ``(name, level)``. Names make
        parameters: ``set_params(sub=40)``, ``set_params(sub__decorrelation__tau=0.1)``. Levels without a name are
        "level0", "level1", ...
    estimator : ARTMTransformer, default=None
        What a number of topics is turned into: a clone with as many. None is ``ARTMTransformer()``.
    parent_weight : float, Schedule, or a list of such, default=1.0
        :math:`\lambda`: how often a token of a parent counts, against once for a token of a document; 0 learns
        levels that do not know of each other. A list has one for each level but the first.
    psi_sparsity : float, default=0.0
        Below 1; positive gives a topic fewer parents, negative more: each inner pass over the parents takes
        ``psi_sparsity`` times the mean share from every p(t|s). 0.02 removes what is small, 0.5 leaves one parent.
    edge_threshold : float in [0, 1], default=0.25
        ``tree_`` shows a topic below all parents with at least this p(parent|child), and below the best one always.
    modalities, token_names : default=None
        As in :class:`ARTMTransformer`, for all levels that do not have their own.
    random_state : int, RandomState or None, default=None
        Starts of the levels that have no ``random_state`` of their own.

    Attributes
    ----------
    levels_ : list of ARTMTransformer
        Fitted models. From the second on they have a regularizer "parents", and ``history_["parents"]`` its value.
    level_names_ : list of str
    psi_ : list of arrays of shape (topics of level l, topics of level l + 1)
        p(child | parent), for the final phi. Rows sum to 1, or are zeros for a dead parent.
    parents_ : list of arrays of shape (topics of level l + 1, topics of level l)
        p(parent | child) = norm over the parents of psi p(parent). Rows sum to 1, or are zeros for a dead child.
    topic_weights_ : list of arrays of shape (topics of level l,)
        p(t) in the tokens of the documents.
    tree_ : TopicTree
        Living topics as nodes, with names, weights, top tokens and children.
    components_, topic_mass_, history_, n_iter_
        Those of the last level.
    n_features_in_ : int
    feature_names_in_ : array of str
        When X has string column names.

    See Also
    --------
    skartm.plotting.TopicTreeDisplay : The tree as a picture.

    Notes
    -----
    :math:`n_{wt}` are the counts of the documents in the fitted level, without those of its own parents and without
    regularizers, and not weighted by modality: the weights of the level below apply to them as to documents.
    Regularizers of theta do not act on psi. Levels may learn online; their M-steps then have the whole of psi each.
    There is no ``partial_fit``, for a level can begin only when the one above has ended. To a callback of the hierarchy
    a level is an iteration; a callback of ``estimator`` looks on at the iterations of each level. After a
    ``KeyboardInterrupt`` in ``fit`` the hierarchy has the levels learned so far, the last of them as of its last whole
    pass.

    References
    ----------
    .. [1] N. Chirkova, K. Vorontsov. "Additive regularization for hierarchical multimodal topic modeling." Journal
       Machine Learning and Data Analysis 2(2), 2016.

    Examples
    --------
    >>> from skartm import ARTMTransformer, HierarchicalARTM
    >>> from skartm.datasets import load_peps
    >>> peps = load_peps()
    >>> level = ARTMTransformer(max_iter=30, tol=0)
    >>> model = HierarchicalARTM([5, 15], estimator=level, token_names=peps.feature_names, random_state=0)
    >>> model.fit_transform(peps.data).shape
    (736, 15)
    >>> model.psi_[0].shape
    (5, 15)
    >>> topic = model.tree_.roots[0]
    >>> len(topic.children) > 0, model.subtopics(topic.name) == list(topic.children)
    (True, True)
    """

    levels: Any = declared(default=(10, 30), kw_only=False)
    estimator: Any = None
    parent_weight: Any = 1.0
    psi_sparsity: float = 0.0
    edge_threshold: float = real(default=0.25, low=0.0, high=1.0)
    modalities: Any = None
    token_names: Any = None
    random_state: Any = None

    _phi_is_published = True

    _live: ClassVar[frozenset[str]] = frozenset({"edge_threshold"})
    _lists: ClassVar[tuple[str, ...]] = ("levels",)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.positive_only = True
        last = self.levels[-1] if isinstance(self.levels, (list, tuple)) and self.levels else None
        last = last[1] if isinstance(last, (list, tuple)) and len(last) == 2 else last
        model = last if hasattr(last, "dtype") else self.estimator
        tags.transformer_tags.preserves_dtype = [str(np.dtype(getattr(model, "dtype", "float32")))]
        return tags

    # --- fitting -----------------------------------------------------------------------------------------------------

    @with_callbacks
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> "HierarchicalARTM":
        """Learn the levels, one after another.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_docs, n_tokens)
            Non-negative counts.
        y : array, default=None
            Targets, for regularizers that read them; ignored otherwise.
        sample_weight : array of shape (n_docs,), default=None
            How often every document counts, in all levels.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            Parameters or data that cannot be used; the message says what to do.
        """
        named = check_levels(self)
        ties = check_ties(self, [model for _, model in named[1:]])
        check_declared(self)
        X = check_counts(self, X, np.result_type(*(model._dtype() for _, model in named)), reset=True)
        weights = check_weights(self, sample_weight, X.shape[0])
        names, models, counts = [name for name, _ in named], list[ARTMTransformer](), list[NDArray]()
        task = FitTask(self, X, y).begin(len(named))
        try:
            for model, count, part in learn_levels(self, named, ties, X, y, weights, task):
                models.append(model)
                counts.append(count)
                if part.end(lambda: self._publish(names, models, counts)):
                    break
        except BaseException as error:
            if models and not isinstance(error, Exception):
                self._publish(names, models, counts)
                self._mark_whole()
            raise
        self._publish(names, models, counts)
        task.end()
        return self

    def refit_subtopics(
        self, X: Any, topic: str | int, subtopics: Any, *, level: int | None = None, sample_weight: Any = None
    ) -> "HierarchicalARTM":
        r"""Learn the subtopics of one topic anew, with another number or other regularizers, and keep all others.

        The topics whose best parent it is are replaced by those of a model of its own part of the documents,
        :math:`n_{dw}\, p(t \mid d, w)`. The new topics come last in their level and are named after the parent; the
        others keep names and phi. Weights, psi and the tree are then those of all topics together; histories stay
        those of the fit.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_docs, n_tokens)
            The documents of the fit.
        topic : str or int
            Name of the parent, or its place in ``level``.
        subtopics : int or ARTMTransformer
            Their number, for a clone of the model of their level without its regularizers; or a model.
        level : int, default=None
            Level of the parent; not needed with a name.
        sample_weight : array of shape (n_docs,), default=None
            As in ``fit``.

        Returns
        -------
        self
            As it was if anything raises.
        """
        check_is_fitted(self, "levels_")
        parent = self.tree_.node(topic, level)
        if parent.level == len(self.levels_) - 1:
            msg = f"{type(self).__name__}: {shown(parent.name)} is of the last level. For subtopics of it fit one more."
            raise ValueError(msg)
        X = check_counts(self, X, self._data_dtype(), reset=False)
        weights = check_weights(self, sample_weight, X.shape[0])
        below = self.levels_[parent.level + 1]
        plain = clone(below).set_params(regularizers=(), topic_names=None, init=None)
        model = check_level(type(self).__name__, subtopics, plain)
        fill_in(below, model, parent.name, self.random_state)
        model.fit(topic_part(self.levels_[parent.level], X, parent.index), sample_weight=weights)
        owned = [node.index for node in self.tree_.as_tree().node(parent.index, parent.level).children]
        levels = list(self.levels_)
        levels[parent.level + 1] = with_topics(below, owned, model)
        counts = [level_counts(each, X, weights) for each in levels]
        for number in range(parent.level + 1, min(parent.level + 3, len(levels))):
            levels[number] = tied(levels[number], counts[number - 1])
        self._publish(self.level_names_, levels, counts)
        return self

    # --- use ---------------------------------------------------------------------------------------------------------

    def transform(self, X: Any) -> NDArray:
        """Topic distributions of documents at the last level; see :meth:`transform_levels` for all.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_docs, n_tokens)
            Non-negative counts.

        Returns
        -------
        array of shape (n_docs, n_components of the last level)
            theta; rows sum to 1.
        """
        return self._last.transform(self._counts(X))

    def transform_levels(self, X: Any) -> list[NDArray]:
        """Topic distributions of documents at every level, by the model of that level.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_docs, n_tokens)

        Returns
        -------
        list of arrays of shape (n_docs, n_components of the level)
        """
        X = self._counts(X)
        return [model.transform(X) for model in self.levels_]

    def score(self, X: Any, y: Any = None, sample_weight: Any = None, *, modality: ModalitySelection = None) -> float:
        """Held-out log-likelihood of a token at the last level; see :meth:`ARTMTransformer.score`.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_docs, n_tokens)
        y : ignored
        sample_weight : array of shape (n_docs,), default=None
        modality : None, name or names, default=None

        Returns
        -------
        float
        """
        return self._last.score(self._counts(X), sample_weight=sample_weight, modality=modality)

    def score_levels(self, X: Any, sample_weight: Any = None, *, modality: ModalitySelection = None) -> list[float]:
        """The score of every level, from the top."""
        X = self._counts(X)
        scores = []
        for level, model in enumerate(self.levels_):
            with said_before(level > 0):
                scores.append(model.score(X, sample_weight=sample_weight, modality=modality))
        return scores

    def perplexity(self, X: Any, sample_weight: Any = None, *, modality: ModalitySelection = None) -> float:
        """exp(-score), of the last level: lower is better."""
        return perplexity_of(self.score(X, sample_weight=sample_weight, modality=modality))

    def perplexity_levels(
        self, X: Any, sample_weight: Any = None, *, modality: ModalitySelection = None
    ) -> list[float]:
        """The perplexity of every level, from the top."""
        return [perplexity_of(score) for score in self.score_levels(X, sample_weight, modality=modality)]

    def top_tokens(
        self,
        n_top: int = 10,
        *,
        level: int = -1,
        modality: ModalitySelection = None,
        relevance: float | None = None,
    ) -> list[list[Any]]:
        """Tokens of the topics of a level to read; see :meth:`ARTMTransformer.top_tokens`."""
        check_is_fitted(self, "levels_")
        n_levels = len(self.levels_)
        if level not in range(-n_levels, n_levels):
            msg = f"{type(self).__name__}: level must be one of the {n_levels}, counted from 0. Got {shown(level)}."
            raise ValueError(msg)
        return self.levels_[level].top_tokens(n_top, modality=modality, relevance=relevance)

    def subtopics(self, topic: str | int, level: int | None = None) -> list[TopicNode]:
        """Children of a topic in ``tree_``, the most probable first.

        Parameters
        ----------
        topic : str or int
            Name of the topic, or its place in ``level``.
        level : int, default=None
            Level of the topic; not needed with a name.
        """
        check_is_fitted(self, "levels_")
        return list(self.tree_.node(topic, level).children)

    def topic_tree(
        self, threshold: float | None = None, *, n_top: int = 10, modality: ModalitySelection = None
    ) -> TopicTree:
        """The hierarchy as nodes.

        Parameters
        ----------
        threshold : float in [0, 1], default=None
            Smallest p(parent | child) of an edge; the best parent has one always. None is ``edge_threshold``.
        n_top : int, default=10
            Tokens of a node.
        modality : None, name or names, default=None
            Modalities of the tokens; None is the main one, or else the first.

        Returns
        -------
        TopicTree
        """
        check_is_fitted(self, "levels_")
        threshold = self.edge_threshold if threshold is None else threshold
        if not isinstance(threshold, Real) or isinstance(threshold, bool) or not 0 <= threshold <= 1:
            msg = f"{type(self).__name__}: the threshold of edges must be a number in [0, 1]. Got {shown(threshold)}."
            raise ValueError(msg)
        names = [model.topic_names for model in self.levels_]
        tokens = [model.top_tokens(n_top, modality=modality) for model in self.levels_]
        return make_tree(names, self.topic_weights_, tokens, self.psi_, self.parents_, float(threshold))

    def get_feature_names_out(self, input_features: Any = None) -> NDArray:
        """Names of the topics of the last level."""
        check_is_fitted(self, "levels_")
        return self._last.get_feature_names_out()

    @property
    def components_(self) -> NDArray:
        """phi of the last level."""
        return self._last.components_

    @property
    def topic_mass_(self) -> NDArray:
        """Tokens of the topics of the last level, with those of the parents."""
        return self._last.topic_mass_

    @property
    def shown_words_(self) -> NDArray:
        """Columns of the tokens to show for the last level, if it has ``shown_words``."""
        return self._last.shown_words_

    @property
    def history_(self) -> Any:
        """One entry an iteration of the last level."""
        return self._last.history_

    @property
    def n_iter_(self) -> int:
        """Passes of the last level."""
        return self._last.n_iter_

    # --- hooks -------------------------------------------------------------------------------------------------------

    @property
    def _last(self) -> ARTMTransformer:
        if "levels_" not in vars(self):  # hasattr(model, "components_") asks whether it is fitted
            msg = f"This {type(self).__name__} instance is not fitted yet. Call 'fit' before."
            raise NotFittedError(msg)
        return self.levels_[-1]

    def _data_dtype(self) -> np.dtype:
        return np.result_type(*(model._dtype() for model in self.levels_))

    def _reads_order(self) -> bool:
        """Whether documents must be texts, for a level that is declared or one that is fitted."""
        models = [*(model for _, model in check_levels(self)), *vars(self).get("levels_", ())]
        return any(model._reads_order() for model in models)

    def _counts(self, X: Any) -> Any:
        check_is_fitted(self, "levels_")
        return check_counts(self, X, self._data_dtype(), reset=False)

    def _publish(self, names: list[str], levels: Sequence[ARTMTransformer], counts: Sequence[NDArray]) -> None:
        mass = [count.sum(axis=1, dtype=np.float64) for count in counts]
        weights = [masses / max(masses.sum(), np.finfo(float).tiny) for masses in mass]
        self.levels_, self.level_names_ = list(levels), names[: len(levels)]
        self.topic_weights_, self.psi_ = weights, [psi_of(model) for model in levels[1:]]
        self.parents_ = [parents_of(psi, weight) for psi, weight in zip(self.psi_, weights[:-1], strict=True)]
        self.tree_ = self.topic_tree()
