"""AuthorTopic: topics of documents by way of their authors."""

from typing import Any, ClassVar

from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from skartm.base._callbacks import with_callbacks
from skartm.base._data import check_counts, check_weights
from skartm.base._parameters import choice, integer, parameters
from skartm.em import ModalitySelection, perplexity_of
from skartm.topics._accepts import Accepts
from skartm.topics._artm import ARTMTransformer
from skartm.topics._scored import score_parts
from skartm.topics._token_topics import topics_of_tokens
from skartm.topics.authors import _learning, _queries
from skartm.topics.authors._learning import known_authors, theta_of


@parameters(without=("reuse_theta", "leave_one_out"))
class AuthorTopic(ARTMTransformer):
    r"""Topic model of authors: a document has the topics of those who wrote it.

    .. math:: p(w \mid d) = \sum_t \phi_{wt} \sum_{c \in C_d} \psi_{tc}\, \pi_{cd}

    .. math:: \sum_{d, w} n_{dw} \ln \sum_t \phi_{wt} \sum_c \psi_{tc}\, \pi_{cd} +
              \sum_i \tau_i R_i(\Phi, \Psi) \to \max

    psi are the topics of the authors, pi the shares of the authors of a document [1]_, [2]_. Groups of documents of any
    other kind do as well: categories, years, regions. One author a document gives PLSA of the authors' collected works,
    a document of its own for everyone PLSA of the documents.

    Parameters
    ----------
    n_components : int, default=10
        Number of topics.
    mixing : {"fixed", "free"}, default="fixed"
        "fixed": pi is even over the authors of a document, or as an incidence matrix says. "free": pi is learned for
        every document, starting from there.
    author_iter : int, default=2
        Sweeps over the documents in each pass, before phi, that learn psi (and pi) with phi fixed.
    author_topic_prior : None, float, array of shape (n_components,), or name, default="document"
        Added to the counts of every author, in tokens: gensim's ``alpha``. "document": as many as a document has in the
        mean, divided evenly among the topics. "asymmetric" is proportional to 1 / (t + sqrt(n_components)) with sum 1;
        "auto" is learned. None is 0: maximum likelihood, which overfits authors of few documents.
    topic_word_prior : None, float, array (n_tokens,) or (n_components, n_tokens), or "auto", default=0.1
        Added to the counts of phi: gensim's ``eta``. None is 0.
    author_names : list of str, default=None
        Names of the columns, where authors are given as an incidence matrix.
    unknown_authors : {"ignore", "error"}, default="ignore"
        What ``transform`` and ``score`` do with authors without documents in ``fit``: leave them out, or raise.
    regularizers : list of (str, Regularizer), default=()
        Those of phi as ever; those of theta act on psi: their documents are the authors, in the order of ``authors_``.
        Those of p(t|d,w), and those that read targets, are an error.
    topic_names : list of str, default=None
    token_names : list of str, default=None
    modalities : dict of name to slice, indices or mask; or n_tokens labels; default=None
    modality_weights : dict of name to float, default=None
    main_modality : str, default=None
    learning_method : {"batch", "online"}, default="batch"
        "online": phi and psi of the authors of a batch are updated after it. An author fades by his own updates only.
    max_iter : int, default=50
    unregularized_iter : int, default=0
        Last passes without regularizers, priors among them.
    tol : float, default=1e-3
    max_doc_iter : int, default=10
        Inner passes of ``transform`` over a document: for theta without authors, for pi with ``mixing="free"``.
    doc_tol : float, default=0.01
    batch_size : int, default=2048
    learning_offset : float, default=1.0
    learning_decay : float, default=0.7
        Online: update k of phi, and that of an author unless it is his first, has weight
        (learning_offset + k) ** -learning_decay.
    total_samples : float, default=None
    init : "documents", None or array of shape (n_components, n_tokens), default="documents"
        Topics to start from. "documents": each has a random document's words, half and half with those of all.
        None: random, as in :class:`ARTMTransformer`, which takes some passes more.
    validation_fraction : float in (0, 1), default=None
    evaluation : {"completion", "fold_in"}, default="completion"
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
        phi: token distributions of the topics.
    authors_ : array of shape (n_authors,)
        Names, sorted; those that come later are behind.
    author_topics_ : array of shape (n_authors, n_components)
        psi: topics of the authors, rows sum to 1; uniform for an author without documents.
    author_mass_ : array of shape (n_authors,)
        Expected number of tokens of each author.
    author_shares_ : csr_matrix of shape (n_docs, n_authors)
        pi of the documents of the last ``fit`` or ``partial_fit``.
    author_topic_prior_ : array of shape (n_components,)
    topic_word_prior_ : array of shape (n_tokens,) or (n_components, n_tokens)
        Priors in effect, given or learned.
    topic_mass_, history_, dead_topics_, learned_, modality_weights_, n_iter_, n_features_in_, feature_names_in_
        As in :class:`ARTMTransformer`.

    References
    ----------
    .. [1] M. Rosen-Zvi, T. Griffiths, M. Steyvers, P. Smyth. "The author-topic model for authors and documents." UAI
       2004.
    .. [2] K. Vorontsov. "Probabilistic topic modeling: theory, models, algorithms and the BigARTM project." 2025, on
       three-matrix models.

    Examples
    --------
    >>> from skartm import AuthorTopic
    >>> from skartm.datasets import load_peps
    >>> peps = load_peps()
    >>> model = AuthorTopic(8, max_iter=20, tol=0, random_state=0).fit(peps.data, authors=peps.authors)
    >>> model.author_topics_.shape
    (366, 8)
    >>> len(model.similar_authors("Guido van Rossum", n=3))
    3
    """

    mixing: str = choice(default="fixed", among=("fixed", "free"))
    author_iter: int = integer(default=2, low=1)
    author_topic_prior: Any = "document"
    topic_word_prior: Any = 0.1
    author_names: Any = None
    unknown_authors: str = choice(default="ignore", among=("ignore", "error"))
    init: Any = "documents"

    _accepts: ClassVar[Accepts] = Accepts(
        sides=("phi", "theta"), targets=False, because="theta of a document is that of its authors"
    )

    reuse_theta = False
    # cut and handed on by pipelines and searches, with metadata routing, without a request of the user
    __metadata_request__fit: ClassVar = {"authors": True}
    __metadata_request__partial_fit: ClassVar = {"authors": True}
    __metadata_request__transform: ClassVar = {"authors": True}
    __metadata_request__score: ClassVar = {"authors": True}

    _live: ClassVar[frozenset[str]] = frozenset({"evaluation", "unknown_authors"})
    _structural: ClassVar[frozenset[str]] = frozenset({"n_components", "topic_names", "modalities", "mixing"})

    get_author_topics = _queries.get_author_topics
    similar_authors = _queries.similar_authors
    top_authors = _queries.top_authors
    infer_author = _queries.infer_author
    author_probabilities = _queries.author_probabilities

    _starts: ClassVar[tuple[str, ...]] = ("documents",)
    _read_beside = _learning.authors_of_documents
    _engine = _learning.engine
    _start = _learning.start
    _initial_phi = _learning.initial_phi
    _publish = _learning.publish
    _own_terms = _learning.own_terms
    _score_held_out = _learning.score_held_out

    @with_callbacks
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None, *, authors: Any = None) -> "AuthorTopic":
        """Learn the topics, and those of the authors.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_docs, n_tokens)
            Non-negative counts.
        y : ignored
        sample_weight : array of shape (n_docs,), default=None
        authors : n_docs lists of names, or names
            At least one author for each document. A list, array, series or data frame of one column, whose entries are
            names or lists of names; a data frame of pairs with the columns "document" and "author"; or an incidence
            matrix of shape (n_docs, n_authors), whose rows are the shares of the authors, on any scale.

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
        goes_on = self.warm_start and hasattr(self, "authors_")
        beside = {"authors": authors, "known": self.authors_ if goes_on else None}
        return self._fit(X, sample_weight, decay=decay, max_iter=int(self.max_iter), tol=float(self.tol), **beside)

    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None, *, authors: Any = None) -> "AuthorTopic":
        """Update the topics by new documents, ``batch_size`` at a time, of known authors and of new ones.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_docs, n_tokens)
        y : ignored
        sample_weight : array of shape (n_docs,), default=None
        authors : as in ``fit``

        Returns
        -------
        self
        """
        self._check_parameters()
        known = getattr(self, "authors_", None)
        return self._partial_fit(X, sample_weight, self._decay(), authors=authors, known=known)

    def transform(self, X: Any, authors: Any = None) -> NDArray:
        """Topic distributions of documents, by their authors or, without, by their text.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_docs, n_tokens)
            Non-negative counts.
        authors : as in ``fit``, default=None
            theta is the mean of psi, with ``mixing="free"`` by the shares that fit the text. Documents without authors,
            or with none that the model knows, are inferred from phi, as of a new author each; None: all of them.

        Returns
        -------
        array of shape (n_docs, n_components)
            theta; rows sum to 1.
        """
        check_is_fitted(self, "components_")
        X = check_counts(self, X, self._dtype(), reset=False)
        return theta_of(self, X, None if authors is None else known_authors(self, authors, X.shape[0]))

    def fit_transform(self, X: Any, y: Any = None, sample_weight: Any = None, *, authors: Any = None) -> NDArray:
        """``fit`` and ``transform`` of the same documents and authors."""
        return self.fit(X, y, sample_weight, authors=authors).transform(X, authors=authors)

    def score(
        self,
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        authors: Any = None,
        modality: ModalitySelection = None,
    ) -> float:
        """Mean log-likelihood of a token, in nats, given the authors: higher is better.

        With ``evaluation="completion"`` of the held-out half of every document, whose other half infers pi where it is
        free, and theta where authors are missing; with "fold_in" of all tokens, which is held out all the same as long
        as theta is that of the authors.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_docs, n_tokens)
        y : ignored
        sample_weight : array of shape (n_docs,), default=None
        authors : as in ``transform``, default=None
        modality : None, name or names, default=None
            Modalities whose tokens are scored; None is all.

        Returns
        -------
        float
        """
        check_is_fitted(self, "components_")
        X = check_counts(self, X, self._dtype(), reset=False)
        weights = check_weights(self, sample_weight, X.shape[0])
        known = None if authors is None else known_authors(self, authors, X.shape[0])
        return score_parts(
            self,
            X,
            weights,
            modality,
            lambda part, given: theta_of(self, given, None if known is None else known[part]),
        )

    def perplexity(
        self, X: Any, sample_weight: Any = None, *, authors: Any = None, modality: ModalitySelection = None
    ) -> float:
        """exp(-score): lower is better; see :meth:`score`."""
        return perplexity_of(self.score(X, sample_weight=sample_weight, authors=authors, modality=modality))

    def token_topics(self, X: Any, *, authors: Any = None, dense: bool = False, threshold: float = 0.01) -> Any:
        """p(t|d,w), the topics of every token, as in :class:`ARTMTransformer`, with theta as in :meth:`transform`."""
        check_is_fitted(self, "components_")
        X = check_counts(self, X, self._dtype(), reset=False)
        known = None if authors is None else known_authors(self, authors, X.shape[0])
        return topics_of_tokens(self, X, lambda given: theta_of(self, given, known), dense, threshold)
