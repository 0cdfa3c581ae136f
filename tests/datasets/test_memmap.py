"""On-disk CSR."""

import json
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joblib import Parallel, delayed
from numpy.testing import assert_array_equal
from scipy.sparse import csc_matrix, csr_array, csr_matrix, random_array
from sklearn import config_context
from sklearn.decomposition import MiniBatchNMF
from sklearn.utils import check_array

from skartm.datasets import _memmap as memmap
from skartm.datasets import _rows as rows
from skartm.datasets import iter_chunks, open_memmap, save_memmap
from tests.datasets.matrices import sequences, weights


def assert_same_arrays(actual, expected):
    """Equal as they are stored, order and repeated entries included."""
    assert actual.shape == expected.shape
    for name in ("data", "indices", "indptr"):
        assert_array_equal(getattr(actual, name), getattr(expected, name))


@pytest.fixture
def X():
    return csr_matrix(random_array((50, 20), density=0.2, rng=0, dtype=np.float32))


@given(X=sequences(weights=weights), n_rows=st.integers(1, 4))
def test_round_trip_keeps_the_stored_entries(tmp_path_factory, X, n_rows):
    folder = tmp_path_factory.mktemp("csr")
    assert_same_arrays(save_memmap(folder / "whole", X), X)
    if X.shape[0]:
        assert_same_arrays(save_memmap(folder / "blocks", iter_chunks(X, n_rows)), X)
        assert_same_arrays(open_memmap(folder / "blocks"), X)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_validation_of_scikit_learn_does_not_copy(tmp_path, X, dtype):
    Y = save_memmap(tmp_path, X.astype(dtype))
    for name in ("data", "indices", "indptr"):
        assert isinstance(getattr(Y, name), np.memmap)
    checked = check_array(Y, accept_sparse="csr")
    for name in ("data", "indices", "indptr"):
        assert np.shares_memory(getattr(checked, name), getattr(Y, name))
    assert checked.dtype == dtype


def test_integers_become_float32_unless_dtype_says_otherwise(tmp_path):
    assert save_memmap(tmp_path, np.eye(2, dtype=np.int64)).dtype == np.float32
    assert save_memmap(tmp_path, np.eye(2), dtype=np.int16).dtype == np.int16


@pytest.mark.parametrize("convert", [csr_array, csc_matrix, csr_matrix.toarray, lambda X: X.toarray().tolist()])
def test_any_matrix_can_be_written(tmp_path, X, convert):
    assert_array_equal(save_memmap(tmp_path, convert(X)).toarray(), X.toarray())


def test_slice_whose_arrays_are_longer_than_its_entries(tmp_path, X):
    X.indptr = X.indptr[:11]
    X._shape = (10, 20)
    assert save_memmap(tmp_path, X).nnz == X.indptr[-1]


def test_class_follows_the_configuration(tmp_path, X):
    save_memmap(tmp_path, X)
    assert isinstance(open_memmap(tmp_path), csr_matrix)
    with config_context(sparse_interface="sparray"):
        assert isinstance(open_memmap(tmp_path), csr_array)


def test_indices_are_int64_when_entries_do_not_fit_into_int32(tmp_path, X, monkeypatch):
    assert open_memmap(save(tmp_path / "small", X)).indices.dtype == np.int32
    monkeypatch.setattr(rows, "MAX_INT32", X.nnz - 1)
    monkeypatch.setattr(memmap, "_ENTRIES", 7)
    Y = save_memmap(tmp_path / "large", X)
    assert Y.indices.dtype == Y.indptr.dtype == np.int64
    assert_same_arrays(Y, X)


def save(path, X):
    save_memmap(path, X)
    return path


def test_modes(tmp_path, X):
    save_memmap(tmp_path, X)
    with pytest.raises(ValueError, match="read-only"):
        open_memmap(tmp_path).data[0] = 7
    copy = open_memmap(tmp_path, mode="c")
    copy.data[0] = 7
    copy.sum_duplicates()
    assert_same_arrays(open_memmap(tmp_path), X)
    open_memmap(tmp_path, mode="r+").data[0] = 7
    assert open_memmap(tmp_path).data[0] == 7


