"""Scores of topic models: likelihood, coherence, kernels, diversity, stability; words shown, reports, scorers."""

from skartm.base import publish
from skartm.metrics._completion import completion_split
from skartm.metrics._perplexity import completion_perplexity, log_likelihood, perplexity
from skartm.metrics.coherences._coherence import coherence
from skartm.metrics.coherences._gensim import from_gensim, to_coherence_model
from skartm.metrics.coherences._intratext_coherence import intratext_coherence
from skartm.metrics.quality._background_ratio import background_ratio
from skartm.metrics.quality._blei_lafferty import blei_lafferty
from skartm.metrics.quality._class_precision import class_precision
from skartm.metrics.quality._diversity import topic_diversity
from skartm.metrics.quality._entropy import topic_entropy
from skartm.metrics.quality._kernels import TopicKernels, topic_kernels
from skartm.metrics.quality._mass import effective_topics, topic_shares
from skartm.metrics.quality._rank_biased_overlap import inverted_rbo, rank_biased_overlap
from skartm.metrics.quality._semantic_radius import semantic_radius
from skartm.metrics.quality._similarity import topic_redundancy, topic_similarity
from skartm.metrics.quality._sparsity import sparsity
from skartm.metrics.quality._stability import TopicMatching, TopicStability, match_topics, topic_stability
from skartm.metrics.reports._top_documents import top_documents
from skartm.metrics.reports._top_tokens import top_tokens, topic_table
from skartm.metrics.reports._topic_report import topic_report
from skartm.metrics.reports._word_choice import WordChoice
from skartm.metrics.scoring._scorer import TopicScorer, get_topic_scorer, make_topic_scorer, topic_scorer_names
from skartm.metrics.scoring._scoring import TopicScoring, topic_scoring

__all__ = [
    "TopicKernels",
    "TopicMatching",
    "TopicScorer",
    "TopicScoring",
    "TopicStability",
    "WordChoice",
    "background_ratio",
    "blei_lafferty",
    "class_precision",
    "coherence",
    "completion_perplexity",
    "completion_split",
    "effective_topics",
    "from_gensim",
    "get_topic_scorer",
    "intratext_coherence",
    "inverted_rbo",
    "log_likelihood",
    "make_topic_scorer",
    "match_topics",
    "perplexity",
    "rank_biased_overlap",
    "semantic_radius",
    "sparsity",
    "to_coherence_model",
    "top_documents",
    "top_tokens",
    "topic_diversity",
    "topic_entropy",
    "topic_kernels",
    "topic_redundancy",
    "topic_report",
    "topic_scorer_names",
    "topic_scoring",
    "topic_shares",
    "topic_similarity",
    "topic_stability",
    "topic_table",
]

publish(globals())
