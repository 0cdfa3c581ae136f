"""Names of scores: what each computes from a fitted model, and which way is better."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from skartm.metrics._corpus import Corpus
from skartm.metrics._perplexity import completion_perplexity, perplexity
from skartm.metrics.coherences._coherence import coherence
from skartm.metrics.coherences._intratext_coherence import intratext_coherence
from skartm.metrics.coherences._measures import MEASURES
from skartm.metrics.coherences._reference import Reference
from skartm.metrics.quality._background_ratio import background_ratio
from skartm.metrics.quality._blei_lafferty import blei_lafferty
from skartm.metrics.quality._diversity import topic_diversity
from skartm.metrics.quality._entropy import topic_entropy
from skartm.metrics.quality._kernels import topic_kernels
from skartm.metrics.quality._mass import effective_topics
from skartm.metrics.quality._rank_biased_overlap import inverted_rbo
from skartm.metrics.quality._semantic_radius import semantic_radius
from skartm.metrics.quality._similarity import topic_redundancy
from skartm.metrics.quality._sparsity import sparsity
from skartm.metrics.scoring._fitted import FittedTopics

# Measures of `coherence` that are names of scores.
COHERENCE_MEASURES = ("npmi", "u_mass", "c_npmi", "c_uci", "c_v")
# What the scores fill in themselves, of the keywords of the functions they call.
_FILLED = {"average", "feature_names", "tokens", "sample_weight", "topic_axis", "n_tokens"}


@dataclass(frozen=True)
class TopicScore:
    """A score with a name.

    Attributes
    ----------
    compute : callable
        ``compute(fitted, corpus, **options)`` with a `FittedTopics` and the `Corpus` to count in.
    greater_is_better : bool or None
        None: neither way.
    options : set of str
        Keywords that ``compute`` takes.
    has_reference : bool
        Whether it counts in a corpus, which may be another one than the data.
    """

    compute: Callable[..., float]
    greater_is_better: bool | None
    options: frozenset[str] = frozenset()
    has_reference: bool = False


def _keywords(function: Callable[..., Any], *, without: set[str] | frozenset[str] = frozenset()) -> frozenset[str]:
    """Keyword-only parameters that a user of the score may set."""
    parameters = inspect.signature(function).parameters.values()
    return frozenset(p.name for p in parameters if p.kind is p.KEYWORD_ONLY) - _FILLED - without


def _coherence(measure: str) -> TopicScore:
    def compute(fitted: FittedTopics, corpus: Corpus, **options: Any) -> float:
        documents = coherence_documents(corpus, measure, options.get("window"))
        return float(coherence(fitted.topics, documents, measure=measure, **options))

    return TopicScore(compute, True, _keywords(coherence, without={"measure"}), has_reference=True)


def coherence_documents(corpus: Corpus, measure: str, window: Any = None) -> Any:
    """What `coherence` counts in: documents as the model sees them, or texts for a measure of windows."""
    if (MEASURES[measure].window if window is None else window) == "document":
        return corpus.documents()
    return corpus.texts()


def _of_topics(function: Callable[..., Any], greater_is_better: bool | None) -> TopicScore:
    def compute(fitted: FittedTopics, corpus: Corpus | None, **options: Any) -> float:
        return float(function(fitted.topics, **options))

    return TopicScore(compute, greater_is_better, _keywords(function))


def _kernel(attribute: str, greater_is_better: bool | None) -> TopicScore:
    def compute(fitted: FittedTopics, corpus: Corpus | None, **options: Any) -> float:
        return float(getattr(topic_kernels(fitted.topics, fitted.topic_mass, **options), attribute).mean())

    return TopicScore(compute, greater_is_better, _keywords(topic_kernels))


def _perplexity(fitted: FittedTopics, corpus: Corpus | None) -> float:
    return perplexity(fitted.all_topics, fitted.doc_topic, fitted.counts, tokens=fitted.tokens)


def _completion(fitted: FittedTopics, corpus: Corpus | None) -> float:
    return completion_perplexity(fitted.model, fitted.counts, tokens=fitted.tokens)


def _theta_sparsity(fitted: FittedTopics, corpus: Corpus | None, **options: Any) -> float:
    return float(sparsity(fitted.doc_topic, topic_axis=1, **options))


def _background(fitted: FittedTopics, corpus: Corpus | None, **options: Any) -> float:
    return background_ratio(fitted.topics, fitted.topic_mass, **options)


def _effective(fitted: FittedTopics, corpus: Corpus | None) -> float:
    mass = fitted.topic_mass
    if mass is None:
        raise ValueError("The score 'effective_topics' needs topic_mass_ or data. Got neither; pass X.")
    return effective_topics(mass)


def _dead(fitted: FittedTopics, corpus: Corpus | None) -> float:
    return float((~fitted.topics.any(axis=1)).sum())


def _intratext(fitted: FittedTopics, corpus: Corpus, **options: Any) -> float:
    topics, texts = fitted.topics, corpus.documents()
    if isinstance(texts, Reference):  # with a column for tokens that the model does not know
        topics, texts = np.pad(topics, ((0, 0), (0, 1))), texts.X
    return float(intratext_coherence(topics, texts, **options))


def _radius(fitted: FittedTopics, corpus: Corpus | None, *, random_state: Any = 0, **options: Any) -> float:
    # draws of its own, the same at each call, unless it is told otherwise
    counts = fitted.columns(fitted.counts)
    return float(semantic_radius(fitted.topics, fitted.doc_topic, counts, random_state=random_state, **options))


TOPIC_SCORES: dict[str, TopicScore] = {
    **{measure: _coherence(measure) for measure in COHERENCE_MEASURES},
    "background_ratio": TopicScore(_background, None, _keywords(background_ratio)),
    "blei_lafferty": _of_topics(blei_lafferty, True),
    "completion": TopicScore(_completion, False),
    "dead_topics": TopicScore(_dead, False),
    "diversity": _of_topics(topic_diversity, True),
    "effective_topics": TopicScore(_effective, None),
    "entropy": _of_topics(topic_entropy, None),
    "intratext_coherence": TopicScore(_intratext, True, _keywords(intratext_coherence), has_reference=True),
    "inverted_rbo": _of_topics(inverted_rbo, True),
    "kernel_contrast": _kernel("contrast", True),
    "kernel_purity": _kernel("purity", True),
    "kernel_size": _kernel("size", None),
    "perplexity": TopicScore(_perplexity, False),
    "phi_sparsity": _of_topics(sparsity, True),
    "redundancy": _of_topics(topic_redundancy, False),
    "semantic_radius": TopicScore(_radius, False, _keywords(semantic_radius)),
    "theta_sparsity": TopicScore(_theta_sparsity, True, _keywords(sparsity)),
}
