"""Twenty thousand updates and five hundred fits: nothing drifts, and nothing grows."""

import gc
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skartm import LDA, PLSA, ARTMTransformer, ThetalessARTM
from skartm.em import History
from skartm.regularizers import SmoothSparsePhi
from tests.em.corpora import corpus

X = corpus(0, n_docs=60)
COMMON = {"n_components": 4, "random_state": 0, "n_jobs": 1}
STREAMS = {
    "PLSA": lambda: PLSA(**COMMON),
    "smooth": lambda: ARTMTransformer(**COMMON, regularizers=[("s", SmoothSparsePhi(0.1))]),
    "ThetalessARTM": lambda: ThetalessARTM(**COMMON),
    "LDA": lambda: LDA(**COMMON, total_samples=60),
}
status = Path("/proc/self/status")
pytestmark = pytest.mark.filterwarnings("ignore")


def anonymous():
    gc.collect()
    return int(re.search(r"RssAnon:\s+(\d+)", status.read_text())[1]) if status.exists() else 0


def updates(model, n):
    for number in range(n):
        begin = number * 3 % 57
        model.partial_fit(X[begin : begin + 3])


@pytest.mark.slow
@pytest.mark.parametrize("name", STREAMS)
def test_twenty_thousand_updates(name):
    model = STREAMS[name]()
    updates(model, 2000)
    before, size = anonymous(), len(pickle.dumps(model))
    updates(model, 18_000)
    assert anonymous() - before < 1024  # kilobytes
    assert len(pickle.dumps(model)) < 1.05 * size
    assert {len(track) for track in model.history_.values()} == {History.UPDATES}
    assert model.history_.n_dropped == 20_000 - History.UPDATES
    if name != "LDA":
        alive = model.components_.any(axis=1)
        assert_allclose(model.components_[alive].sum(axis=1, dtype=np.float64), 1, rtol=1e-4)
    else:
        exact = (model.components_ - model.topic_word_prior_).sum(axis=1, dtype=np.float64)
        assert_allclose(model.topic_mass_, exact, rtol=1e-4)


@pytest.mark.slow
def test_five_hundred_fits():
    model = PLSA(**COMMON, max_iter=2, tol=0)
    for _ in range(50):
        model.fit(X)
    before = anonymous()
    for _ in range(500):
        model.fit(X)
    assert anonymous() - before < 1024


def test_history_is_bounded(monkeypatch):
    monkeypatch.setattr(History, "UPDATES", 5)
    model = PLSA(**COMMON, max_iter=3, tol=0).fit(X)
    updates(model, 9)
    assert {len(track) for track in model.history_.values()} == {5}
    assert model.history_.n_dropped == 3 + 9 - 5
    assert len(pickle.loads(pickle.dumps(model)).history_["perplexity"]) == 5
    assert pickle.loads(pickle.dumps(model)).history_.n_dropped == 7
