"""The loops of the ranking loss against the numpy expressions they are equivalent to."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from skartm._kernels import ranking_differences, ranking_gradient


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(
    n_examples=st.integers(0, 20),
    n_terms=st.integers(1, 6),
    n_docs=st.integers(1, 6),
    n_topics=st.integers(0, 40),
    seed=st.integers(0, 2**20),
)
def test_equal_numpy(dtype, n_examples, n_terms, n_docs, n_topics, seed):
    rng = np.random.default_rng(seed)
    terms = rng.integers(0, n_terms, n_examples).astype(np.int32)
    more, less = rng.integers(0, n_docs, (2, n_examples)).astype(np.int32)
    lt, ld = rng.random((n_terms, n_topics)).astype(dtype), rng.random((n_docs, n_topics)).astype(dtype)
    slopes = (rng.standard_normal(n_examples) * (rng.random(n_examples) < 0.7)).astype(dtype)
    tolerance = {"rtol": 1e-5, "atol": 1e-5} if dtype == np.float32 else {"rtol": 1e-12, "atol": 1e-12}

    differences = np.zeros(n_examples, dtype)
    ranking_differences(terms, more, less, lt, ld, differences)
    assert_allclose(differences, (lt[terms] * (ld[more] - ld[less])).sum(axis=1), **tolerance)

    of_lt, of_ld = rng.random(lt.shape).astype(dtype), rng.random(ld.shape).astype(dtype)
    expected_lt, expected_ld = of_lt.copy(), of_ld.copy()
    ranking_gradient(terms, more, less, slopes, lt, ld, of_lt, of_ld)
    np.add.at(expected_lt, terms, slopes[:, None] * (ld[more] - ld[less]))
    np.add.at(expected_ld, more, slopes[:, None] * lt[terms])
    np.add.at(expected_ld, less, -slopes[:, None] * lt[terms])
    assert_allclose(of_lt, expected_lt, **tolerance)
    assert_allclose(of_ld, expected_ld, **tolerance)
