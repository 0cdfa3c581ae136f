"""Inner passes that grow in the course of a fit."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from skartm import PLSA, ARTMTransformer, AuthorTopic, HierarchicalARTM
from skartm.datasets import make_topics
from skartm.topics._doc_iter import doc_iters

X = make_topics(60, 80, 4, random_state=0).data
PLAIN = {"tol": 0, "doc_tol": 0, "random_state": 0, "dtype": "float64"}


def test_passes_are_shared_out_evenly():
    grown = PLSA(4, max_doc_iter=(1, 3), max_iter=7, **PLAIN).fit(X)
    by_hand = PLSA(4, max_doc_iter=1, max_iter=3, **PLAIN).fit(X)  # passes 0, 1 and 2
    by_hand.set_params(warm_start=True, max_doc_iter=2, max_iter=2).fit(X)
    by_hand.set_params(max_doc_iter=3).fit(X)
    assert_array_equal(grown.components_, by_hand.components_)


def test_equal_numbers_are_one_number():
    assert_array_equal(
        PLSA(4, max_doc_iter=(3, 3), max_iter=4, **PLAIN).fit(X).components_,
        PLSA(4, max_doc_iter=3, max_iter=4, **PLAIN).fit(X).components_,
    )


def test_the_last_number_is_that_of_everything_else():
    grown = PLSA(4, max_doc_iter=[1, 5], max_iter=4, **PLAIN).fit(X)
    fixed = clone(grown).set_params(max_doc_iter=5).fit(X)
    fixed.components_ = grown.components_
    assert_allclose(grown.transform(X), fixed.transform(X), rtol=1e-10)
    streams = [PLSA(4, max_doc_iter=n, **PLAIN).partial_fit(X) for n in ((1, 5), 5)]
    assert_array_equal(streams[0].components_, streams[1].components_)
    assert doc_iters(grown) == (1, 5)


def test_tol_waits_for_the_last_number():
    model = PLSA(4, max_doc_iter=(1, 4), max_iter=40, tol=1e9, random_state=0).fit(X)
    assert model.n_iter_ == 31  # the first pass with four


def test_in_models_of_models():
    level = ARTMTransformer(max_doc_iter=(1, 2), max_iter=4, tol=0)
    HierarchicalARTM([4, 6], estimator=level, random_state=0).fit(X).transform(X)
    authors = [str(d % 5) for d in range(X.shape[0])]
    AuthorTopic(4, max_doc_iter=(1, 2), max_iter=4, tol=0, random_state=0).fit(X, authors=authors).transform(X)


@pytest.mark.parametrize("value", [0, (0, 2), (3, 2), (1, 2, 3), (1,), (1.0, 2), "2", None, True, (True, 2)])
def test_bad_numbers(value):
    with pytest.raises((ValueError, TypeError), match="'max_doc_iter' parameter of ARTMTransformer must be"):
        ARTMTransformer(4, max_doc_iter=value).fit(X)


def test_changed_to_something_bad_after_the_fit():
    model = PLSA(4, max_iter=2, tol=0, random_state=0).fit(X)
    with pytest.raises((ValueError, TypeError), match="max_doc_iter"):
        model.set_params(max_doc_iter=(2, 1)).transform(X)
    assert np.isfinite(model.set_params(max_doc_iter=(1, 2)).transform(X)).all()
