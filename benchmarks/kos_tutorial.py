"""The tutorial of BigARTM on the KOS blog entries: PLSA against sparse and decorrelated ARTM.

15 topics, one inner pass, theta from uniform at every pass; 15 passes with SmoothSparsePhi -0.1, SmoothSparseTheta
-0.15 and Decorrelation 1.5e5, then 25 with -0.2, -0.2 and 2.5e5. Here the change is a schedule of one fit.

python benchmarks/kos_tutorial.py
"""

from __future__ import annotations

import argparse

import numpy as np
from problems import data_folder, read_counts

from skartm import ARTMTransformer
from skartm.metrics import topic_kernels
from skartm.regularizers import Decorrelation, Piecewise, SmoothSparsePhi, SmoothSparseTheta

PUBLISHED = {
    "PLSA": {"perplexity": 1619.0, "phi sparsity": 0.093, "contrast": 0.640, "purity": 0.674},
    "ARTM": {"perplexity": 1644.2, "phi sparsity": 0.841, "contrast": 0.740, "purity": 0.822},
}


def stairs(early: float, late: float) -> Piecewise:
    """One value for 15 passes, another for the rest."""
    return Piecewise([early, late], [0, 15])


def models() -> dict[str, list]:
    """Regularizers of the two models."""
    return {
        "PLSA": [],
        "ARTM": [
            ("sparse_phi", SmoothSparsePhi(stairs(-0.1, -0.2))),
            ("sparse_theta", SmoothSparseTheta(stairs(-0.15, -0.2))),
            ("decorrelation", Decorrelation(stairs(1.5e5, 2.5e5))),
        ],
    }


def measure(X, regularizers: list, seed: int) -> dict[str, float]:
    """Scores of one model, as the tutorial defines them."""
    model = ARTMTransformer(
        15, regularizers=regularizers, max_iter=40, tol=0, max_doc_iter=1, doc_tol=0, random_state=seed
    ).fit(X)
    kernels = topic_kernels(model.components_, model.topic_mass_, threshold=0.3)
    return {
        "perplexity": model.history_["perplexity"][-1],
        "phi sparsity": model.history_["phi_sparsity"][-1],
        "contrast": float(kernels.contrast.mean()),
        "purity": float(kernels.purity.mean()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--data", default=None)
    options = parser.parse_args()
    X = read_counts("kos", data_folder(options.data)).astype(np.float32)
    print("| model | score | published | here, mean | spread |\n|---|---|---|---|---|")
    for name, regularizers in models().items():
        runs = [measure(X, regularizers, seed) for seed in range(options.seeds)]
        for score, published in PUBLISHED[name].items():
            values = np.array([run[score] for run in runs])
            print(f"| {name} | {score} | {published:g} | {values.mean():.4g} | {values.std():.2g} |")


if __name__ == "__main__":
    main()
