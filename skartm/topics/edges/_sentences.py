"""SentenceTopicModel: one topic for all tokens of a sentence."""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from skartm.base._callbacks import with_callbacks
from skartm.base._data import check_counts, check_weights
from skartm.base._parameters import parameters
from skartm.em import perplexity_of
from skartm.topics._artm import ARTMTransformer
from skartm.topics.edges import _edge_model
from skartm.topics.edges._edge_model import (
    fold_in,
    learn,
    log_likelihoods,
    mean_of_vertices,
    posteriors,
    refuse_hypergraph,
    score_new,
    update,
)
from skartm.topics.edges._graph import Hypergraph, offsets
from skartm.topics.edges._names import named
from skartm.topics.edges._tables import flat, numbers_of, sorted_names


@parameters(without=("modality_weights", "main_modality", "leave_one_out", "shown_words"))
class SentenceTopicModel(ARTMTransformer):
    r"""Topic model in which all tokens of a sentence have one topic.

    A sentence, or any segment that speaks of one thing (phrase, paragraph, comment, tweet), is a draw of a topic from
    its document and of all tokens from the topic [1]_, [2]_:

    .. math:: \sum_d \sum_{s \in S_d} \ln \sum_t \theta_{td} \prod_{w \in s} \phi_{wt}^{n_{sw}}
              + \sum_i \tau_i R_i(\Phi, \Theta) \to \max, \qquad
              p_{tds} = \operatorname{norm}_t \Bigl(\theta_{td} \prod_{w \in s} \phi_{wt}^{n_{sw}}\Bigr)

    It is :class:`HypergraphARTM` with sentences as edges, for sparse matrices.

    Parameters
    ----------
    n_components : int, default=10
        Number of topics.
    regularizers : list of (str, Regularizer), default=()
        Named regularizers, all but those that read the order of tokens or targets.
    topic_names : list of str, default=None
    token_names : list of str, default=None
    modalities : dict of name to slice, indices or mask; or n_tokens labels; default=None
        Kinds of tokens: phi is a distribution over each. They have no weights here, for the topic of a sentence is one.
    learning_method : {"batch", "online"}, default="batch"
        "online" makes an update after ``batch_size`` documents, so it needs ``groups``.
    max_iter : int, default=50
    unregularized_iter : int, default=0
    tol : float, default=1e-3
    max_doc_iter : int, default=10
    doc_tol : float, default=0.01
    reuse_theta : bool, default=False
    batch_size : int, default=2048
        Documents of a batch.
    learning_offset : float, default=1.0
    learning_decay : float, default=0.7
    total_samples : float, default=None
        Documents of the whole corpus.
    init : array of shape (n_components, n_tokens), default=None
    validation_fraction : float in (0, 1), default=None
        Share of the documents held out.
    evaluation : {"completion", "fold_in"}, default="completion"
        How ``score`` gets theta of a document: from every second sentence, to score the others, or from all sentences,
        to score the same.
    warm_start : bool, default=False
    dtype : {"float32", "float64"}, default="float32"
    n_jobs : int, default=None
    random_state : int, RandomState or None, default=None
    verbose : int, default=0
        What is not said here is as in :class:`ARTMTransformer`.

    Attributes
    ----------
    components_ : array of shape (n_components, n_tokens)
        phi: token distributions of the topics.
    documents_ : array of shape (n_documents,)
        Distinct ``groups`` of the fit, sorted; [None] without.
    document_topics_ : array of shape (n_documents, n_components)
        theta of the documents of the last ``fit`` or ``partial_fit``.
    topic_share_ : array of shape (n_components,)
        p(t), the mean of theta over the sentences.
    topic_mass_, dead_topics_, learned_, history_, n_iter_, n_features_in_, feature_names_in_
        As in :class:`ARTMTransformer`.

    Notes
    -----
    ``groups`` says which document a sentence is of, in ``fit``, ``partial_fit``, ``transform`` and ``score``. It is
    metadata, and the class requests it, so that with metadata routing pipelines and searches pass it on.
    Without groups all sentences of a fit are one document, whose theta is p(t): a mixture of unigram models. Sentences
    given to ``transform`` without groups are each of an average document, p(t).

    Products of probabilities are computed with an exponent for every topic, so that the length of a sentence does not
    matter, in float32 either. A batch holds n_components numbers for each of its sentences.

    References
    ----------
    .. [1] W. X. Zhao et al. "Comparing Twitter and traditional media using topic models." ECIR 2011.
    .. [2] G. Balikas, M.-R. Amini, M. Clausel. "On a topic model for sentences." SIGIR 2016.

    Examples
    --------
    >>> from sklearn.feature_extraction.text import CountVectorizer
    >>> from skartm import SentenceTopicModel
    >>> sentences = ["the cat sat on the mat", "the cat ate a fish", "the bank gave a loan", "a loan of the bank"]
    >>> X = CountVectorizer(stop_words=["the", "a", "of", "on"]).fit_transform(sentences)
    >>> model = SentenceTopicModel(2, random_state=0).fit(X, groups=["tale", "tale", "news", "news"])
    >>> model.transform(X, groups=["tale", "tale", "news", "news"]).shape
    (4, 2)
    """

    token_topics = property(_edge_model.no_token_topics)

    _accepts = _edge_model.ACCEPTED
    _starts = ("random",)
    _data = _edge_model.as_they_are
    _layout = _edge_model.layout_of_edges
    _is_empty = _edge_model.is_empty
    _batches = _edge_model.edge_batches
    _engine = _edge_model.engine

    __metadata_request__fit: ClassVar = {"groups": True}
    __metadata_request__partial_fit: ClassVar = {"groups": True}
    __metadata_request__transform: ClassVar = {"groups": True}
    __metadata_request__score: ClassVar = {"groups": True}

    @with_callbacks
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None, *, groups: Any = None) -> "SentenceTopicModel":
        """Learn the topics.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_sentences, n_tokens)
            Non-negative counts.
        y : ignored
        sample_weight : array of shape (n_sentences,), default=None
            How often every sentence counts.
        groups : array of shape (n_sentences,), default=None
            The document of every sentence: strings or numbers. None: all are of one document.

        Returns
        -------
        self
        """
        self._check_parameters()
        warm = self.warm_start and hasattr(self, "components_")
        online = self.learning_method == "online"
        if online and groups is None:
            msg = (
                f"{type(self).__name__}: learning_method='online' updates after some documents, so it needs groups, "
                "the document of every sentence. Got groups=None; give groups, or call partial_fit with some sentences."
            )
            raise ValueError(msg)
        graph, documents, _ = self._graph(X, groups, sample_weight, reset=not warm)
        learn(self, graph, self._decay() if online else None, lambda theta: self._settle(theta, documents))
        return self

    def partial_fit(
        self, X: Any, y: Any = None, sample_weight: Any = None, *, groups: Any = None
    ) -> "SentenceTopicModel":
        """Update the topics by some sentences, ``batch_size`` documents at a time.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_sentences, n_tokens)
        y : ignored
        sample_weight : array of shape (n_sentences,), default=None
        groups : array of shape (n_sentences,), default=None

        Returns
        -------
        self
        """
        self._check_parameters()
        graph, documents, _ = self._graph(X, groups, sample_weight, reset=not hasattr(self, "components_"))
        update(self, graph, lambda theta: self._settle(theta, documents))
        return self

    def fit_transform(self, X: Any, y: Any = None, sample_weight: Any = None, *, groups: Any = None) -> NDArray:
        """Learn the topics and return those of the sentences: ``fit`` and ``transform`` with the same groups."""
        return self.fit(X, y, sample_weight, groups=groups).transform(X, groups=groups)

    def _settle(self, theta: NDArray, documents: list[Any]) -> None:
        self.documents_, self.document_topics_ = named(documents), theta

    def _graph(self, X: Any, groups: Any, sample_weight: Any, *, reset: bool) -> tuple[Hypergraph, list[Any], NDArray]:
        """Sentences by document, those without tokens with weight 0; names of the documents, rows of the sentences."""
        X = check_counts(self, X, self._dtype(), reset=reset)
        weights = check_weights(self, sample_weight, X.shape[0])
        documents, of_rows = self._documents(groups, X.shape[0])
        order = np.argsort(of_rows, kind="stable")
        if (order[1:] < order[:-1]).any():  # not X[order], which may sort or add up
            lengths = np.diff(X.indptr)[order]
            entries = np.repeat(X.indptr[:-1][order] - offsets(lengths)[:-1], lengths) + np.arange(int(lengths.sum()))
            indices, data, indptr = X.indices[entries], X.data[entries], offsets(lengths)
        else:
            indices, data, indptr = X.indices, X.data, X.indptr.astype(np.int64)
        graph = Hypergraph(
            offsets(np.bincount(of_rows, minlength=len(documents))),
            indptr,
            indices.astype(np.int32, copy=False),
            data,
            np.ones(X.shape[0]) if weights is None else weights[order],
            X.shape[1],
        )
        return graph.with_weights(np.where(graph.sizes > 0, graph.weights, 0)), documents, order

    def _documents(self, groups: Any, n_rows: int) -> tuple[list[Any], NDArray]:
        if groups is None:
            return [None], np.zeros(n_rows, dtype=np.int64)
        labels = np.asarray(groups)
        if labels.shape != (n_rows,):
            msg = (
                f"{type(self).__name__}: groups must have the document of each of the {n_rows} sentences. Got shape "
                f"{labels.shape}."
            )
            raise ValueError(msg)
        rows, _ = flat(labels, sets=False)
        if rows.size < n_rows:
            row = int(np.setdiff1d(np.arange(n_rows), rows)[0])
            msg = (
                f"{type(self).__name__}: groups must have the document of every sentence. Got none in row {row}; name "
                "it, or leave the sentence out."
            )
            raise ValueError(msg)
        names = sorted_names([labels], "groups", type(self).__name__)
        return names, numbers_of(labels, {name: number for number, name in enumerate(names)})

    # --- use ---------------------------------------------------------------------------------------------------------

    def transform(self, X: Any, *, groups: Any = None) -> NDArray:
        """Topics of sentences, p(t | d, s).

        Theta of a document is learned from its sentences in this call; without groups it is p(t), and every row is by
        itself. A sentence without tokens has the theta of its document.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_sentences, n_tokens)
        groups : array of shape (n_sentences,), default=None

        Returns
        -------
        array of shape (n_sentences, n_components)
            Rows sum to 1.
        """
        refuse_hypergraph(self, X)
        check_is_fitted(self, "topic_share_")
        graph, _, order = self._graph(X, groups, None, reset=False)
        theta = self._average() if groups is None else fold_in(self, graph)
        container_of = graph.container_of
        p, log_p = posteriors(self, graph, theta, container_of)
        impossible = ~np.isfinite(log_p)
        p[impossible] = theta[container_of[impossible]]
        out = np.empty_like(p)
        out[order] = p
        return out

    def document_topics(self, X: Any, groups: Any) -> tuple[NDArray, NDArray]:
        """Topics of documents, theta.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_sentences, n_tokens)
        groups : array of shape (n_sentences,)

        Returns
        -------
        documents : array of shape (n_documents,)
            The distinct groups, sorted.
        theta : array of shape (n_documents, n_components)
        """
        check_is_fitted(self, "topic_share_")
        graph, documents, _ = self._graph(X, groups, None, reset=False)
        return named(documents), fold_in(self, graph)

    def score(  # type: ignore[override]
        self, X: Any, y: Any = None, sample_weight: Any = None, *, groups: Any = None
    ) -> float:
        """Mean log-likelihood of a token, in nats: higher is better.

        With ``evaluation="completion"`` of every second sentence of a document given the others; with "fold_in" of all
        sentences given all. Without groups of all sentences, given p(t).

        Parameters
        ----------
        X : array or sparse matrix of shape (n_sentences, n_tokens)
        y : ignored
        sample_weight : array of shape (n_sentences,), default=None
        groups : array of shape (n_sentences,), default=None

        Returns
        -------
        float
        """
        if isinstance(X, Hypergraph):
            return score_new(self, X)
        check_is_fitted(self, "topic_share_")
        graph, _, _ = self._graph(X, groups, sample_weight, reset=False)
        if groups is not None:
            return score_new(self, graph)
        return mean_of_vertices(self, log_likelihoods(self, graph, self._average()), graph.weights, graph.sizes)

    def perplexity(self, X: Any, sample_weight: Any = None, *, groups: Any = None) -> float:  # type: ignore[override]
        """exp(-score): lower is better."""
        return perplexity_of(self.score(X, sample_weight=sample_weight, groups=groups))

    def _average(self) -> NDArray:
        return self.topic_share_[None, :].astype(self._dtype())
