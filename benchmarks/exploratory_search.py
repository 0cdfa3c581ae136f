"""Vectors to search by: the share of the nearest documents that have the label of the query.

The 10 nearest of 14,000 documents to each of 2,000 others, by Hellinger distance of theta; mean over seeds, which also
choose the documents.

python benchmarks/exploratory_search.py
python benchmarks/exploratory_search.py --topics 100 --seeds 1
"""

from __future__ import annotations

import argparse
import time
import warnings

import numpy as np
from problems import data_folder, read_counts

from skartm import PLSA, recipes

N_TRAIN, N_QUERIES, N_NEAR = 14_000, 2_000, 10


def precision(model, X, labels, seed: int) -> tuple[float, float]:
    """Share of the neighbours that have the label of the query, and the CPU time of the fit."""
    order = np.random.RandomState(seed).permutation(X.shape[0])
    train, queries = np.sort(order[:N_TRAIN]), np.sort(order[N_TRAIN : N_TRAIN + N_QUERIES])
    start = time.process_time()
    model.fit(X[train])
    seconds = time.process_time() - start
    near = np.sqrt(model.transform(X[queries])) @ np.sqrt(model.transform(X[train])).T
    places = np.argpartition(-near, N_NEAR, axis=1)[:, :N_NEAR]
    return float((labels[train][places] == labels[queries][:, None]).mean()), seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problem", default="ng20")
    parser.add_argument("--topics", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--data", default=None)
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # tokens of held-out words
    folder = data_folder(options.data)
    X = read_counts(options.problem, folder).astype(np.float32)
    labels = np.array((folder / options.problem / "labels.txt").read_text().split("\n")[: X.shape[0]])
    models = {
        "PLSA": lambda seed: PLSA(options.topics, max_iter=20, tol=0, random_state=seed),
        "exploratory_search": lambda seed: recipes.exploratory_search(options.topics, random_state=seed),
        "predictive": lambda seed: recipes.predictive(options.topics, random_state=seed),
    }
    print(f"| model | precision of {N_NEAR} neighbours | CPU s |\n|---|---|---|")
    for name, make in models.items():
        found = np.array([precision(make(seed), X, labels, seed) for seed in range(options.seeds)])
        mean, spread = found.mean(axis=0), found.std(axis=0)
        print(f"| {name} | {mean[0]:.4f} +- {spread[0]:.2g} | {mean[1]:.1f} |", flush=True)


if __name__ == "__main__":
    main()
