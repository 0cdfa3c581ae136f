"""Models that leave every token out of its own document."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix

from skartm import LDA, ARTMClassifier, ARTMTransformer, HierarchicalARTM, ThetalessARTM
from skartm.datasets import open_memmap, save_memmap
from skartm.regularizers import SmoothSparsePhi, SparsePosterior
from tests.topics.models import corpus, model


@pytest.fixture(scope="module")
def X():
    return corpus(0)


@pytest.mark.parametrize("options", [{}, {"reuse_theta": True, "max_doc_iter": 2}, {"learning_method": "online"}])
def test_learning_is_another_and_transform_is_not(X, options):
    plain = model("artm", **options).fit(X)
    fitted = model("artm", leave_one_out=True, **options)
    assert_array_equal(fitted.fit_transform(X), fitted.transform(X))
    assert not np.allclose(fitted.components_, plain.components_)
    plain.components_ = fitted.components_
    assert_allclose(plain.transform(X), fitted.transform(X), rtol=1e-5, atol=1e-6)
    assert_allclose(plain.perplexity(X), fitted.perplexity(X), rtol=1e-5)


@pytest.mark.parametrize("batch_size", [7, 99])
def test_history(X, batch_size):
    options = {"learning_method": "online", "batch_size": batch_size} if batch_size < 24 else {}
    history = model("artm", leave_one_out=True, **options).fit(X).history_
    track = history["left_out_perplexity"]
    assert (track[0] == history["perplexity"][0]) == (not options)  # online it is the first batch that is without
    assert (np.array(track[1:]) > np.array(history["perplexity"][1:])).all()
    assert "left_out_perplexity" not in model("artm", **options).fit(X).history_


def test_short_documents_are_predicted_better(global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    phi = rng.dirichlet(np.full(60, 0.05), size=6)
    X = csr_matrix(np.array([rng.multinomial(5, phi[t]) for t in rng.integers(0, 6, 400)]))
    options = {"regularizers": [("smooth", SmoothSparsePhi(0.05))], "max_iter": 40, "tol": 0, "n_jobs": 1}
    plain, leaving = (
        ARTMTransformer(12, **options, leave_one_out=flag, random_state=0).fit(X[:300]) for flag in (False, True)
    )
    assert leaving.perplexity(X[300:]) < plain.perplexity(X[300:])


def test_learning_goes_on_from_the_masses_that_were_learned(X):
    """The first pass of a fit that goes on, and each partial_fit after the first one, leave tokens out."""
    options = {"leave_one_out": True, "regularizers": (), "dtype": "float64"}
    whole = model("artm", max_iter=6, **options).fit(X)
    halves = model("artm", max_iter=3, warm_start=True, **options).fit(X)
    halves.fit(X)
    assert_allclose(halves.components_, whole.components_, rtol=1e-9, atol=1e-12)
    stream = model("artm", **options)
    for _ in range(3):
        stream.partial_fit(X)
    track, plain = (np.array(stream.history_[key]) for key in ("left_out_perplexity", "perplexity"))
    assert ((track > plain) == [False, True, True]).all()


def test_convergence_is_that_of_the_perplexity_by_the_others(X):
    fitted = model("artm", leave_one_out=True, max_iter=200, tol=1e-3).fit(X)
    steps = np.abs(np.diff(np.log(fitted.history_["left_out_perplexity"])))
    assert steps[-1] < 1e-3
    assert (steps[:-1] >= 1e-3).all()
    assert fitted.n_iter_ < 200


def test_regularizers_of_posteriors_are_refused(X):
    wanted = r"ARTMTransformer: leave_one_out=True must be without regularizers of p\(t\|d,w\). Got \['sparse'\]"
    with pytest.raises(ValueError, match=wanted):
        ARTMTransformer(2, regularizers=[("sparse", SparsePosterior(0.1))], leave_one_out=True).fit(X)


def test_one_occurrence_weighs_what_its_modality_does(X):
    """Half of one occurrence is half an occurrence; half of two is one of two where the weight is known."""
    options = {"modalities": ["a", "b"] * 15, "leave_one_out": True, "regularizers": (), "dtype": "float64"}
    for once in (True, False):
        counts = X.toarray()
        counts = np.sign(counts) if once else counts
        weighted = model("artm", modality_weights={"b": 0.5}, **options).fit(csr_matrix(counts))
        expected = model("artm", **options).fit(csr_matrix(counts * np.tile([1.0, 0.5], 15)))
        assert np.allclose(weighted.components_, expected.components_, rtol=1e-8, atol=1e-12) == once


def test_memory_mapped(X, tmp_path):
    save_memmap(tmp_path / "X", X.astype(np.float32))
    mapped = open_memmap(tmp_path / "X")
    for options in ({}, {"learning_method": "online", "batch_size": 7}):
        fitted, expected = (model("artm", leave_one_out=True, **options).fit(counts) for counts in (mapped, X))
        assert_array_equal(fitted.components_, expected.components_)


def test_hierarchies_pass_it_on(X):
    levels = [ARTMTransformer(n, max_iter=3, tol=0, leave_one_out=True, n_jobs=1) for n in (2, 4)]
    fitted = HierarchicalARTM(levels, random_state=0).fit(X)
    assert all("left_out_perplexity" in level.history_ for level in fitted.levels_)


def test_classifiers_pass_it_on(X):
    options = {"max_iter": 4, "tol": 0, "random_state": 0, "n_jobs": 1}
    fitted = ARTMClassifier(4, leave_one_out=True, **options).fit(X, np.arange(24) % 2)
    assert "left_out_perplexity" in fitted.history_
    plain = ARTMClassifier(4, **options).fit(X, np.arange(24) % 2)
    assert not np.allclose(fitted.class_components_, plain.class_components_)


def test_lda_goes_on_from_the_masses_that_were_learned(X):
    stream = LDA(4, inference="map", leave_one_out=True, random_state=0, n_jobs=1)
    for _ in range(3):
        stream.partial_fit(X)
    track, plain = (np.array(stream.history_[key]) for key in ("left_out_perplexity", "perplexity"))
    assert ((track > plain) == [False, True, True]).all()


def test_variational_lda_is_without():
    with pytest.raises(ValueError, match=r"'leave_one_out' parameter of LDA must be False .* take inference='map'"):
        LDA(2, leave_one_out=True).fit(np.eye(3))


def test_models_without_a_theta_of_their_own_do_not_take_it():
    assert "leave_one_out" not in ThetalessARTM().get_params()
    with pytest.raises(TypeError, match="leave_one_out"):
        ThetalessARTM(leave_one_out=True)
