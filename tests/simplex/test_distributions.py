import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal

from skartm.simplex import norm, random_distributions

MATRICES = hnp.arrays(
    st.sampled_from([np.float32, np.float64]),
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=6),
    elements=st.sampled_from([-1.0, 0.0, 0.25, 1.0, 3.0]),
)


@given(matrix=MATRICES)
def test_norm_equals_loops(matrix):
    before = matrix.copy()
    scaled = norm(matrix)
    assert scaled.dtype == matrix.dtype
    for t in range(matrix.shape[1]):
        positive = [max(value, 0.0) for value in matrix[:, t].tolist()]
        total = sum(positive)
        assert_allclose(scaled[:, t], [value / total if total else 0.0 for value in positive], rtol=1e-6)
    assert_array_equal(matrix, before)


@given(seed=st.integers(0, 999), n=st.integers(1, 20), k=st.integers(1, 6))
def test_random_distributions(seed, n, k):
    phi = random_distributions(np.random.RandomState(seed), n, k)
    assert phi.shape == (n, k)
    assert (phi > 0).all()
    assert_allclose(phi.sum(axis=0), 1)
    assert_array_equal(phi, random_distributions(np.random.RandomState(seed), n, k))
