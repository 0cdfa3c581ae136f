"""Regularizers that change between fits, and what a model keeps of them."""

import copy
import io
import pickle

import joblib
import numpy as np
import pytest
import skops.io
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import eye_array
from sklearn.base import clone

from skartm import ARTMTransformer
from skartm.regularizers import (
    CoherencePhi,
    Decorrelation,
    DocumentLinks,
    EmbeddingTheta,
    Linear,
    Piecewise,
    SmoothSparsePhi,
    SmoothSparseTheta,
    SparsePosterior,
    ThetaClassification,
    ThetaRegression,
    TopicSelection,
    Translation,
)
from tests.regularizers.declarations import CLASSES, make
from tests.topics.models import corpus

Y = np.arange(24) % 3
LEARNERS = {
    "regression": ThetaRegression(),
    "classification": ThetaClassification(),
    "selection": TopicSelection(),
    "links": DocumentLinks(links=eye_array(24, format="csr")),
    "coherence": CoherencePhi(min_count=1),
    "translation": Translation([(0, 1), (2, 3)]),
}


@pytest.fixture(scope="module")
def X():
    return corpus(0)


def model(*regularizers, **parameters):
    named = [(f"r{number}", regularizer) for number, regularizer in enumerate(regularizers)]
    common = {"regularizers": named, "max_iter": 3, "tol": 0, "random_state": 0, "n_jobs": 1}
    return ARTMTransformer(4, **{**common, **parameters})


@pytest.mark.parametrize("after", LEARNERS)
@pytest.mark.parametrize("before", LEARNERS)
def test_another_regularizer_under_an_old_name(before, after, X):
    fitted = model(LEARNERS[before], warm_start=True).fit(X, Y)
    expected = model(LEARNERS[after]).fit(X, Y)
    fitted.set_params(r0=LEARNERS[after]).fit(X, Y)
    assert set(fitted.learned_["r0"]) == set(expected.learned_["r0"])
    assert expected.learned_["r0"]
    for key, learned in expected.learned_["r0"].items():
        assert np.shape(fitted.learned_["r0"][key]) == np.shape(learned), key


@pytest.mark.parametrize(
    ("regularizer", "change"),
    [
        (ThetaRegression(), {"r0__topics": [0, 1]}),
        (ThetaClassification(), {"r0__topics": [0, 1]}),
        (TopicSelection(), {"r0__topics": [0, 1]}),
        (Translation([(0, 1), (2, 3)]), {"r0__dictionary": [(0, 1), (2, 4), (3, 5)]}),
        (Translation([(0, 1), (2, 3)]), {"r0__topics": [0, 1]}),
        (CoherencePhi(min_count=1), {"r0__n_top": 2}),
        (CoherencePhi(min_count=1, relative=0.5, tau=0.1), {"r0__modality": "a"}),
    ],
)
def test_another_declaration_under_an_old_name(regularizer, change, X):
    kinds = ["a"] * 20 + ["b"] * 10
    fitted = model(regularizer, warm_start=True, modalities=kinds).fit(X, Y)
    fitted.set_params(**change).fit(X, Y)
    expected = model(clone(regularizer), modalities=kinds).set_params(**change).fit(X, Y)
    assert expected.learned_["r0"]
    for key, learned in expected.learned_["r0"].items():
        assert np.shape(fitted.learned_["r0"][key]) == np.shape(learned), key
    if isinstance(regularizer, CoherencePhi):  # of the same documents
        assert (fitted.learned_["r0"]["cooccurrence"] != expected.learned_["r0"]["cooccurrence"]).nnz == 0


def test_other_targets(X):
    fitted = model(ThetaRegression(), warm_start=True).fit(X, Y)
    fitted.fit(X, np.column_stack([Y, Y]))
    assert fitted.learned_["r0"]["coef"].shape == (4, 2)


def test_streams_may_change_their_regularizers(X):
    stream = model().partial_fit(X)
    stream.set_params(
        regularizers=[
            ("apart", Decorrelation(0.1, relative=0.0)),
            ("select", TopicSelection(0.01)),
            ("few", SparsePosterior(top_k=2)),
        ]
    ).partial_fit(X)
    learned = stream.learned_["select"]["p_t"]
    stream.set_params(apart=None, few__tau=0.5).partial_fit(X)
    assert 0 < np.abs(stream.learned_["select"]["p_t"] - learned).max() < 0.5
    stream.set_params(select__tau=0.0).partial_fit(X)
    stream.set_params(regularizers=[]).partial_fit(X)
    assert_allclose(stream.components_.sum(axis=1), 1, rtol=1e-5)
    history = stream.history_
    assert {len(track) for track in history.values()} == {5}
    assert_array_equal(np.isnan(history["apart"]), [True, False, True, True, True])
    assert_array_equal(np.isnan(history["select"]), [True, False, False, False, True])


