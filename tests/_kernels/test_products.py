"""Mixtures of products against numpy."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skartm._kernels import half_step

SIZES = st.lists(st.integers(1, 5), min_size=1, max_size=6)


def problem(seed, n_rows, sizes, width, zeros=0.3):
    rng = np.random.default_rng(seed)
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    values = rng.random((n_rows, offsets[-1])) * (rng.random((n_rows, offsets[-1])) > zeros)
    values[:, offsets[:-1]] += 0.1  # not all zero in a feature
    table, weights = rng.random((offsets[-1], width)) + 0.01, rng.dirichlet(np.ones(width))
    return values, offsets, table, weights


def mixed(values, offsets, table):
    ends = pairwise(offsets)
    return np.array([values[:, start:end] @ table[start:end] for start, end in ends])


def shares_of(values, offsets, table, weights, n_threads=1):
    shares, logarithms = np.empty((len(values), len(weights))), np.empty(len(values))
    scratch = np.empty((n_threads, 2 * len(weights)))
    half_step.product_shares(values, offsets, table, weights, shares, logarithms, scratch, n_threads)
    return shares, logarithms


def counts_of(values, offsets, table, shares, row_weights, n_threads=1):
    counts, scratch = np.zeros_like(table), np.empty((n_threads, 2 * table.shape[1]))
    half_step.product_counts(values, offsets, table, shares, row_weights, counts, scratch, n_threads)
    return counts


def sums_of(values, offsets, table, weights, n_threads=1):
    sums, scratch = np.empty(len(values)), np.empty((n_threads, 2 * len(weights)))
    half_step.product_sums(values, offsets, table, weights, sums, scratch, n_threads)
    return sums


@given(st.integers(0, 1000), st.integers(0, 9), SIZES, st.integers(1, 9))
def test_equal_numpy(seed, n_rows, sizes, width):
    values, offsets, table, weights = problem(seed, n_rows, sizes, width)
    u = mixed(values, offsets, table)
    f = weights * np.prod(u, axis=0)
    shares, logarithms = shares_of(values, offsets, table, weights)
    assert_allclose(logarithms, np.log(f.sum(axis=1)), rtol=1e-11, atol=1e-11)
    assert_allclose(shares, f / f.sum(axis=1, keepdims=True), rtol=1e-11)
    assert_allclose(sums_of(values, offsets, table, weights), f.sum(axis=1), rtol=1e-12)
    row_weights = np.random.default_rng(seed).random(n_rows)
    expected = np.zeros_like(table)
    for j, (start, end) in enumerate(pairwise(offsets)):
        expected[start:end] = values[:, start:end].T @ (row_weights[:, None] * shares / u[j])
    assert_allclose(counts_of(values, offsets, table, shares, row_weights), expected, rtol=1e-11, atol=1e-14)


def test_products_do_not_underflow():
    values, offsets, table, weights = problem(0, 4, [3] * 500, 8, zeros=0)
    shares, logarithms = shares_of(values * 1e-3, offsets, table, weights)
    u = np.log(mixed(values * 1e-3, offsets, table)).sum(axis=0) + np.log(weights)
    assert u.max() < np.log(np.finfo(np.float64).tiny)
    largest = u.max(axis=1)
    assert_allclose(logarithms, largest + np.log(np.exp(u - largest[:, None]).sum(axis=1)), rtol=1e-12)
    assert_allclose(shares.sum(axis=1), 1)


def test_a_component_without_density_takes_no_part():
    values, offsets, table, weights = problem(1, 6, [2, 3], 4)
    table[offsets[1] :, 2] = 0
    shares, _ = shares_of(values, offsets, table, weights)
    counts = counts_of(values, offsets, table, shares, np.ones(6))
    assert np.isfinite(counts).all()
    assert_array_equal(shares[:, 2], 0)
    assert_array_equal(counts[:, 2], 0)


@pytest.mark.parametrize("n_threads", [2, 3])
def test_threads_do_not_matter(n_threads):
    values, offsets, table, weights = problem(2, 200, [5, 1, 4, 7], 16)
    one, many = shares_of(values, offsets, table, weights), shares_of(values, offsets, table, weights, n_threads)
    assert_array_equal(one[0], many[0])
    assert_array_equal(one[1], many[1])
    counts = counts_of(values, offsets, table, one[0], np.ones(200))
    assert_array_equal(counts, counts_of(values, offsets, table, one[0], np.ones(200), n_threads))
    sums = sums_of(values, offsets, table, weights)
    assert_array_equal(sums, sums_of(values, offsets, table, weights, n_threads))
