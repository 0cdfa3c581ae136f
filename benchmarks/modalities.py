"""Modalities on Debian packages: words, maintainers and tags as modalities; the section of a package as its class.

(a) the section predicted from the words by ARTMClassifier, beside a logistic regression on the topics of the very same
model; (b) what the weight of a modality does to the others: held-out perplexity of each (fold-in of the words alone for
words; theta from words for the others) and the accuracy of tags and maintainers predicted from words.

Example::

    python benchmarks/modalities.py --topics 50,100
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from problems import data_folder
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skartm import ARTMClassifier, ARTMTransformer
from skartm.datasets import load_folder
from skartm.metrics import log_likelihood
from skartm.regularizers import SmoothSparsePhi, SmoothSparseTheta

SMOOTH = [("theta", SmoothSparseTheta(0.05)), ("phi", SmoothSparsePhi(0.01))]


def itself(entries):
    return entries


def load(folder: Path, n_docs: int | None, seed: int = 0):
    """Return counts of the modalities, sections, and the rows of the 80/20 split."""
    corpus = load_folder(folder / "debian_packages")
    rows = np.random.default_rng(seed).permutation(corpus.data.shape[0])[:n_docs]
    tags = [json.loads(line) if isinstance(line, str) else line for line in corpus.tags]
    count = CountVectorizer(analyzer=itself, min_df=5, dtype=np.float32)
    blocks = {
        "words": sp.csr_matrix(corpus.data)[rows],
        "maintainers": count.fit_transform([[corpus.authors[row]] for row in rows]),
        "tags": count.fit_transform([tags[row] for row in rows]),
    }
    n_train = int(0.8 * rows.size)
    return blocks, np.asarray(corpus.labels)[rows], slice(0, n_train), slice(n_train, rows.size)


def classifiers(blocks, sections, train, test, options) -> None:
    """(a) Print the accuracies."""
    X = blocks["words"]
    baseline = MultinomialNB(alpha=0.01).fit(X[train], sections[train]).score(X[test], sections[test])
    print(f"naive Bayes on all words: accuracy {baseline:.4f}\n")
    print(
        "topics  label weight | accuracy  mixture rule  logistic on the same topics  difference | log-loss  perplexity"
    )
    for n_topics in options.topics:
        for weight in options.label_weights:
            start = time.process_time()
            model = ARTMClassifier(n_topics, label_weight=weight, regularizers=SMOOTH, max_iter=25, tol=0,
                                   random_state=options.seed).fit(X[train], sections[train])  # fmt: skip
            seconds = time.process_time() - start
            accuracy = model.score(X[test], sections[test])
            loss = log_loss(sections[test], model.predict_proba(X[test]), labels=model.classes_)
            perplexity = model.perplexity(X[test], modality="words")
            regression = make_pipeline(StandardScaler(), LogisticRegression(max_iter=150))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of convergence: the accuracy no longer changes
                regression.fit(model.transform(X[train]), sections[train])
            other = regression.score(model.transform(X[test]), sections[test])
            mixture = model.set_params(rule="mixture").score(X[test], sections[test])
            print(f"{n_topics:6d} {weight:13.1f} | {accuracy:8.4f} {mixture:13.4f} {other:28.4f} "
                  f"{accuracy - other:+11.4f} | {loss:8.3f} {perplexity:11.1f}   ({seconds:.0f} CPU s)",
                  flush=True)  # fmt: skip


def weights(blocks, train, test, options) -> None:
    """(b) Print the curve of the weight of tags."""
    places, first = {}, 0
    for name, block in blocks.items():
        places[name], first = slice(first, first + block.shape[1]), first + block.shape[1]
    X = sp.hstack(list(blocks.values()), format="csr")
    blind = sp.hstack([blocks["words"][test], *[sp.csr_matrix(blocks[name][test].shape) for name in list(blocks)[1:]]])
    print(
        "\nweight of tags | perplexity of words  maintainers  tags | first tag right  maintainer right   (from words)"
    )
    for weight in options.tag_weights:
        model = ARTMTransformer(options.topics[-1], modalities=places, modality_weights={"tags": weight},
                                main_modality="words", regularizers=SMOOTH, max_iter=25, tol=0,
                                random_state=options.seed)  # fmt: skip
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # without weight tags have no probability, of course
            model.fit(X[train])
        theta = model.transform(sp.csr_matrix(blind))
        perplexity, right = {"words": model.perplexity(X[test], modality="words")}, {}
        for name in ("maintainers", "tags"):
            counts, phi = blocks[name][test], model.components_[:, places[name]]
            perplexity[name] = np.exp(-log_likelihood(phi, theta, counts))
            filled = np.flatnonzero(np.diff(counts.indptr))
            guess = (theta[filled] @ phi).argmax(axis=1)
            right[name] = float(np.mean(np.asarray(counts[filled, guess]).ravel() > 0)) if phi.any() else 0.0
        print(f"{weight:14.3f} | {perplexity['words']:19.1f} {perplexity['maintainers']:12.1f} "
              f"{perplexity['tags']:5.4g} | {right['tags']:15.4f} {right['maintainers']:17.4f}",
              flush=True)  # fmt: skip


def numbers(text: str) -> list[float]:
    return [float(item) for item in text.split(",") if item]


def main(argv=None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--topics", type=lambda text: [int(item) for item in text.split(",")], default=[50, 100])
    parser.add_argument("--label-weights", type=numbers, default=[0.5, 2.0])
    parser.add_argument("--tag-weights", type=numbers, default=[0.0, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0])
    parser.add_argument("--documents", type=int, default=None, help="so many of the 61,089 (default: all)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", default=None)
    options = parser.parse_args(argv)
    blocks, sections, train, test = load(Path(data_folder(options.data)), options.documents)
    sizes = ", ".join(f"{block.shape[1]} {name} ({int(block.sum())} tokens)" for name, block in blocks.items())
    print(f"{train.stop} training and {test.stop - test.start} test documents; {sizes}\n")
    classifiers(blocks, sections, train, test, options)
    weights(blocks, train, test, options)


if __name__ == "__main__":
    main()
