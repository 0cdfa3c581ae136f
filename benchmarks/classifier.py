"""Topic features for a classifier: 20 Newsgroups, official split, logistic regression on 50 topics, mean of 5 seeds.

python benchmarks/classifier.py
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from problems import data_folder, read_counts
from sklearn.decomposition import LatentDirichletAllocation
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skartm import LDA, PLSA, ARTMTransformer
from skartm.regularizers import Decorrelation, SmoothSparsePhi, SmoothSparseTheta


def models(n_topics: int, seed: int) -> dict[str, object]:
    """The transformers that are compared."""
    smooth = [("phi", SmoothSparsePhi(0.1)), ("theta", SmoothSparseTheta(0.1))]
    decorrelated = [*smooth, ("decorrelation", Decorrelation(0.02, relative=0.0))]
    return {
        "scikit-learn LDA": LatentDirichletAllocation(n_topics, random_state=seed),
        "skartm LDA": LDA(n_topics, random_state=seed),
        "skartm PLSA": PLSA(n_topics, random_state=seed),
        "skartm ARTM, smooth": ARTMTransformer(n_topics, regularizers=smooth, random_state=seed),
        "skartm ARTM, smooth + decorrelated": ARTMTransformer(n_topics, regularizers=decorrelated, random_state=seed),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--topics", type=int, default=50)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--data", default=None)
    options = parser.parse_args()
    folder = Path(data_folder(options.data))
    X = read_counts("ng20", folder).astype(np.float64)
    labels = np.array((folder / "ng20" / "labels.txt").read_text().split("\n")[: X.shape[0]])
    split = np.array((folder / "ng20" / "split.txt").read_text().split("\n")[: X.shape[0]])
    train, test = split == "train", split == "test"
    scores: dict[str, list[float]] = {}
    seconds: dict[str, list[float]] = {}
    for seed in range(options.seeds):
        for name, model in models(options.topics, seed).items():
            start = time.process_time()
            features = model.fit_transform(X[train])
            seconds.setdefault(name, []).append(time.process_time() - start)
            classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
            accuracy = classifier.fit(features, labels[train]).score(model.transform(X[test]), labels[test])
            scores.setdefault(name, []).append(accuracy)
    for name, values in scores.items():
        print(f"{name:38s} accuracy {np.mean(values):.4f} +- {np.std(values):.4f}, {np.mean(seconds[name]):6.2f} CPU s")


if __name__ == "__main__":
    main()
