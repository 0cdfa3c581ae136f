"""What the regularizers of the interpretable recipe cost: CPU time of a pass beside plain PLSA, in one run.

All regularizers act from the first pass. The co-occurrence of tokens is counted once in a fit and shown apart.

python benchmarks/recipe_cost.py
python benchmarks/recipe_cost.py --problem ng20
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from problems import data_folder, read_counts

from skartm import PLSA, recipes
from skartm.feature_extraction import cooccurrence


def seconds_of(model, X, n_iter: int) -> float:
    """CPU time of a fit of so many passes."""
    model.set_params(max_iter=n_iter, tol=0, doc_tol=0, n_jobs=1, random_state=0)
    start = time.process_time()
    model.fit(X)
    return time.process_time() - start


def per_pass(make, X, n_iter: int) -> float:
    """CPU time of a pass: of the passes after the first."""
    return (seconds_of(make(), X, n_iter + 1) - seconds_of(make(), X, 1)) / n_iter


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problem", default="imdb")
    parser.add_argument("--topics", type=int, default=100)
    parser.add_argument("--passes", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--data", default=None)
    options = parser.parse_args()
    X = read_counts(options.problem, data_folder(options.data)).astype(np.float32)
    print(f"{options.problem}: {X.shape[0]} documents, {X.shape[1]} tokens, {options.topics} topics")
    makes = {"PLSA": lambda: PLSA(options.topics), "recipe": lambda: recipes.interpretable(options.topics, begin=0)}
    times = {name: [per_pass(make, X, options.passes) for _ in range(options.rounds)] for name, make in makes.items()}
    best = {name: float(np.median(values)) for name, values in times.items()}
    start = time.process_time()
    cooccurrence(X, measure="npmi", min_count=5, n_top=30)
    counting = time.process_time() - start
    ratio = best["recipe"] / best["PLSA"]
    print(f"PLSA {best['PLSA']:.3f} CPU s a pass, interpretable {best['recipe']:.3f}: {ratio:.2f} x")
    print(f"co-occurrence, once: {counting:.2f} CPU s; over 40 passes {counting / 40 / best['PLSA']:.2f} x more")


if __name__ == "__main__":
    main()
