"""Topics of several languages, tied by a dictionary."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array, issparse

from skartm.base import shown
from skartm.base._parameters import declared, parameters
from skartm.base._sparse import own_csr
from skartm.em import Layout, ModalitySelection, PhiTerm, TopicSelection
from skartm.regularizers._base import Regularizer
from skartm.regularizers._words import Words
from skartm.simplex import FLOOR


@parameters
class Translation(Regularizer):
    r"""Make topics speak of the same in two languages, with translations :math:`\pi_{uwt} = p(u \mid w, t)` to learn.

    .. math:: R(\Phi, \Pi) = \sum_{u \in W^k} \sum_{t \in S} n_{ut} \ln \sum_{w \in W^\ell} \pi_{uwt} \phi_{wt}, \qquad
              r_{wt} = \sum_{u \in W^k} n_{ut}\, q_{wut}, \quad
              q_{wut} = \operatorname*{norm}_{w \in W^\ell} (\pi_{uwt} \phi_{wt})

    [1]_ The languages are modalities. R is the log-likelihood of the source language k when every source word is the
    translation, in its topic, of a word of the target language l. It acts on the topics of the target: each source word
    counts as ``tau`` of its translations. The dictionary says which pairs (u, w) are possible; the probabilities are
    learned, one step of EM an M-step, :math:`\pi_{uwt} = \operatorname{norm}_u (n_{ut} q_{wut})`, starting from equal
    ones. Words that are not in the dictionary are not regularised.

    Two of them, with the languages exchanged, tie both languages: ``Translation(pairs, source_modality="de",
    target_modality="en")`` and ``Translation([(en, de) for de, en in pairs], source_modality="en",
    target_modality="de")``.

    Parameters
    ----------
    dictionary : sequence of (source, target), mapping of source to target or list of targets, or sparse matrix
        Words by name or column; names are looked up within their modality. A matrix has the shape (words of the source
        modality, words of the target modality) and is not 0 where a translation is possible.
    tau : float or Schedule, default=1.0
        Strength. Absolute: tokens of the target for every token of the source that the dictionary has.
    source_modality, target_modality : None, name or names, default=None
        The languages k and l; None is all columns.
    relative : None or float in [0, 1], default=None
        None: absolute. A number: ``tau`` is the share of the mass of the target modality that is added.
    topics : None, slice, names or indices, default=None
        Regularised topics S; None is all.

    Notes
    -----
    What is learned is published as ``learned_[name]`` of the model: ``"pi"`` of shape (pairs, topics of S), for the
    pairs of the columns ``"source"`` and ``"target"``.

    References
    ----------
    .. [1] K. Vorontsov, O. Frei, M. Apishev et al. "Non-Bayesian additive regularization for multimodal topic modeling
       of large collections." CIKM TM workshop, 2015.

    Examples
    --------
    Documents in one language or the other, which nothing but the dictionary connects:

    >>> import numpy as np
    >>> from skartm import ARTMTransformer
    >>> from skartm.regularizers import Translation
    >>> english = np.array([[5, 4, 0, 0], [4, 6, 0, 0], [0, 0, 5, 4], [0, 0, 3, 6]])
    >>> X = np.block([[english, 0 * english], [0 * english, english]])  # the same again, in German
    >>> names = ["cat", "dog", "rose", "tulip", "Katze", "Hund", "Rose", "Tulpe"]
    >>> pairs = list(zip(names[4:], names[:4]))
    >>> tied = [
    ...     ("to_en", Translation(pairs, source_modality="de", target_modality="en")),
    ...     ("to_de", Translation([(en, de) for de, en in pairs], source_modality="en", target_modality="de")),
    ... ]
    >>> model = ARTMTransformer(
    ...     2, regularizers=tied, token_names=names, modalities={"en": slice(4), "de": slice(4, 8)}, random_state=0
    ... )
    >>> topics = model.fit_transform(X).argmax(axis=1)
    >>> bool((topics[:4] == topics[4:]).all())
    True
    """

    dictionary: Any = declared(default=(), kw_only=False)
    tau: Any = declared(default=1.0, kw_only=False)
    source_modality: ModalitySelection = None
    target_modality: ModalitySelection = None
    relative: float | None = None
    topics: TopicSelection = None

    side = "phi"

    def bind(self, layout: Layout) -> "_TranslationTerm":
        source = Words(layout, self.source_modality, "Translation")
        target = Words(layout, self.target_modality, "Translation")
        sparse: bool = issparse(self.dictionary)
        if sparse:
            expected = (source.columns.size, target.columns.size)
            if self.dictionary.shape != expected:
                msg = (
                    "The 'dictionary' parameter of Translation must be pairs, or a matrix of shape (words of the "
                    f"source, words of the target) {expected}. Got {self.dictionary.shape}."
                )
                raise ValueError(msg)
            possible = coo_array(own_csr(self.dictionary, "Translation: dictionary"))
            row, column = possible.row[possible.data != 0], possible.col[possible.data != 0]
            pairs = np.stack([source.columns[row], target.columns[column]], axis=1)
        else:
            named = list(_pairs(self.dictionary))
            columns = [
                words.find([pair[side] for pair in named], "dictionary") for side, words in enumerate((source, target))
            ]
            pairs = np.stack(columns, axis=1)
        if pairs.size == 0:
            msg = "The 'dictionary' parameter of Translation must have at least one pair (source, target). Got none."
            raise ValueError(msg)
        pairs = np.unique(pairs, axis=0)
        return _TranslationTerm(pairs[:, 0], pairs[:, 1], layout.topics(self.topics, "Translation"))


def _pairs(dictionary: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(dictionary, Mapping):
        for word, translations in dictionary.items():
            several = isinstance(translations, (list, tuple, set, frozenset, np.ndarray))
            yield from ((word, translation) for translation in (translations if several else [translations]))
        return
    for pair in dictionary:
        if isinstance(pair, str) or len(pair) != 2:
            msg = f"The 'dictionary' parameter of Translation must have pairs (source, target). Got {shown(pair)}."
            raise ValueError(msg)
        yield tuple(pair)


class _TranslationTerm(PhiTerm):
    """Sums over pairs as products with two incidence matrices, of sources and of targets."""

    def __init__(self, source: NDArray, target: NDArray, topics: NDArray) -> None:
        self.topics, self._source, self._target = topics, source, target
        self._sources, u = np.unique(source, return_inverse=True)
        self._targets, w = np.unique(target, return_inverse=True)
        self._u, self._w = u, w
        ones, pairs = np.ones(source.size), np.arange(source.size)
        self._to_sources = csr_array((ones, (u, pairs)), shape=(self._sources.size, source.size))
        self._to_targets = csr_array((ones, (w, pairs)), shape=(self._targets.size, source.size))
        self._set(np.repeat((1 / np.bincount(w))[w][:, None], topics.size, axis=1))

    def _set(self, pi: NDArray) -> None:
        self.learned = {"pi": pi, "source": self._source, "target": self._target}

    def _pi(self) -> NDArray:
        """p(u|w,t) of the pairs; from equal ones when those of an earlier fit are of other pairs or topics."""
        known = self.learned
        if known["pi"].shape != (self._source.size, self.topics.size) or not (
            np.array_equal(known["source"], self._source) and np.array_equal(known["target"], self._target)
        ):
            self._set(np.repeat((1 / np.bincount(self._w))[self._w][:, None], self.topics.size, axis=1))
        return self.learned["pi"]

    def _joint(self, phi_wt: NDArray) -> tuple[NDArray, NDArray]:
        """pi_uwt phi_wt of the pairs, and its sums p(u|t) over w."""
        joint = self._pi() * phi_wt[np.ix_(self._target, self.topics)]  # (P, S)
        return joint, self._to_sources @ joint

    def _counts(self, phi_wt: NDArray, n_wt: NDArray) -> NDArray:
        """n_ut q_wut of the pairs."""
        joint, p_ut = self._joint(phi_wt)
        n_ut = np.maximum(n_wt[np.ix_(self._sources, self.topics)], 0).astype(np.float64)
        return joint * np.divide(n_ut, p_ut, out=np.zeros_like(p_ut), where=p_ut > FLOOR)[self._u]

    def learn(self, phi_wt: NDArray, n_wt: NDArray) -> None:
        counts = self._counts(phi_wt, n_wt)
        total = (self._to_targets @ counts)[self._w]
        self._set(np.divide(counts, total, out=self._pi().copy(), where=total > 0))

    def value(self, phi_wt: NDArray, n_wt: NDArray) -> float:
        _, p_ut = self._joint(phi_wt)
        n_ut = np.maximum(n_wt[np.ix_(self._sources, self.topics)], 0)
        return float((n_ut * np.log(np.maximum(p_ut, FLOOR))).sum(dtype=np.float64))

    def add_term(self, phi_wt: NDArray, n_wt: NDArray, out: NDArray) -> None:
        added = self._to_targets @ self._counts(phi_wt, n_wt)
        out[np.ix_(self._targets, self.topics)] += added.astype(out.dtype)
