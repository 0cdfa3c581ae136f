"""Topic models as scikit-learn estimators."""

from skartm.base import publish
from skartm.base._topic_tree import TopicEdge, TopicNode, TopicTree
from skartm.topics._artm import ARTMTransformer
from skartm.topics._lda import LDA
from skartm.topics._pipeline import TopicPipeline
from skartm.topics._plsa import PLSA
from skartm.topics._topic_groups import topic_groups
from skartm.topics.authors._author_topic import AuthorTopic
from skartm.topics.authors._authorship import authors_from_mapping
from skartm.topics.classes._classifier import ARTMClassifier
from skartm.topics.context._context import ContextARTM
from skartm.topics.context._positions import ContextVectors
from skartm.topics.edges._hypergraph import HypergraphARTM
from skartm.topics.edges._sentences import SentenceTopicModel
from skartm.topics.hierarchy._hierarchy import HierarchicalARTM
from skartm.topics.thetaless._thetaless import ThetalessARTM

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
