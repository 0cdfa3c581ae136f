"""Monotone classification."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from skartm._validation import check_weights
from skartm.monotonic._losses import LogLoss
from skartm.monotonic._monotonic_model import MonotonicModel


class MonotonicClassifier(ClassifierMixin, MonotonicModel):
    """Classification into two classes by a probability that is monotone in features."""

    def __init__(
        self,
        model: Any = "polynomial",
        *,
        monotonic_cst: Any = None,
        n_jobs: int | None = None,
        random_state: Any = None,
    ) -> None:
        self.model = model
        self.monotonic_cst = monotonic_cst
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Learn the probability of ``classes_[1]``.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
            NaN is a missing value.
        y : array of shape (n_samples,)
            Two classes.
        sample_weight : array of shape (n_samples,) or None

        Returns
        -------
        self
        """
        X, y = validate_data(self, X, y, dtype=np.float64, ensure_all_finite="allow-nan")
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        weights = check_weights(self, sample_weight, X.shape[0])
        seen = np.unique(codes if weights is None else codes[weights > 0])
        if len(self.classes_) > 2:
            msg = f"Only binary classification is supported. The type of the target is {len(self.classes_)} classes;"
            raise ValueError(f"{msg} a monotone probability needs two of them.")
        if seen.size < 2:
            msg = f"y must have two classes of positive weight. Got one class: {self.classes_[seen[0]]!r}."
            raise ValueError(f"MonotonicClassifier: {msg}")
        self._fit_net(X, codes.astype(np.float64), weights, LogLoss())
        return self

    def predict_proba(self, X: Any) -> NDArray:
        """Probabilities of ``classes_``, float64 of shape (n_samples, 2).

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
        """
        check_is_fitted(self)
        positive = self._net_predictions(X)
        return np.column_stack([1 - positive, positive])

    def predict(self, X: Any) -> NDArray:
        """The likelier class of every row; ``classes_[1]`` where they are as likely.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
        """
        check_is_fitted(self)
        return self.classes_[(self._net_predictions(X) >= 0.5).astype(np.intp)]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags
