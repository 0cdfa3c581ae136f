import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skartm.em import Counters, padded
from skartm.em._counters import column_sums


def make(seed, clipped, n_tokens=300, n_topics=3):
    rng = np.random.default_rng(seed)
    values = rng.gamma(1.0, 5.0, (n_tokens, n_topics)) - (0.0 if clipped else 1.0)
    return Counters(padded(values, np.float64), clipped=clipped, n_threads=2), values, rng


@given(
    seed=st.integers(0, 999),
    clipped=st.booleans(),
    steps=st.lists(st.tuples(st.sampled_from([0.9, 0.5, 1e-3]), st.integers(0, 300)), max_size=8),
)
def test_lazy_equals_eager(seed, clipped, steps):
    counters, eager, rng = make(seed, clipped)
    for factor, n_changed in steps:
        tokens = np.sort(rng.choice(300, size=n_changed, replace=False)).astype(np.int32)
        change = rng.uniform(0, 2, (n_changed, 3))
        eager *= factor
        eager[tokens] += change
        counters.fade(factor)
        with counters.watch(tokens):
            counters.stored[tokens, :3] += change / counters.factor
        expected = np.maximum(eager, 0) if clipped else eager
        assert_allclose(counters.sums[:3], expected.sum(axis=0), rtol=1e-9, atol=1e-9)
        assert_allclose(counters.factor * counters.stored[:, :3], eager, rtol=1e-9, atol=1e-12)
    assert_allclose(counters.fold()[:, :3], eager, rtol=1e-9, atol=1e-12)
    assert counters.factor == 1.0
    assert not counters.stored[:, 3:].any()


def test_factor_never_gets_small():
    counters, _, _ = make(0, True)
    for _ in range(100):
        counters.fade(0.5)
        assert counters.factor >= 1e-4


def test_fade_to_nothing():
    counters, _, _ = make(0, True)
    counters.fade(0.0)
    assert_array_equal(counters.fold(), 0)
    assert_array_equal(counters.sums, 0)


def test_clear():
    counters, _, _ = make(1, True)
    assert counters.sums.any()
    counters.fade(0.5)
    counters.clear()
    assert counters.factor == 1.0
    assert not counters.sums.any()


def test_changed_forgets_the_sums():
    counters, values, _ = make(2, True)
    assert_allclose(counters.sums[:3], values.sum(axis=0))
    counters.stored *= 2
    counters.changed()
    assert_allclose(counters.sums[:3], 2 * values.sum(axis=0))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_column_sums_are_in_float64_and_do_not_depend_on_threads(dtype):
    matrix = padded(np.random.default_rng(0).uniform(size=(5000, 3)), dtype)
    rows = np.arange(5000, dtype=np.int32)
    expected = matrix.sum(axis=0, dtype=np.float64)
    sums = [column_sums(matrix, rows, 0.0, n_threads) for n_threads in (1, 2, 4)]
    assert_allclose(sums[0], expected, rtol=1e-12)
    assert_array_equal(sums[1], sums[0])
    assert_array_equal(sums[2], sums[0])
