"""One run of one system: train, time, score, and the same for the trace and for stability."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from itertools import combinations

import numpy as np
from evaluation import DocumentCompletion
from scipy.optimize import linear_sum_assignment

from quality.corpora import Corpus
from quality.displays import DISPLAYS
from quality.scores import N_COHERENT, perplexities, scores_of_labels, scores_of_words, top_words
from quality.systems import Fitted, Job, parse_system

NEAR = 1.005  # of a system's own best perplexity
SHARE, SUBSAMPLE_SEED = 0.8, 1000  # of the training documents, in the second kind of stability


def cpu_seconds() -> float:
    """Return user and system time of this process, its threads and its finished children."""
    children = os.times()
    return time.process_time() + children.children_user + children.children_system


def train(label: str, counts, n_topics: int, seed: int, **changes) -> tuple[Fitted, dict]:
    """Train one system; return what it learnt and its times."""
    system, parameters = parse_system(label)
    fit = system.prepare(Job(counts, n_topics, seed, parameters | changes))
    cpu, wall = cpu_seconds(), time.perf_counter()
    fitted = fit()
    times = {"cpu": cpu_seconds() - cpu, "wall": time.perf_counter() - wall}
    phi = np.asarray(fitted.phi)
    if phi.shape[1] != counts.shape[1] or not np.isfinite(phi).all() or (phi < 0).any():
        raise ValueError(f"{label}: phi must be non-negative, with {counts.shape[1]} columns. Got shape {phi.shape}.")
    weights = phi if fitted.weights is None else fitted.weights
    shown = top_words(weights) if fitted.shown is None else fitted.shown
    return replace(fitted, phi=phi, weights=weights, shown=shown), times


def warm_up(label: str, n_topics: int = 2) -> None:
    """Train on almost nothing, so that what a library does in its first call is not timed."""
    import scipy.sparse as sp

    counts = sp.csr_matrix(np.random.default_rng(0).poisson(1.0, (40, 30)).astype(np.int32))
    _, parameters = parse_system(label)
    train(label, counts, n_topics, 0, **({"sweeps": 2} if "sweeps" in parameters else {}))


def measure(label: str, corpus: Corpus, n_topics: int, seed: int, trace: bool, displays=()) -> dict:
    """Return all scores of one system on one corpus; `displays` are other ways to choose its words."""
    completion = DocumentCompletion(corpus.test)
    fitted, times = train(label, corpus.train, n_topics, seed)
    others = {name: DISPLAYS[name](fitted.weights, corpus.train) for name in displays}
    row = {
        "n_sweeps": fitted.n_sweeps,
        **times,
        **perplexities(fitted.phi, completion),
        **scores_of_words(fitted.shown, corpus),
        "displays": {name: scores_of_words(words, corpus) for name, words in others.items()},
        "labels": scores_of_labels(fitted.phi, corpus),
        "zeros": float((fitted.phi == 0).mean()),
        "shape": [*corpus.train.shape, corpus.test.shape[0], fitted.phi.shape[0]],
        "words": [" ".join(corpus.words[topic[:N_COHERENT]]) for topic in fitted.shown],
    }
    if trace:
        row |= near_best(label, corpus, completion, n_topics, seed, row)
    return row


def near_best(label: str, corpus: Corpus, completion: DocumentCompletion, n_topics: int, seed: int, last: dict) -> dict:
    """Return a trace of (sweeps, CPU s, perplexity), and the CPU time to within 0.5 % of the best perplexity in it.

    Each point is a fit from the start with that number of sweeps and has the time of that fit alone: recipes plan over
    their passes, and several libraries cannot be read before a fit ends.
    """
    system, parameters = parse_system(label)
    limit = parameters.get("sweeps") or last["n_sweeps"] or np.inf
    trace = []
    for sweeps in system.checkpoints:
        if sweeps < limit:
            fitted, times = train(label, corpus.train, n_topics, seed, sweeps=sweeps)
            trace.append((sweeps, times["cpu"], perplexities(fitted.phi, completion)["perplexity"]))
    trace.append((int(limit) if np.isfinite(limit) else None, last["cpu"], last["perplexity"]))
    best = min(perplexity for _, _, perplexity in trace)
    near = min(cpu for _, cpu, perplexity in trace if perplexity <= NEAR * best)
    return {"trace": trace, "cpu_near": near, "perplexity_of_trace": best}


def matched_jaccard(first, second) -> float:
    """Return the mean Jaccard index of the ten first words, topics matched so that it is largest."""
    sizes = np.zeros((len(first), len(second)))
    for i, a in enumerate(first):
        for j, b in enumerate(second):
            sizes[i, j] = len(set(a) & set(b)) / max(1, len(set(a) | set(b)))
    rows, columns = linear_sum_assignment(-sizes)
    return float(sizes[rows, columns].mean())


def stability(label: str, corpus: Corpus, n_topics: int, n_runs: int, seed: int) -> dict:
    """Return the stability of the words shown over seeds, and over random parts of the training documents.

    Run i of both kinds has the seed ``seed + i``: the same random start twice would make topics alike that are not. A
    part has 80 % of the training documents and the same columns.
    """
    counts, n_docs = corpus.train, corpus.train.shape[0]
    words: dict[str, list] = {"seeds": [], "subsamples": []}
    cpu = 0.0
    for i in range(n_runs):
        order = np.random.default_rng(SUBSAMPLE_SEED + i).permutation(n_docs)
        part = counts[np.sort(order[: round(SHARE * n_docs)])]
        for kind, documents in (("seeds", counts), ("subsamples", part)):
            fitted, times = train(label, documents, n_topics, seed + i)
            words[kind].append([topic[:N_COHERENT] for topic in fitted.shown])
            cpu += times["cpu"]
    values = {kind: [matched_jaccard(a, b) for a, b in combinations(runs, 2)] for kind, runs in words.items()}
    return {
        **{f"stability_{kind}": float(np.mean(found)) for kind, found in values.items()},
        "n_runs": n_runs,
        "cpu": cpu,
    }
