"""Smoothing and sparsing of documents: R = sum alpha m f(theta)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm.base import shown
from skartm.base._parameters import declared, is_number, parameters
from skartm.em import Documents, Layout, ThetaTerm, TopicSelection
from skartm.regularizers._base import Regularizer
from skartm.regularizers._cells import consecutive
from skartm.regularizers._given import SLICED, distribution_over, documents_of_fit
from skartm.simplex import FLOOR

_ROWS = 512  # documents whose logarithms stay in cache


@parameters
class SmoothSparseTheta(Regularizer):
    r"""Smooth (tau > 0) or sparse (tau < 0) the distributions of topics in documents.

    .. math:: R(\Theta) = \sum_d \sum_{t \in S} \alpha_t m_{td} \ln \theta_{td}, \qquad r_{td} = \alpha_t m_{td}

    and with a power q the powers of probabilities in place of logarithms:

    .. math:: R(\Theta) = \sum_d \sum_{t \in S} \alpha_t m_{td} \theta_{td}^q, \qquad
              r_{td} = q\, \alpha_t m_{td} \theta_{td}^q

    The term acts on the unnormalised counters n_td at every inner pass, so ``tau`` is in tokens a document and
    topic [1]_.

    Parameters
    ----------
    tau : float, default=1.0
        Strength; negative makes the documents sparse in topics.
    topics : None, slice, names or indices, default=None
        Regularised topics; None is all.
    distribution : array of shape (number of regularised topics,), default=None
        :math:`\alpha_t`, non-negative, in the order of the topics in the model; None is 1 for every topic.
    documents : array of shape (n_docs,) or (n_docs, number of regularised topics), default=None
        Multipliers :math:`m_{td}` of the documents of ``fit``, of any sign: what is known of single documents, 0 where
        nothing is. They say nothing of other documents, so ``transform`` does without the whole regularizer. None is 1
        for every document.
    passes : sequence of float, default=None
        Multipliers of the inner passes over a document; the last one holds for all further passes, and is that of R.
        A document that has converged (``doc_tol``) makes no further passes. None is 1 for every pass.
    power : float, default=None
        q > 0; None is the logarithm. With ``tau > 0`` and q > 1 strong topics win.

    Notes
    -----
    BigARTM applies the power to the counters n_td and not to the probabilities, so that its strength grows with the
    length of the document, and asks for exactly as many multipliers as there are passes.

    References
    ----------
    .. [1] K. Vorontsov, A. Potapenko. "Additive regularization of topic models." Machine Learning 101, 2015, eq. 21.

    Examples
    --------
    >>> from skartm import ARTMTransformer
    >>> from skartm.datasets import load_peps
    >>> from skartm.regularizers import SmoothSparseTheta
    >>> X = load_peps().data
    >>> model = ARTMTransformer(5, regularizers=[("smooth", SmoothSparseTheta(tau=0.5))], random_state=0)
    >>> bool((model.fit_transform(X) > 0).all())
    True
    """

    tau: float = declared(default=1.0, kw_only=False)
    topics: TopicSelection = None
    distribution: Any = None
    documents: Any = None
    passes: Any = None
    power: float | None = None

    side = "theta"

    @property
    def training_only(self) -> bool:  # type: ignore[override]
        """Whether it has ``documents``, which are those of the fit."""
        return self.documents is not None

    def bind(self, layout: Layout) -> "_SmoothSparseThetaTerm":
        topics = layout.topics(self.topics, "SmoothSparseTheta")
        alpha = np.zeros(layout.n_topics)
        alpha[topics] = 1.0
        if self.distribution is not None:
            alpha[topics] = distribution_over(self.distribution, topics.size, "SmoothSparseTheta", "distribution")
        if self.power is not None and not (is_number(self.power) and np.isfinite(self.power) and self.power > 0):
            msg = (
                "The 'power' parameter of SmoothSparseTheta must be None or a positive number. Got "
                f"{shown(self.power)}."
            )
            raise ValueError(msg)
        power = None if self.power is None else float(self.power)
        return _SmoothSparseThetaTerm(alpha, topics, self._multipliers(layout, topics), self._passes(), power)

    def _multipliers(self, layout: Layout, topics: NDArray) -> NDArray | None:
        """(n_docs, 1 or n_topics)."""
        if self.documents is None:
            return None
        given = np.asarray(self.documents, dtype=np.float64)
        n_docs = documents_of_fit(layout, "SmoothSparseTheta", "documents")
        if given.shape not in ((n_docs,), (n_docs, topics.size)):
            msg = (
                f"The 'documents' parameter of SmoothSparseTheta must have shape ({n_docs},) or ({n_docs}, "
                f"{topics.size}), a row for each document of the fit. Got {given.shape}. {SLICED}"
            )
            raise ValueError(msg)
        if not np.isfinite(given).all():
            msg = "The 'documents' parameter of SmoothSparseTheta must be finite. Got NaN or infinity."
            raise ValueError(msg)
        if given.ndim == 1:
            return given[:, None]
        everywhere = np.zeros((n_docs, layout.n_topics))
        everywhere[:, topics] = given
        return everywhere

    def _passes(self) -> NDArray | None:
        if self.passes is None:
            return None
        passes = np.asarray(self.passes)
        right = passes.ndim == 1 and passes.size > 0 and passes.dtype.kind in "iuf"
        if not right or not np.isfinite(passes).all():
            msg = (
                "The 'passes' parameter of SmoothSparseTheta must be None or finite numbers, at least one. Got "
                f"{shown(self.passes)}."
            )
            raise ValueError(msg)
        return passes.astype(np.float64)


class _SmoothSparseThetaTerm(ThetaTerm):
    per_document = ("documents",)

    def __init__(
        self,
        alpha: NDArray,
        topics: NDArray,
        documents: NDArray | None,
        passes: NDArray | None,
        power: float | None,
    ) -> None:
        self.alpha, self.topics, self.passes, self.power = alpha, topics, passes, power
        self._chosen = consecutive(topics)
        self.documents, self._per_topic = documents, documents is None

    def of_documents(self) -> tuple[NDArray, ...]:
        return () if self.documents is None else (self.documents,)

    def value(self, theta_dt: NDArray, documents: Documents) -> float:
        last = 1.0 if self.passes is None else float(self.passes[-1])
        strength = self._strength(documents)
        total = 0.0
        for start in range(0, theta_dt.shape[0], _ROWS):
            rows = slice(start, start + _ROWS)
            theta = np.maximum(theta_dt[rows, self._chosen], theta_dt.dtype.type(FLOOR))
            values = np.log(theta, out=theta) if self.power is None else theta**self.power
            weight = np.ones(len(theta)) if documents.sample_weight is None else documents.sample_weight[rows]
            if self._per_topic:
                total += float(weight @ values @ self.alpha[self._chosen])
            else:
                total += float(np.einsum("d,dt,dt->", weight, values, strength[rows, self._chosen]))
        return last * total

    def constant(self) -> NDArray | None:
        if self._per_topic and self.passes is None and self.power is None:
            return self.alpha
        return None

    def add_term(self, theta_dt: NDArray, n_dt: NDArray, documents: Documents, inner_pass: int, out: NDArray) -> None:
        strength = self._strength(documents)
        if self.passes is not None:
            strength = strength * self.passes[min(inner_pass, self.passes.size - 1)]
        if self.power is not None:
            strength = strength * (self.power * theta_dt**self.power)
        out += strength.astype(out.dtype, copy=False)

    def _strength(self, documents: Documents) -> NDArray:
        """alpha_t m_td, which broadcasts to (n_docs, n_topics)."""
        return self.alpha[None, :] if self._per_topic else self.alpha * self.rows_of(documents)[0]
