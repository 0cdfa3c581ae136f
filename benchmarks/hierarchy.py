"""Levels of topics against the label tree of 20 Newsgroups: purity of the upper level, hierarchy and flat models.

The upper labels are the first parts of the names of the newsgroups (comp, rec, sci, talk, misc, soc, alt). A document
belongs to its most probable topic or group of topics; purity is the share of documents with the commonest label of
their cluster.

python benchmarks/hierarchy.py
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from problems import data_folder, read_counts
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import normalized_mutual_info_score

from skartm import ARTMTransformer, HierarchicalARTM
from skartm.metrics import topic_similarity


def purity(clusters: np.ndarray, labels: np.ndarray) -> float:
    """Share of the documents that have the commonest label of their cluster."""
    _, codes = np.unique(labels, return_inverse=True)
    return sum(np.bincount(codes[clusters == c]).max() for c in np.unique(clusters)) / labels.size


def grouped(model: ARTMTransformer, n_groups: int, linkage: str) -> np.ndarray:
    """Groups of similar topics: agglomerative clustering by Hellinger distances."""
    if linkage == "ward":
        return AgglomerativeClustering(n_groups, linkage="ward").fit_predict(np.sqrt(model.components_))
    distance = 1 - topic_similarity(model.components_, measure="hellinger")
    return AgglomerativeClustering(n_groups, metric="precomputed", linkage=linkage).fit_predict(distance)


def clusterings(X, upper: int, lower: int, seed: int, options: argparse.Namespace):
    """Clusters of the documents by every method, and the CPU time of its fit."""
    level = ARTMTransformer(max_iter=options.iterations, tol=0)
    start = time.process_time()
    model = HierarchicalARTM(
        [upper, lower],
        estimator=level,
        parent_weight=options.weight,
        psi_sparsity=options.sparsity,
        random_state=seed,
    ).fit(X)
    seconds = time.process_time() - start
    theta = model.transform_levels(X)
    yield "hierarchy, upper level", theta[0].argmax(axis=1), seconds
    yield "hierarchy, parents of the lower level", (theta[1] @ model.parents_[0]).argmax(axis=1), seconds
    yield "hierarchy, lower level *", theta[1].argmax(axis=1), seconds

    start = time.process_time()
    flat = ARTMTransformer(lower, max_iter=options.iterations, tol=0, random_state=seed).fit(X)
    seconds = time.process_time() - start
    theta_flat = flat.transform(X)
    for linkage in ("average", "complete", "ward"):
        groups = np.eye(upper)[grouped(flat, upper, linkage)]
        yield f"flat {lower} topics, grouped, {linkage}", (theta_flat @ groups).argmax(axis=1), seconds
    yield f"flat {lower} topics *", theta_flat.argmax(axis=1), seconds

    start = time.process_time()
    flat = ARTMTransformer(upper, max_iter=options.iterations, tol=0, random_state=seed).fit(X)
    yield f"flat {upper} topics", flat.transform(X).argmax(axis=1), time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--upper", type=int, default=7)
    parser.add_argument("--lower", type=int, default=30)
    parser.add_argument("--weight", type=float, default=1.0)
    parser.add_argument("--sparsity", type=float, default=0.0)
    parser.add_argument("--iterations", type=int, default=50)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--data", default=None)
    options = parser.parse_args()
    folder = Path(data_folder(options.data))
    X = read_counts("ng20", folder).astype(np.float64)
    labels = np.array((folder / "ng20" / "labels.txt").read_text().split("\n")[: X.shape[0]])
    filled = np.asarray(X.sum(axis=1)).ravel() > 0
    X, labels = X[filled], labels[filled]
    tops = np.array([label.split(".")[0] for label in labels])
    print(f"ng20: {X.shape[0]} documents, {np.unique(tops).size} groups of {np.unique(labels).size} newsgroups")
    print(f"largest group {np.unique(tops, return_counts=True)[1].max() / tops.size:.3f}; * by newsgroup, not by group")
    found: dict[str, list[tuple[float, float, float]]] = {}
    for seed in range(options.seeds):
        for name, clusters, seconds in clusterings(X, options.upper, options.lower, seed, options):
            truth = labels if name.endswith("*") else tops
            scores = (purity(clusters, truth), normalized_mutual_info_score(truth, clusters), seconds)
            found.setdefault(name, []).append(scores)
    for name, scores in found.items():
        mean, spread = np.mean(scores, axis=0), np.std(scores, axis=0)
        values = f"purity {mean[0]:.4f} +- {spread[0]:.4f}, NMI {mean[1]:.4f} +- {spread[1]:.4f}"
        print(f"{name:38s} {values}, {mean[2]:6.2f} CPU s")


if __name__ == "__main__":
    main()
