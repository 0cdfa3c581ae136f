"""Decorrelation of topics."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm.base import shown
from skartm.base._parameters import declared, is_number, parameters
from skartm.em import Layout, ModalitySelection, PhiTerm, TopicSelection
from skartm.regularizers._base import Regularizer
from skartm.regularizers._cells import Cells


@parameters
class Decorrelation(Regularizer):
    r"""Make topics differ: every token leaves the topics in which it is weaker.

    .. math:: R(\Phi) = -\frac12 \sum_w \sum_{t \in S} \sum_{s \in S, s \ne t} \phi_{wt} \phi_{ws}, \qquad
              r_{wt} = -\phi_{wt} \sum_{s \in S, s \ne t} \phi_{ws}

    Some texts let the sum run over s = t too; the form without it is the covariance of different topics [1]_ and what
    BigARTM computes. With chosen pairs P of topics and their weights v,

    .. math:: R(\Phi) = -\sum_{(t, s) \in P} v_{ts} \sum_w \phi_{wt} \phi_{ws}, \qquad
              r_{wt} = -\phi_{wt} \Bigl(\sum_{(t, s) \in P} v_{ts} \phi_{ws} +
              \sum_{(s, t) \in P} v_{st} \phi_{ws}\Bigr)

    so all pairs with the weight 1 are the first formula.

    Parameters
    ----------
    tau : float, Schedule or None, default=None
        Strength. None moves 5 % of the mass: 0.05 with ``relative=0.0``, or with the one that is given. Absolute values
        depend on the corpus (1e3 to 1e6 are usual); prefer ``relative``.
    relative : None or float in [0, 1], default=None
        None: absolute. A number: ``tau`` is the share of the counters' mass that the term moves; 0 leaves its
        distribution over topics to the term, 1 gives every topic its own share. 0.02 to 0.1 is sane; 0.2 leaves tokens
        without a topic, 0.5 a good part of them, and topics begin to die.
    topics : None, slice, names or indices, default=None
        Topics among which to decorrelate; None is all. Not together with ``pairs``.
    modality : None, str or list of str, default=None
        Modalities whose tokens w are summed over; None is all tokens.
    pairs : list of (topic, topic) or (topic, topic, weight), or dict of topic to dict of topic to weight, default=None
        The pairs P, topics as names or indices; the weights are non-negative, 1 if left out. A pair has no direction
        and is given once. None is all pairs of ``topics``.

    Notes
    -----
    The ``topic_pairs`` of BigARTM are not a gradient: of a pair only the first topic is regularised, and the code
    subtracts the topic's own probability, which attracts [2]_. Here a pair is one term of R and acts on both.

    References
    ----------
    .. [1] Y. Tan, Z. Ou. "Topic-weak-correlated latent Dirichlet allocation." ISCSLP 2010;
       K. Vorontsov, A. Potapenko. "Additive regularization of topic models." Machine Learning 101, 2015, eq. 26.
    .. [2] BigARTM 0.10.1, ``regularizer/decorrelator_phi.cc``: tau phi_wt (sum_s v_ts phi_ws - phi_wt).

    Examples
    --------
    >>> from skartm import ARTMTransformer
    >>> from skartm.datasets import load_peps
    >>> from skartm.metrics import topic_diversity
    >>> from skartm.regularizers import Decorrelation
    >>> X = load_peps().data
    >>> plain = ARTMTransformer(10, random_state=0).fit(X)
    >>> apart = ARTMTransformer(10, regularizers=[("d", Decorrelation(0.05, relative=0))], random_state=0).fit(X)
    >>> bool(topic_diversity(apart.components_) > topic_diversity(plain.components_))
    True
    """

    tau: Any = declared(default=None, kw_only=False)
    relative: float | None = None
    topics: TopicSelection = None
    modality: ModalitySelection = None
    pairs: Any = None

    side = "phi"
    default_share = (0.05, 0.0)

    def bind(self, layout: Layout) -> PhiTerm:
        tokens = layout.tokens(self.modality, "Decorrelation")
        if self.pairs is None:
            return _DecorrelationTerm(Cells(tokens, layout.topics(self.topics, "Decorrelation")))
        if self.topics is not None:
            msg = f"Decorrelation: topics must be None when pairs are given, which name them. Got {shown(self.topics)}."
            raise ValueError(msg)
        topics, weights = _weights_of_pairs(self.pairs, layout)
        return _PairsTerm(Cells(tokens, topics), weights)


class _DecorrelationTerm(PhiTerm):
    """All pairs: what the other topics have of a token is its row sum without the own part."""

    def __init__(self, cells: Cells) -> None:
        self.topics, self._cells = cells.topics, cells

    def value(self, phi_wt: NDArray, n_wt: NDArray) -> float:
        value = 0.0
        for index in self._cells.blocks():
            phi = phi_wt[index].astype(np.float64)
            row_sums = np.einsum("wt->w", phi)
            value += float(np.einsum("w,w->", row_sums, row_sums) - np.einsum("wt,wt->", phi, phi))
        return -0.5 * value

    def add_term(self, phi_wt: NDArray, n_wt: NDArray, out: NDArray) -> None:
        for index in self._cells.blocks():
            phi = phi_wt[index]
            others = phi.sum(axis=1, keepdims=True) - phi
            np.maximum(others, 0, out=others)  # rounding: a token of one topic has nothing in the others
            others *= phi
            out[index] -= others


class _PairsTerm(PhiTerm):
    """Chosen pairs: weights of shape (S, S), symmetric, zero on the diagonal."""

    def __init__(self, cells: Cells, weights: NDArray) -> None:
        self.topics, self._cells, self._weights = cells.topics, cells, weights

    def value(self, phi_wt: NDArray, n_wt: NDArray) -> float:
        phi = phi_wt[self._cells.index].astype(np.float64)
        return float(-0.5 * np.einsum("wt,wt->", phi @ self._weights, phi))

    def add_term(self, phi_wt: NDArray, n_wt: NDArray, out: NDArray) -> None:
        weights = self._weights.astype(out.dtype)
        for index in self._cells.blocks():
            phi = phi_wt[index]
            out[index] -= phi * (phi @ weights)


def _weights_of_pairs(pairs: Any, layout: Layout) -> tuple[NDArray, NDArray]:
    """Topics that occur in pairs, ascending, and the symmetric matrix of their weights."""
    matrix = np.zeros((layout.n_topics, layout.n_topics))
    for first, second, weight in _triples(pairs):
        t, s = (_one_topic(name, layout) for name in (first, second))
        if not is_number(weight) or not (np.isfinite(weight) and weight >= 0):
            msg = f"Decorrelation: the weight of a pair must be a finite number, at least 0. Got {shown(weight)}."
            raise ValueError(msg)
        if t == s or matrix[t, s] != 0:
            what = "of two different topics" if t == s else "given once, in either direction"
            msg = f"Decorrelation: a pair must be {what}. Got {shown((first, second))}."
            raise ValueError(msg)
        matrix[t, s] = matrix[s, t] = weight
    topics = np.flatnonzero(matrix.any(axis=0))
    if topics.size == 0:
        msg = f"Decorrelation: pairs must have at least one pair with a weight above 0. Got {shown(pairs)}."
        raise ValueError(msg)
    return topics, matrix[np.ix_(topics, topics)]


def _triples(pairs: Any) -> Iterator[tuple[Any, Any, Any]]:
    if isinstance(pairs, Mapping) and all(isinstance(row, Mapping) for row in pairs.values()):
        yield from ((first, second, weight) for first, row in pairs.items() for second, weight in row.items())
        return
    for pair in () if isinstance(pairs, (str, Mapping)) else pairs:
        if isinstance(pair, str) or len(pair) not in (2, 3):
            msg = f"Decorrelation: a pair must be (topic, topic) or (topic, topic, weight). Got {shown(pair)}."
            raise ValueError(msg)
        yield pair[0], pair[1], pair[2] if len(pair) == 3 else 1.0


def _one_topic(name: Any, layout: Layout) -> int:
    topics = layout.topics([name], "Decorrelation")
    if topics.size != 1:
        msg = f"Decorrelation: a pair must name single topics. Got the pattern {name!r}."
        raise ValueError(msg)
    return int(topics[0])
