"""Topics near distributions that embeddings of words can express."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from skartm.base._parameters import check_positive, declared, parameters
from skartm.em import Layout, ModalitySelection, PhiTerm, SomeRows, TopicSelection
from skartm.feature_extraction import embedding_matrix, word_embeddings
from skartm.regularizers._base import Regularizer
from skartm.regularizers._cells import Cells, consecutive
from skartm.simplex import FLOOR

_LENGTH = 100  # of vectors that are counted in the documents of the fit
_NEWTON_STEPS = 2  # an M-step, each kept only if the fit of a topic is better for it
_SMALLEST = 1e-6  # of the variances of embeddings, relative to the largest: what is below is rounding


@parameters
class EmbeddingPhi(Regularizer):
    r"""Draw topics towards distributions that word embeddings can express.

    Every topic t has a vector :math:`a_t` in the space of the word vectors :math:`\rho_w`, and with it a log-linear
    distribution of words, as in the embedded topic model [1]_, around the frequencies :math:`p_w` of the corpus:

    .. math::

       R(\Phi) = \sum_{t \in S} \sum_w \beta_{wt} \ln \phi_{wt}, \qquad r_{wt} = \beta_{wt}, \qquad
       \beta_{wt} = \operatorname*{norm}_w \bigl(p_w \exp (\rho_w - \bar\rho)^\top a_t\bigr)

    A Dirichlet prior with the mean :math:`\beta_t`: ``tau`` tokens for each topic, divided among words near its vector,
    those included that the documents of the topic do not have. So words of the same meaning go together although they
    never meet in a document, which helps with small corpora, short documents and rare words. The vectors are learned
    from the new counters in every M-step, by Newton steps that never decrease

    .. math::

       \sum_w n_{wt} \ln \beta_{wt} - \frac{\gamma}{2} n_t\, a_t^\top V a_t, \qquad
       V = \sum_w p_w (\rho_w - \bar\rho)(\rho_w - \bar\rho)^\top

    The documents remain free, and EM remains as fast as it is: with tau = 0 this is PLSA, and the larger tau is, the
    closer it is to the embedded topic model, without a network.

    Parameters
    ----------
    embeddings : array of shape (n_tokens, length), mapping of token to vector, or gensim's KeyedVectors, default=None
        :math:`\rho`; an array may have rows for the tokens of the modality alone. Mappings need a model that knows the
        names of its tokens. A row of zeros, or a token that the mapping does not have, is a token without a vector,
        which gets what its frequency says. None counts vectors in the documents of the fit by
        :func:`skartm.feature_extraction.word_embeddings`; trained on more text than the corpus has, they say more.
    tau : float, Schedule or None, default=None
        Strength: with ``relative=None`` tokens a topic. None adds a tenth of the mass of every topic: 0.1 with
        ``relative=1.0``, or with the one that is given.
    penalty : float, default=0.1
        :math:`\gamma > 0`, which holds the vectors of topics back.
    relative : None or float in [0, 1], default=None
        None: absolute. A number: ``tau`` is the share of the counters' mass that is added; 0.05 to 0.3 with 1.0 (every
        topic its own share) is sane.
    topics : None, slice, names or indices, default=None
        Regularised topics; None is all.
    modality : None, str or list of str, default=None
        Modalities whose tokens are regularised; None is all.

    Notes
    -----
    ``learned_[name]["topic_embeddings"]``, of shape (regularised topics, length), are the :math:`a_t`.
    In a stream (``partial_fit``) :math:`p_w` are the frequencies of the counters so far.

    References
    ----------
    .. [1] A. B. Dieng, F. J. R. Ruiz, D. M. Blei. "Topic modeling in embedding spaces." Transactions of the ACL 8,
       2020.

    Examples
    --------
    >>> import numpy as np
    >>> from skartm import ARTMTransformer
    >>> from skartm.regularizers import EmbeddingPhi
    >>> X = [[9, 6, 0, 0, 0], [6, 9, 0, 0, 0], [0, 0, 9, 6, 0], [0, 0, 6, 9, 0], [0, 0, 0, 0, 3]]
    >>> vectors = {"cat": [1, 0], "dog": [1, 0.1], "car": [0, 1], "bus": [0.1, 1], "puppy": [1, 0.2]}
    >>> near = EmbeddingPhi(vectors, tau=0.3, relative=1.0)
    >>> model = ARTMTransformer(2, regularizers=[("near", near)], token_names=list(vectors), random_state=0).fit(X)
    >>> cat, puppy = np.argmax(model.components_[:, [0, 4]], axis=0)
    >>> bool(cat == puppy)
    True
    """

    embeddings: Any = declared(default=None, kw_only=False)
    tau: Any = declared(default=None, kw_only=False)
    penalty: float = 0.1
    relative: float | None = None
    topics: TopicSelection = None
    modality: ModalitySelection = None

    side = "phi"
    default_share = (0.1, 1.0)

    def bind(self, layout: Layout) -> PhiTerm:
        tokens = layout.tokens(self.modality, "EmbeddingPhi")
        check_positive(self, "penalty")
        vectors = self._counted(layout, tokens) if self.embeddings is None else self._given(layout, tokens)
        return _EmbeddingPhiTerm(
            Cells(tokens, layout.topics(self.topics, "EmbeddingPhi")), vectors, self.penalty, layout.n_docs is None
        )

    def _counted(self, layout: Layout, tokens: NDArray) -> NDArray:
        if layout.X is None:
            msg = "EmbeddingPhi: without the documents of a fit embeddings must be given. Got None; call fit, or give "
            raise ValueError(f"{msg}vectors, for instance of skartm.feature_extraction.word_embeddings.")
        documents = layout.X[:] if isinstance(layout.X, SomeRows) else layout.X
        X = documents if tokens.size == layout.n_tokens else documents[:, tokens]
        return word_embeddings(X, min(_LENGTH, tokens.size))

    def _given(self, layout: Layout, tokens: NDArray) -> NDArray:
        names = None if layout.token_names is None else [layout.token_names[token] for token in tokens]
        size = getattr(self.embeddings, "shape", (0,))[0]
        if size == layout.n_tokens != tokens.size:
            return embedding_matrix(self.embeddings, layout.n_tokens, owner="EmbeddingPhi")[tokens]
        return embedding_matrix(self.embeddings, tokens.size, names, owner="EmbeddingPhi")


class _EmbeddingPhiTerm(PhiTerm):
    def __init__(self, cells: Cells, vectors: NDArray, penalty: float, stream: bool) -> None:
        self.topics, self._cells, self._vectors = cells.topics, cells, vectors
        self._penalty, self._stream = penalty, stream
        self._prior: _LogLinear | None = None

    def learn(self, phi_wt: NDArray, n_wt: NDArray) -> None:
        counts = n_wt[self._cells.index].astype(np.float64)
        before = self.learned.get("topic_embeddings")
        if self._prior is None or self._stream:
            mass = n_wt[consecutive(self._cells.tokens)].sum(axis=1, dtype=np.float64)
            self._prior = _LogLinear(self._vectors, mass, self._penalty)
        self.learned = {"topic_embeddings": self._prior.fitted(counts, before)}

    def value(self, phi_wt: NDArray, n_wt: NDArray) -> float:
        logs = np.log(np.maximum(phi_wt[self._cells.index], phi_wt.dtype.type(FLOOR)))
        return float(np.einsum("wt,wt->", self._beta(phi_wt, n_wt), logs, dtype=np.float64))

    def add_term(self, phi_wt: NDArray, n_wt: NDArray, out: NDArray) -> None:
        out[self._cells.index] += self._beta(phi_wt, n_wt).astype(out.dtype)

    def _beta(self, phi_wt: NDArray, n_wt: NDArray) -> NDArray:
        if self._prior is None:
            self.learn(phi_wt, n_wt)
        assert self._prior is not None
        return self._prior.beta


class _LogLinear:
    """Distributions of words, log-linear in their vectors, fitted to counts.

    Parameters
    ----------
    vectors : array of shape (n_words, length)
        Rows of zeros are words without a vector.
    mass : array of shape (n_words,)
    penalty : float

    Attributes
    ----------
    beta : array of shape (n_words, n_topics)
    """

    beta: NDArray

    def __init__(self, vectors: NDArray, mass: NDArray, penalty: float) -> None:
        known = np.asarray(vectors.any(axis=1))
        share = mass * known
        share = share / share.sum() if share.sum() > 0 else known / known.sum()
        centred = np.where(known[:, None], vectors - share @ vectors, 0)
        variances, axes = np.linalg.eigh((centred * share[:, None]).T @ centred)
        kept = variances > _SMALLEST * variances[-1]
        self.whitening = axes[:, kept] / np.sqrt(variances[kept])  # a = whitening alpha, a^T V a = alpha^T alpha
        self.rows = centred @ self.whitening
        self.squares = self.rows**2
        self.logs = np.log(np.maximum(mass, FLOOR) / max(mass.sum(), FLOOR))[:, None]
        self.penalty = penalty

    def fitted(self, counts: NDArray, before: NDArray | None) -> NDArray:
        """Vectors of topics, of shape (n_topics, length), a little better for ``counts`` than those ``before``."""
        shares = counts / np.maximum(counts.sum(axis=0), FLOOR)
        means = self.rows.T @ shares
        shape = (self.rows.shape[1], counts.shape[1])
        alpha = np.zeros(shape) if before is None else np.linalg.lstsq(self.whitening, before.T, rcond=None)[0]
        lengths = np.ones(shape[1])
        value, slopes, curvatures, self.beta = self._at(alpha, means)
        for _ in range(_NEWTON_STEPS):
            trial = alpha + lengths * slopes / (curvatures + self.penalty)
            *found, beta = self._at(trial, means)
            better = found[0] >= value
            value = np.where(better, found[0], value)
            slopes, curvatures = (np.where(better, a, b) for a, b in zip(found[1:], (slopes, curvatures), strict=True))
            alpha, self.beta = np.where(better, trial, alpha), np.where(better, beta, self.beta)
            lengths = np.where(better, lengths, lengths / 4)
        return (self.whitening @ alpha).T

    def _at(self, alpha: NDArray, means: NDArray) -> tuple[NDArray, NDArray, NDArray, NDArray]:
        """Objective of each topic, its slopes, the diagonal of its curvature, and beta."""
        logits = self.rows @ alpha
        logits += self.logs
        normalisers = logsumexp(logits, axis=0)
        logits -= normalisers
        beta = np.exp(logits, out=logits)
        expected = self.rows.T @ beta
        value = (means * alpha).sum(axis=0) - normalisers - self.penalty / 2 * (alpha**2).sum(axis=0)
        return value, means - expected - self.penalty * alpha, self.squares.T @ beta - expected**2, beta
