"""Documents near the topics that their own embeddings predict."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp, softmax

from skartm.base._data import as_floats
from skartm.base._parameters import check_positive, declared, parameters
from skartm.em import Documents, Layout, RowStatistic, ThetaTerm, TopicSelection, row_products
from skartm.regularizers._base import Regularizer
from skartm.regularizers._cells import consecutive
from skartm.regularizers._given import SLICED, documents_of_fit
from skartm.simplex import FLOOR

_STEPS = 10  # of L-BFGS, once a pass, from the coefficients of the last one


@parameters
class EmbeddingTheta(Regularizer):
    r"""Draw documents towards the topics that their own embeddings predict.

    A log-linear regression of topics on vectors :math:`e_d` of the documents, for instance of a sentence encoder, is
    learned with the topics, and is the mean of a Dirichlet prior (Dirichlet-multinomial regression [1]_):

    .. math::

       R(\Theta) = \sum_d \sum_{t \in S} \beta_{td} \ln \theta_{td}, \qquad r_{td} = \beta_{td}, \qquad
       \beta_{td} = \operatorname*{norm}_{t \in S} \exp (b_t + e_d^\top a_t)

    Documents of similar meaning get similar topics, even where they share no word. With the vectors scaled to unit
    variance, some steps of L-BFGS after every pass maximise

    .. math::

       \sum_d \sum_{t \in S} \theta_{td} \ln \beta_{td} - \frac{\gamma}{2} n \sum_{t \in S} |a_t|^2

    where n is the number of documents.

    Parameters
    ----------
    embeddings : array of shape (n_docs, length)
        A row for each document of the fit.
    tau : float or Schedule, default=1.0
        Tokens that a document gets, divided among its topics.
    penalty : float, default=0.01
        :math:`\gamma > 0`.
    topics : None, slice, names or indices, default=None
        Topics S; None is all.

    Notes
    -----
    It speaks of the documents of the fit: ``transform`` finds theta of new documents from their words alone, and
    ``partial_fit`` is an error. ``learned_[name]`` has ``coef`` of shape (regularised topics, length), for vectors as
    given, and ``intercept``.

    References
    ----------
    .. [1] D. Mimno, A. McCallum. "Topic models conditioned on arbitrary features with Dirichlet-multinomial
       regression." UAI 2008.

    Examples
    --------
    >>> import numpy as np
    >>> from skartm import ARTMTransformer
    >>> from skartm.datasets import load_peps
    >>> from skartm.regularizers import EmbeddingTheta
    >>> X = load_peps().data
    >>> vectors = np.random.default_rng(0).normal(size=(X.shape[0], 8))  # of a sentence encoder
    >>> near = EmbeddingTheta(vectors, tau=5.0)
    >>> model = ARTMTransformer(5, regularizers=[("near", near)], max_iter=5, tol=0, random_state=0).fit(X)
    >>> model.learned_["near"]["coef"].shape
    (5, 8)
    """

    embeddings: Any = declared(kw_only=False)
    tau: float = declared(default=1.0, kw_only=False)
    penalty: float = 0.01
    topics: TopicSelection = None

    side = "theta"
    training_only = True

    def bind(self, layout: Layout) -> ThetaTerm:
        topics = layout.topics(self.topics, "EmbeddingTheta")
        n_docs = documents_of_fit(layout, "EmbeddingTheta", "embeddings")
        check_positive(self, "penalty")
        vectors = as_floats(self.embeddings, "EmbeddingTheta: embeddings")
        if vectors.ndim != 2 or vectors.shape[0] != n_docs or vectors.shape[1] == 0:
            msg = f"EmbeddingTheta: embeddings must have shape ({n_docs}, length), a row for each document of the fit."
            raise ValueError(f"{msg} Got {vectors.shape}. {SLICED}")
        if not np.isfinite(vectors).all():
            msg = "EmbeddingTheta: embeddings must be finite. Got NaN or infinity."
            raise ValueError(msg)
        return _EmbeddingThetaTerm(topics, vectors, self.penalty)


@dataclass(frozen=True)
class _Observed:
    """The value of some documents; their theta, of the topics of the term, and their weights."""

    value: float
    rows: RowStatistic

    def __add__(self, other: "_Observed") -> "_Observed":
        return _Observed(self.value + other.value, self.rows + other.rows)


class _EmbeddingThetaTerm(ThetaTerm):
    per_document = ("_vectors", "_theta", "_weight")

    def __init__(self, topics: NDArray, vectors: NDArray, penalty: float) -> None:
        self.topics, self._penalty = topics, penalty
        deviations = vectors.std(axis=0)
        self._centre, self._scale = vectors.mean(axis=0), np.where(deviations > 0, deviations, 1)
        self._vectors = (vectors - self._centre) / self._scale
        self._theta = np.zeros((vectors.shape[0], topics.size))
        self._weight = np.zeros(vectors.shape[0])

    def of_documents(self) -> tuple[NDArray, ...]:
        return (self._vectors,)

    def value(self, theta_dt: NDArray, documents: Documents) -> float:
        logs = np.log(np.maximum(theta_dt[:, consecutive(self.topics)], theta_dt.dtype.type(FLOOR)))
        values = np.einsum("dt,dt->d", self._beta(documents), logs, dtype=np.float64)
        return float(values.sum() if documents.sample_weight is None else values @ documents.sample_weight)

    def add_term(self, theta_dt: NDArray, n_dt: NDArray, documents: Documents, inner_pass: int, out: NDArray) -> None:
        out[:, consecutive(self.topics)] += self._beta(documents).astype(out.dtype)

    def observe(self, theta_dt: NDArray, documents: Documents) -> "_Observed":
        theta = theta_dt[:, consecutive(self.topics)].astype(np.float64)
        theta /= np.maximum(theta.sum(axis=1, keepdims=True), FLOOR)
        return _Observed(self.value(theta_dt, documents), RowStatistic.of(documents, theta, documents.weights))

    def finish(self, statistic: "_Observed", rho: float) -> float:
        places, theta, weight = statistic.rows.arrays
        self._theta[places], self._weight[places] = theta, weight
        self._learn()
        return statistic.value

    def _learn(self) -> None:
        total = self._weight.sum()
        if total == 0:
            return
        theta, weight, shape = self._theta, self._weight / total, (self._vectors.shape[1] + 1, self.topics.size)

        def loss(flat: NDArray) -> tuple[float, NDArray]:
            coef = flat.reshape(shape)
            logits = self._vectors @ coef[1:] + coef[0]
            fit = float(weight @ ((theta * logits).sum(axis=1) - logsumexp(logits, axis=1)))
            surplus = (softmax(logits, axis=1) - theta) * weight[:, None]
            slopes = np.vstack([surplus.sum(axis=0), self._vectors.T @ surplus + self._penalty * coef[1:]])
            return self._penalty / 2 * float((coef[1:] ** 2).sum()) - fit, slopes.ravel()

        result = minimize(loss, self._coefficients().ravel(), jac=True, method="L-BFGS-B", options={"maxiter": _STEPS})
        found = result.x.reshape(shape)
        coef = (found[1:] / self._scale[:, None]).T
        self.learned = {"coef": coef, "intercept": found[0] - coef @ self._centre}

    def _coefficients(self) -> NDArray:
        """Of the scaled vectors, the intercept first; zeros before the first pass."""
        if not self.learned:
            return np.zeros((self._scale.size + 1, self.topics.size))
        coef = self.learned["coef"]
        return np.vstack([self.learned["intercept"] + coef @ self._centre, (coef * self._scale).T])

    def _beta(self, documents: Documents) -> NDArray:
        coef, (vectors,) = self._coefficients(), self.rows_of(documents)
        return softmax(row_products(vectors, coef[1:]) + coef[0], axis=1)
