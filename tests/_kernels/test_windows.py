import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skartm._kernels import count_gensim_windows, count_windows
from tests.oracle import windows as oracle

KERNELS = {"exact": count_windows, "gensim": count_gensim_windows}
N_TOKENS = 5

texts_of_few = st.lists(st.lists(st.integers(0, N_TOKENS - 1), max_size=14), max_size=5)


def read_only(values, dtype):
    array = np.array(values, dtype=dtype)
    array.setflags(write=False)
    return array


def rows(texts):
    indptr = read_only(np.cumsum([0, *map(len, texts)]), np.int64)
    return indptr, read_only([token for text in texts for token in text], np.int32)


def count(counting, texts, slots, pairs, window):
    """Counts of tokens and pairs by the kernel; ``slots`` are tokens, ``pairs`` are pairs of positions in them."""
    slot_of = np.full(N_TOKENS, -1)
    slot_of[slots] = np.arange(len(slots))
    directed = sorted({(i, j) for i, j in pairs} | {(j, i) for i, j in pairs})
    partner_indptr = np.searchsorted([i for i, _ in directed], np.arange(len(slots) + 1))
    intervals = np.full((max(map(len, texts), default=0), 4), -99)
    by_slot = np.full((3, len(slots)), -1)
    single, joint = np.full(len(slots), 100), np.full(len(directed), 1000)
    KERNELS[counting](
        *rows(texts), read_only(slot_of, np.int32), read_only(partner_indptr, np.int64),
        read_only([j for _, j in directed], np.int32), window, intervals, by_slot, single, joint,
    )  # fmt: skip
    assert (by_slot == -1).all()
    shares = dict(zip(directed, joint - 1000, strict=True))
    return single - 100, {(i, j): shares[i, j] + shares[j, i] for i, j in pairs}


@pytest.mark.parametrize("counting", KERNELS)
@given(texts=texts_of_few, window=st.integers(1, 16), data=st.data())
def test_counts_equal_loops(counting, texts, window, data):
    slots = data.draw(st.lists(st.integers(0, N_TOKENS - 1), unique=True))
    every = [(i, j) for i in range(len(slots)) for j in range(i)]
    pairs = data.draw(st.lists(st.sampled_from(every), unique=True)) if every else []

    single, joint = count(counting, texts, slots, pairs, window)

    assert_array_equal(single, [oracle.n_windows_with(texts, window, counting, token) for token in slots])
    expected = {(i, j): oracle.n_windows_with(texts, window, counting, slots[i], slots[j]) for i, j in pairs}
    assert joint == expected


def test_a_repeated_token_leaves_once():
    # "a b a c": of the windows "a b a" and "b a c" both have a; in gensim it is gone with the first one
    single, joint = count("exact", [[0, 1, 0, 2]], [0, 1], [(1, 0)], 3)
    assert (single.tolist(), joint) == ([2, 2], {(1, 0): 2})
    single, joint = count("gensim", [[0, 1, 0, 2]], [0, 1], [(1, 0)], 3)
    assert (single.tolist(), joint) == ([1, 2], {(1, 0): 1})


@pytest.mark.parametrize("counting", KERNELS)
def test_nothing_to_count(counting):
    single, joint = count(counting, [], [], [], 3)
    assert (single.size, joint) == (0, {})
    single, joint = count(counting, [[], []], [0, 1], [(1, 0)], 3)
    assert (single.tolist(), joint) == ([0, 0], {(1, 0): 0})


@pytest.mark.parametrize("counting", KERNELS)
def test_counts_pass_32_bits(counting):
    # the token enters the window only once, and stays for its whole length
    text, window = [0, *[1] * 70_000], 70_001
    single, _ = count(counting, [text], [0], [], window)
    assert single.tolist() == [1]
    intervals, by_slot = np.empty((1, 4), dtype=np.int64), np.full((3, 1), -1)
    total = np.array([2**40])
    KERNELS[counting](
        np.array([0, 1]), np.zeros(1, np.int32), np.zeros(1, np.int32), np.zeros(2, np.int64), np.empty(0, np.int32),
        2**40, intervals, by_slot, total, np.empty(0, np.int64),
    )  # fmt: skip
    assert total[0] == 2**40 + 1