def test_history_of_warm_starts_keeps_equal_lengths(X):
    fitted = model(warm_start=True, validation_fraction=0.25).fit(X)
    fitted.set_params(validation_fraction=None, regularizers=[("apart", Decorrelation(9.0))]).fit(X)
    fitted.set_params(validation_fraction=0.25, apart=None, tol=1e-3, max_iter=60).fit(X)
    history = fitted.history_
    assert {len(track) for track in history.values()} == {6 + fitted.n_iter_}
    assert_array_equal(np.isnan(history["validation_perplexity"][:6]), [False] * 3 + [True] * 3)
    assert fitted.n_iter_ > 3  # the patience is with this fit


def test_objective_of_a_stream(X):
    stream, total = model(SmoothSparsePhi(0.5), SmoothSparseTheta(0.2), max_iter=1), 0
    for start in range(0, 24, 8):
        part = X[start : start + 8]
        stream.partial_fit(part)
        total += 8
        history = {key: track[-1] for key, track in stream.history_.items()}
        # tau of phi is on the scale of the documents seen, of which these are a part
        penalty = 0.5 * history["r0"] * 8 / total + 0.2 * history["r1"]
        assert history["objective"] == pytest.approx((history["log_likelihood"] + penalty) / part.sum())


@pytest.mark.parametrize("total_samples", [24.0, 1000.0])
def test_objective_online_is_on_the_scale_of_the_pass(total_samples, X):
    kind = {"learning_method": "online", "batch_size": 8, "total_samples": total_samples}
    history = model(SmoothSparsePhi(0.5 * total_samples / 24), **kind).fit(X).history_
    expected = (np.array(history["log_likelihood"]) + 0.5 * np.array(history["r0"])) / X.sum()
    assert_allclose(history["objective"], expected)


def test_no_convergence_while_tau_moves(X):
    for schedule in (Linear(0, 0.5, end=10), Piecewise([0, 0.1], [0, 10])):
        fitted = model(SmoothSparsePhi(schedule), max_iter=60, tol=1.0).fit(X)
        assert fitted.n_iter_ == 11
        after = model(SmoothSparsePhi(schedule), max_iter=60, tol=1.0, unregularized_iter=4).fit(X)
        assert after.n_iter_ == 15
        exactly = model(SmoothSparsePhi(schedule), max_iter=20, unregularized_iter=4).fit(X)
        assert exactly.n_iter_ == 20


def declared(cls):
    regularizer = make(cls, tau=0.01, n_tokens=30)
    if cls is DocumentLinks:
        regularizer.set_params(links=eye_array(24, format="csr"))
    return regularizer


@pytest.mark.parametrize("cls", [cls for cls in CLASSES if not cls.needs_order], ids=lambda cls: cls.__name__)
@pytest.mark.filterwarnings("ignore::skartm.exceptions.LeftOutTokensWarning")
@pytest.mark.filterwarnings("ignore::skartm.exceptions.WeakRegularizerWarning")
class TestCopies:
    def test_every_copy_infers_the_same(self, cls, X):
        fitted = model(declared(cls), token_names=[f"token{w}" for w in range(30)]).fit(X, Y)
        theta = fitted.transform(X)
        buffer = io.BytesIO()
        joblib.dump(fitted, buffer)
        buffer.seek(0)
        copies = [pickle.loads(pickle.dumps(fitted)), copy.deepcopy(fitted), joblib.load(buffer)]
        dumped = skops.io.dumps(fitted)
        copies.append(skops.io.loads(dumped, trusted=skops.io.get_untrusted_types(data=dumped)))
        for other in copies:
            assert_array_equal(other.transform(X), theta)
            other.set_params(warm_start=True).fit(X, Y)
        assert repr(clone(fitted)) == repr(clone(copies[0].set_params(warm_start=False)))

    def test_documents_are_not_kept(self, cls, X):
        if cls in (DocumentLinks, EmbeddingTheta):
            pytest.skip("keeps what it knows of the documents: their links, their vectors")
        many = corpus(0, n_docs=1500)
        few = model(declared(cls), token_names=[f"token{w}" for w in range(30)]).fit(X, Y)
        fitted = clone(few).fit(many, np.arange(1500) % 3)
        assert len(pickle.dumps(fitted)) < len(pickle.dumps(few)) + 5000