def test_replacing_leaves_open_matrices_alone(tmp_path, X):
    old = save_memmap(tmp_path, X)
    save_memmap(tmp_path, 2 * X)
    assert_same_arrays(old, X)
    assert_same_arrays(open_memmap(tmp_path), 2 * X)


def test_an_error_leaves_nothing_behind_and_the_old_matrix_intact(tmp_path, X):
    def blocks():
        yield X
        raise RuntimeError("the source failed")

    path = tmp_path / "csr"
    for _ in range(2):
        with pytest.raises(RuntimeError, match="the source failed"):
            save_memmap(path, blocks())
        assert {file.name for file in tmp_path.iterdir()} <= {"csr"}
        save_memmap(path, X)
    assert_same_arrays(open_memmap(path), X)


def test_folder_with_other_content_is_refused(tmp_path, X):
    (tmp_path / "data.npy").write_text("mine")
    with pytest.raises(FileExistsError, match="must be new, empty, or hold one.*choose another folder"):
        save_memmap(tmp_path, X)
    with pytest.raises(FileExistsError):
        save_memmap(tmp_path / "data.npy", X)
    assert (tmp_path / "data.npy").read_text() == "mine"


def test_blocks_must_agree(tmp_path, X):
    with pytest.raises(ValueError, match="must have 20 columns, like the first. Got 19 in block 1"):
        save_memmap(tmp_path / "csr", [X, X[:, :19]])
    with pytest.raises(ValueError, match="at least one block of rows. Got an empty iterable"):
        save_memmap(tmp_path / "csr", iter([]))


def test_columns_must_fit_into_int32(tmp_path, monkeypatch):
    monkeypatch.setattr(memmap, "MAX_INT32", 2)
    with pytest.raises(ValueError, match="at most 2 columns. Got 3"):
        save_memmap(tmp_path / "csr", np.eye(3))


def test_what_open_memmap_refuses(tmp_path, X):
    with pytest.raises(FileNotFoundError, match="write one with save_memmap"):
        open_memmap(tmp_path)
    save_memmap(tmp_path, X)
    with pytest.raises(ValueError, match="mode must be 'r', 'r\\+' or 'c'. Got 'w\\+'"):
        open_memmap(tmp_path, mode="w+")
    header = json.loads((tmp_path / "csr.json").read_text())
    (tmp_path / "csr.json").write_text(json.dumps(header | {"nnz": X.nnz + 1}))
    with pytest.raises(ValueError, match="changed or cut short"):
        open_memmap(tmp_path)


@pytest.mark.slow
def test_joblib_sends_names_of_files(tmp_path):
    Y = save_memmap(tmp_path, np.ones((2000, 100), dtype=np.float32))
    assert len(pickle.dumps(Y)) > Y.data.nbytes
    (kind,) = Parallel(n_jobs=2, max_nbytes=None)([delayed(kind_of_backing)(Y)])
    assert kind == "memmap"


def kind_of_backing(X):
    array = X.data
    while isinstance(array.base, np.ndarray) and not isinstance(array, np.memmap):
        array = array.base
    return type(array).__name__


def test_chunks_feed_partial_fit(tmp_path, X):
    model = MiniBatchNMF(2, init="random", random_state=0)
    for chunk in iter_chunks(save_memmap(tmp_path, X), n_rows=20):
        model.partial_fit(chunk)
    assert model.components_.shape == (2, 20)


@pytest.mark.parametrize("n_rows", [0, -1, 2.0, True, "2"])
def test_size_of_chunks_is_a_positive_int(X, n_rows):
    with pytest.raises(ValueError, match="n_rows must be a positive int. Got"):
        iter_chunks(X, n_rows)


def test_chunks_of_other_matrices(X):
    assert [chunk.shape for chunk in iter_chunks(csc_matrix(X), 30)] == [(30, 20), (20, 20)]
    assert [len(chunk) for chunk in iter_chunks([[1], [2], [3]], 2)] == [2, 1]
    pandas = pytest.importorskip("pandas")
    assert [len(chunk) for chunk in iter_chunks(pandas.DataFrame({"a": range(3)}), 2)] == [2, 1]


@pytest.mark.parametrize("make", [csr_matrix, csr_array, np.zeros])
def test_no_rows(tmp_path, make):
    assert list(iter_chunks(make((0, 3)))) == []
    assert save_memmap(tmp_path, make((0, 3))).shape == (0, 3)
