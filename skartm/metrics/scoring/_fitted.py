"""Probabilities of a fitted model, of this library or another one."""

from __future__ import annotations

from copy import copy
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skartm.base._data import check_csr
from skartm.base._order import carry_order, restore_order
from skartm.base._sparse import own_csr
from skartm.metrics._text_source import TextSource, text_source
from skartm.metrics.coherences._reference import Reference


def topics_of(model: Any) -> NDArray[Any]:
    """phi of a fitted model: ``components_``, with rows normalised where they are counts.

    Models of this library say whether ``components_`` is phi. Those rows are kept as they are, because with modalities
    they sum to 1 in each.
    """
    if not hasattr(model, "components_"):
        check_is_fitted(model, "components_")
    components: NDArray[Any] = np.asarray(model.components_)
    if getattr(model, "_phi_is_published", False):
        return components
    total = components.sum(axis=1, keepdims=True, dtype=np.float64)
    return np.divide(components, total, out=np.zeros(components.shape), where=total > 0)


def topic_mass_of(model: Any, X: Any = None) -> NDArray[np.float64] | None:
    """Tokens of the topics: ``topic_mass_``, else the row sums of counts, else sum_d n_d theta_td; None if unknown."""
    if hasattr(model, "topic_mass_"):
        return np.asarray(model.topic_mass_, dtype=np.float64)
    sums = np.asarray(model.components_).sum(axis=1, dtype=np.float64)
    if not getattr(model, "_phi_is_published", False) and not np.allclose(sums[sums > 0], 1, atol=1e-3):
        return sums
    if X is None:
        return None
    lengths = np.asarray(check_csr(X, type(model).__name__, dtype=np.float64).sum(axis=1)).ravel()
    return lengths @ np.asarray(model.transform(X), dtype=np.float64)


def doc_topic_of(model: Any, X: Any) -> NDArray[Any]:
    """theta of a sparse ``X``; raises unless its rows are distributions."""
    owner = type(model).__name__
    if hasattr(model, "feature_names_in_"):
        # a model that was fitted on a data frame warns of a matrix without names, which is what scores are left with
        model = copy(model)
        del model.feature_names_in_
    theta: NDArray[Any] = np.asarray(model.transform(X))
    sums = theta.sum(axis=1, dtype=np.float64)
    if theta.min(initial=0) < 0 or not np.allclose(sums, 1, atol=1e-3):
        raise ValueError(
            f"{owner}: transform must return distributions over topics. Got rows that sum to {sums.min():g} to "
            f"{sums.max():g}; normalise its rows in a model of your own."
        )
    return theta


