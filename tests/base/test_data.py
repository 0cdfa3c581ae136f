"""The door for arrays from outside; ``tests/reliability/test_entries.py`` tries it on every public callable."""

import numpy as np
import pytest
from scipy import sparse

from skartm import LDA, PLSA
from skartm.base._data import as_floats, check_counts, check_csr, check_matrix, check_numbers, check_weights
from skartm.base._sparse import canonical, cast, compact, own_csr, own_sparse
from tests.reliability.matrices import SPARSE_FORMS, snapshot

COUNTS = np.array([[0, 2, 1, 3], [0, 0, 0, 0], [4, 0, 1, 0]], dtype=np.float64)


def read(X, dtype="float64"):
    return check_counts(PLSA(dtype=dtype), X, dtype, reset=True)


@pytest.mark.parametrize("form", SPARSE_FORMS)
def test_every_form_is_read_and_none_is_written(form, tmp_path):
    X = SPARSE_FORMS[form].make(COUNTS, tmp_path)
    before = snapshot(X)
    own = read(X)
    assert snapshot(X) == before
    assert own.format == "csr"
    assert own.indices.dtype == own.indptr.dtype
    assert not any(array.flags.writeable for array in (own.indices, own.indptr)), "scipy could sort them"
    np.testing.assert_array_equal(own.toarray(), SPARSE_FORMS[form].values(COUNTS))


def test_order_and_memory_maps_are_kept(tmp_path):
    ordered = SPARSE_FORMS["unsorted"].make(COUNTS, tmp_path)
    np.testing.assert_array_equal(read(ordered).indices, ordered.indices)
    mapped = SPARSE_FORMS["memory-mapped"].make(COUNTS, tmp_path)
    assert np.shares_memory(read(mapped).data, mapped.data)


def test_methods_of_scipy_cannot_rearrange_what_belongs_to_the_user(tmp_path):
    X = SPARSE_FORMS["unsorted"].make(COUNTS, tmp_path)
    own, before = own_csr(X), snapshot(X)
    for method in (own.sort_indices, own.sum_duplicates):
        with pytest.raises(ValueError, match="read-only"):
            method()
    assert snapshot(X) == before
    np.testing.assert_array_equal(canonical(own).toarray(), COUNTS)
    assert canonical(own).has_sorted_indices
    sorted_already = own_csr(sparse.csr_matrix(COUNTS))
    assert canonical(sorted_already) is sorted_already


def test_flags_that_lie_are_not_believed(tmp_path):
    X = SPARSE_FORMS["unsorted, flags that lie"].make(COUNTS, tmp_path)
    assert X.has_canonical_format
    assert not own_sparse(X).has_canonical_format


def test_compact_and_cast(tmp_path):
    X = own_csr(SPARSE_FORMS["explicit zeros"].make(COUNTS, tmp_path))
    assert compact(X).nnz == np.count_nonzero(COUNTS)
    assert cast(X, np.float64) is X
    assert cast(X, np.float32).data.dtype == np.float32


def damaged(name, values):
    X = sparse.csr_matrix(COUNTS)
    setattr(X, name, np.array(values, dtype=getattr(X, name).dtype))
    return X


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("indices", [1, 2, 3, 0, 9], r"X.indices must be in \[0, 4\).* Got 9 in row 2"),
        ("indices", [1, 2, -3, 0, 2], r"X.indices must be in \[0, 4\).* Got -3 in row 0"),
        ("indptr", [0, 3, 2, 5], r"X.indptr must not decrease.* Got 3 and then 2 at row 1"),
        ("indptr", [0, 3, 3, 9], r"the 9 entries that X.indptr ends with"),
        ("indptr", [1, 3, 3, 5], "begin with 0"),
        ("indptr", [0, 3, 5], "must have 4 entries"),
        ("data", [1, 2], "Got 5 and 2 entries"),
    ],
)
def test_damage_is_named(name, values, words):
    with pytest.raises(ValueError, match=words):
        own_csr(damaged(name, values))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rows_that_a_type_cannot_hold_are_named(dtype):
    reach = np.sqrt(np.finfo(dtype).max)
    for scale in (1 / reach / 100, 1e-320):
        X = COUNTS.copy()
        X[2] *= scale
        with pytest.raises(ValueError, match="in row 2; (scale|multiply) X"):
            read(sparse.csr_matrix(X), dtype)
    with pytest.raises(ValueError, match="in row 2"):
        read(COUNTS * np.array([[1], [1], [reach]]), dtype)
    tiny = COUNTS.copy()
    tiny[2, 1] = 1e-320
    with pytest.raises(ValueError, match="in row 2; multiply X"):
        read(tiny, dtype)


def test_counts_that_float32_cannot_hold_exactly_are_named():
    with pytest.raises(ValueError, match=r"at most 16777216 .* Got 16777217.0 in row 2"):
        read(sparse.csr_matrix(np.where(COUNTS == 4, 2**24 + 1.0, COUNTS)), "float32")


def test_weights():
    np.testing.assert_array_equal(check_weights("it", 2, 3), [2, 2, 2])
    for weights, words in (
        ([1, 1], r"it: sample_weight must be numbers of shape \(3,\)"),
        ([1, -1, 1], "non-negative"),
        ([0, 0, 0], "not be all zero"),
        ([1, 1, 1e300], "Got 1e\\+300 in row 2"),
        (["a", "b", "c"], "must be numbers"),
    ):
        with pytest.raises(ValueError, match=words):
            check_weights("it", weights, 3)


def test_other_matrices():
    assert check_csr(COUNTS, "it").format == "csr"
    with pytest.raises(ValueError, match="Negative values in data passed to it"):
        check_csr(-COUNTS, "it")
    array = check_matrix(COUNTS, "phi")
    with pytest.raises(ValueError, match="read-only"):
        array[0, 0] = 1
    assert COUNTS.flags.writeable
    with pytest.raises(ValueError, match=r"phi must be numbers of shape \(n, 3\)"):
        check_numbers(COUNTS, (None, 3), "phi")
    with pytest.raises(ValueError, match="phi must be numbers"):
        as_floats([1j], "phi")
    with pytest.raises(ValueError, match="rows of one length"):
        as_floats([[1], [1, 2]], "phi")


def test_lda_leaves_the_matrix_of_count_vectorizer_alone(tmp_path):
    """It called X.sum, which sorted the matrix of the user while theta belonged to the old order."""
    counts = np.random.default_rng(0).poisson(0.5, (30, 20)).astype(np.float64)
    X = SPARSE_FORMS["unsorted int64"].make(counts, tmp_path)
    before = snapshot(X)
    model = LDA(3, max_iter=3, random_state=0)
    theta = model.fit_transform(X)
    perplexity = model.perplexity(X)
    assert snapshot(X) == before
    same = LDA(3, max_iter=3, random_state=0)
    np.testing.assert_array_equal(theta, same.fit_transform(sparse.csr_matrix(counts)))
    assert perplexity == same.perplexity(sparse.csr_matrix(counts))
