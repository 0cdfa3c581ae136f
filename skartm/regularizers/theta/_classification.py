"""Classification of documents by theta."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp, softmax

from skartm.base._parameters import declared, parameters
from skartm.em import Documents, Layout, RowStatistic, ThetaTerm, TopicSelection, row_products
from skartm.regularizers._base import Regularizer
from skartm.regularizers.theta._targets import check_penalty, targets_of, theta_of

_STEPS = 20  # of L-BFGS, once a pass, from the coefficients of the last one


@parameters
class ThetaClassification(Regularizer):
    r"""Make topics that predict classes: a multinomial logistic regression of y on theta, learned with the topics.

    .. math:: R(\Theta, v) = \sum_d \ln p(y_d \mid \theta_d), \quad
              p(k \mid \theta_d) = \operatorname*{norm}_k \exp\Bigl(b_k + \sum_{t \in S} v_{tk} \theta_{td}\Bigr),

    .. math:: r_{td} = \theta_{td} \sum_k \bigl([y_d = k] - p(k \mid \theta_d)\bigr)\, v_{tk}

    At the end of every pass some steps of L-BFGS move v and b towards the penalised maximum for the theta of that
    pass [1]_. A model is fitted with ``fit(X, y)``; the term acts from the second pass on.

    Parameters
    ----------
    tau : float, default=1.0
        Strength, in tokens a unit of log-likelihood (nats): a document gains at most ``tau`` times the range of the
        coefficients, whatever its length.
    topics : None, slice, names or indices, default=None
        Topics S that predict; None is all.
    alpha : float, default=1.0
        Penalty, ``alpha / 2 * sum(v**2)``.
    classes : array of shape (n_classes,), default=None
        All classes, for ``partial_fit`` and warm starts, whose y may lack some. None: those in y.

    Notes
    -----
    It needs the targets of the documents, so ``transform`` does without. It keeps n_docs x n_topics numbers for the
    time of a pass. ``learned_[name]`` has ``coef`` of shape (n_topics, n_classes), 0 outside of S, ``intercept`` and
    ``classes``; see :meth:`predict` and :meth:`predict_proba`. Online and in ``partial_fit`` the coefficients move by
    the weight of the update.

    References
    ----------
    .. [1] C. Wang, D. Blei, L. Fei-Fei. "Simultaneous image classification and annotation." CVPR 2009, for LDA.

    Examples
    --------
    >>> from skartm import ARTMTransformer
    >>> from skartm.datasets import load_peps
    >>> from skartm.regularizers import ThetaClassification
    >>> peps = load_peps()
    >>> regularizers = [("type", ThetaClassification(20.0))]
    >>> model = ARTMTransformer(5, regularizers=regularizers, max_iter=10, tol=0, random_state=0)
    >>> theta = model.fit_transform(peps.data, peps.type)
    >>> sorted(set(ThetaClassification.predict(theta, model.learned_["type"])) - set(peps.type))
    []
    """

    tau: float = declared(default=1.0, kw_only=False)
    topics: TopicSelection = None
    alpha: float = 1.0
    classes: Any = None

    side = "theta"
    training_only = True
    uses_y = True

    def bind(self, layout: Layout) -> "_ThetaClassificationTerm":
        topics = layout.topics(self.topics, "ThetaClassification")
        check_penalty(self.alpha, "ThetaClassification")
        y = targets_of(layout, "ThetaClassification")
        if y.ndim != 1:
            msg = f"ThetaClassification: y must have shape (n_docs,), one class a document. Got {y.shape}."
            raise ValueError(msg)
        classes = _classes(y if self.classes is None else np.asarray(self.classes), self.classes is not None)
        return _ThetaClassificationTerm(y, classes, topics, layout.n_topics, float(self.alpha))

    @staticmethod
    def predict_proba(theta: NDArray, learned: Mapping[str, Any]) -> NDArray:
        """Probabilities of the classes, in the order of ``learned["classes"]``.

        Parameters
        ----------
        theta : array of shape (n_docs, n_topics)
            ``model.transform(X)``.
        learned : mapping
            ``model.learned_[name]``.

        Returns
        -------
        array of shape (n_docs, n_classes)
        """
        values = row_products(theta_of(theta, learned), learned["coef"])
        return softmax(values + learned["intercept"], axis=1)

    @staticmethod
    def predict(theta: NDArray, learned: Mapping[str, Any]) -> NDArray:
        """The most probable classes; parameters as of :meth:`predict_proba`."""
        return learned["classes"][ThetaClassification.predict_proba(theta, learned).argmax(axis=1)]


def _classes(values: NDArray, declared: bool) -> NDArray:
    """Unique values, which can be compared."""
    given = values.ravel().tolist()
    missing = [value for value in given if value is None or (isinstance(value, float) and np.isnan(value))]
    try:
        if not missing:
            return np.unique(values)
        got = repr(missing[0])
    except TypeError:  # strings and numbers together
        got = " and ".join(sorted({type(value).__name__ for value in given}))
    what = "The 'classes' parameter of ThetaClassification" if declared else "ThetaClassification: y"
    msg = f"{what} must have classes of one type, without missing ones. Got {got}; convert them, or leave them out."
    raise ValueError(msg)


class _ThetaClassificationTerm(ThetaTerm):
    per_document = ("y", "_codes")

    def __init__(self, y: NDArray, classes: NDArray, topics: NDArray, n_topics: int, alpha: float) -> None:
        self.y, self.classes, self.topics, self.n_topics, self.alpha = y, classes, topics, n_topics, alpha
        self._codes: NDArray | None = None

    def of_documents(self) -> tuple[NDArray, ...]:
        """Places of the targets among the classes; those learned before come first."""
        if self._codes is None:
            classes = self.learned.get("classes", self.classes)
            codes = np.searchsorted(classes, self.y).clip(max=classes.size - 1)
            unknown = np.unique(self.y[classes[codes] != self.y])
            if unknown.size:
                msg = (
                    f"ThetaClassification: y must have the classes {classes.tolist()}. Got {unknown.tolist()}; name "
                    "all of them in the parameter classes from the first fit on."
                )
                raise ValueError(msg)
            self.classes, self._codes = classes, codes
        return (self._codes,)

    def value(self, theta_dt: NDArray, documents: Documents) -> float:
        if not self.learned:
            return 0.0
        logits = theta_dt.astype(np.float64) @ self.learned["coef"] + self.learned["intercept"]
        return _log_likelihood(logits, self.rows_of(documents)[0], documents.sample_weight)

    def add_term(self, theta_dt: NDArray, n_dt: NDArray, documents: Documents, inner_pass: int, out: NDArray) -> None:
        if not self.learned:
            return
        coef = self.learned["coef"]
        logits = row_products(theta_dt.astype(np.float64), coef) + self.learned["intercept"]
        surplus = -softmax(logits, axis=1)
        surplus[np.arange(documents.n_docs), self.rows_of(documents)[0]] += 1
        out += theta_dt * np.einsum("dk,tk->dt", surplus, coef).astype(out.dtype)

    def observe(self, theta_dt: NDArray, documents: Documents) -> RowStatistic:
        theta, weight = theta_dt[:, self.topics].astype(np.float64), documents.weights.astype(np.float64)
        return RowStatistic.of(documents, theta, self.rows_of(documents)[0], weight)

    def finish(self, statistic: RowStatistic, rho: float) -> float:
        _, theta, codes, weight = statistic.arrays
        n_classes = self.classes.size
        start = np.zeros((self.topics.size + 1, n_classes))
        if self.learned:
            start[:-1], start[-1] = self.learned["coef"][self.topics], self.learned["intercept"]
        found = _maximised(start, theta, codes, weight, self.alpha)
        found = (1 - rho) * start + rho * found if self.learned else found
        coef = np.zeros((self.n_topics, n_classes))
        coef[self.topics] = found[:-1]
        self.learned = {"coef": coef, "intercept": found[-1], "classes": self.classes}
        return _log_likelihood(theta @ found[:-1] + found[-1], codes, weight)


def _maximised(start: NDArray, theta: NDArray, codes: NDArray, weight: NDArray, alpha: float) -> NDArray:
    """Coefficients, the intercept in the last row, after some steps of L-BFGS."""
    rows = np.arange(codes.size)

    def loss(flat: NDArray) -> tuple[float, NDArray]:
        v = flat.reshape(start.shape)
        logits = theta @ v[:-1] + v[-1]
        surplus = softmax(logits, axis=1)
        surplus[rows, codes] -= 1
        surplus *= weight[:, None]
        gradient = np.vstack([theta.T @ surplus + alpha * v[:-1], surplus.sum(axis=0)])
        return alpha / 2 * float((v[:-1] ** 2).sum()) - _log_likelihood(logits, codes, weight), gradient.ravel()

    result = minimize(loss, start.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": _STEPS})
    return result.x.reshape(start.shape)


def _log_likelihood(logits: NDArray, codes: NDArray, weight: NDArray | None) -> float:
    values = logits[np.arange(codes.size), codes] - logsumexp(logits, axis=1)
    return float(values.sum() if weight is None else weight @ values)
