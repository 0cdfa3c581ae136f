"""Starts of phi from factors of tf-idf."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.decomposition import NMF
from sklearn.feature_extraction.text import TfidfTransformer

from skartm import PLSA, ARTMClassifier, ARTMTransformer, AuthorTopic, ContextARTM, ThetalessARTM
from skartm.datasets import make_topics, open_memmap, save_memmap
from skartm.em import Batches, Layout
from skartm.feature_extraction import SequenceVectorizer
from skartm.topics import _factor_start
from skartm.topics._factor_start import factor_phi

X = make_topics(80, 60, 4, doc_length=30, random_state=0).data
KINDS = ("nmf", "nndsvd")


def phi_of(X, n_topics=4, kind="nmf", weights=None, modalities=(), seed=0):
    names = tuple(f"t{t}" for t in range(n_topics))
    layout = Layout(names, X.shape[1], modalities)
    batches = Batches(X, 1000, "float32", weights)
    return factor_phi(kind, batches, layout, np.random.RandomState(seed), 1)


@pytest.mark.parametrize("kind", KINDS)
def test_topics_are_distributions_without_zeros_for_words_that_occur(kind):
    phi = phi_of(X, kind=kind)
    assert_allclose(phi.sum(axis=0), 1)
    assert (phi[np.asarray(X.sum(axis=0)).ravel() > 0] > 0).all()


def test_it_is_the_factor_mixed_with_all_words():
    counts = X.toarray().astype(float)
    weighted = TfidfTransformer(sublinear_tf=True).fit_transform(X).toarray()
    length = counts.sum() / len(counts)
    share = length / (length + _factor_start._LENGTH)
    p = counts.sum(axis=0) / counts.sum()
    phi = phi_of(X)
    H = (phi.T - share * p) / (1 - share)
    assert H.min() > -1e-6
    # rows of H span what scikit-learn's factors span: the residual of tf-idf is as small
    factors = NMF(4, init="nndsvda", max_iter=200, tol=0).fit(weighted).components_
    left = [np.linalg.norm(weighted - weighted @ np.linalg.pinv(h) @ h) for h in (H, factors)]
    assert left[0] < 1.05 * left[1]


def test_real_numbers_below_one_count_as_they_are():
    assert np.isfinite(phi_of(X.astype(float) * 0.1)).all()


def test_weights():
    even = np.full(X.shape[0], 2.0)
    assert_allclose(phi_of(X, weights=even), phi_of(X), atol=2e-2)
    some = np.where(np.arange(X.shape[0]) < 40, 1.0, 0.0)
    assert_allclose(phi_of(X, weights=some), phi_of(X[:40]), atol=2e-2)


def test_modalities_are_distributions_each():
    columns = {"words": slice(0, 40), "tags": slice(40, None)}
    model = ARTMTransformer(
        4, modalities=columns, modality_weights={"tags": 0.5}, init="nmf", max_iter=1, tol=0, random_state=0
    )
    phi = model.fit(X).components_
    assert_allclose(phi[:, :40].sum(axis=1), 1, rtol=1e-5)
    assert_allclose(phi[:, 40:].sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_more_topics_than_documents_or_words(kind):
    few = X[:3]
    phi = phi_of(few, n_topics=6, kind=kind)
    assert_allclose(phi.sum(axis=0), 1)
    assert np.unique(phi.round(12), axis=1).shape[1] == 6


def test_empty_documents_and_one_document():
    empty = sparse.vstack([X[:5], sparse.csr_matrix((3, X.shape[1]))]).tocsr()
    assert np.isfinite(phi_of(empty)).all()
    assert np.isfinite(phi_of(X[:1], n_topics=2)).all()


def test_a_sample_of_many_documents(monkeypatch):
    monkeypatch.setattr(_factor_start, "_SAMPLE", 30)
    assert_allclose(phi_of(X).sum(axis=0), 1)
    assert not np.array_equal(phi_of(X, seed=0), phi_of(X, seed=1))


def test_on_disk_as_in_memory(tmp_path):
    save_memmap(tmp_path / "corpus", X)
    models = [
        PLSA(4, init="nmf", max_iter=3, tol=0, random_state=0).fit(part)
        for part in (X, open_memmap(tmp_path / "corpus"))
    ]
    assert_allclose(models[0].components_, models[1].components_, rtol=1e-5)


def test_in_other_models():
    texts = SequenceVectorizer().fit_transform(["aa bb cc aa dd", "bb cc ee ff", "aa ee ff gg", "gg dd cc"] * 5)
    for cls, documents in ((ThetalessARTM, X), (ContextARTM, texts)):
        model = cls(3, init="nmf", max_iter=3, tol=0, random_state=0).fit(documents)
        assert np.isfinite(model.components_).all()


def test_a_seed_gives_the_same_and_the_model_draws_nothing_else():
    one, two = (PLSA(4, init="nmf", max_iter=3, tol=0, random_state=7).fit(X) for _ in range(2))
    assert_array_equal(one.components_, two.components_)


@pytest.mark.parametrize(("cls", "init"), [(PLSA, "svd"), (AuthorTopic, "nmf"), (ARTMTransformer, "documents")])
def test_names_of_other_starts(cls, init):
    arguments = {"authors": ["a"] * X.shape[0]} if cls is AuthorTopic else {}
    with pytest.raises(ValueError, match=f"'init' parameter of {cls.__name__} must be one of"):
        cls(4, init=init).fit(X, **arguments)


@pytest.mark.parametrize("kind", KINDS)
def test_rows_that_are_chosen_on_disk(kind, tmp_path):
    save_memmap(tmp_path / "corpus", X)
    options = {"init": kind, "validation_fraction": 0.25, "max_iter": 2, "tol": 0, "random_state": 0}
    models = [PLSA(4, **options).fit(part) for part in (X, open_memmap(tmp_path / "corpus"))]
    assert_allclose(models[0].components_, models[1].components_, rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_documents_that_count_have_no_tokens(kind):
    documents = sparse.vstack([X[:2], sparse.csr_matrix((2, X.shape[1]))]).tocsr()
    phi = phi_of(documents, kind=kind, weights=np.array([0.0, 0.0, 1.0, 1.0]))
    assert_allclose(phi.sum(axis=0), 1)


def test_with_labels_beside_the_words(tmp_path):
    save_memmap(tmp_path / "corpus", X)
    y = np.arange(X.shape[0]) % 2
    for documents in (X, open_memmap(tmp_path / "corpus")):
        model = ARTMClassifier(4, init="nmf", max_iter=3, tol=0, random_state=0).fit(documents, y)
        assert np.isfinite(model.predict_proba(X)).all()
    with pytest.raises(ValueError, match="'init' parameter"):
        ARTMClassifier(4, init="svd").fit(X, y)
