"""Which words of a topic are shown, and in which order, so that they say what the topic is about."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from skartm.base import Versioned
from skartm.base._data import check_csr, check_weights
from skartm.base._parameters import check_declared, integer, parameters, real
from skartm.em import blocks_of
from skartm.metrics.reports._top_tokens import check_components, lifted, top_columns

NO_TOKEN = -1
_ROWS = 4096  # documents that are counted together
_ROUNDING = 1e-12  # of sums of weights


@parameters
class WordChoice(Versioned, BaseEstimator):
    r"""A choice of the words that are shown for a topic: words of the topic that occur together.

    The most probable words of topics are often words of many topics. This takes the candidates of a topic by

    .. math:: s_{wt} = \phi_{wt} \Bigl(\frac{\phi_{wt}}{p_w}\Bigr)^r

    with the share :math:`p_w` of the word in all tokens (LDAvis [1]_). Then it orders them some times by

    .. math:: \ln s_{wt} + \kappa \cdot \frac{1}{|S_t \setminus w|} \sum_{v \in S_t \setminus w} \mathrm{npmi}(w, v)

    where :math:`S_t` are the words that are first now. A pair of words has the normalised pointwise mutual information
    of documents, with half a document more than were counted, though not more than one of the words has. It is half of
    the number of documents in which independent words would be, or would both be missing, where that is less than one.
    So rare words that never meet have no more than about 0 against them, and not -1, and words of nearly all documents
    have nothing for them.

    The choice changes no topic. It makes the words more coherent in the documents where it counts them; on documents
    that it has not seen about half of the gain stays on average. It prefers rarer words. It does so for the topics of
    any model, so that more coherent words by a choice say nothing of a better model.

    Parameters
    ----------
    relevance : float, default=0.3
        r, the exponent of the lift; 0 is by phi alone. See :func:`top_tokens`.
    coherence : float, default=6.0
        :math:`\kappa`; 0 leaves the order of the candidates.
    n_candidates : int, default=40
        Words of a topic that may be shown.
    n_shown : int, default=10
        Words at the top that a word is compared with: as many as will be read.
    n_rounds : int, default=3
        How often the candidates are ordered.

    See Also
    --------
    top_tokens : Words by phi and lift alone.
    skartm.ARTMTransformer : Its parameter ``shown_words`` takes a choice.

    References
    ----------
    .. [1] C. Sievert, K. Shirley. "LDAvis: A method for visualizing and interpreting topics." ACL workshop on
       interactive language learning, visualization, and interfaces, 2014.

    Examples
    --------
    >>> from skartm import PLSA
    >>> from skartm.datasets import load_peps
    >>> from skartm.metrics import WordChoice, coherence, top_tokens
    >>> X = load_peps().data
    >>> model = PLSA(20, max_iter=20, tol=0, random_state=0).fit(X[::2])
    >>> chosen = WordChoice().choose(model.components_, X[::2], token_mass=X[::2].sum(axis=0))
    >>> chosen.shape
    (20, 40)
    >>> bool(coherence(chosen.tolist(), X[1::2]) > coherence(top_tokens(model.components_), X[1::2]))
    True
    """

    relevance: float = real(default=0.3, low=0.0, kw_only=False)
    coherence: float = real(default=6.0, low=0.0)
    n_candidates: int = integer(default=40, low=1)
    n_shown: int = integer(default=10, low=1)
    n_rounds: int = integer(default=3, low=0)

    def choose(
        self,
        components: ArrayLike,
        X: Any = None,
        *,
        token_mass: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> NDArray[np.intp]:
        """Columns of the candidates of each topic, those to be shown first.

        Parameters
        ----------
        components : array-like of shape (n_topics, n_tokens)
            Non-negative probabilities (or counts) of the tokens in the topics.
        X : array or sparse matrix of shape (n_docs, n_tokens), default=None
            Documents in which pairs of words are counted; how often a document has a word does not matter. They may
            be memory-mapped. None is by phi and lift alone.
        token_mass : array-like of shape (n_tokens,), default=None
            Tokens of every column in the corpus, or any multiple. None takes the sums of the columns of
            ``components``.
        sample_weight : array-like of shape (n_docs,), default=None
            How often every document counts.

        Returns
        -------
        array of int of shape (n_topics, n_candidates)
            A topic with fewer tokens, or a smaller vocabulary, is filled up with -1.

        Raises
        ------
        ValueError, TypeError
            Parameters or data that cannot be used; the message says what to do.
        """
        check_declared(self)
        components = check_components(components)
        if X is not None:
            X = check_csr(X, type(self).__name__)
            if X.shape[1] != components.shape[1]:
                raise ValueError(
                    f"WordChoice: X must have one column for each of the {components.shape[1]} columns of components. "
                    f"Got {X.shape[1]}."
                )
        weights = None if X is None else check_weights(type(self).__name__, sample_weight, X.shape[0])
        return choose_words(self, components, X, token_mass, weights)


def choose_words(
    choice: WordChoice,
    components: NDArray[Any],
    X: Any,
    token_mass: ArrayLike | None,
    sample_weight: NDArray[np.float64] | None,
) -> NDArray[np.intp]:
    """Return :meth:`WordChoice.choose` of what is checked; ``X`` may be anything that is read by rows."""
    n_candidates = int(choice.n_candidates)
    weights = lifted(components, float(choice.relevance), token_mass)
    tops = top_columns(weights, n_candidates)
    candidates = np.full((len(tops), n_candidates), NO_TOKEN, dtype=np.intp)
    scores = np.full(candidates.shape, -np.inf)
    for topic, top in enumerate(tops):
        candidates[topic, : top.size] = top
        scores[topic, : top.size] = (1 + choice.relevance) * np.log(weights[topic, top])
    if X is None or X.shape[0] == 0 or choice.coherence == 0 or choice.n_rounds == 0:
        return candidates
    order, npmi = np.arange(n_candidates)[None, :], association(candidates, X, sample_weight)
    for _ in range(int(choice.n_rounds)):
        first = np.zeros(scores.shape)
        np.put_along_axis(first, order[:, : int(choice.n_shown)], 1.0, axis=1)
        first[np.isneginf(scores)] = 0
        n_others = np.maximum(first.sum(axis=1, keepdims=True) - first, 1)
        mean = (npmi @ first[:, :, None])[:, :, 0] / n_others  # the diagonal of npmi is 0
        order = np.argsort(-(scores + choice.coherence * mean), axis=1, kind="stable")
    return np.take_along_axis(candidates, order, axis=1)


def shown_first(shown: NDArray[np.intp], tops: list[NDArray[np.intp]], n_top: int) -> list[NDArray[np.intp]]:
    """Return the first columns of each topic: those of a choice, and behind them what ``tops`` has besides."""
    chosen = [row[row != NO_TOKEN] for row in shown]
    return [np.concatenate([row, top[~np.isin(top, row)]])[:n_top] for row, top in zip(chosen, tops, strict=True)]


def association(
    candidates: NDArray[np.intp], X: Any, sample_weight: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """NPMI of the pairs of candidates of a topic, with half a document more a pair; 0 on the diagonal.

    Parameters
    ----------
    candidates : array of int of shape (n_topics, n_candidates)
        -1 is none; its pairs have 0.
    X : CSR of shape (n_docs, n_tokens)
        Read by parts, for it may be larger than the memory.
    sample_weight : array of shape (n_docs,) or None

    Returns
    -------
    array of shape (n_topics, n_candidates, n_candidates)
    """
    used, places = np.unique(candidates, return_inverse=True)
    places = places.reshape(candidates.shape)
    joint = np.zeros((*candidates.shape, candidates.shape[1]))
    for start, rows in blocks_of(X, _ROWS):
        # in float32 sums of so few ones are exact; a token that a row has twice counts once
        block = rows[:, np.maximum(used, 0)].tocsc()
        weights = None if sample_weight is None else sample_weight[start : start + _ROWS, None]
        for topic, columns in enumerate(places):
            present = (block[:, columns].toarray() > 0).astype(np.float32)
            joint[topic] += present.T @ (present if weights is None else present * weights)
    n_docs = float(X.shape[0] if sample_weight is None else sample_weight.sum())
    single = np.diagonal(joint, axis1=1, axis2=2).copy()
    expected = single[:, :, None] * single[:, None, :] / n_docs
    absent = np.maximum(n_docs - single, 0)
    both_absent = absent[:, :, None] * absent[:, None, :] / n_docs  # expected of independent words
    joint += 0.5 * np.minimum(np.minimum(expected, both_absent), 1)
    joint = np.minimum(joint, np.minimum(single[:, :, None], single[:, None, :]))
    known = (expected > 0) & (joint < (1 - _ROUNDING) * n_docs)  # a pair in all documents says nothing: 0 / 0
    known &= (candidates[:, :, None] >= 0) & (candidates[:, None, :] >= 0) & ~np.eye(candidates.shape[1], dtype=bool)
    npmi = np.zeros(joint.shape)
    npmi[known] = np.log(joint[known] / expected[known]) / -np.log(joint[known] / n_docs)
    return npmi
