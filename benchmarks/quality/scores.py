"""The scores of ``topic_quality.py``: one evaluation for all systems, of phi and of the words that a system shows.

perplexity
    Completion of held-out documents (``evaluation.py``): *smoothed* with 3 tokens of prior a document and a floor of
    1e-4, *plain* without prior, and *best*, the lowest of prior masses .3 and 3 with floors 1e-4, 1e-2 and .1. *best*
    is the figure to compare: no system is punished for a fold-in that does not suit it.
NPMI
    Of the ten first words shown, counted in documents; a pair that never occurs together has -1. *held out*: in
    held-out documents alone, which neither a model nor a choice of words has seen. *all*: in all documents. With few
    held-out documents the first measures little but how frequent the words are: two words of which each is in 1 % of
    100 documents are never seen together. *smoothed* is the same in the same documents with half a document more for
    each pair, so that a pair that never meets is far below 0 only where it would be expected to meet.
diversity
    Share of different words among the 25 first words of all topics.
document frequency
    Of the ten first words, in training documents: the median over all words shown, and the mean.
purity, accuracy
    Theta by the fold-in of ``evaluation.py`` from all tokens of a document, with 3 tokens of prior and the
    floor 1e-4. Purity: the share of held-out documents that have the most frequent label among those with the same
    largest topic. Accuracy: of logistic regression on theta, fitted on training documents, on held-out ones.
    Documents without a label are left out of both.
zeros
    Share of exact zeros of phi.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from evaluation import PHI_FLOOR, THETA_MASS, BatchedFoldIn, DocumentCompletion, floored
from sklearn.linear_model import LogisticRegression
from sklearn.metrics.cluster import contingency_matrix
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from quality.corpora import Corpus

N_COHERENT, N_DIVERSE = 10, 25
MASSES, FLOORS = (0.3, 3.0), (1e-4, 1e-2, 0.1)
SETTINGS = [(THETA_MASS, PHI_FLOOR), (0.0, PHI_FLOOR), *((mass, floor) for mass in MASSES for floor in FLOORS)]
LABEL_MASS = THETA_MASS  # on development corpora as good as less for every system, and better on short texts
REGULARIZATION = 1.0  # C of the logistic regression


def top_words(weights, n_words: int = N_DIVERSE) -> list[list[int]]:
    """Return the columns of the largest weights of each topic, largest first; zeros are not shown."""
    weights = np.asarray(weights)
    order = np.argsort(-weights, axis=1, kind="stable")[:, :n_words]
    return [[int(w) for w in topic if row[w] > 0] for topic, row in zip(order, weights, strict=True)]


def perplexities(phi, completion: DocumentCompletion) -> dict:
    """Return the perplexities smoothed and plain, and the best one with its prior mass and floor."""
    smoothed, plain, *grid = completion.perplexities(phi, SETTINGS).tolist()
    best = int(np.argmin(grid))
    return {"perplexity": grid[best], "smoothed": smoothed, "plain": plain, "best_at": SETTINGS[2 + best]}


def npmi_matrix(present, smoothed: bool = False) -> np.ndarray:
    """Return the NPMI of all pairs of columns; `present` of shape (n_docs, n_words) says which document has which word.

    Smoothed, a pair has half a document more than were counted, or half of what independent words would have where
    that is less than a document. A pair that never occurs together then has a value of its own, near 0 for rare words,
    in place of -1. Pairs with a word that no document has are 0.
    """
    n_docs = len(present)
    joint = present.T @ present
    n_w = np.diag(joint)
    expected = np.outer(n_w, n_w) / n_docs
    if smoothed:
        joint = np.minimum(joint + 0.5 * np.minimum(expected, 1.0), n_docs - 0.5)
    values = np.zeros_like(joint) if smoothed else np.where(joint == n_docs, 1.0, -1.0)
    some = (joint > 0) & (joint < n_docs)
    values[some] = np.log(joint[some] / expected[some]) / -np.log(joint[some] / n_docs)
    return values


def npmi(words, counts, smoothed: bool = False) -> float:
    """Return the mean NPMI of the pairs of the first ten words of each topic; -1 for a topic without pairs."""
    present = sp.csc_matrix(counts > 0, dtype=np.float64)
    values = []
    for topic in words:
        matrix = npmi_matrix(present[:, topic[:N_COHERENT]].toarray(), smoothed)
        pairs = matrix[np.triu_indices(len(matrix), 1)]
        values.append(pairs.mean() if pairs.size else -1.0)
    return float(np.mean(values))


def diversity(words) -> float:
    """Return the share of different words among the first 25 of all topics."""
    shown = [w for topic in words for w in topic[:N_DIVERSE]]
    return len(set(shown)) / len(shown) if shown else 0.0


def scores_of_words(words, corpus: Corpus) -> dict:
    """Return the scores of the words that a system shows: a list of column indices for each topic, best first."""
    in_documents = np.bincount(corpus.train.indices, minlength=corpus.train.shape[1])
    frequency = in_documents[[w for topic in words for w in topic[:N_COHERENT]]]
    return {
        "npmi_held_out": npmi(words, corpus.test),
        "npmi_smoothed": npmi(words, corpus.test, smoothed=True),
        "npmi_all": npmi(words, sp.vstack([corpus.train, corpus.test], format="csr")),
        "diversity": diversity(words),
        "df_median": float(np.median(frequency)),
        "df_mean": float(frequency.mean()),
    }


def fold_in(phi, counts, mass: float = LABEL_MASS) -> np.ndarray:
    """Return theta of shape (n_docs, n_topics), from all tokens of the documents."""
    model = BatchedFoldIn(np.ascontiguousarray(floored(phi, 0.0).T), [(mass, PHI_FLOOR)])
    counts = sp.csr_matrix(counts, dtype=np.float64)
    theta = np.empty((counts.shape[0], len(phi)))
    for rows in model.batches(counts):
        theta[rows] = model.theta(counts[rows])[:, :, 0]
    return theta


def purity(labels, theta) -> float:
    """Return the share of documents whose label is the most frequent one of those with the same largest topic."""
    table = contingency_matrix(labels, theta.argmax(axis=1))
    return float(table.max(axis=0).sum() / table.sum())


def accuracy(theta_train, labels_train, theta_test, labels_test) -> float:
    """Return the accuracy of logistic regression on theta on held-out documents."""
    model = make_pipeline(StandardScaler(), LogisticRegression(C=REGULARIZATION, max_iter=500, tol=1e-4))
    return float(model.fit(theta_train, labels_train).score(theta_test, labels_test))


def scores_of_labels(phi, corpus: Corpus) -> dict:
    """Return name -> purity and accuracy for each kind of labels; empty for a corpus without labels."""
    if not corpus.labels:
        return {}
    theta_train, theta_test = fold_in(phi, corpus.train), fold_in(phi, corpus.test)
    result = {}
    for name, (train, test) in corpus.labels.items():
        in_train, in_test = train != "", test != ""
        labels_test = test[in_test].astype(str)
        result[name] = {
            "purity": purity(labels_test, theta_test[in_test]),
            "accuracy": accuracy(theta_train[in_train], train[in_train].astype(str), theta_test[in_test], labels_test),
        }
    return result
