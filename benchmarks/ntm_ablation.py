"""NeuralTopicModel: why plain gradient descent does not learn, one change at a time, and what the defaults reach.

20 Newsgroups, the official split, the words that most training documents have. Settings of the stall: plain gradient
descent of rate .01 on the mean gradient of batches of 10,000 examples, an L2 penalty of .001, W1 the sums of lt from a
short pre-training of W2 by an auto-encoder, vectors of unit length.

* ablation: one factor changed at a time, then Adam with other factors; after --passes passes the mean hinge loss and
  ranking difference of the last one, the norm of W2 and the standard deviation of W1 within documents before and after,
  how far W1 moved (root mean square), NPMI, diversity, and topics that are the largest of some document;
* quality: the defaults, --seeds seeds: CPU seconds of fit (with the vectors counted in it too), NPMI of the top 10 on
  the held-out documents, diversity of the top 25, completion perplexity of the held-out documents, the same with theta
  of 1,000 updates in place of transform, and the ranking difference.

Examples::

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/ntm_ablation.py
    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/ntm_ablation.py --only quality --embeddings glove
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from problems import data_folder, read_counts
from sklearn.base import clone

from skartm.feature_extraction import word_embeddings
from skartm.metrics import coherence, completion_perplexity, topic_diversity
from skartm.neural import NeuralTopicModel
from skartm.neural.ranking._start import STARTS

SGD = {"optimizer": "sgd", "document_learning_rate": 0.01}
ADAM = {"optimizer": "adam", "document_learning_rate": 0.05}
STALL = {**SGD, "learning_rate": 0.01, "alpha": 0.001, "init": "autoencoder", "pretrain_iter": 10, "batch_size": 10_000}
CHANGES = {
    "none": {},
    "rates x 100": {"learning_rate": 1.0, "document_learning_rate": 1.0},
    "adadelta": {"optimizer": "adadelta", "learning_rate": 1.0, "document_learning_rate": 1.0},
    "no L2": {"alpha": 0.0},
    "random start": {"init": "random"},
    "long pre-training": {"pretrain_iter": 100},
    "margin .1": {"margin": 0.1},
    "margin .9": {"margin": 0.9},
    "logistic loss": {"loss": "logistic"},
    "batches of 1,000": {"batch_size": 1000},
    "adam": ADAM,
    "adam, no L2": {**ADAM, "alpha": 0.0},
    "adam, random start": {**ADAM, "init": "random"},
    "adam, no L2, random start": {**ADAM, "alpha": 0.0, "init": "random"},
    "adam, no L2, random, margin .1": {**ADAM, "alpha": 0.0, "init": "random", "margin": 0.1},
    "adam, no L2, random, margin .9": {**ADAM, "alpha": 0.0, "init": "random", "margin": 0.9},
    "adam, no L2, random, logistic": {**ADAM, "alpha": 0.0, "init": "random", "loss": "logistic"},
}


def newsgroups(folder: Path, n_words: int) -> tuple[sp.csr_matrix, sp.csr_matrix, np.ndarray]:
    """Training and held-out documents that have words, and the words."""
    X = read_counts("ng20", folder).astype(np.float64)
    split = np.array((folder / "ng20" / "split.txt").read_text().split("\n")[: X.shape[0]])
    words = np.array((folder / "ng20" / "vocab.txt").read_text().split("\n")[: X.shape[1]])
    frequency = np.bincount(X[split == "train"].indices, minlength=X.shape[1])
    kept = np.sort(np.argsort(-frequency, kind="stable")[:n_words])
    X, words = X[:, kept], words[kept]
    filled = np.diff(X.indptr) > 0
    return X[filled & (split == "train")], X[filled & (split == "test")], words


def glove(folder: Path) -> dict[str, np.ndarray]:
    words = (folder / "embeddings" / "glove50_words.txt").read_text().split("\n")
    with np.load(folder / "embeddings" / "glove50.npz") as file:
        vectors = file[file.files[0]].astype(np.float64)
    return dict(zip(words, vectors, strict=False))


def n_used(model: NeuralTopicModel) -> int:
    return np.unique(model.doc_topics_.argmax(axis=1)).size


def start_of(model: NeuralTopicModel, X: sp.csr_matrix, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """W2 and W1 that the fit begins with."""
    state, start = np.random.RandomState(model.random_state), STARTS[model.init]
    weights = start(X, vectors.astype(np.float32), model.n_components, model.pretrain_iter, state)
    return weights.term, weights.document


def ablation(X: sp.csr_matrix, test: sp.csr_matrix, k: int, passes: int) -> None:
    vectors = word_embeddings(X, 100, min_count=3)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    print(f"{'change':32s} {'loss':>6s} {'differ.':>7s} {'|W2|':>14s} {'sd(W1)':>12s} {'moved':>8s}", end=" ")
    print(f"{'NPMI':>6s} {'div.':>5s} {'topics':>6s} {'CPU s':>6s}", flush=True)
    for name, change in CHANGES.items():
        model = NeuralTopicModel(k, embeddings=vectors, max_iter=passes, n_jobs=1, random_state=0)
        model.set_params(**{**STALL, **change})
        begin_term, begin_document = start_of(model, X, vectors)
        begin = time.process_time()
        model.fit(X)
        seconds = time.process_time() - begin
        norms = "->".join(f"{np.linalg.norm(W2):.2f}" for W2 in (begin_term, model.term_weights_))
        logits = np.log(np.maximum(model.doc_topics_, 1e-30))  # W1 up to a constant of the document
        spreads = "->".join(f"{(W1 - W1.mean(axis=1, keepdims=True)).std():.2f}" for W1 in (begin_document, logits))
        loss, difference, moved = (model.history_[key][-1] for key in ("loss", "margin", "movement"))
        print(
            f"{name:32s} {loss:6.3f} {difference:+7.3f} {norms:>14s} {spreads:>12s} {moved:8.1e} "
            f"{coherence(model.components_, test):6.3f} {topic_diversity(model.components_, n_top=25):5.2f} "
            f"{n_used(model):6d} {seconds:6.1f}",
            flush=True,
        )


def quality(X: sp.csr_matrix, test: sp.csr_matrix, words: np.ndarray, k: int, n_seeds: int, embeddings) -> None:
    rows = []
    for seed in range(n_seeds):
        begin = time.process_time()
        model = NeuralTopicModel(k, embeddings=embeddings, token_names=list(words), n_jobs=1, random_state=seed).fit(X)
        seconds = time.process_time() - begin
        exact = clone(model)
        exact.__dict__.update(model.__dict__)
        exact.set_params(max_doc_iter=1000, doc_tol=0.0)
        own, long = (completion_perplexity(m, test) for m in (model, exact))
        scores = coherence(model.components_, test), topic_diversity(model.components_, n_top=25)
        rows.append((seconds, *scores, own, long, model.history_["margin"][-1], n_used(model)))
        print("seed {}: {:.1f} CPU s, NPMI {:.3f}, diversity {:.3f}, perplexity {:.1f} and {:.1f}, ranking "
              "difference {:.3f}, {} topics".format(seed, *rows[-1]), flush=True)  # fmt: skip
    mean, sd = np.mean(rows, axis=0), np.std(rows, axis=0, ddof=min(1, n_seeds - 1))
    names = ("CPU s", "NPMI", "diversity", "perplexity", "after 1,000 updates", "ranking difference", "topics")
    for name, a, b in zip(names, mean, sd, strict=True):
        print(f"{name}: {a:.3f} +- {b:.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="ablation,quality")
    parser.add_argument("--words", type=int, default=5000)
    parser.add_argument("--components", type=int, default=50)
    parser.add_argument("--passes", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--embeddings", default="counted", choices=["counted", "glove"])
    parser.add_argument("--data", default=None)
    options = parser.parse_args()
    folder = data_folder(options.data)
    X, test, words = newsgroups(folder, options.words)
    print(f"ng20: {X.shape[0]} documents, {X.shape[1]} words, {X.nnz} non-zeros; {test.shape[0]} held-out documents")
    for part in options.only.split(","):
        if part == "ablation":
            ablation(X, test, options.components, options.passes)
        else:
            given = glove(folder) if options.embeddings == "glove" else None
            quality(X, test, words, options.components, options.seeds, given)


if __name__ == "__main__":
    main()