class FittedTopics:
    """A fitted topic model with the data that it sees, found inside pipelines and searches.

    Parameters
    ----------
    estimator : fitted estimator
        A model with ``components_``; or a :class:`sklearn.pipeline.Pipeline` with one as a step, a ``TopicPipeline``,
        or a search with ``best_estimator_``, nested as you like.
    X : data as ``estimator.transform`` takes them, default=None
    """

    tokens: Any = None
    _whole: FittedTopics | None = None

    def __init__(self, estimator: Any, X: Any = None) -> None:
        self._X = X
        self._shared: dict[str, Reference] = {}  # what was read of X
        self._before: list[Any] = []  # transformers in front of the model
        while not hasattr(estimator, "components_") and (inner := _inside(estimator)) is not None:
            before, estimator = inner
            self._before += before
        self.model = estimator

    def part(self, tokens: Any) -> FittedTopics:
        """Return the same with some columns only, slice or array; None keeps all. What was computed is shared."""
        if tokens is None:
            return self
        part = copy(self)
        part.tokens, part._whole, part._shared = tokens, self, {}
        for name in ("topics", "counts", "doc_topic", "all_topics", "source"):
            part.__dict__.pop(name, None)
        return part

    def of_model(self, model: Any) -> FittedTopics:
        """Return the same data with another model behind the same steps. What was read of the data is shared."""
        other = copy(self)
        other.model = model
        for name in ("topics", "doc_topic", "all_topics"):
            other.__dict__.pop(name, None)
        return other

    @property
    def data(self) -> Any:
        """``X`` as it was given."""
        return self._X

    @property
    def has_steps(self) -> bool:
        """Whether anything stands in front of the model."""
        return bool(self._before)

    @cached_property
    def source(self) -> TextSource | None:
        """The vectorizer in front of the model, None if no step sees texts."""
        return text_source(self._before, self.columns(np.arange(self.all_topics.shape[1])[None, :])[0])

    @property
    def texts(self) -> Reference:
        """``X`` in the order of the text, as the vectorizer cuts it."""
        if self._X is None:
            raise ValueError("This score needs data. Got X=None; pass the texts.")
        if self.source is None:
            raise ValueError("This score needs texts. Got data without a vectorizer that sees texts.")
        if "texts" not in self._shared:
            self._shared["texts"] = self.source.read(self._X)
        return self._shared["texts"]

    def prepare(self, X: Any) -> Any:
        """Take data of the whole pipeline to what the model sees."""
        for transformer in self._before:
            X = transformer.transform(X)
        return X

    @cached_property
    def counts(self) -> Any:
        """What the model sees of ``X``, all columns."""
        if self._whole is not None:
            return self._whole.counts
        if self._X is None:
            raise ValueError("This score needs data. Got X=None; pass the counts, or the texts to a pipeline.")
        return self.prepare(self._X)

    @cached_property
    def all_topics(self) -> NDArray[Any]:
        """phi, all columns."""
        return topics_of(self.model) if self._whole is None else self._whole.all_topics

    @cached_property
    def topics(self) -> NDArray[Any]:
        """phi."""
        return self.columns(self.all_topics)

    @cached_property
    def doc_topic(self) -> NDArray[Any]:
        """theta of ``X``."""
        return np.asarray(self.model.transform(self.counts)) if self._whole is None else self._whole.doc_topic

    @property
    def topic_mass(self) -> NDArray[np.float64] | None:
        """Tokens of the topics, None if unknown."""
        return topic_mass_of(self.model, None if self._X is None else self.counts)

    def columns(self, matrix: Any) -> Any:
        """Cut out ``tokens``."""
        if self.tokens is None:
            return matrix
        own = restore_order(carry_order(matrix, own_csr(matrix))) if sparse.issparse(matrix) else np.asarray(matrix)
        return own[:, self.tokens]

    def feature_names(self) -> Any:
        """Names of the columns, as the transformers in front of the model or its training data say; None if unknown."""
        names = None
        for transformer in self._before:
            if not hasattr(transformer, "get_feature_names_out"):
                return None
            names = transformer.get_feature_names_out() if names is None else transformer.get_feature_names_out(names)
        for name in ("token_names", "feature_names_in_"):
            names = getattr(self.model, name, None) if names is None else names
        return names


def _inside(estimator: Any) -> tuple[list[Any], Any] | None:
    """Transformers and the model behind them; None if there is nothing to open."""
    if hasattr(estimator, "best_estimator_"):
        return [], estimator.best_estimator_
    if hasattr(estimator, "transformer_") and hasattr(estimator, "model_"):  # TopicPipeline
        return [estimator.transformer_], estimator.model_
    if not isinstance(estimator, Pipeline):
        return None
    steps = [step for _, step in estimator.steps if step is not None and not isinstance(step, str)]
    for place, step in enumerate(steps):
        if _has_topics(step):
            return steps[:place], step
    raise ValueError(
        "A topic score needs a fitted model with components_ among the steps of the pipeline. Got "
        f"{[type(step).__name__ for step in steps]}."
    )


def _has_topics(estimator: Any) -> bool:
    if isinstance(estimator, Pipeline):
        return any(_has_topics(step) for _, step in estimator.steps)
    return any(hasattr(estimator, name) for name in ("components_", "best_estimator_", "transformer_"))
