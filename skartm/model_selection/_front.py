"""What stands before the topic model that is searched: nothing, the steps of a Pipeline, or a TopicPipeline."""

from typing import Any

from sklearn.base import clone
from sklearn.pipeline import Pipeline

from skartm.topics import TopicPipeline


class Alone:
    """Nothing: the estimator is the model, and X are counts. The base of the other fronts.

    ``declared`` is the model as the user has it; ``begin`` fits what stands before the model, and gives the counts of
    the documents and a model to be fitted; ``counts`` gives those of other documents; ``joined`` is the estimator
    again, around a fitted model.
    """

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator
        self.declared = estimator

    def begin(self, X: Any, y: Any) -> tuple[Any, Any]:
        return X, clone(self.declared)

    def counts(self, X: Any) -> Any:
        return X

    def joined(self, model: Any) -> Any:
        return model


class AfterSteps(Alone):
    """The other steps of a Pipeline."""

    def __init__(self, estimator: Pipeline) -> None:
        super().__init__(estimator)
        self.declared = estimator.steps[-1][1]

    def begin(self, X: Any, y: Any) -> tuple[Any, Any]:
        self.steps = clone(self.estimator[:-1])
        return self.steps.fit_transform(X, y), clone(self.declared)

    def counts(self, X: Any) -> Any:
        return self.steps.transform(X)

    def joined(self, model: Any) -> Any:
        steps = [*self.steps.steps, (self.estimator.steps[-1][0], model)]
        return Pipeline(steps, memory=self.estimator.memory, verbose=self.estimator.verbose)


class AfterTransformer(Alone):
    """The transformer of a TopicPipeline, which gives names to the model."""

    def __init__(self, estimator: TopicPipeline) -> None:
        super().__init__(estimator)
        self.declared = estimator.model

    def begin(self, X: Any, y: Any) -> tuple[Any, Any]:
        self.pipe = clone(self.estimator)
        counts = self.pipe._begin(X, y, {})
        return counts, self.pipe.model_

    def counts(self, X: Any) -> Any:
        return self.pipe._counts(X)

    def joined(self, model: Any) -> Any:
        own = self.declared.get_params(deep=False)
        names = {name: own[name] for name in ("modalities", "token_names") if name in own}
        pipe = TopicPipeline(clone(self.estimator.transformer), clone(model).set_params(**names))
        pipe.transformer_, pipe.model_ = self.pipe.transformer_, model
        return pipe


def front_of(estimator: Any) -> Alone:
    """What stands before the topic model of an estimator."""
    if isinstance(estimator, TopicPipeline):
        return AfterTransformer(estimator)
    if isinstance(estimator, Pipeline) and len(estimator.steps) > 1:
        return AfterSteps(estimator)
    return Alone(estimator.steps[-1][1] if isinstance(estimator, Pipeline) and estimator.steps else estimator)
