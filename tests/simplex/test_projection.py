import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal

from skartm.simplex import project
from tests.oracle import simplex as oracle

ARRAYS = hnp.arrays(
    st.sampled_from([np.float32, np.float64]),
    hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=5),
    elements=st.floats(-4, 4, width=32),
)


@given(x=ARRAYS, data=st.data())
def test_project_equals_loops(x, data):
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    before = x.copy()
    nearest = project(x, axis=axis)
    assert (nearest.dtype, nearest.shape) == (x.dtype, x.shape)
    assert_array_equal(x, before)
    lines, results = (np.moveaxis(array, axis, -1).reshape(-1, x.shape[axis]) for array in (x, nearest))
    for line, result in zip(lines, results):
        assert_allclose(result, oracle.project(line.tolist()), atol=1e-6 if x.dtype == np.float32 else 1e-12)


@given(x=ARRAYS)
def test_distributions_are_their_own_projection(x):
    p = project(x)
    assert_allclose(p.sum(axis=-1), 1, atol=1e-5)
    assert_allclose(project(p), p, atol=1e-6)


def test_large_numbers_and_ties():
    assert_allclose(project([1e15, 1e15, 0.0]), [0.5, 0.5, 0])
    assert_array_equal(project([[3]]), [[1.0]])
    assert project(np.ones((0, 3))).shape == (0, 3)


@pytest.mark.parametrize(
    ("x", "complaint"),
    [
        (1.0, r"at least one entry along axis -1. Got the shape \(\)"),
        ([[]], "at least one entry"),
        ([np.nan, 0.0], "finite"),
    ],
)
def test_bad_input(x, complaint):
    with pytest.raises(ValueError, match=complaint):
        project(x)
