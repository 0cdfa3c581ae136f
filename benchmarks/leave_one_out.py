"""What it brings to leave every token out of its own document, and what it costs.

Perplexity of held-out documents by the evaluation of all libraries (``evaluation.py``), smoothed fold-in, for plain EM
and with ``leave_one_out``, with theta kept from pass to pass and without: 50 topics from a random start, 40 passes of 3
inner passes, smoothing of .05 a word and .1 a topic. Then CPU time of a pass at 100 topics, whose turns alternate.

Example::

    python benchmarks/leave_one_out.py --problems ng20,octis_dblp
"""

from __future__ import annotations

import argparse
import time
from statistics import median

import numpy as np
from evaluation import DocumentCompletion
from problems import data_folder, load_problem

from skartm import ARTMTransformer
from skartm.regularizers import SmoothSparsePhi, SmoothSparseTheta

MOST_DOCUMENTS, MOST_WORDS = 8000, 5000
TERMS = [("phi", SmoothSparsePhi(0.05)), ("theta", SmoothSparseTheta(0.1))]
KINDS = {
    "plain, kept theta": {"reuse_theta": True},
    "plain": {},
    "left out, kept theta": {"leave_one_out": True, "reuse_theta": True},
    "left out": {"leave_one_out": True},
}


def arguments(argv=None):
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", default="short_stackoverflow,octis_dblp,ng20,peps")
    parser.add_argument("--topics", type=int, default=50)
    parser.add_argument("--passes", type=int, default=40)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5, help="turns of each kind of pass")
    parser.add_argument("--data", help="folder of corpora (default: $SKARTM_DATA, ../shared/data)")
    return parser.parse_args(argv)


def documents(name, folder):
    """Return training and held-out counts of the most frequent words, of a number of documents."""
    problem = load_problem(name, folder, max_test_docs=1000)
    words = np.sort(np.argsort(-np.asarray((problem.train > 0).sum(axis=0)).ravel(), kind="stable")[:MOST_WORDS])
    train, test = problem.train[:, words], problem.test[:, words]
    chosen = np.sort(np.random.default_rng(0).permutation(train.shape[0])[:MOST_DOCUMENTS])
    return train[chosen], test


def qualities(train, test, options) -> None:
    """Print the perplexity and the CPU time of each kind of fit."""
    evaluation = DocumentCompletion(test)
    for kind, parameters in KINDS.items():
        perplexities, seconds = [], []
        for seed in range(options.seeds):
            model = ARTMTransformer(
                options.topics, regularizers=TERMS, max_iter=options.passes, tol=0, max_doc_iter=3, n_jobs=1,
                random_state=seed, **parameters,
            )  # fmt: skip
            started = time.process_time()
            model.fit(train)
            seconds.append(time.process_time() - started)
            perplexities.append(evaluation.perplexity(model.components_))
        print(f"    {kind:22s} perplexity {np.mean(perplexities):8.1f}   CPU {np.mean(seconds):6.2f} s")


def costs(train, options) -> None:
    """Print how long a pass that leaves tokens out takes, in plain passes."""
    for n_inner in (3, 10):
        common = {"regularizers": TERMS, "tol": 0, "doc_tol": 0, "max_doc_iter": n_inner, "n_jobs": 1}
        common["random_state"] = 0
        start = ARTMTransformer(100, max_iter=8, **common).fit(train)
        models = {
            flag: ARTMTransformer(
                100, max_iter=4, warm_start=True, leave_one_out=flag, init=start.components_, **common
            ).fit(train)
            for flag in (False, True)
        }
        seconds = {flag: [] for flag in models}
        for _ in range(options.rounds):
            for flag, model in models.items():
                started = time.process_time()
                model.fit(train)
                seconds[flag].append((time.process_time() - started) / 4)
        plain, left = median(seconds[False]), median(seconds[True])
        print(f"    100 topics, {n_inner:2d} inner passes: {left:.4f} s a pass, {left / plain:.2f} plain passes")


def main(argv=None) -> None:
    """Measure every problem."""
    options = arguments(argv)
    for name in options.problems.split(","):
        train, test = documents(name, data_folder(options.data))
        length = train.sum() / train.shape[0]
        print(f"{name}: {train.shape[0]} documents, {train.shape[1]} words, {length:.1f} tokens each")
        qualities(train, test, options)
        costs(train, options)


if __name__ == "__main__":
    main()
