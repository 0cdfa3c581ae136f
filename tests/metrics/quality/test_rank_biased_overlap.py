from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skartm.metrics import inverted_rbo, rank_biased_overlap
from tests.metrics.topics import components
from tests.oracle import scores as oracle

lists = st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=7)


@given(left=lists, right=lists, p=st.sampled_from([0.1, 0.5, 0.9, 0.99]))
def test_equals_loops(left, right, p):
    value = rank_biased_overlap(left, right, p=p)
    assert value == pytest.approx(oracle.rank_biased_overlap(left, right, p), abs=1e-12)
    assert 0 <= value <= 1
    assert value == pytest.approx(rank_biased_overlap(right, left, p=p))


@given(items=lists.filter(bool), p=st.sampled_from([0.1, 0.9]))
def test_equal_lists(items, p):
    assert rank_biased_overlap(items, items, p=p) == pytest.approx(1.0)
    assert rank_biased_overlap(items, [item + "'" for item in items], p=p) == 0.0
    assert rank_biased_overlap(items, [], p=p) == 0.0


def test_first_ranks_matter_most():
    first = rank_biased_overlap("abcd", "abyz")
    last = rank_biased_overlap("abcd", "yzcd")
    assert first > last


@given(phi=components(), n_top=st.integers(1, 8), p=st.sampled_from([0.5, 0.9]))
def test_inverted_equals_loops(phi, n_top, p):
    tops = [top for row in phi.tolist() if (top := oracle.top_columns(row, n_top))]
    overlaps = [oracle.rank_biased_overlap(a, b, p) for a, b in combinations(tops, 2)]
    expected = 1 - np.mean(overlaps) if overlaps else float(len(tops))
    assert inverted_rbo(phi, n_top=n_top, p=p) == pytest.approx(expected, abs=1e-12)


def test_dead_topic_changes_nothing():
    phi = np.array([[0.5, 0.5, 0.0], [0.0, 0.5, 0.5]])
    assert inverted_rbo(np.vstack([phi, np.zeros(3)])) == inverted_rbo(phi)
    assert inverted_rbo(phi[:1]) == 1.0
    assert inverted_rbo(np.zeros((2, 3))) == 0.0


@pytest.mark.parametrize("p", [0, 1, -0.5, np.nan, "0.9"])
def test_bad_persistence(p):
    with pytest.raises(ValueError, match="'p' parameter must be a number in"):
        rank_biased_overlap("ab", "ab", p=p)
    with pytest.raises(ValueError, match="'p' parameter must be a number in"):
        inverted_rbo(np.eye(2), p=p)


def test_repeated_items():
    with pytest.raises(ValueError, match=r"must not repeat an item. Got \['a', 'b', 'a'\]"):
        rank_biased_overlap(["a", "b", "a"], ["a"])
