"""skartm: topic models by additive regularization, as scikit-learn estimators on Cython kernels."""

from skartm._saved import trusted_types
from skartm._version import __version__
from skartm.base import publish
from skartm.monotonic import MonotoneCDF, MonotonicClassifier, MonotonicRegressor, MonotonicStacking
from skartm.neural import EmbeddedTopicModel, NeuralTopicModel
from skartm.nmf import DeepSimplexNMF, SimplexNMF
from skartm.topics import (
    LDA,
    PLSA,
    ARTMClassifier,
    ARTMTransformer,
    AuthorTopic,
    ContextARTM,
    HierarchicalARTM,
    HypergraphARTM,
    SentenceTopicModel,
    ThetalessARTM,
    TopicPipeline,
    authors_from_mapping,
    topic_groups,
)

__all__ = [
    "LDA",
    "PLSA",
    "ARTMClassifier",
    "ARTMTransformer",
    "AuthorTopic",
    "ContextARTM",
    "DeepSimplexNMF",
    "EmbeddedTopicModel",
    "HierarchicalARTM",
    "HypergraphARTM",
    "MonotoneCDF",
    "MonotonicClassifier",
    "MonotonicRegressor",
    "MonotonicStacking",
    "NeuralTopicModel",
    "SentenceTopicModel",
    "SimplexNMF",
    "ThetalessARTM",
    "TopicPipeline",
    "__version__",
    "authors_from_mapping",
    "topic_groups",
    "trusted_types",
]

publish(globals())
