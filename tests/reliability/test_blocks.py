"""A pass whose E-steps are made in other processes is the pass made in one; what is sent has no other documents."""

import pickle
from concurrent.futures import ProcessPoolExecutor
from functools import reduce
from multiprocessing import get_context
from operator import add

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from skartm import ARTMTransformer
from skartm.em import e_step
from skartm.exceptions import DeadTopicWarning, LeftOutTokensWarning, ShortTextsWarning, WeakRegularizerWarning
from skartm.regularizers import (
    DocumentLinks,
    EmbeddingTheta,
    SmoothSparseTheta,
    ThetaClassification,
    ThetaRegression,
    TopicSelection,
)
from tests.reliability.estimators import COUNTED, SHORT, Case
from tests.reliability.test_purity import ENGINES, assert_same, counts, flat, learn, numbers, work_of

pytestmark = [
    pytest.mark.filterwarnings(f"ignore::{warning.__module__}.{warning.__name__}")
    for warning in (DeadTopicWarning, LeftOutTokensWarning, ShortTextsWarning, WeakRegularizerWarning)
] + [pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")]


def terms_of(n_docs):
    """Every term of theta that knows something of single documents, or learns from them."""
    rng = np.random.default_rng(0)
    return [
        ("links", DocumentLinks(2.0, links=sparse.random(n_docs, n_docs, 2 / n_docs, random_state=0))),
        ("near", EmbeddingTheta(rng.normal(size=(n_docs, 2)), tau=3.0)),
        ("level", ThetaRegression(0.5)),
        ("class", ThetaClassification(5.0)),
        ("few", TopicSelection(0.1)),
        ("own", SmoothSparseTheta(0.3, documents=np.linspace(-1, 1, n_docs))),
    ]


def with_classes(X):
    return {"X": X, "y": np.arange(X.shape[0]) % 2}


def case_of(name, n_docs):
    if name != "terms of documents":
        return COUNTED[name]
    return Case(ARTMTransformer(3, regularizers=terms_of(n_docs), **SHORT), with_classes)


every_engine = pytest.mark.parametrize("name", [*ENGINES, "terms of documents"])


def work(name, monkeypatch, n_times=1):
    """For every engine of a fit of repeated documents: it, what E-steps share, and batches."""
    X = sparse.vstack([counts()] * n_times, format="csr")
    found = learn(name, monkeypatch, X, case=case_of(name, X.shape[0]))
    for _, batches, saved, *_ in found:
        engine, state = pickle.loads(saved)
        yield (engine, *work_of(engine, batches, state))


@pytest.fixture(scope="module")
def processes():
    with ProcessPoolExecutor(2, mp_context=get_context("forkserver")) as pool:
        yield pool


def made_elsewhere(arguments):
    return pickle.dumps(e_step(*pickle.loads(arguments)))


@every_engine
def test_blocks_in_other_processes(name, monkeypatch, processes):
    for engine, shared, batches in work(name, monkeypatch):
        here = [e_step(engine.mixture, shared, batch) for batch in batches]
        sent = [pickle.dumps((engine.mixture, shared, batch)) for batch in batches]
        there = [pickle.loads(answer) for answer in processes.map(made_elsewhere, sent)]
        for this, that in zip(here, there, strict=True):
            assert_same(numbers(this, shared), numbers(that, shared))
        n_wt = [np.zeros_like(shared.phi_wt) for _ in range(2)]
        for total, seen in zip(n_wt, (here, there), strict=True):
            for one in seen:  # in the order of the batches: the same bits
                one.counts.add_to(total, shared.phi_wt)
        assert_array_equal(*n_wt)
        sums, backwards = (reduce(add, (one.sums for one in seen)) for seen in (here, there[::-1]))
        assert sums.statistics.keys() == backwards.statistics.keys()
        for key, statistic in sums.statistics.items():
            assert_allclose(flat(backwards.statistics[key]), flat(statistic), rtol=1e-6, atol=1e-12)
        for key in ("log_likelihood", "mass", "left_out", "theta_zeros", "n_docs", "n_samples"):
            assert getattr(backwards, key) == pytest.approx(getattr(sums, key), rel=1e-9, abs=1e-9)


@every_engine
def test_what_is_sent_has_no_other_documents(name, monkeypatch):
    sizes = []
    for n_times in (1, 4):
        found = list(work(name, monkeypatch, n_times))
        sizes.append([len(pickle.dumps((engine.mixture, shared, batches[0]))) for engine, shared, batches in found])
    assert len(sizes[0]) == len(sizes[1])
    for few, many in zip(*sizes, strict=True):
        assert abs(many - few) < 100
