"""Words that appear late: a model that meets them after a fit, beside one that met the same stream from the start.

The first half of the documents is fitted, the second half comes in updates. On 20 Newsgroups, whose documents come in a
random order, a share of the words is taken out of the first half; on the commit messages of git, which are in the order
of time, words come late by themselves. Held-out perplexity, of words that occur in the stream:

* late: ``fit`` of the first half, then updates by the second one;
* known: the same where the first half has all of its words (not for the commit messages);
* stream: updates alone, from the start.

Example::

    python benchmarks/new_words.py --topics 30 --documents 8000
"""

from __future__ import annotations

import argparse
import warnings

import numpy as np
import scipy.sparse as sp
from problems import data_folder, read_counts

from skartm import LDA, PLSA, ThetalessARTM

UPDATE = 500  # documents


def models(n_topics: int, n_docs: int):
    """Name and a function that makes the model."""
    options = {"n_components": n_topics, "max_iter": 15, "random_state": 0}
    yield "PLSA", lambda: PLSA(tol=0, total_samples=n_docs, **options)
    yield "ThetalessARTM", lambda: ThetalessARTM(tol=0, total_samples=n_docs, **options)
    yield "LDA, map", lambda: LDA(inference="map", topic_word_prior=0.01, total_samples=n_docs, **options)


def updated(model, X):
    """The model after updates by some documents at a time."""
    for start in range(0, X.shape[0], UPDATE):
        model.partial_fit(X[start : start + UPDATE])
    return model


def streams(name: str, folder, n_docs: int):
    """First half as it comes, first half with all words or None, second half, and other documents."""
    X = read_counts(name, folder).astype(np.float32)
    X = X[np.diff(X.indptr) > 0]
    rng = np.random.default_rng(0)
    if name != "gitlog":
        X = X[rng.permutation(X.shape[0])]
    X = X[-(n_docs + n_docs // 4) :]
    held_out = np.sort(rng.choice(X.shape[0], X.shape[0] - n_docs, replace=False))
    test, train = X[held_out], X[np.setdiff1d(np.arange(X.shape[0]), held_out)]
    first, second = train[: n_docs // 2], train[n_docs // 2 :]
    if name == "gitlog":
        return first, None, second, test
    late = rng.random(X.shape[1]) < 0.3
    return sp.csr_matrix(first.multiply(~late[None, :])), first, second, test


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", default="ng20,gitlog")
    parser.add_argument("--topics", type=int, default=30)
    parser.add_argument("--documents", type=int, default=8000)
    parser.add_argument("--data", default=None)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    print("| corpus | model | new words | of them lost | late | known | stream | late / stream |")
    print("|---|---|---|---|---|---|---|---|")
    for problem in options.problems.split(","):
        first, whole, second, test = streams(problem, data_folder(options.data), options.documents)
        seen, new = (np.asarray((part > 0).sum(axis=0)).ravel() > 0 for part in (first, second))
        test = sp.csr_matrix(test.multiply((seen | new)[None, :]))
        for name, make in models(options.topics, options.documents):
            late = updated(make().fit(first), second)
            lost = int((~(late.components_ > 1e-15).any(axis=0) & new & ~seen).sum())
            values = [late.perplexity(test)]
            values.append(np.nan if whole is None else updated(make().fit(whole), second).perplexity(test))
            values.append(updated(updated(make(), first), second).perplexity(test))
            figures = " | ".join(f"{value:.0f}" for value in values)
            share = values[0] / values[2]
            print(f"| {problem} | {name} | {int((new & ~seen).sum())} | {lost} | {figures} | {share:.2f} |", flush=True)


if __name__ == "__main__":
    main()
