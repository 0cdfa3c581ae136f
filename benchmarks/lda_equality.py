"""skartm's variational LDA against scikit-learn's: the same topics, CPU time in turns.

python benchmarks/lda_equality.py --problem ng20 --topics 100 --iterations 10
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from problems import data_folder, read_counts
from sklearn.decomposition import LatentDirichletAllocation

from skartm import LDA


def timed(model, X):
    """CPU seconds of a fit, and the model."""
    start = time.process_time()
    model.fit(X)
    return time.process_time() - start, model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problem", default="ng20")
    parser.add_argument("--topics", type=int, default=100)
    parser.add_argument("--iterations", type=int, default=10)
    parser.add_argument("--data", default=None)
    options = parser.parse_args()
    counts = read_counts(options.problem, data_folder(options.data))
    print(f"{options.problem}, {options.topics} topics, {options.iterations} iterations, one thread, CPU seconds")
    for method in ("batch", "online"):
        for dtype in ("float64", "float32"):
            X = counts.astype(dtype)
            shared = {"max_iter": options.iterations, "learning_method": method, "random_state": 0, "n_jobs": 1}
            theirs, reference = timed(LatentDirichletAllocation(options.topics, **shared), X)
            ours, model = timed(LDA(options.topics, dtype=dtype, **shared), X)
            difference = np.abs(model.components_ / reference.components_ - 1).max()
            print(
                f"{method:7s}{dtype:8s} scikit-learn {theirs:7.1f}, skartm {ours:6.2f}, ratio {theirs / ours:5.1f}; "
                f"largest relative difference {difference:.1e}; bound {reference.bound_:.2f} / {model.bound_:.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
