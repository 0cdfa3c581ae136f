"""Sections of Debian packages from their descriptions; only where the corpus is."""

import os
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skartm import ARTMClassifier
from skartm.datasets import load_folder
from skartm.regularizers import SmoothSparsePhi, SmoothSparseTheta

HOME = Path(os.environ.get("SKARTM_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data")


@pytest.mark.slow
@pytest.mark.skipif(
    not (HOME / "debian_packages").is_dir(),
    reason="needs the real corpus 'debian_packages': set SKARTM_DATA to the folder it is in",
)
def test_sections_from_words():
    corpus = load_folder(HOME / "debian_packages")
    rows = np.random.default_rng(0).permutation(corpus.data.shape[0])[:10_000]
    X, y = corpus.data[rows], np.asarray(corpus.labels)[rows]
    train, test = slice(0, 8000), slice(8000, None)
    model = ARTMClassifier(
        50,
        regularizers=[("theta", SmoothSparseTheta(0.05)), ("phi", SmoothSparsePhi(0.01))],
        max_iter=20,
        tol=0,
        random_state=0,
        n_jobs=1,
    ).fit(X[train], y[train])
    regression = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))
    regression.fit(model.transform(X[train]), y[train])
    assert model.score(X[test], y[test]) > regression.score(model.transform(X[test]), y[test]) - 0.02
    blind = model.set_params(label_weight=0).fit(X[train], y[train]).score(X[test], y[test])
    assert blind < model.set_params(label_weight=2).fit(X[train], y[train]).score(X[test], y[test]) - 0.05
