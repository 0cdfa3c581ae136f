"""Scores of topic models: likelihood, sparsity, coherence and diversity of topics, and their top tokens."""

from skartm.metrics._coherence import coherence
from skartm.metrics._diversity import topic_diversity
from skartm.metrics._gensim import from_gensim, to_coherence_model
from skartm.metrics._perplexity import completion_split, log_likelihood
from skartm.metrics._sparsity import sparsity
from skartm.metrics._top_tokens import top_tokens, topic_table

__all__ = [
    "coherence",
    "completion_split",
    "from_gensim",
    "log_likelihood",
    "sparsity",
    "to_coherence_model",
    "top_tokens",
    "topic_diversity",
    "topic_table",
]
