"""Rows gathered in memory, and names of rows and columns."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from skartm.base._data import check_csr
from skartm.datasets import _rows as rows


def test_names_of_one_length_stay_names():
    names = rows.to_names(("ab", "cd"), 2, "titles")
    assert names.dtype == object
    assert names.tolist() == ["ab", "cd"]


@pytest.mark.parametrize("names", ["ab", b"ab", [1, 2], [None, "a"]])
def test_names_are_str(names):
    with pytest.raises(TypeError, match="titles must (hold str|be a sequence).* Got"):
        rows.to_names(names, 2, "titles")


def test_number_of_names():
    with pytest.raises(
        ValueError, match="titles must have one name for each of the 2 columns of X. Got 1; pass one each"
    ):
        rows.to_names(["a"], 2, "titles")


@pytest.mark.parametrize("frame", ["pandas", "polars"])
def test_columns_of_frames_are_names(frame):
    library = pytest.importorskip(frame)
    assert rows.to_names(library.Series(["a", "b"]), 2, "titles").tolist() == ["a", "b"]


def test_lengths_may_follow_the_entries_and_columns_be_renumbered():
    with rows.RowBuffer(np.float32) as buffer:
        buffer.append([1, 2], [0, 1], [])
        buffer.append([3], [1], [1, 0, 2])
        X = buffer.finish(3, order=np.array([2, 0]))
    assert X.toarray().tolist() == [[0, 0, 1], [0, 0, 0], [5, 0, 0]]
    assert X.indices.dtype == np.int32


def test_int64_when_entries_or_columns_do_not_fit():
    assert rows.index_dtype(2**31 - 1, 5) == np.int32
    assert rows.index_dtype(2**31, 5) == np.int64
    assert rows.index_dtype(5, 2**31) == np.int64


def test_check_keeps_the_order_of_the_entries():
    X = csr_matrix(([1.0, 1.0, 1.0], [2, 0, 2], [0, 3]), shape=(1, 3))
    assert check_csr(X, "test").indices.tolist() == [2, 0, 2]
