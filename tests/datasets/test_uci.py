"""UCI bag of words."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array, csr_matrix

from skartm.datasets import _uci as uci
from skartm.datasets import dump_uci, load_folder, load_uci
from tests.datasets.matrices import sequences, tokens, weights


def write(path, *lines):
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


@given(X=sequences(weights=weights))
def test_round_trip(tmp_path_factory, X):
    folder = tmp_path_factory.mktemp("uci")
    before = X.copy()
    dump_uci(X, folder / "docword.txt")
    corpus = load_uci(folder / "docword.txt")
    assert_array_equal(corpus.data.toarray(), X.toarray())
    assert corpus.data.has_canonical_format
    assert corpus.feature_names is None
    assert_array_equal(X.indices, before.indices)


@given(names=st.lists(tokens.filter(lambda name: not set(name) & set("\r\n")), min_size=3, max_size=3))
def test_round_trip_of_the_vocabulary(tmp_path_factory, names):
    folder = tmp_path_factory.mktemp("uci")
    dump_uci(np.eye(3), folder / "docword.txt", folder / "vocab.txt", feature_names=names)
    corpus = load_uci(folder / "docword.txt", folder / "vocab.txt")
    assert corpus.feature_names.tolist() == names
    assert corpus.data.dtype == np.float32


@pytest.mark.parametrize("suffix", ["", ".gz", ".bz2", ".xz"])
@pytest.mark.parametrize("on_disk", [False, True])
@pytest.mark.parametrize("n_lines", [1, 2, 1000])
def test_blocks_compression_and_disk_give_the_same(tmp_path, monkeypatch, suffix, on_disk, n_lines):
    monkeypatch.setattr(uci, "_LINES", n_lines)
    X = csr_array([[0, 1, 2], [0, 0, 0], [3, 0, 0.5], [0, 0, 0]])
    dump_uci(X, tmp_path / f"docword{suffix}")
    corpus = load_uci(tmp_path / f"docword{suffix}", ["a", "b", "c"], memmap=tmp_path / "csr" if on_disk else None)
    assert isinstance(corpus.data.data, np.memmap) == on_disk
    assert_array_equal(corpus.data.toarray(), X.toarray())
    assert corpus.feature_names.tolist() == ["a", "b", "c"]


def test_file_is_as_specified(tmp_path):
    dump_uci(csr_matrix([[0, 2.5], [1, 0]]), tmp_path / "d", tmp_path / "v", feature_names=["x", "y"])
    assert (tmp_path / "d").read_text() == "2\n2\n2\n1 2 2.5\n2 1 1\n"
    assert (tmp_path / "v").read_text() == "x\ny\n"


def test_blank_lines_are_skipped_and_repeated_entries_add_up(tmp_path):
    path = write(tmp_path / "docword", 2, 2, 3, "", "1 1 1", "", "1 1 2", "2 2 1", "")
    assert load_uci(path).data.toarray().tolist() == [[3, 0], [0, 1]]


def test_no_documents(tmp_path):
    assert load_uci(write(tmp_path / "docword", 0, 3, 0)).data.shape == (0, 3)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("1 1 nan", "count >= 0"),
        ("1 1 inf", "count >= 0"),
        ("1 1 -1", "count >= 0"),
        ("1 1 x", "count >= 0"),
        ("1 1", "docID wordID count"),
        ("1 1 1 1", "docID wordID count"),
        ("# 1 1", "docID wordID count"),
        ("0 1 1", "docID in 1..3"),
        ("4 1 1", "docID in 1..3"),
        ("1 0 1", "wordID in 1..2"),
        ("1 3 1", "wordID in 1..2"),
        ("1.5 1 1", "docID in 1..3"),
    ],
)
@pytest.mark.parametrize("n_lines", [1, 3, 1000])
def test_malformed_line_is_named(tmp_path, monkeypatch, line, complaint, n_lines):
    monkeypatch.setattr(uci, "_LINES", n_lines)
    path = write(tmp_path / "docword.txt", 3, 2, 4, "1 1 1", "", "1 2 1", line, "3 1 1")
    with pytest.raises(ValueError, match=rf"docword\.txt, line 7: expected .*{complaint}.* Got '{line}'; correct"):
        load_uci(path)


@pytest.mark.parametrize("n_lines", [1, 1000])
def test_documents_out_of_order(tmp_path, monkeypatch, n_lines):
    monkeypatch.setattr(uci, "_LINES", n_lines)
    path = write(tmp_path / "docword.txt", 3, 2, 3, "1 1 1", "3 1 1", "2 1 1")
    with pytest.raises(ValueError, match=r"line 6: expected docID in non-decreasing order. Got 2 after 3; sort"):
        load_uci(path, memmap=tmp_path / "csr")
    assert not (tmp_path / "csr").exists()


@pytest.mark.parametrize(("lines", "number"), [(["x"], 1), ([3, -1], 2), ([3, 2, "1 1 1"], 3), ([3], 2), ([], 1)])
def test_malformed_header_is_named(tmp_path, lines, number):
    with pytest.raises(ValueError, match=rf"docword, line {number}: expected the .* a non-negative integer"):
        load_uci(write(tmp_path / "docword", *lines))


@pytest.mark.parametrize("announced", [1, 3])
def test_file_that_is_cut_short(tmp_path, announced):
    with pytest.raises(ValueError, match=rf"must have the {announced} entries.*Got 2; the file may be cut short"):
        load_uci(write(tmp_path / "docword", 1, 2, announced, "1 1 1", "1 2 1"))


def test_vocabulary_of_another_size(tmp_path):
    with pytest.raises(ValueError, match="vocab must have 2 lines, one a column of the counts. Got 1"):
        load_uci(write(tmp_path / "docword", 1, 2, 1, "1 1 1"), write(tmp_path / "vocab", "a"))


@pytest.mark.parametrize("value", [np.nan, np.inf, -1])
def test_bad_counts_are_not_written(tmp_path, value):
    with pytest.raises(ValueError, match="X contains|Negative values in data passed to dump_uci"):
        dump_uci([[value, 1.0]], tmp_path / "docword")
    assert not (tmp_path / "docword").exists()


def test_bad_vocabulary_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="must be given together. Got vocab alone; pass feature_names"):
        dump_uci([[1]], tmp_path / "docword", tmp_path / "vocab")
    with pytest.raises(ValueError, match="must be given together. Got feature_names alone; pass vocab"):
        dump_uci([[1]], tmp_path / "docword", feature_names=["a"])
    with pytest.raises(ValueError, match=r"without line breaks. Got 'a\\nb'"):
        dump_uci([[1]], tmp_path / "docword", tmp_path / "vocab", feature_names=["a\nb"])
    with pytest.raises(TypeError, match="feature_names must hold str. Got 1"):
        dump_uci([[1]], tmp_path / "docword", tmp_path / "vocab", feature_names=[1])


def test_memory_does_not_grow_with_the_entries(tmp_path, monkeypatch):
    monkeypatch.setattr(uci, "_LINES", 1000)

    def peak(n_docs):
        path = tmp_path / f"docword{n_docs}"
        dump_uci(np.ones((n_docs, 50)), path)
        tracemalloc.start()
        load_uci(path, memmap=tmp_path / "csr")
        result = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return result

    peak(10)
    assert peak(2000) < 1.5 * peak(200)


def test_real_corpus(tmp_path, real_folder):
    corpus = load_folder(real_folder("reuters395"))
    files = tmp_path / "docword.gz", tmp_path / "vocab.gz"
    dump_uci(corpus.data, *files, feature_names=corpus.feature_names)
    again = load_uci(*files)
    assert (again.data != corpus.data).nnz == 0
    assert_array_equal(again.feature_names, corpus.feature_names)
