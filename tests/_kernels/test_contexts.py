"""The kernel of contexts against loops, for all shapes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skartm._kernels import half_step
from skartm.em import padded, padded_zeros
from tests.oracle import context as oracle


@st.composite
def problems(draw):
    """Texts, topics and gammas with zeros everywhere."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_tokens, n_topics = draw(st.integers(1, 8)), draw(st.sampled_from([1, 2, 15, 17, 40]))
    lengths = draw(st.lists(st.integers(0, 9), min_size=1, max_size=5))
    phi = rng.random((n_tokens, n_topics)) * (rng.random((n_tokens, n_topics)) < 0.7)
    mass = rng.random(n_topics) * (rng.random(n_topics) < 0.8) + (np.arange(n_topics) == 0)
    mass /= mass.max()
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    gammas = rng.choice([0.0, 0.1, 0.6, 1.0], (2, indptr[-1]))
    tokens = rng.integers(0, n_tokens, indptr[-1]).astype(np.int32)
    options = {
        "window": draw(st.sampled_from([None, 1, 2, 3, 8, 1000])),
        "beta": draw(st.sampled_from([0.0, 0.3, 0.5, 1.0])),
        "n_layers": draw(st.integers(1, 3)),
        "own": draw(st.booleans()),
    }
    return indptr, tokens, rng.integers(0, 3, indptr[-1]).astype(float), gammas, phi, mass, options


def run(problem, dtype, n_threads=1):
    """z, ratio, context, left, right, counts, totals."""
    indptr, tokens, x, gammas, phi, mass, options = problem
    n, n_docs, n_topics, window = tokens.size, indptr.size - 1, phi.shape[1], options["window"] or 0
    table, weights = padded(phi, dtype), padded(mass[None], dtype)[0]
    scale = np.zeros(phi.shape[0], dtype=dtype)
    half_step.token_scales(table, np.arange(phi.shape[0], dtype=np.int32), weights, scale)
    context, values, left, right = (padded_zeros(n, n_topics, dtype) for _ in range(4))
    z, ratio = np.full((2, n), np.nan, dtype=dtype)
    counts, totals = padded_zeros(n_docs, n_topics, dtype), np.zeros((n_docs, 2))
    rule = options["beta"], window, options["n_layers"], options["own"]
    half_step.context_documents(
        (indptr, tokens, x.astype(dtype), *gammas.astype(dtype)), (table, scale, weights), rule,
        context, values, z, ratio, (left, right), counts, totals,
        padded_zeros(n_threads, table.shape[1] * (1 + min(window, 9)), dtype), n_threads,
    )  # fmt: skip
    left_out = np.full(n, np.nan, dtype=dtype)
    scratch = padded_zeros(n_threads, table.shape[1] * (20 + min(window, 9)) + 27, dtype)
    half_step.context_left_out(
        indptr, tokens, *gammas.astype(dtype), table, scale, weights, rule, left_out, scratch, n_threads
    )  # fmt: skip
    return z, ratio, context * weights, left, right, counts, totals, left_out


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(problem=problems())
def test_against_loops(dtype, problem):
    indptr, tokens, x, gammas, phi, mass, options = problem
    z, ratio, theta, left, right, counts, totals, left_out = run(problem, dtype)
    tolerance = {"rtol": 2e-4, "atol": 1e-5} if dtype == np.float32 else {"rtol": 1e-10, "atol": 1e-13}
    n_topics, prior = phi.shape[1], mass / mass.sum()
    assert not counts[:, n_topics:].any()
    assert not theta[:, n_topics:].any()
    for d in range(indptr.size - 1):
        here = slice(indptr[d], indptr[d + 1])
        document, sides = tokens[here].tolist(), [side[here].tolist() for side in gammas]
        taken, expected, z_d, p = oracle.contexts(document, phi, mass, *sides, **options)
        assert_allclose(theta[here, :n_topics], np.reshape(expected, (-1, n_topics)), **tolerance)
        assert_allclose(z[here], z_d, **tolerance)
        assert_allclose(ratio[here] * z[here], x[here] * (np.array(z_d) > 0), **tolerance)
        for got, side in zip((left, right), oracle.sides(taken, *sides, options["window"])):
            rows = [prior if row is None else row for row in side]
            assert_allclose(got[here, :n_topics], np.reshape(rows, (-1, n_topics)), **tolerance)
        some = [(weight, row) for weight, row in zip(x[here], p) if row is not None]
        n_td = sum((weight * np.array(row) for weight, row in some), np.zeros(n_topics))
        assert_allclose(counts[d, :n_topics], n_td, **tolerance)
        seen = np.array(z_d) > 0
        assert_allclose(totals[d, 1], x[here][~seen].sum())
        assert_allclose(totals[d, 0], x[here][seen] @ np.log(np.array(z_d)[seen]) if seen.any() else 0, **tolerance)
        assert_allclose(left_out[here], oracle.left_out(document, phi, mass, *sides, **options), **tolerance)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(problem=problems())
def test_threads(dtype, problem):
    for one, three in zip(run(problem, dtype), run(problem, dtype, n_threads=3)):
        assert_array_equal(three, one)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(0, 30), n_slots=st.integers(1, 6))
def test_gather(dtype, seed, n, n_slots):
    rng = np.random.default_rng(seed)
    slot_of = rng.integers(0, n_slots, n)
    places = np.argsort(slot_of, kind="stable").astype(np.int32)
    slots, lengths = np.unique(slot_of, return_counts=True)
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    context, ratio = rng.random((n, 5)), rng.random(n)
    begin = rng.random((n_slots, 5))
    results = []
    for n_threads in (1, 3):
        out = padded(begin, dtype)
        half_step.gather_positions(
            slots.astype(np.int32), starts, places, ratio.astype(dtype), padded(context, dtype), out, n_threads
        )
        results.append(out)
    expected = begin.copy()
    np.add.at(expected, slot_of, ratio[:, None] * context)
    assert_allclose(results[0][:, :5], expected, rtol=1e-5 if dtype == np.float32 else 1e-12)
    assert_array_equal(results[1], results[0])
