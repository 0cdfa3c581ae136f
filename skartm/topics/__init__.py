"""Topic models as scikit-learn estimators."""

from skartm._topic_tree import TopicEdge, TopicNode, TopicTree
from skartm.base import publish
from skartm.topics._artm import ARTMTransformer
from skartm.topics._author_topic import AuthorTopic
from skartm.topics._authors import authors_from_mapping
from skartm.topics._classifier import ARTMClassifier
from skartm.topics._context import ContextARTM
from skartm.topics._context_positions import ContextVectors
from skartm.topics._groups import topic_groups
from skartm.topics._hierarchy import HierarchicalARTM
from skartm.topics._hypergraph import HypergraphARTM
from skartm.topics._lda import LDA
from skartm.topics._pipeline import TopicPipeline
from skartm.topics._plsa import PLSA
from skartm.topics._sentences import SentenceTopicModel
from skartm.topics._thetaless import ThetalessARTM

__all__ = [
    "LDA",
    "PLSA",
    "ARTMClassifier",
    "ARTMTransformer",
    "AuthorTopic",
    "ContextARTM",
    "ContextVectors",
    "HierarchicalARTM",
    "HypergraphARTM",
    "SentenceTopicModel",
    "ThetalessARTM",
    "TopicEdge",
    "TopicNode",
    "TopicPipeline",
    "TopicTree",
    "authors_from_mapping",
    "topic_groups",
]

publish(globals())
