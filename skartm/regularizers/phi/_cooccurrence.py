"""Tokens that occur together: in the same topics."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, triu

from skartm.base import _interruptible as interruptible
from skartm.base import shown
from skartm.base._data import matrix_of_numbers
from skartm.base._parameters import declared, parameters
from skartm.em import Layout, ModalitySelection, PhiTerm, SomeRows, TopicSelection, padded, padded_zeros
from skartm.feature_extraction import cooccurrence
from skartm.regularizers._base import Regularizer
from skartm.regularizers._cells import Cells, consecutive
from skartm.simplex import FLOOR

# Pairs of a block: their two gathered rows of phi stay in the second-level cache.
_PAIRS = 2048


@parameters
class CoherencePhi(Regularizer):
    r"""Put tokens that occur together into the same topics.

    Quadratic, with the counters' topic masses :math:`n_t` as constants of the M-step [1]_:

    .. math:: R(\Phi) = \frac12 \sum_{t \in S} n_t \sum_{u, v} C_{uv} \phi_{ut} \phi_{vt}, \qquad
              r_{wt} = n_t \phi_{wt} \sum_v \frac{C_{wv} + C_{vw}}{2} \phi_{vt}

    A token grows where its neighbours are, and one that is not in a topic does not enter it: topics stay sparse.
    Linear, as in BigARTM, every token is smoothed by the counters of its neighbours:

    .. math:: R(\Phi) = \sum_{t \in S} \sum_w \ln \phi_{wt} \sum_v C_{wv} n_{vt}, \qquad
              r_{wt} = \sum_v C_{wv} n_{vt}

    Parameters
    ----------
    cooccurrence : sparse or dense array of shape (n_tokens, n_tokens) or (tokens of the modality,) * 2, default=None
        C, non-negative, for instance of :func:`skartm.feature_extraction.cooccurrence`; linear, row w has the tokens
        that vote for w. None counts the documents of the fit: positive normalised mutual information of the ``n_top``
        closest tokens of every token, pairs in ``min_count`` documents at least. A stream (``partial_fit``) counts its
        first chunk.
    tau : float, Schedule or None, default=None
        Strength. None adds a tenth of the mass of every topic: 0.1 with ``relative=1.0``, or with the one that is
        given. The absolute unit depends on C; prefer ``relative``.
    form : {"quadratic", "linear"}, default="quadratic"
    n_top, min_count : int, default=30, 5
        For ``cooccurrence=None``. Counted once: ``learned_[name]["cooccurrence"]``, with which a warm start goes on.
    relative : None or float in [0, 1], default=None
        None: absolute. A number: ``tau`` is the share of the counters' mass that is added; 0.05 to 0.2 with 1.0 (every
        topic its own share) is sane.
    limit : float or None, default=None
        With ``relative``: the mass that is added is at most so many tokens for each token and topic on average. A share
        without limit costs perplexity where documents say enough by themselves; 0.05 to 0.1 is sane.
    topics : None, slice, names or indices, default=None
        Regularised topics; None is all.
    modality : None, str or list of str, default=None
        Modalities of both tokens; None is all.

    References
    ----------
    .. [1] D. Newman, E. Bonilla, W. Buntine. "Improving topic coherence with regularized topic models." NIPS 2011; D.
       Mimno, H. Wallach, E. Talley, M. Leenders, A. McCallum. "Optimizing semantic coherence in topic models." EMNLP
       2011.

    Examples
    --------
    >>> from skartm import ARTMTransformer
    >>> from skartm.datasets import load_peps
    >>> from skartm.metrics import coherence
    >>> from skartm.regularizers import CoherencePhi
    >>> X = load_peps().data
    >>> nearby = CoherencePhi(tau=0.1, relative=1.0)
    >>> plain = ARTMTransformer(10, random_state=0, max_iter=15, tol=0).fit(X)
    >>> model = ARTMTransformer(10, regularizers=[("nearby", nearby)], random_state=0, max_iter=15, tol=0).fit(X)
    >>> bool(coherence(model.components_, X) > coherence(plain.components_, X))
    True
    """

    cooccurrence: Any = declared(default=None, kw_only=False)
    tau: Any = declared(default=None, kw_only=False)
    form: str = "quadratic"
    n_top: int = 30
    min_count: float = 5
    relative: float | None = None
    limit: float | None = None
    topics: TopicSelection = None
    modality: ModalitySelection = None

    side = "phi"
    default_share = (0.1, 1.0)

    def bind(self, layout: Layout) -> PhiTerm:
        tokens = layout.tokens(self.modality, "CoherencePhi")
        if self.form not in _TERMS:
            msg = f"The 'form' parameter of CoherencePhi must be one of {sorted(_TERMS)}. Got {shown(self.form)}."
            raise ValueError(msg)
        source: _Counted | _Given
        if self.cooccurrence is None:
            source = _Counted(layout.X, tokens, self.n_top, self.min_count)
        else:
            source = _Given(_matrix_of_tokens(self.cooccurrence, layout.n_tokens, tokens, "CoherencePhi"))
        return _TERMS[self.form](Cells(tokens, layout.topics(self.topics, "CoherencePhi")), source)


@dataclass(eq=False)
class _Given:
    """A matrix that the user gave."""

    matrix: csr_array

    def learned(self, learned: Mapping[str, Any]) -> Mapping[str, Any]:
        return learned


class _Counted:
    """A matrix of the documents of the fit, counted when it is needed first."""

    matrix: csr_array

    def __init__(self, X: Any, tokens: NDArray, n_top: int, min_count: float) -> None:
        self.X, self.tokens, self.n_top, self.min_count = X, tokens, n_top, min_count
        if X is None:
            msg = "CoherencePhi: without documents cooccurrence must be given. Got None; call fit, or give a matrix."
            raise ValueError(msg)

    def learned(self, learned: Mapping[str, Any]) -> Mapping[str, Any]:
        settings: dict[str, Any] = {"n_top": self.n_top, "min_count": self.min_count, "columns": self.tokens}
        if not all(np.array_equal(learned.get(key, ()), setting) for key, setting in settings.items()):
            documents = self.X[:] if isinstance(self.X, SomeRows) else self.X
            X = documents if self.tokens.size == self.X.shape[1] else documents[:, self.tokens]
            counted = cooccurrence(X, measure="npmi", min_count=self.min_count, n_top=self.n_top)
            learned = {"cooccurrence": counted, **settings}
        self.matrix = learned["cooccurrence"]
        return learned


class _CoherenceTerm(PhiTerm):
    """``_votes`` of the neighbours, as in the linear form."""

    def __init__(self, cells: Cells, source: Any) -> None:
        self.topics, self._cells, self._source = cells.topics, cells, source

    def learn(self, phi_wt: NDArray, n_wt: NDArray) -> None:
        self.learned = self._source.learned(self.learned)

    def value(self, phi_wt: NDArray, n_wt: NDArray) -> float:
        if not hasattr(self._source, "matrix"):
            self.learn(phi_wt, n_wt)
        return self._value(phi_wt[self._cells.index], n_wt)

    def add_term(self, phi_wt: NDArray, n_wt: NDArray, out: NDArray) -> None:
        if not hasattr(self._source, "matrix"):
            self.learn(phi_wt, n_wt)
        out[self._cells.index] += self._term(phi_wt[self._cells.index], n_wt)

    def _value(self, phi: NDArray, n_wt: NDArray) -> float:
        logs = np.log(np.maximum(phi, phi.dtype.type(FLOOR)))
        return float(np.einsum("wt,wt->", self._term(phi, n_wt), logs, dtype=np.float64))

    def _term(self, phi: NDArray, n_wt: NDArray) -> NDArray:
        return self._votes(self._source.matrix, n_wt[self._cells.index])

    @staticmethod
    def _votes(matrix: csr_array, of: NDArray) -> NDArray:
        return matrix.astype(of.dtype, copy=False) @ np.ascontiguousarray(of)


class _QuadraticTerm(_CoherenceTerm):
    _votes_of_pairs: "_Votes | None" = None

    def _value(self, phi: NDArray, n_wt: NDArray) -> float:
        votes = self._votes_at(phi)
        return float(0.5 * np.einsum("t,t->", votes.sum(axis=0, dtype=np.float64), self._mass(n_wt)))

    def _term(self, phi: NDArray, n_wt: NDArray) -> NDArray:
        return self._votes_at(phi) * self._mass(n_wt).astype(phi.dtype)

    def _mass(self, n_wt: NDArray) -> NDArray:
        return n_wt[:, consecutive(self.topics)].sum(axis=0, dtype=np.float64)

    def _votes_at(self, phi: NDArray) -> NDArray:
        if self._votes_of_pairs is None or self._votes_of_pairs.dtype != phi.dtype:
            matrix = self._source.matrix
            self._votes_of_pairs = _Votes(csr_array((matrix + matrix.T) / 2), phi.dtype)
        return self._votes_of_pairs(phi)


class _Votes:
    """phi_wt sum_v C_wv phi_vt, by the kernel of the word side, which is twice as fast as a sparse product."""

    def __init__(self, matrix: csr_array, dtype: np.dtype) -> None:
        self.dtype, size = dtype, matrix.shape[0]
        self._rows, self._starts = np.arange(size, dtype=np.int32), matrix.indptr.astype(np.int64)
        self._columns, self._order = matrix.indices.astype(np.int32), np.arange(matrix.nnz, dtype=np.int32)
        self._weights = matrix.data.astype(dtype)
        self._phi, self._votes = np.empty((0, 0), dtype=dtype), np.empty((0, 0), dtype=dtype)

    def __call__(self, phi_wt: NDArray) -> NDArray:
        """To be read only: the value of a phi and the term at it are asked for one after the other, and share it."""
        n_topics = phi_wt.shape[1]
        if not np.array_equal(self._phi[:, :n_topics], phi_wt):
            self._phi, self._votes = padded(phi_wt, self.dtype), padded_zeros(len(phi_wt), n_topics, self.dtype)
            if self._order.size:
                interruptible.accumulate(
                    self._rows, self._starts, self._columns, self._order, self._weights, self._phi, self._phi,
                    self._votes, padded_zeros(1, n_topics, self.dtype), 1,
                )  # fmt: skip
        return self._votes[:, :n_topics]


_TERMS = {"linear": _CoherenceTerm, "quadratic": _QuadraticTerm}


@parameters
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
    tau : float, Schedule or None, default=None
        Strength: with ``relative=None`` a pair adds tau tokens to each of its two words. None adds a tenth of the mass:
        0.1 with ``relative=0.0``, or with the one that is given.
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

    cooccurrence: Any = declared(kw_only=False)
    tau: Any = declared(default=None, kw_only=False)
    relative: float | None = None
    topics: TopicSelection = None
    modality: ModalitySelection = None

    side = "phi"
    default_share = (0.1, 0.0)

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
    matrix = csr_array(matrix_of_numbers(values, f"{owner}: cooccurrence"))
    if matrix.shape not in {(n_tokens, n_tokens), (tokens.size, tokens.size)}:
        sizes = " or ".join(f"({n}, {n})" for n in dict.fromkeys((tokens.size, n_tokens)))
        msg = f"The 'cooccurrence' parameter of {owner} must have shape {sizes}. Got {matrix.shape}."
        raise ValueError(msg)
    if matrix.shape[0] != tokens.size:
        matrix = matrix[tokens][:, tokens]
    if not np.isfinite(matrix.data).all() or (matrix.data < 0).any():
        msg = f"The 'cooccurrence' parameter of {owner} must be finite and non-negative."
        raise ValueError(msg)
    return matrix
