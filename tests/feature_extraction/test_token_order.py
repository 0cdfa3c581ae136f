import numpy as np
import pytest
from scipy.sparse import csr_array, csr_matrix
from sklearn.feature_extraction.text import CountVectorizer

from skartm.datasets import load_peps, open_memmap, save_memmap
from skartm.feature_extraction import SequenceVectorizer, has_token_order


@pytest.mark.parametrize("container", [csr_matrix, csr_array])
@pytest.mark.parametrize("index_dtype", [np.int32, np.int64])
@pytest.mark.parametrize(
    ("indices", "expected"), [([0, 1, 2], False), ([1, 0, 2], True), ([1, 1, 2], True), ([0, 2, 1], False)]
)
def test_rows_of_two_and_one(container, index_dtype, indices, expected):
    X = container((2, 3))
    X.data, X.indices, X.indptr = np.ones(3), np.array(indices, index_dtype), np.array([0, 2, 3], index_dtype)
    assert has_token_order(X) is expected


def test_other_formats_have_none():
    X = load_peps().data[:3]
    assert has_token_order(X)
    assert not has_token_order(X.tocsc())
    assert not has_token_order(X.toarray())
    assert not has_token_order([[1, 2]])


def test_counts_that_are_not_sorted_have_none():
    texts = ["bee ant bee", "ant cat"]
    X = CountVectorizer().fit_transform(texts)
    assert not X.has_sorted_indices  # scikit-learn leaves them as they came
    assert not has_token_order(X)
    # but weighted tokens that are repeated have an order
    assert has_token_order(SequenceVectorizer().fit_transform(texts) * 2)
    assert not has_token_order(csr_array((2, 3)))


def test_order_survives_slices_and_disk(tmp_path):
    X = SequenceVectorizer().fit_transform(["bee ant bee", "ant cat", "cat bee ant"])
    assert not has_token_order(X[[1]])
    assert has_token_order(X[[1, 2]])
    save_memmap(tmp_path / "X", X)
    assert has_token_order(open_memmap(tmp_path / "X"))
