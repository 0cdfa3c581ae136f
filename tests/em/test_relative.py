import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skartm.em import relative_scale
from tests.oracle import plsa as oracle


@given(
    seed=st.integers(0, 999),
    topics=st.sets(st.integers(0, 3), min_size=1).map(sorted),
    silent=st.sets(st.integers(0, 3)),
    relative=st.sampled_from([None, 0.0, 0.3, 1.0]),
)
def test_equals_loops(seed, topics, silent, relative):
    rng = np.random.default_rng(seed)
    n_wt, r_wt = rng.normal(3, 2, (6, 4)), rng.normal(size=(6, 4))
    r_wt[:, sorted(silent)] = 0
    assert_allclose(
        relative_scale(n_wt, r_wt, np.array(topics), relative),
        oracle.relative_scale(n_wt, r_wt, topics, relative),
        rtol=1e-12,
    )


@given(seed=st.integers(0, 999), relative=st.floats(0, 1))
def test_moves_the_whole_mass(seed, relative):
    rng = np.random.default_rng(seed)
    n_wt, r_wt = rng.gamma(1.0, size=(6, 4)), rng.normal(size=(6, 4))
    topics = np.array([0, 2])
    moved = np.abs(relative_scale(n_wt, r_wt, topics, relative) * r_wt)[:, topics]
    assert moved.sum() == pytest.approx(n_wt[:, topics].sum())


@pytest.mark.parametrize("relative", [0.0, 0.5, 1.0])
def test_zero_by_zero_is_zero(relative):
    zeros = np.zeros((3, 2))
    assert_array_equal(relative_scale(zeros, zeros, np.arange(2), relative), [0, 0])
    assert_array_equal(relative_scale(np.ones((3, 2)), zeros, np.arange(2), relative), [0, 0])
    assert_array_equal(relative_scale(zeros, np.ones((3, 2)), np.arange(2), relative), [0, 0])


def test_topic_without_response_is_left_alone():
    r_wt = np.array([[1.0, 0.0], [1.0, 0.0]])
    assert_array_equal(relative_scale(np.ones((2, 2)), r_wt, np.arange(2), 1.0), [1, 0])


def test_float32_sums_are_in_float64():
    n_wt = np.full((200_000, 1), 0.1, dtype=np.float32)
    scale = relative_scale(n_wt, np.ones_like(n_wt), np.arange(1), 0.0)
    assert scale.dtype == np.float64
    assert scale[0] == pytest.approx(np.float32(0.1), rel=1e-12)
