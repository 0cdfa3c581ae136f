"""Compiled loops that run in portions: the same bits as in one call, whatever the size of a portion."""

import inspect
import itertools

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse

from skartm import LDA, PLSA, AuthorTopic, ContextARTM, HypergraphARTM, SimplexNMF, ThetalessARTM
from skartm._kernels import half_step
from skartm.base import _interruptible as interruptible
from skartm.feature_extraction import cooccurrence
from skartm.metrics import coherence
from tests.em.corpora import corpus

X = corpus(0, n_docs=60)
TEXTS = sparse.csr_matrix(
    (np.ones(1200), np.random.default_rng(0).integers(0, 30, 1200), np.arange(0, 1201, 20)), shape=(60, 30)
)
EDGES = [(d, int(a), int(b)) for d, (a, b) in enumerate(np.random.default_rng(1).integers(0, 9, (300, 2)))]
AUTHORS = [f"a{d % 7}" for d in range(60)]
COMMON = {"n_components": 5, "max_iter": 3, "random_state": 0, "n_jobs": 1}
ENGINE = {**COMMON, "tol": 0}
RESULTS = {
    "PLSA": lambda: (m := PLSA(**ENGINE).fit(X)) and [m.components_, m.transform(X), m.partial_fit(X).components_],
    "PLSA, left out": lambda: (m := PLSA(**ENGINE, leave_one_out=True).fit(X)) and [
        m.components_, m.partial_fit(X).components_
    ],
    "LDA": lambda: (m := LDA(**COMMON).fit(X)) and [m.components_, m.transform(X), m.partial_fit(X).components_],
    "LDA, map": lambda: (m := LDA(inference="map", **COMMON).fit(X)) and [m.components_, m.transform(X)],
    "ThetalessARTM": lambda: (m := ThetalessARTM(**ENGINE).fit(X)) and [m.components_, m.transform(X)],
    "ContextARTM": lambda: (m := ContextARTM(**ENGINE).fit(TEXTS))
    and [m.components_, m.transform(TEXTS), m.score(TEXTS)],
    "AuthorTopic": lambda: (m := AuthorTopic(**ENGINE, mixing="free").fit(X, authors=AUTHORS))
    and [m.components_, m.author_topics_, m.transform(X, authors=AUTHORS)],
    "HypergraphARTM": lambda: (m := HypergraphARTM(**ENGINE, container=0, vertices=[1, 2]).fit(EDGES))
    and [m.components_, m.transform(EDGES)],
    "SimplexNMF": lambda: [
        SimplexNMF(**COMMON, beta_loss=loss).fit_transform(X) for loss in ("frobenius", "kullback-leibler")
    ],
    "SimplexNMF, missing": lambda: [
        SimplexNMF(**COMMON, beta_loss=loss, init="random").fit_transform(X, entry_weight=(X > 0).astype(float))
        for loss in ("frobenius", "kullback-leibler")
    ],
    "cooccurrence": lambda: [cooccurrence(X, n_top=3).toarray()],
    "coherence": lambda: [
        coherence(PLSA(**ENGINE).fit(X).components_, TEXTS, measure="c_npmi", window=5, counting=counting, n_top=4)
        for counting in ("exact", "gensim")
    ],
}  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", RESULTS)
def test_portions_do_not_change_a_bit(name, monkeypatch):
    whole = RESULTS[name]()
    for work in (1.0, 5000.0):
        monkeypatch.setattr(interruptible, "_WORK", work)
        for one, other in zip(RESULTS[name](), whole, strict=True):
            assert_array_equal(one, other)


def test_every_loop_over_rows_is_here():
    """A kernel that is called past this file holds up an interruption, unless its work is bounded by its caller."""
    bounded = {
        "document_counts", "leave_out_counts",  # 256 documents at a time
        "context_documents", "gather_positions", "token_scales",  # some megabytes of positions at a time
        "product_shares", "product_counts", "product_sums",  # monotone models: rows of a table of features
        "table_counts", "table_predictions", "table_update",
    }  # fmt: skip
    kernels = {name for name in dir(half_step) if callable(getattr(half_step, name)) and not name.startswith("_")}
    covered = {name for name, item in vars(interruptible).items() if inspect.isfunction(item)}
    assert {name for name in kernels if not name.isupper()} - bounded <= covered
    assert bounded <= kernels


@pytest.mark.parametrize("n_rows", [0, 1, 7, 1000])
def test_ranges_cover_all_rows_once(n_rows, monkeypatch):
    monkeypatch.setattr(interruptible, "_WORK", 50.0)
    lengths = np.random.default_rng(0).integers(0, 9, n_rows)
    offsets = np.concatenate([[3], 3 + np.cumsum(lengths)])
    for ranges in (interruptible.portions(offsets, 1.0, 1), interruptible.pieces(n_rows, 3.0, 1, multiple=4)):
        found = list(ranges)
        assert found[0][0] == 0
        assert found[-1][1] == n_rows
        assert all(stop == start for (_, stop), (start, _) in itertools.pairwise(found))
    assert (
        all(
            stop - start == 1 or offsets[stop] - offsets[start] <= 50
            for start, stop in interruptible.portions(offsets, 1.0, 1)
        )
        or n_rows == 0
    )
