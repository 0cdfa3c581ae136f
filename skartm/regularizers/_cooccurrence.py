"""Tokens that occur together: in the same topics."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, issparse, triu

from skartm.em import Layout, ModalitySelection, PhiTerm, TopicSelection
from skartm.regularizers._base import Regularizer
from skartm.regularizers._cells import Cells, consecutive
from skartm.simplex import FLOOR

# Pairs of a block: their two gathered rows of phi stay in the second-level cache.
_PAIRS = 2048


class CoherencePhi(Regularizer):
    r"""Smooth every token by the counters of those that occur together with it.

    .. math:: R(\Phi) = \sum_{t \in S} \sum_w \ln \phi_{wt} \sum_v C_{wv} n_{vt}, \qquad
              r_{wt} = \sum_v C_{wv} n_{vt}

    The counters n are new and constant. Up to constants R is minus the divergence from the distribution that the
    neighbours of the tokens vote for to the topic, so that top tokens of topics are tokens that occur together [1]_.

    Parameters
    ----------
    cooccurrence : sparse or dense array of shape (n_tokens, n_tokens) or (tokens of the modality,) * 2
        C, non-negative, for instance of :func:`skartm.feature_extraction.cooccurrence`. It need not be symmetric: row w
        has the tokens that vote for w. What is on the diagonal smooths a token by itself.
    tau : float or Schedule, default=1.0
        Strength. Its unit depends on C: with rows of sum 1, the share of the neighbours' mean counter.
    relative : None or float in [0, 1], default=None
        None: absolute. A number: ``tau`` is the share of the counters' mass that is added.
    topics : None, slice, names or indices, default=None
        Regularised topics; None is all.
    modality : None, str or list of str, default=None
        Modalities of both tokens; None is all.

    References
    ----------
    .. [1] D. Mimno, H. Wallach, E. Talley, M. Leenders, A. McCallum. "Optimizing semantic coherence in topic models."
       EMNLP 2011; K. Vorontsov, A. Potapenko. "Additive regularization of topic models." Machine Learning 101, 2015.

    Examples
    --------
    >>> from skartm import ARTMTransformer
    >>> from skartm.datasets import load_peps
    >>> from skartm.feature_extraction import cooccurrence
    >>> from skartm.metrics import coherence
    >>> from skartm.regularizers import CoherencePhi
    >>> X = load_peps().data
    >>> nearby = CoherencePhi(cooccurrence(X, min_count=10, n_top=10), tau=0.3, relative=1.0)
    >>> plain = ARTMTransformer(10, random_state=0, max_iter=15, tol=0).fit(X)
    >>> model = ARTMTransformer(10, regularizers=[("nearby", nearby)], random_state=0, max_iter=15, tol=0).fit(X)
    >>> bool(coherence(model.components_, X) > coherence(plain.components_, X))
    True
    """

    side = "phi"

    def __init__(
        self,
        cooccurrence: Any,
        tau: float = 1.0,
        *,
        relative: float | None = None,
        topics: TopicSelection = None,
        modality: ModalitySelection = None,
    ) -> None:
        self.cooccurrence = cooccurrence
        self.tau = tau
        self.relative = relative
        self.topics = topics
        self.modality = modality

    def bind(self, layout: Layout) -> PhiTerm:
        tokens = layout.tokens(self.modality, "CoherencePhi")
        matrix = _matrix_of_tokens(self.cooccurrence, layout.n_tokens, tokens, "CoherencePhi")
        return _CoherenceTerm(Cells(tokens, layout.topics(self.topics, "CoherencePhi")), matrix)


class _CoherenceTerm(PhiTerm):
    def __init__(self, cells: Cells, matrix: csr_array) -> None:
        self.topics, self._cells, self._matrix = cells.topics, cells, matrix

    def value(self, phi_wt: NDArray, n_wt: NDArray) -> float:
        logs = np.log(np.maximum(phi_wt[self._cells.index], phi_wt.dtype.type(FLOOR)))
        return float(np.einsum("wt,wt->", self._votes(n_wt), logs, dtype=np.float64))

    def add_term(self, phi_wt: NDArray, n_wt: NDArray, out: NDArray) -> None:
        out[self._cells.index] += self._votes(n_wt)

    def _votes(self, n_wt: NDArray) -> NDArray:
        return self._matrix.astype(n_wt.dtype, copy=False) @ np.ascontiguousarray(n_wt[self._cells.index])


class Biterm(Regularizer):
    r"""Explain pairs of tokens that occur together as drawn from one topic: the biterm model as a regularizer.

    .. math:: R(\Phi) = \sum_{u, v} C_{uv} \ln \sum_{t \in S} n_t \phi_{ut} \phi_{vt}, \qquad
              r_{wt} = \sum_v (C_{wv} + C_{vw}) \operatorname*{norm}_{t \in S} (n_t \phi_{wt} \phi_{vt})

    The log-likelihood of the pairs under :math:`p(u, v) = \sum_t p_t \phi_{ut} \phi_{vt}` [1]_; the topic masses
    :math:`n_t`, of all tokens, are a constant of the M-step. Meant for short documents, whose own counters say little.

    Parameters
    ----------
    cooccurrence : sparse or dense array of shape (n_tokens, n_tokens) or (tokens of the modality,) * 2
        C, non-negative, for instance counts of :func:`skartm.feature_extraction.cooccurrence`. The sum is over all its
        cells, so a symmetric C has every pair twice.
    tau : float or Schedule, default=1.0
        Strength: with ``relative=None`` a pair adds tau tokens to each of its two words.
    relative : None or float in [0, 1], default=None
        None: absolute. A number: ``tau`` is the share of the counters' mass that is added.
    topics : None, slice, names or indices, default=None
        Topics S; None is all.
    modality : None, str or list of str, default=None
        Modalities of both tokens; None is all.

    Notes
    -----
    BigARTM has C_vw alone in place of C_wv + C_vw: for a symmetric C half of this term.

    References
    ----------
    .. [1] X. Yan, J. Guo, Y. Lan, X. Cheng. "A biterm topic model for short texts." WWW 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from skartm import ARTMTransformer
    >>> from skartm.datasets import load_peps
    >>> from skartm.feature_extraction import cooccurrence
    >>> from skartm.regularizers import Biterm
    >>> X = load_peps().data
    >>> pairs = cooccurrence(X, window=2, measure="count", min_count=20)
    >>> together = [("pairs", Biterm(pairs, tau=0.1))]
    >>> model = ARTMTransformer(5, regularizers=together, random_state=0, max_iter=10, tol=0).fit(X)
    >>> bool(np.diff(model.history_["pairs"])[2:].min() > 0)
    True
    """

    side = "phi"

    def __init__(
        self,
        cooccurrence: Any,
        tau: float = 1.0,
        *,
        relative: float | None = None,
        topics: TopicSelection = None,
        modality: ModalitySelection = None,
    ) -> None:
        self.cooccurrence = cooccurrence
        self.tau = tau
        self.relative = relative
        self.topics = topics
        self.modality = modality

    def bind(self, layout: Layout) -> PhiTerm:
        tokens = layout.tokens(self.modality, "Biterm")
        matrix = _matrix_of_tokens(self.cooccurrence, layout.n_tokens, tokens, "Biterm")
        return _BitermTerm(Cells(tokens, layout.topics(self.topics, "Biterm")), matrix)


class _BitermTerm(PhiTerm):
    def __init__(self, cells: Cells, matrix: csr_array) -> None:
        self.topics, self._cells = cells.topics, cells
        # ln z_uv = ln z_vu, so a pair is kept once, above the diagonal, with the weights of both directions
        pairs = csr_array(triu(matrix) + triu(matrix.T, k=1))
        pairs.sort_indices()
        self._pairs = pairs
        self._rows = np.repeat(np.arange(pairs.shape[0]), np.diff(pairs.indptr))

    def value(self, phi_wt: NDArray, n_wt: NDArray) -> float:
        phi, mass = self._parts(phi_wt, n_wt)
        p_t = np.divide(mass, mass.sum(), out=np.zeros_like(mass), where=mass.sum() > 0)
        z = np.maximum(self._likelihoods(phi, phi * p_t), FLOOR**2)  # a product of two that are kept is kept
        return float(self._pairs.data @ np.log(z))

    def add_term(self, phi_wt: NDArray, n_wt: NDArray, out: NDArray) -> None:
        phi, mass = self._parts(phi_wt, n_wt)
        joint = phi * mass.astype(phi.dtype)
        z = self._likelihoods(phi, joint)
        ratios = np.divide(self._pairs.data, z, out=np.zeros_like(z), where=z > 0, casting="same_kind")
        pairs = csr_array((ratios, self._pairs.indices, self._pairs.indptr), shape=self._pairs.shape)
        joint *= pairs @ phi + pairs.T @ phi
        out[self._cells.index] += joint

    def _parts(self, phi_wt: NDArray, n_wt: NDArray) -> tuple[NDArray, NDArray]:
        mass = n_wt[:, consecutive(self.topics)].sum(axis=0, dtype=np.float64)
        return np.ascontiguousarray(phi_wt[self._cells.index]), mass

    def _likelihoods(self, phi: NDArray, joint: NDArray) -> NDArray:
        """sum_t joint_ut phi_vt of the pairs, in the order of their matrix."""
        z = np.empty(self._rows.size, dtype=np.result_type(phi, joint))
        for start in range(0, z.size, _PAIRS):
            part = slice(start, start + _PAIRS)
            np.einsum("it,it->i", joint[self._rows[part]], phi[self._pairs.indices[part]], out=z[part])
        return z


def _matrix_of_tokens(values: Any, n_tokens: int, tokens: NDArray, owner: str) -> csr_array:
    """Square CSR of ``tokens``, from one of them or of all tokens."""
    given: Any = values if issparse(values) else np.atleast_2d(np.asarray(values, dtype=np.float64))
    matrix = csr_array(given)
    if matrix.shape not in {(n_tokens, n_tokens), (tokens.size, tokens.size)}:
        sizes = " or ".join(f"({n}, {n})" for n in dict.fromkeys((tokens.size, n_tokens)))
        msg = f"The 'cooccurrence' parameter of {owner} must have shape {sizes}. Got {matrix.shape}."
        raise ValueError(msg)
    if matrix.shape[0] != tokens.size:
        matrix = matrix[tokens][:, tokens]
    if not np.isfinite(matrix.data).all() or (matrix.data < 0).any():
        msg = f"The 'cooccurrence' parameter of {owner} must be finite and non-negative."
        raise ValueError(msg)
    return matrix.astype(np.float64)
