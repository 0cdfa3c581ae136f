"""ThetalessARTM beside PLSA: overlap, sparsity and coherence of topics, and the CPU time of transform.

The comparison of Irkhin, Bulatov and Vorontsov (2020): no regularizers, the same random starts. PLSA is there twice,
with ten inner passes, and "one pass" as in the paper: theta is kept and gets one update an iteration.

* overlap: mean Jaccard index of the top-100 lists over pairs of topics;
* PPMI: ln((n_uv N + 1) / (n_u n_v))_+ in documents, mean over pairs of the top-30 tokens of a topic;
* zeros: share of zeros in phi, counted twice. *float32* is the model as it is: phi below 1e-16 becomes zero, as in
  BigARTM, and in a hundred passes most of phi decays to there. *exact* is as in the paper: float64, nothing is set to
  zero but by the formula or by underflow (1e-308), to which PLSA decays as well when it has passes enough.

Examples::

    python benchmarks/thetaless.py --problem nips_uci --topics 50
    python benchmarks/thetaless.py --problem ng20_8 --topics 10,25
"""

from __future__ import annotations

import argparse
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest.mock import patch

import numpy as np
import scipy.sparse as sp
from problems import data_folder, read_counts

from skartm import ARTMTransformer, ThetalessARTM
from skartm.metrics import sparsity, top_tokens, topic_similarity
from skartm.regularizers import FunctionRegularizer

# the categories of the paper
EIGHT = ("rec.autos", "rec.motorcycles", "rec.sport.baseball", "rec.sport.hockey")
EIGHT += ("sci.crypt", "sci.electronics", "sci.med", "sci.space")


def nothing(theta):
    return 0.0


def no_slope(theta):
    return np.zeros_like(theta)


@contextmanager
def no_floor():
    """Keep what is below 1e-16, of phi and of the thetas that have a term beside the kernel."""
    with ExitStack() as stack:
        for module in ("_posterior", "_inner"):
            stack.enter_context(patch(f"skartm.em.{module}.FLOOR", 0.0))
        yield


def models(n_topics: int, *, exact: bool, **options):
    """Name and model; ``exact`` sends theta of PLSA past the kernel, which has its own floor."""
    aside = [("none", FunctionRegularizer(nothing, gradient=no_slope, side="theta"))] if exact else []
    options |= {"n_components": n_topics, "tol": 0, "n_jobs": 1, "dtype": "float64" if exact else "float32"}
    yield "PLSA", ARTMTransformer(max_doc_iter=10, doc_tol=0, regularizers=aside, **options)
    yield "PLSA, one pass", ARTMTransformer(max_doc_iter=1, doc_tol=0, reuse_theta=True, regularizers=aside, **options)
    for variant in ("exact", "simplified", "naive"):
        yield variant, ThetalessARTM(variant=variant, **options)


def load(name: str, folder: Path) -> sp.csr_matrix:
    X = read_counts(name.removesuffix("_8"), folder).astype(np.float32)
    if name.endswith("_8"):
        labels = np.array((folder / "ng20" / "labels.txt").read_text().split("\n")[: X.shape[0]])
        X = X[np.isin(labels, EIGHT)]
        X = X[:, np.bincount(X.indices, minlength=X.shape[1]) >= 3]  # documents of a token, as in the paper
    return X[np.diff(X.indptr) > 0]


def overlap(phi) -> float:
    pairs = ~np.eye(len(phi), dtype=bool)
    return float(topic_similarity(phi, measure="jaccard", n_top=100)[pairs].mean())


def ppmi(phi, present) -> float:
    """Of the top-30 tokens, mean over pairs and topics."""
    values = []
    for top in top_tokens(phi, n_top=30):
        columns = present[:, top]
        joint = (columns.T @ columns).toarray().astype(np.float64)
        single = joint.diagonal()
        association = np.log((joint * present.shape[0] + 1) / np.outer(single, single))
        values.append(np.maximum(association, 0)[~np.eye(len(top), dtype=bool)].mean())
    return float(np.mean(values))


