"""Sums of products of tables against loops over their numbers."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skartm._kernels import half_step
from tests.oracle import monotonic as oracle


def problem(seed, n, signs, sizes, width, n_and, dtype):
    rng = np.random.default_rng(seed)
    features, first = [], 0
    for sign, size in zip(signs, sizes, strict=True):
        features.append((first, size, sign))
        first += size + 1
    p = rng.uniform(0.05, 0.95, (first, width))
    for start, size, sign in features:
        if sign:
            p[start : start + size] /= p[start : start + size].sum(axis=0)
    index = np.zeros((n, len(signs)), dtype=np.int32)
    share = np.zeros((n, len(signs)), dtype=dtype)
    for j, (start, size, _) in enumerate(features):
        place = rng.integers(0, size + 1, n)  # the last one is a missing value
        index[:, j] = start + place
        share[:, j] = np.where(place < size - 1, rng.uniform(0, 1, n) * rng.integers(0, 2, n), 0)
    target = rng.uniform(0.1, 2, (n, 2)).astype(dtype)
    pi = rng.dirichlet(np.ones(width)).astype(dtype)
    order = rng.permutation(len(signs)).astype(np.int32)
    return np.array(features, dtype=np.int32), p.astype(dtype), pi, index, share, target, order


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(
    seed=st.integers(0, 2**31),
    n=st.integers(0, 5),
    features=st.lists(st.tuples(st.sampled_from([-1, 0, 1]), st.integers(1, 4)), min_size=1, max_size=4),
    width=st.integers(1, 5),
    n_and=st.integers(0, 5),
)
def test_counts_and_update_equal_loops(dtype, seed, n, features, width, n_and):
    n_and = min(n_and, width)
    signs, sizes = zip(*features, strict=True)
    features, p, pi, index, share, target, order = problem(seed, n, signs, sizes, width, n_and, dtype)
    priors = np.array([0.1, 0.2, 0.05, 0.3], dtype=dtype)
    n_rows, tight = len(p), 1e-10 if dtype == np.float64 else 1e-4
    tables = np.array(oracle.entries(features, n_and, p.astype(float)), dtype=dtype)
    rows = zip(index, share.astype(float), strict=True)
    P = [oracle.probability(tables.astype(float), pi.astype(float), n_and, *row) for row in rows]
    assume(all(0.01 < value < 0.99 for value in P))  # rounding is as large as what is left of P or 1 - P
    counts = np.zeros((2 * n_rows + 1, width), dtype=dtype)
    scratch = np.zeros((2 * len(signs) + 4, width), dtype=dtype)
    value = half_step.table_counts(index, share, target, order, tables, pi, n_and, counts, scratch)
    passed, failed, chosen, expected = oracle.counts(
        tables.astype(float), pi.astype(float), n_and, index, share.astype(float), target.astype(float), order
    )
    assert_allclose(value, expected, rtol=tight, atol=tight)
    assert_allclose(counts, np.vstack([passed, failed, [chosen]]), rtol=10 * tight, atol=tight)
    new, new_pi = oracle.update(features, n_and, p.astype(float), pi.astype(float), passed, failed, chosen, priors)
    half_step.table_update(features, counts, priors, 1, n_and, p, pi, tables, scratch)
    assert_allclose(p, new, rtol=100 * tight, atol=tight)
    assert_allclose(pi, new_pi, rtol=100 * tight, atol=tight)
    assert_allclose(tables, oracle.entries(features, n_and, p.astype(float)), rtol=100 * tight, atol=10 * tight)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_predictions_equal_loops_with_any_threads(dtype, global_random_seed):
    features, p, pi, index, share, _, order = problem(global_random_seed, 50, (1, 0, -1), (4, 3, 1), 7, 4, dtype)
    tables = np.array(oracle.entries(features, 4, p.astype(float)), dtype=dtype)
    found = []
    for n_threads in (1, 3):
        out, scratch = np.zeros(50), np.zeros((n_threads, 7, 7), dtype=dtype)
        half_step.table_predictions(index, share, order, tables, pi, 4, scratch, out, n_threads)
        found.append(out)
    expected = [
        oracle.probability(tables.astype(float), pi.astype(float), 4, *row)
        for row in zip(index, share.astype(float), strict=True)
    ]
    assert_allclose(found[0], expected, rtol=1e-12 if dtype == np.float64 else 1e-5)
    assert_array_equal(found[0], found[1])


def test_power_goes_further_in_the_same_direction(global_random_seed):
    features, p, pi, index, share, target, order = problem(global_random_seed, 40, (1, 0), (4, 3), 6, 3, np.float64)
    counts, scratch = np.zeros((2 * len(p) + 1, 6)), np.zeros((8, 6))
    tables = np.array(oracle.entries(features, 3, p))
    half_step.table_counts(index, share, target, order, tables, pi, 3, counts, scratch)
    results = []
    for power in (1, 2):
        new, new_pi = p.copy(), pi.copy()
        half_step.table_update(features, counts, np.zeros(4), power, 3, new, new_pi, tables.copy(), scratch)
        results.append(new_pi)
    expected = results[0] ** 2 / pi
    assert_allclose(results[1], expected / expected.sum(), rtol=1e-10)
