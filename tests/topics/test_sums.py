"""Many regularizers in one model: against loops, and what the result may not depend on."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skartm import ARTMTransformer
from skartm.base import _threads
from skartm.regularizers import (
    Biterm,
    CoherencePhi,
    Decorrelation,
    DocumentLinks,
    FunctionRegularizer,
    LabelRegularization,
    Linear,
    NetPLSA,
    PosteriorFunction,
    SeedWords,
    SmoothSparsePhi,
    SmoothSparseTheta,
    SparsePosterior,
    TemporalSmoothing,
    ThetaClassification,
    ThetaRegression,
    TopicPrior,
    TopicSelection,
    TopKSparse,
    Translation,
    Window,
)
from tests.oracle import plsa, posteriors, regularizers_of_phi, sums
from tests.oracle import regularizers as formulas
from tests.regularizers import entropies as functions
from tests.topics.models import corpus
from tests.topics.test_modalities import BLOCKS, N_TOKENS, N_TOPICS, blocks_of, model, start, weighted_documents

EVERY = range(N_TOPICS)
SOME = [0, 2, 3]
PAIRS = np.random.default_rng(0).poisson(0.3, (N_TOKENS, N_TOKENS)) * 1.0
Y = np.arange(150) % 3
DTYPES = pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.slow)])


def ramp(stop):
    return lambda step: stop * min(step / 3, 1)


def constant(tau):
    return lambda step: tau


def late(tau):
    return lambda step: tau if step >= 1 else 0.0


REGULARIZERS = [
    ("apart", Decorrelation(Linear(0, 0.2, end=3), relative=0.3, topics=SOME)),
    ("background", SmoothSparsePhi(0.5, topics=[1])),
    ("sparse", SmoothSparsePhi(Window(-0.05, begin=1), relative=0.0, topics=SOME)),
    ("near", CoherencePhi(PAIRS, 0.1, relative=1.0)),
    ("smooth", SmoothSparseTheta(0.2)),
    ("strong", SmoothSparseTheta(Linear(0, 0.5, end=3), power=2)),
    ("few", SparsePosterior(Window(0.4, begin=1), top_k=2)),
    ("sharp", PosteriorFunction(0.2, function=np.square)),
]
TERMS = [
    {"response": lambda phi, n: formulas.decorrelation(phi, SOME)[1], "tau": ramp(0.2), "relative": 0.3,
     "topics": SOME},
    {"response": lambda phi, n: formulas.smooth_sparse(phi, [1])[1], "tau": constant(0.5), "relative": None,
     "topics": [1]},
    {"response": lambda phi, n: formulas.smooth_sparse(phi, SOME)[1], "tau": late(-0.05), "relative": 0.0,
     "topics": SOME},
    {"response": lambda phi, n: regularizers_of_phi.quadratic_coherence(phi, n, range(N_TOKENS), EVERY, PAIRS)[1],
     "tau": constant(0.1), "relative": 1.0, "topics": list(EVERY)},
]  # fmt: skip
THETA_TERMS = [(lambda theta: np.ones(N_TOPICS), constant(0.2)), (lambda theta: 2 * theta**2, ramp(0.5))]


def squares(p, counts, tokens):
    return [row**2 / (row**2).sum() if row.sum() > 0 else row for row in p]


ORACLE = {
    "terms": TERMS,
    "theta_terms": THETA_TERMS,
    "functions": [(posteriors.sparse(2), late(0.4)), (squares, constant(0.2))],
    "n_passes": 4,
}


@pytest.mark.parametrize("modalities", [None, BLOCKS], ids=["plain", "modalities"])
@pytest.mark.parametrize("learning_method", ["batch", "online"])
def test_sums_equal_loops(learning_method, modalities, global_random_seed):
    X = corpus(global_random_seed, n_docs=14)
    documents = plsa.documents_of(X) if modalities is None else weighted_documents(X)
    init = start(global_random_seed, modalities)
    common = {"n_iter": 4, "blocks": blocks_of(modalities), **ORACLE}
    if learning_method == "batch":
        expected = sums.offline(documents, init.T, **common)
    else:
        expected = sums.online(documents, init.T, batch_size=5, offset=3.0, power=0.7, **common)
    weights = {} if modalities else {"modality_weights": None}
    fitted = model(
        global_random_seed, modalities, regularizers=REGULARIZERS, learning_method=learning_method, batch_size=5,
        learning_offset=3.0, learning_decay=0.7, max_iter=4, **weights,
    ).fit(X)  # fmt: skip
    assert_allclose(fitted.components_, expected.T, rtol=1e-8, atol=1e-11)
    theta, _ = sums.e_step(documents, expected, 4, THETA_TERMS, ORACLE["functions"], 3)
    assert_allclose(fitted.transform(X), theta, rtol=1e-8, atol=1e-11)


def everything(**parameters):
    """A model with regularizers of every kind, those that learn and those that read targets and links among them."""
    many = [
        *REGULARIZERS,
        ("biterm", Biterm(PAIRS, 0.02, relative=0.5)),
        ("counted", CoherencePhi(tau=0.05, min_count=2, n_top=3, relative=1.0)),
        ("function", FunctionRegularizer(functions.entropy, 0.02, gradient=functions.entropy_slope, relative=0.0)),
        ("labels", LabelRegularization(0.5)),
        ("graph", NetPLSA(0.01, edges=[(0, 1), (1, 2, 0.5)], relative=0.0)),
        ("seeds", SeedWords({0: [0, 3], 2: {4: 0.5}}, others=0.1)),
        ("temporal", TemporalSmoothing(0.01, relative=0.0)),
        ("prior", TopicPrior(np.arange(N_TOPICS) + 0.5, 0.1)),
        ("top", TopKSparse(10, 0.2)),
        ("dictionary", Translation([(0, 1), (2, 3)], 0.1)),
        ("select", TopicSelection(0.02)),
        ("links", DocumentLinks(0.1, links=np.eye(150, k=1))),
        ("classes", ThetaClassification(0.5)),
        ("number", ThetaRegression(0.5)),
        ("entropy", FunctionRegularizer(functions.entropy, 0.1, gradient=functions.entropy_slope, side="theta")),
        ("single", SmoothSparseTheta(0.1, documents=np.linspace(-1, 1, 150))),
    ]
    common = {"regularizers": many, "max_iter": 4, "tol": 0, "random_state": 0, "n_jobs": 1, "batch_size": 40}
    return ARTMTransformer(N_TOPICS, **{**common, **parameters})


@pytest.fixture(scope="module")
def X():
    return corpus(0, n_docs=150)


@DTYPES
@pytest.mark.parametrize("learning_method", ["batch", "online"])
@pytest.mark.parametrize("kinds", [slice(None), [0, 1, 2, 3, 4, 5]], ids=["everything", "without p(t|d,w)"])
def test_threads(kinds, learning_method, dtype, X, monkeypatch):
    monkeypatch.setattr(_threads, "_WORTH", 1)  # or so little work is never divided
    many = np.array(everything().regularizers, dtype=object)[kinds].tolist()
    kind = {"learning_method": learning_method, "dtype": dtype, "regularizers": [tuple(pair) for pair in many]}
    one = everything(**kind).fit(X, Y)
    theta = one.transform(X)
    for n_jobs in (2, 3):
        more = everything(**kind, n_jobs=n_jobs).fit(X, Y)
        assert_array_equal(more.components_, one.components_)
        assert_array_equal(more.transform(X), theta)
        for key, track in one.history_.items():
            assert key == "seconds" or more.history_[key] == track, key


@DTYPES
@pytest.mark.parametrize("learning_method", ["batch", "online"])
def test_documents_on_their_own(learning_method, dtype, X):
    fitted = everything(learning_method=learning_method, dtype=dtype).fit(X, Y)
    theta, order = fitted.transform(X), np.random.default_rng(0).permutation(150)
    assert_array_equal(fitted.transform(X[order]), theta[order])
    for size in (1, 7, 64):
        chunks = [fitted.transform(X[start : start + size]) for start in range(0, 150, size)]
        assert_array_equal(np.vstack(chunks), theta)
        assert_array_equal(fitted.set_params(batch_size=size).transform(X), theta)


def test_history_of_everything_is_finite(X):
    fitted = everything().fit(X, Y)
    for key, track in fitted.history_.items():
        assert len(track) == 4, key
        assert np.isfinite(track).all(), key
