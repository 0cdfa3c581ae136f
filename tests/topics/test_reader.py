"""What a fitted model prepares once to read new documents."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone

from skartm import LDA, PLSA, ARTMTransformer, ThetalessARTM
from skartm.datasets import make_topics
from skartm.regularizers import SmoothSparseTheta, SparsePosterior, make_regularizers
from skartm.topics._reader import used_columns

X = make_topics(60, 80, 4, random_state=0).data
MODELS = [
    PLSA(4, max_iter=3, tol=0, random_state=0, dtype="float64"),
    ARTMTransformer(
        4, regularizers=make_regularizers(SmoothSparseTheta(0.1)), max_iter=3, tol=0, random_state=0, dtype="float64"
    ),
    ARTMTransformer(
        4, regularizers=make_regularizers(SparsePosterior(0.1)), max_iter=3, tol=0, random_state=0, dtype="float64"
    ),
    LDA(4, max_iter=3, random_state=0),
    LDA(4, inference="map", max_iter=3, random_state=0),
    ThetalessARTM(4, max_iter=3, tol=0, random_state=0, dtype="float64"),
]


@pytest.fixture(params=MODELS, ids=lambda model: str(model)[:60])
def model(request):
    return clone(request.param).fit(X)


def test_a_row_alone_and_among_others(model):
    theta = model.transform(X)
    for row in (0, 17, 59):
        assert_allclose(model.transform(X[row]), theta[row : row + 1], rtol=1e-12)


def test_it_is_made_once_and_is_no_part_of_the_state(model):
    model.transform(X[0])
    (reader,) = model._made_once.values()
    model.transform(X[1])
    assert list(model._made_once.values()) == [reader]
    assert b"_made_once" not in pickle.dumps(model)
    again = pickle.loads(pickle.dumps(model))
    assert again._made_once == {}
    assert_array_equal(again.transform(X), model.transform(X))


def test_another_fit_makes_another(model):
    before = model.transform(X[0])
    model.set_params(random_state=1).fit(X)
    assert model._made_once == {}
    after = model.transform(X[0])
    assert not np.array_equal(before, after)
    assert_array_equal(after, clone(model).fit(X).transform(X[0]))


def test_live_parameters_are_read_as_they_are_now():
    model = PLSA(4, max_iter=3, tol=0, random_state=0, max_doc_iter=50, doc_tol=0).fit(X)
    long = model.transform(X[0])
    short = model.set_params(max_doc_iter=1).transform(X[0])
    assert np.abs(long - short).max() > 0.01
    assert_array_equal(model.set_params(max_doc_iter=50).transform(X[0]), long)
    model.set_params(max_doc_iter=np.array(50))  # nothing that a dict could have as a key
    assert_array_equal(model.transform(X[0]), long)


def test_assigned_topics_are_read():
    model = PLSA(4, max_iter=3, tol=0, random_state=0).fit(X)
    before = model.transform(X[0])
    model.components_ = model.components_[::-1].copy()
    assert_allclose(model.transform(X[0])[:, ::-1], before, rtol=1e-5)


def test_used_columns():
    rows = sparse.csr_matrix(np.array([[0, 2, 0, 1], [0, 0, 0, 3]]))
    used, tokens = used_columns(rows)
    assert tokens.tolist() == [1, 3]
    assert_array_equal(used[:].toarray(), rows.toarray()[:, tokens])
    text = sparse.csr_matrix((np.ones(3), np.array([3, 1, 3]), np.array([0, 3])), shape=(1, 4))
    used, tokens = used_columns(text)
    assert tokens.tolist() == [1, 3]
    assert used.indices.tolist() == [1, 0, 1]
    nothing, tokens = used_columns(sparse.csr_matrix((1, 4)))
    assert tokens.size == 0
    assert nothing.shape == (1, 1)