def quality(X, n_topics: int, passes: int, seeds: int) -> None:
    present = (X > 0).astype(np.float32).tocsc()
    figures: dict[str, list[list[float]]] = {}
    for seed in range(seeds):
        zeros = {}
        with no_floor():
            for name, model in models(n_topics, exact=True, max_iter=passes, random_state=seed):
                zeros[name] = sparsity(model.fit(X).components_)
        for name, model in models(n_topics, exact=False, max_iter=passes, random_state=seed):
            start = time.process_time()
            phi = model.fit(X).components_
            seconds = time.process_time() - start
            row = [overlap(phi), zeros[name], sparsity(phi), ppmi(phi, present), seconds]
            row = [model.history_["perplexity"][-1], *row]
            figures.setdefault(name, []).append(row)
    heads = ("perplexity", "overlap", "zeros, exact", "zeros, float32", "PPMI", "CPU s")
    print("model          " + "".join(f"{head:>18s}" for head in heads))
    for name, rows in figures.items():
        mean, spread = np.mean(rows, axis=0), np.std(rows, axis=0)
        cells = [f"{mean[0]:.1f} +- {spread[0]:.1f}", *(f"{a:.4f} +- {b:.4f}" for a, b in zip(mean[1:5], spread[1:5]))]
        print(f"{name:15s}" + "".join(f"{cell:>18s}" for cell in [*cells, f"{mean[5]:.1f}"]))
    means = {name: np.mean(rows, axis=0) for name, rows in figures.items()}
    for name in ("PLSA", "PLSA, one pass", "naive"):
        other, own = means[name], means["exact"]
        print(
            f"exact against {name}: overlap / {other[1] / own[1]:.1f}, exact zeros x {ratio(own[2], other[2])}, "
            f"PPMI {own[4] - other[4]:+.3f}"
        )


def ratio(a: float, b: float) -> str:
    return f"{a / b:.1f}" if b > 0 else "inf"


def transforms(X, n_topics: int, rounds: int) -> None:
    """Models take turns; medians of the ratios."""
    options = {"n_components": n_topics, "max_iter": 30, "tol": 0, "random_state": 0, "n_jobs": 1}
    linear, free = ThetalessARTM(**options).fit(X), ARTMTransformer(**options).fit(X)
    turns = {
        "thetaless": (linear, {}),
        "10 passes": (free, {"max_doc_iter": 10, "doc_tol": 0.0}),
        "default tolerance": (free, {"max_doc_iter": 10, "doc_tol": 0.01}),
    }
    seconds: dict[str, list[float]] = {name: [] for name in turns}
    for _ in range(rounds):
        for name, (model, parameters) in turns.items():
            model.set_params(**parameters)
            start = time.process_time()
            model.transform(X)
            seconds[name].append(time.process_time() - start)
    times = {name: np.array(values) for name, values in seconds.items()}
    report = ", ".join(f"{name} {1000 * np.median(values):.1f}" for name, values in times.items())
    ratios = [f"{np.median(times[name] / times['thetaless']):.1f}" for name in ("10 passes", "default tolerance")]
    print(f"transform, ms: {report}; ratios {ratios[0]} and {ratios[1]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problem", default="nips_uci", help="corpora; ng20_8: the eight groups of the paper")
    parser.add_argument("--topics", default="50", help="numbers, with commas")
    parser.add_argument("--passes", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=15, help="of transform")
    parser.add_argument("--data", default=None)
    options = parser.parse_args()
    for name in options.problem.split(","):
        X = load(name, data_folder(options.data))
        for n_topics in map(int, options.topics.split(",")):
            print(f"\n{name}: {X.shape[0]} documents, {X.shape[1]} tokens, {n_topics} topics, {options.passes} passes")
            if options.seeds:
                quality(X, n_topics, options.passes, options.seeds)
            transforms(X, n_topics, options.rounds)


if __name__ == "__main__":
    main()
