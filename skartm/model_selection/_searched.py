"""What searches share: the documents that are held out, and the best model."""

from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, MetaEstimatorMixin
from sklearn.model_selection import train_test_split
from sklearn.utils import Tags, _safe_indexing, check_random_state, get_tags, indexable
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import _num_samples, check_is_fitted

from skartm.base import shown
from skartm.base._callbacks import CallbackSupportMixin
from skartm.base._data import check_structure
from skartm.base._state import Stateful
from skartm.model_selection._front import Alone
from skartm.model_selection._judges import Bench, judgement, judges_of


def _best_has(name: str) -> Any:
    """Whether the model that is searched has a method; raises its AttributeError."""

    def check(search: "TopicSearch") -> bool:
        getattr(getattr(search, "best_estimator_", search.estimator), name)
        return True

    return check


class TopicSearch(Stateful, CallbackSupportMixin, MetaEstimatorMixin, BaseEstimator):
    """Base of the searches; parameters ``estimator``, ``scoring``, ``validation_fraction`` and ``random_state``."""

    estimator: Any
    scoring: Any
    validation_fraction: float
    random_state: Any

    def __sklearn_tags__(self) -> Tags:
        tags, inner = super().__sklearn_tags__(), get_tags(self.estimator)
        tags.estimator_type, tags.classifier_tags = inner.estimator_type, inner.classifier_tags
        tags.transformer_tags, tags.target_tags, tags.input_tags = (
            inner.transformer_tags,
            inner.target_tags,
            inner.input_tags,
        )
        return tags

    def _check_model(self, model: Any, *names: str) -> None:
        """Raise unless the model has what a search sets."""
        owner = type(self).__name__
        known = model.get_params() if hasattr(model, "get_params") and not isinstance(model, type) else {}
        missing = [name for name in ("n_components", *names) if name not in known]
        if missing or not hasattr(model, "transform"):
            msg = (
                f"{owner}: estimator must be a topic model with {', '.join(('n_components', *names))}, or a Pipeline "
                "or TopicPipeline that ends with one. Got "
                f"{shown(model)}" + (f" without {missing}." if missing else ".")
            )
            raise TypeError(msg)

    def _check_fraction(self) -> None:
        value = self.validation_fraction
        if not isinstance(value, Real) or isinstance(value, bool) or not 0 < value < 1:
            msg = (
                f"The 'validation_fraction' parameter of {type(self).__name__} must be a number between 0 and 1. Got "
                f"{shown(value)} instead."
            )
            raise ValueError(msg)

    def _held_out(self, front: Alone, X: Any, y: Any, judges: Mapping[str, Any]) -> tuple[Any, Any, Any, Bench]:
        """Counts and targets of the training documents, a model to be fitted, and the bench of held-out documents."""
        X, y = indexable(check_structure(X), check_structure(y, "y"))
        rows = np.arange(_num_samples(X))
        train, held_out = train_test_split(
            rows, test_size=float(self.validation_fraction), random_state=check_random_state(self.random_state)
        )
        train, held_out = np.sort(train), np.sort(held_out)
        targets, judged = (None, None) if y is None else (_safe_indexing(y, train), _safe_indexing(y, held_out))
        counts, model = front.begin(_safe_indexing(X, train), targets)
        return counts, targets, model, Bench(front, _safe_indexing(X, held_out), judged, judges)

    @available_if(_best_has("transform"))
    def transform(self, X: Any) -> NDArray:
        """Topic distributions of documents, by the best model."""
        check_is_fitted(self, "best_estimator_")
        return self.best_estimator_.transform(X)

    @available_if(_best_has("predict"))
    def predict(self, X: Any) -> NDArray:
        """Classes of documents, by the best model."""
        check_is_fitted(self, "best_estimator_")
        return self.best_estimator_.predict(X)

    @available_if(_best_has("predict_proba"))
    def predict_proba(self, X: Any) -> NDArray:
        """Probabilities of the classes, by the best model."""
        check_is_fitted(self, "best_estimator_")
        return self.best_estimator_.predict_proba(X)

    @available_if(_best_has("score"))
    def score(self, X: Any, y: Any = None) -> float:
        """Score of the best model on documents, by ``scoring``; higher is better."""
        check_is_fitted(self, "best_estimator_")
        judge = judges_of(type(self).__name__, {"score": self.scoring})["score"]
        return judgement(judge, self.best_estimator_, X, y)

    @available_if(_best_has("get_feature_names_out"))
    def get_feature_names_out(self, input_features: Any = None) -> NDArray:
        """Names of the topics."""
        check_is_fitted(self, "best_estimator_")
        return self.best_estimator_.get_feature_names_out(input_features)

    @property
    def classes_(self) -> NDArray:
        """Classes of the best model."""
        return self.best_estimator_.classes_

    @property
    def n_features_in_(self) -> int:
        """Columns that the best model has seen."""
        return self.best_estimator_.n_features_in_
