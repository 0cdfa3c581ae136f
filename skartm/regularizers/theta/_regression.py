"""Regression of numbers on theta."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm.base._parameters import declared, parameters
from skartm.em import Documents, Layout, ThetaTerm, TopicSelection, row_products
from skartm.regularizers._base import Regularizer
from skartm.regularizers.theta._targets import check_penalty, targets_of, theta_of


@parameters
class ThetaRegression(Regularizer):
    r"""Make topics that predict numbers: a linear regression of y on theta, learned with the topics.

    .. math:: R(\Theta, v) = -\sum_d \Bigl(y_d - b - \sum_{t \in S} v_t \theta_{td}\Bigr)^2, \qquad
              r_{td} = 2 \theta_{td} v_t \Bigl(y_d - b - \sum_{s \in S} v_s \theta_{sd}\Bigr)

    At the end of every pass v and b are the ridge regression of y on the theta of that pass, from sums over
    documents [1]_. A model is fitted with ``fit(X, y)``; the term acts from the second pass on.

    Parameters
    ----------
    tau : float, default=1.0
        Strength, in tokens a squared unit of y: standardise y, or ``tau`` changes its meaning with its unit.
    topics : None, slice, names or indices, default=None
        Topics S that predict; None is all.
    alpha : float, default=1.0
        Penalty of the ridge regression, ``alpha * sum(v**2)``, in documents that are all of one topic.

    Notes
    -----
    It needs the targets of the documents, so ``transform`` does without. ``learned_[name]`` has ``coef`` of shape
    (n_topics,) or (n_topics, n_targets), 0 outside of S, and ``intercept``; see :meth:`predict`.

    References
    ----------
    .. [1] J. Mcauliffe, D. Blei. "Supervised topic models." NIPS 2007; in ARTM: K. Vorontsov. "Additive regularization
       for topic models of text collections." Doklady Mathematics 89, 2014.

    Examples
    --------
    >>> from skartm import ARTMTransformer
    >>> from skartm.datasets import load_peps
    >>> from skartm.regularizers import ThetaRegression
    >>> peps = load_peps()
    >>> year = (peps.year - peps.year.mean()) / peps.year.std()
    >>> regularizers = [("year", ThetaRegression(10.0))]
    >>> model = ARTMTransformer(5, regularizers=regularizers, max_iter=20, tol=0, random_state=0).fit(peps.data, year)
    >>> ThetaRegression.predict(model.transform(peps.data), model.learned_["year"]).shape
    (736,)
    """

    tau: float = declared(default=1.0, kw_only=False)
    topics: TopicSelection = None
    alpha: float = 1.0

    side = "theta"
    training_only = True
    uses_y = True

    def bind(self, layout: Layout) -> "_ThetaRegressionTerm":
        topics = layout.topics(self.topics, "ThetaRegression")
        check_penalty(self.alpha, "ThetaRegression")
        y = targets_of(layout, "ThetaRegression")
        if y.dtype.kind not in "iufb" or y.ndim > 2 or not np.isfinite(y.astype(np.float64)).all():
            msg = (
                "ThetaRegression: y must be finite numbers of shape (n_docs,) or (n_docs, n_targets). Got "
                f"{y.dtype} {y.shape}."
            )
            raise ValueError(msg)
        return _ThetaRegressionTerm(y.astype(np.float64), topics, layout.n_topics, float(self.alpha))

    @staticmethod
    def predict(theta: NDArray, learned: Mapping[str, Any]) -> NDArray:
        """Targets of documents.

        Parameters
        ----------
        theta : array of shape (n_docs, n_topics)
            ``model.transform(X)``.
        learned : mapping
            ``model.learned_[name]``.

        Returns
        -------
        array of shape (n_docs,) or (n_docs, n_targets)
        """
        theta, coef = theta_of(theta, learned), np.asarray(learned["coef"])
        values = row_products(theta, coef.reshape(len(coef), -1))
        return values.reshape(len(theta), *coef.shape[1:]) + learned["intercept"]


class _ThetaRegressionTerm(ThetaTerm):
    per_document = ("y",)

    def __init__(self, y: NDArray, topics: NDArray, n_topics: int, alpha: float) -> None:
        self.y, self.topics, self.n_topics, self.alpha = y, topics, n_topics, alpha
        self.shape, self.n_targets = y.shape[1:], y.shape[1] if y.ndim == 2 else 1

    def of_documents(self) -> tuple[NDArray, ...]:
        return (self.y,)

    def _knows(self) -> bool:
        """Whether something was learned, for these topics and targets: a warm start may have others."""
        known, size = self.learned.get("moments"), 1 + self.topics.size + self.n_targets
        return known is not None and known.shape == (size, size) and self._same_targets()

    def _same_targets(self) -> bool:
        return np.shape(self.learned["coef"]) == (self.n_topics, *self.shape)

    def value(self, theta_dt: NDArray, documents: Documents) -> float:
        if not self._knows():
            return 0.0
        losses = (self._residuals(theta_dt, documents) ** 2).sum(axis=1)
        return -float(losses.sum() if documents.sample_weight is None else losses @ documents.sample_weight)

    def _residuals(self, theta_dt: NDArray, documents: Documents) -> NDArray:
        (y,) = self.rows_of(documents)
        return (y - ThetaRegression.predict(theta_dt, self.learned)).reshape(documents.n_docs, -1)

    def add_term(self, theta_dt: NDArray, n_dt: NDArray, documents: Documents, inner_pass: int, out: NDArray) -> None:
        if not self._knows():
            return
        coef = self.learned["coef"].reshape(self.n_topics, -1)
        gradient = np.einsum("dk,tk->dt", self._residuals(theta_dt, documents), coef)
        out += theta_dt * (2 * gradient).astype(out.dtype)

    def observe(self, theta_dt: NDArray, documents: Documents) -> NDArray:
        """Moments: sums over documents of (1, theta, y) (1, theta, y)'."""
        (y,) = self.rows_of(documents)
        columns = np.column_stack([np.ones(documents.n_docs), theta_dt[:, self.topics], y])
        weighted = columns if documents.sample_weight is None else columns * documents.sample_weight[:, None]
        return np.asarray(weighted.T @ columns)

    def finish(self, statistic: NDArray, rho: float) -> float:
        moments = statistic
        if self._knows():
            moments = (1 - rho) * self.learned["moments"] + rho * moments
        if moments[0, 0] == 0:
            return 0.0
        self.learned = self._solved(moments)
        return self._loss(moments)

    def _solved(self, moments: NDArray) -> dict[str, Any]:
        """Ridge regression with an intercept, which is not penalised: of what is around the mean."""
        size = 1 + self.topics.size
        n, means = moments[0, 0], moments[0, 1:] / moments[0, 0]
        centred = moments[1:, 1:] - n * np.outer(means, means)
        inner = centred[: size - 1, : size - 1] + self.alpha * np.eye(size - 1)
        solution = np.linalg.lstsq(inner, centred[: size - 1, size - 1 :], rcond=None)[0]
        coef = np.zeros((self.n_topics, self.n_targets))
        coef[self.topics] = solution
        intercept = means[size - 1 :] - means[: size - 1] @ solution
        if not self.shape:
            return {"coef": coef[:, 0], "intercept": float(intercept[0]), "moments": moments}
        return {"coef": coef, "intercept": intercept, "moments": moments}

    def _loss(self, moments: NDArray) -> float:
        """R of the documents of the moments, with the new coefficients."""
        coef = self.learned["coef"].reshape(self.n_topics, -1)[self.topics]
        contrast = np.vstack([-np.atleast_2d(self.learned["intercept"]), -coef, np.eye(coef.shape[1])])
        return -float(np.einsum("ik,ij,jk->", contrast, moments, contrast))
