"""Streams in which words appear late, and every model that learns from one."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from skartm import (
    LDA,
    PLSA,
    ARTMClassifier,
    ARTMTransformer,
    AuthorTopic,
    ContextARTM,
    HypergraphARTM,
    SentenceTopicModel,
    SimplexNMF,
    ThetalessARTM,
)
from skartm.regularizers import Decorrelation, SmoothSparsePhi

N_TOPICS, N_TOKENS, LENGTH = 4, 90, 40
LATE = np.arange(N_TOKENS) % 3 == 0
COMMON = {"n_components": N_TOPICS, "max_iter": 20, "random_state": 0, "n_jobs": 1}
ENGINE = {**COMMON, "tol": 0, "total_samples": 400}


def texts(n_docs=400, seed=0):
    """Words of planted topics in the order of the text, (n_docs, LENGTH), and the main topic of every document."""
    rng = np.random.default_rng(seed)
    phi = rng.dirichlet(np.full(N_TOKENS, 0.08), N_TOPICS)
    theta = rng.dirichlet(np.full(N_TOPICS, 0.2), n_docs)
    topics = np.array([rng.choice(N_TOPICS, LENGTH, p=row) for row in theta])
    words = np.array([[rng.choice(N_TOKENS, p=phi[t]) for t in row] for row in topics])
    return words, theta.argmax(axis=1)


def counts(words):
    """The matrix of some texts; -1 is no word."""
    rows = np.repeat(np.arange(words.shape[0]), words.shape[1])[words.ravel() >= 0]
    columns = words.ravel()[words.ravel() >= 0]
    X = sparse.csr_matrix((np.ones(rows.size), (rows, columns)), shape=(words.shape[0], N_TOKENS))
    X.sum_duplicates()
    return X


def sequence(words):
    """The same with the order of the text."""
    present = words >= 0
    indptr = np.concatenate([[0], np.cumsum(present.sum(axis=1))])
    return sparse.csr_matrix((np.ones(indptr[-1]), words[present], indptr), shape=(words.shape[0], N_TOKENS))


def pairs(words):
    """Every two consecutive words of a text as an edge: (text, word, word)."""
    return [(d, a, b) for d, text in enumerate(words) for a, b in text.reshape(-1, 2).tolist() if a >= 0 and b >= 0]


ALL_VERTICES = [(0, word, word) for word in range(N_TOKENS)]


def learn_edges(model, method, words, topics):
    edges = pairs(words)
    known = hasattr(model, "components_") and edges
    weights = np.concatenate([np.ones(len(edges)), np.zeros(0 if known else N_TOKENS)])
    getattr(model, method)(edges + ([] if known else ALL_VERTICES), sample_weight=weights)


def learn_counts(model, method, words, topics):
    getattr(model, method)(counts(words))


def learn_sequence(model, method, words, topics):
    getattr(model, method)(sequence(words))


def learn_labels(model, method, words, topics):
    options = {"classes": np.arange(N_TOPICS)} if method == "partial_fit" else {}
    getattr(model, method)(counts(words), np.concatenate([topics]), **options)


def learn_authors(model, method, words, topics):
    getattr(model, method)(counts(words), authors=[f"a{t}" for t in topics])


def learn_sentences(model, method, words, topics):
    X, documents = sentences(words)
    getattr(model, method)(X, groups=documents)


def sentences(words):
    """Sentences of four words, and the texts that they are from."""
    return counts(words.reshape(-1, 4)), np.repeat(np.arange(words.shape[0]), words.shape[1] // 4)


def loss_of_sentences(model, words):
    X, documents = sentences(words)
    return model.perplexity(X, groups=documents)


def loss_of_counts(model, words):
    return model.perplexity(counts(words))


def loss_of_factors(model, words):
    X = counts(words)
    W = model.transform(X)
    z = np.maximum(np.asarray(W @ (model.scale_[:, None] * model.components_)), 1e-16)
    x = X.toarray()
    return float(np.exp(-(x * np.log(z / z.sum(axis=1, keepdims=True))).sum() / x.sum()))


@dataclass(frozen=True)
class Learner:
    """A model, how it learns from texts, and its perplexity of other ones."""

    make: Callable
    learn: Callable = learn_counts
    loss: Callable = loss_of_counts


MODALITIES = {"even": slice(0, N_TOKENS, 2), "odd": slice(1, N_TOKENS, 2)}
REGULARIZERS = [("sparse", SmoothSparsePhi(-0.01)), ("decorrelation", Decorrelation(0.01, relative=0.0))]
LEARNERS = {
    "ARTMTransformer": Learner(lambda **p: ARTMTransformer(**ENGINE, regularizers=REGULARIZERS, **p)),
    "ARTMTransformer, float64": Learner(lambda **p: ARTMTransformer(**ENGINE, dtype="float64", **p)),
    "ARTMTransformer, modalities": Learner(lambda **p: ARTMTransformer(**ENGINE, modalities=MODALITIES, **p)),
    "PLSA": Learner(lambda **p: PLSA(**ENGINE, **p)),
    "ThetalessARTM": Learner(lambda **p: ThetalessARTM(**ENGINE, **p)),
    "ThetalessARTM, simplified": Learner(lambda **p: ThetalessARTM(**ENGINE, variant="simplified", **p)),
    "LDA": Learner(lambda **p: LDA(**COMMON, total_samples=400, topic_word_prior=1e-3, dtype="float32", **p)),
    "LDA, map": Learner(lambda **p: LDA(**COMMON, total_samples=400, inference="map", topic_word_prior=0.0, **p)),
    "ContextARTM": Learner(
        lambda **p: ContextARTM(**ENGINE, **p), learn_sequence, lambda m, w: m.perplexity(sequence(w))
    ),
    "AuthorTopic": Learner(lambda **p: AuthorTopic(**ENGINE, **p), learn_authors),
    "AuthorTopic, plain": Learner(
        lambda **p: AuthorTopic(**ENGINE, author_topic_prior=None, topic_word_prior=None, **p), learn_authors
    ),
    "ARTMClassifier": Learner(lambda **p: ARTMClassifier(**ENGINE, **p), learn_labels),
    "SentenceTopicModel": Learner(
        lambda **p: SentenceTopicModel(**ENGINE, **p), learn_sentences, loss_of_sentences
    ),
    "HypergraphARTM": Learner(
        lambda **p: HypergraphARTM(**ENGINE, container=0, vertices={1: "w", 2: "w"}, **p), learn_edges,
        lambda m, w: m.perplexity([(f"new {d}", a, b) for d, a, b in pairs(w)]),
    ),
    "SimplexNMF": Learner(lambda **p: SimplexNMF(**COMMON, init="random"), learn_counts, loss_of_factors),
}  # fmt: skip
WARM = [name for name, learner in LEARNERS.items() if hasattr(learner.make(), "warm_start")]
