import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from skartm.em import Documents, Layout
from skartm.regularizers import Decorrelation, SmoothSparsePhi, SmoothSparseTheta
from tests.oracle import regularizers as oracle

selections = st.one_of(st.none(), st.sets(st.integers(0, 3), min_size=1).map(sorted))
dtypes = st.sampled_from([np.float32, np.float64])
seeds = st.integers(0, 9999)
LAYOUT = Layout(("a", "b", "c", "d"), 6)


def sparse_matrix(seed, shape, dtype):
    """Distributions with zeros."""
    rng = np.random.default_rng(seed)
    matrix = rng.dirichlet(np.full(shape[0], 0.5), size=shape[1]).T * (rng.random(shape) < 0.8)
    return np.ascontiguousarray(matrix, dtype=dtype), rng


def check_phi(term, formula, phi, dtype):
    tolerance = {"rtol": 1e-5, "atol": 1e-6} if dtype == np.float32 else {"rtol": 1e-12, "atol": 1e-14}
    value, response = formula(phi.astype(float))
    out = np.full_like(phi, 2.0)
    term.add_term(phi, phi, out)
    assert_allclose(out - 2, response, **tolerance)
    assert term.value(phi, phi) == pytest.approx(value, rel=tolerance["rtol"], abs=tolerance["atol"])


@given(seed=seeds, topics=selections, dtype=dtypes)
def test_decorrelation(seed, topics, dtype):
    phi, _ = sparse_matrix(seed, (6, 4), dtype)
    chosen = range(4) if topics is None else topics
    check_phi(Decorrelation(topics=topics).bind(LAYOUT), lambda phi: oracle.decorrelation(phi, chosen), phi, dtype)


@given(seed=seeds, topics=selections, dtype=dtypes, weighted=st.booleans())
def test_smooth_sparse_phi(seed, topics, dtype, weighted):
    phi, rng = sparse_matrix(seed, (6, 4), dtype)
    chosen = range(4) if topics is None else topics
    beta = rng.uniform(0, 2, 6) if weighted else None
    term = SmoothSparsePhi(topics=topics, distribution=beta).bind(LAYOUT)
    check_phi(term, lambda phi: oracle.smooth_sparse(phi, chosen, beta), phi, dtype)


@given(seed=seeds, topics=selections, dtype=dtypes, weighted=st.booleans())
def test_smooth_sparse_theta(seed, topics, dtype, weighted):
    theta, rng = sparse_matrix(seed, (5, 4), dtype)
    chosen = range(4) if topics is None else topics
    alpha = rng.uniform(0, 2, len(chosen)) if weighted else None
    term = SmoothSparseTheta(topics=topics, distribution=alpha).bind(LAYOUT)
    value, response = oracle.smooth_sparse_theta(theta.astype(float), chosen, alpha)
    assert_allclose(np.broadcast_to(term.constant(), theta.shape), response)
    assert term.value(theta, Documents(0, np.ones(5))) == pytest.approx(value, rel=1e-5)


def test_distribution_follows_the_ascending_topics():
    term = SmoothSparseTheta(topics=["c", "a"], distribution=[1.0, 2.0]).bind(LAYOUT)
    assert_allclose(term.constant(), [1, 0, 2, 0])


@pytest.mark.parametrize(
    ("regularizer", "shape", "got"),
    [
        (SmoothSparsePhi(distribution=[1.0]), "(6,)", "(1,)"),
        (SmoothSparsePhi(distribution=np.ones((6, 1))), "(6,)", "(6, 1)"),
        (SmoothSparseTheta(distribution=np.ones(6)), "(4,)", "(6,)"),
        (SmoothSparseTheta(topics=[0, 1], distribution=np.ones(4)), "(2,)", "(4,)"),
    ],
)
def test_distribution_of_the_wrong_shape(regularizer, shape, got):
    message = f"The 'distribution' parameter of {type(regularizer).__name__} must have shape {shape}. Got {got}."
    with pytest.raises(ValueError, match=re.escape(message)):
        regularizer.bind(LAYOUT)


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
def test_distribution_must_be_non_negative(bad):
    with pytest.raises(ValueError, match="'distribution' parameter of SmoothSparsePhi must be finite and non-negative"):
        SmoothSparsePhi(distribution=[1.0] * 5 + [bad]).bind(LAYOUT)
