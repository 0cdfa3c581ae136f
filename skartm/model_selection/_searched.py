"""What searches share: the estimator with and without what stands before the topic model, and the best model."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing, check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skartm.model_selection._stages import scorers_of


def _best_has(name: str) -> Any:
    """Whether the model that is searched has a method."""

    def check(search: "TopicSearch") -> bool:
        return hasattr(getattr(search, "best_estimator_", search.estimator), name)

    return check


class TopicSearch(MetaEstimatorMixin, BaseEstimator):
    """Base of the searches; parameters ``estimator``, ``scoring``, ``validation_fraction`` and ``random_state``."""

    estimator: Any
    scoring: Any
    validation_fraction: float
    random_state: Any

    def _split(self) -> tuple[Any, Any]:
        """Clones of what stands before the topic model, and of the model."""
        if isinstance(self.estimator, Pipeline):
            front = clone(self.estimator[:-1]) if len(self.estimator.steps) > 1 else None
            return front, clone(self.estimator.steps[-1][1])
        return None, clone(self.estimator)

    def _joined(self, front: Any, model: Any) -> Any:
        """The estimator again, of fitted parts."""
        if front is None:
            return model
        return Pipeline([*front.steps, (self.estimator.steps[-1][0], model)])

    def _held_out(self, front: Any, X: Any, y: Any) -> tuple[Any, Any, Any]:
        """Counts of the training documents, their targets, and counts of the held-out documents."""
        rows = np.arange(X.shape[0] if hasattr(X, "shape") else len(X))
        train, held_out = train_test_split(
            rows, test_size=self.validation_fraction, random_state=check_random_state(self.random_state)
        )
        train, held_out = np.sort(train), np.sort(held_out)
        texts, targets = _safe_indexing(X, train), None if y is None else _safe_indexing(y, train)
        judged = _safe_indexing(X, held_out)
        if front is None:
            return texts, targets, judged
        return front.fit_transform(texts, targets), targets, front.transform(judged)

    @available_if(_best_has("transform"))
    def transform(self, X: Any) -> NDArray:
        """Topic distributions of documents, by the best model."""
        check_is_fitted(self, "best_estimator_")
        return self.best_estimator_.transform(X)

    @available_if(_best_has("score"))
    def score(self, X: Any, y: Any = None) -> float:
        """Score of the best model on documents, by ``scoring``; higher is better."""
        check_is_fitted(self, "best_estimator_")
        return scorers_of({"score": self.scoring})["score"](self.best_estimator_, X)

    @available_if(_best_has("get_feature_names_out"))
    def get_feature_names_out(self, input_features: Any = None) -> NDArray:
        """Names of the topics."""
        check_is_fitted(self, "best_estimator_")
        return self.best_estimator_.get_feature_names_out(input_features)
