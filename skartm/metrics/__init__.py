"""Scores of topic models: sparsity, coherence and diversity of topics, and their top tokens."""

from skartm.metrics._coherence import coherence
from skartm.metrics._diversity import topic_diversity
from skartm.metrics._sparsity import sparsity
from skartm.metrics._top_tokens import top_tokens, topic_table

__all__ = [
    "coherence",
    "sparsity",
    "top_tokens",
    "topic_diversity",
    "topic_table",
]
