"""Online and batch learning with the same strengths: held-out perplexity and sparsity on commit messages.

python benchmarks/online_batch.py
"""

from __future__ import annotations

import argparse

import numpy as np
from problems import data_folder, read_counts

from skartm import ARTMTransformer
from skartm.regularizers import Decorrelation, SmoothSparsePhi, SmoothSparseTheta

REGULARIZERS = {
    "smooth": [("theta", SmoothSparseTheta(0.1)), ("phi", SmoothSparsePhi(0.05))],
    "sparse and decorrelated": [
        ("theta", SmoothSparseTheta(0.1)),
        ("phi", SmoothSparsePhi(-0.02, relative=0)),
        ("decorrelation", Decorrelation(0.03, relative=0)),
    ],
}
# The same number of passes: a sparse model goes on becoming sparser with every one.
MODES = {"batch": {}, "online": {"learning_method": "online", "batch_size": 4096}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--topics", type=int, default=50)
    parser.add_argument("--passes", type=int, default=10)
    parser.add_argument("--problem", default="gitlog")
    parser.add_argument("--data", default=None)
    options = parser.parse_args()
    X = read_counts(options.problem, data_folder(options.data)).astype(np.float32)
    order = np.random.RandomState(0).permutation(X.shape[0])
    cut = int(0.8 * X.shape[0])
    train, test = X[np.sort(order[:cut])], X[np.sort(order[cut:])]
    print("| regularizers | mode | held-out perplexity | sparsity of phi |\n|---|---|---|---|")
    for name, regularizers in REGULARIZERS.items():
        for mode, parameters in MODES.items():
            model = ARTMTransformer(
                options.topics, regularizers=regularizers, max_iter=options.passes, tol=0, random_state=0, **parameters
            ).fit(train)
            print(f"| {name} | {mode} | {model.perplexity(test):.1f} | {(model.components_ == 0).mean():.3f} |")


if __name__ == "__main__":
    main()
