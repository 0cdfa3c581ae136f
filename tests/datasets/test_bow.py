"""Bags of words of gensim."""

import numpy as np
import pytest
from hypothesis import given
from numpy.testing import assert_array_equal
from scipy.sparse import csc_array

from skartm.datasets import _bow as bow
from skartm.datasets import from_bow, from_token2id, load_peps, to_bow, to_token2id
from tests.datasets.matrices import sequences, weights


@given(X=sequences(weights=weights))
def test_round_trip(X):
    before = X.copy()
    corpus = to_bow(X)
    assert len(corpus) == X.shape[0]
    assert_array_equal(from_bow(corpus, X.shape[1]).toarray(), X.toarray())
    assert list(corpus) == list(corpus)
    assert_array_equal(X.indices, before.indices)


def test_pairs_are_what_doc2bow_gives():
    (doc,) = to_bow(csc_array([[2.0, 0.0, 1.5]]))
    assert doc == [(0, 2), (2, 1.5)]
    assert [type(entry) for pair in doc for entry in pair] == [int, int, int, float]


@pytest.mark.parametrize("on_disk", [False, True])
def test_stream_of_documents(tmp_path, monkeypatch, on_disk):
    monkeypatch.setattr(bow, "_DOCS", 2)
    docs = (iter([(i, 1), (0, 2.5)]) for i in range(5))
    X = from_bow(docs, memmap=tmp_path / "csr" if on_disk else None)
    assert X.shape == (5, 5)
    assert X.indices.tolist() == [0, 0, 1, 0, 2, 0, 3, 0, 4, 0]
    assert isinstance(X.data, np.memmap) == on_disk


def test_empty_corpora():
    assert from_bow([]).shape == (0, 0)
    assert from_bow([[], []], n_features=3).shape == (2, 3)


@pytest.mark.parametrize(
    "pair", [(0, -1), (0, np.nan), (0, np.inf), (0, "x"), (-1, 1), (3, 1), (1.5, 1), ("a", 1), (0,), (0, 1, 2), 7, None]
)
def test_bad_pair_is_named(tmp_path, monkeypatch, pair):
    monkeypatch.setattr(bow, "_DOCS", 2)
    corpus = [[(0, 1)], [], [(0, 1)], [(1, 1), pair]]
    with pytest.raises(ValueError, match=r"pairs \(token_id, count\) with an int id in 0..2 .* in document 3; check"):
        from_bow(corpus, n_features=3, memmap=tmp_path / "csr")
    assert not (tmp_path / "csr").exists()


def test_document_that_is_not_a_list():
    with pytest.raises(ValueError, match="Got 7 in document 0"):
        from_bow([7])


@pytest.mark.parametrize("value", [np.nan, np.inf, -1])
def test_bad_counts_are_not_converted(value):
    with pytest.raises(ValueError, match="X contains|Negative values in data passed to to_bow"):
        to_bow([[value, 1.0]])


def test_vocabulary():
    names = ["dog", "cat", "é"]
    assert from_token2id(to_token2id(names)).tolist() == names
    with pytest.raises(ValueError, match="number its 2 names from 0 without gaps.*compactify"):
        from_token2id({"a": 0, "b": 2})
    with pytest.raises(ValueError, match="must not repeat a token. Got 'a' twice"):
        to_token2id(["a", "b", "a"])


def test_gensim_reads_and_writes_the_same():
    gensim = pytest.importorskip("gensim", reason="needs gensim")
    peps = load_peps()
    counts = peps.data[:30].copy()
    counts.sum_duplicates()
    texts = [peps.feature_names[peps.data[row].indices].tolist() for row in range(30)]
    dictionary = gensim.corpora.Dictionary(texts)
    corpus = [dictionary.doc2bow(text) for text in texts]

    names = from_token2id(dictionary)
    X = from_bow(corpus, len(dictionary))
    oracle = gensim.matutils.corpus2csc(corpus, num_terms=len(dictionary)).T.tocsr()
    assert (X != oracle).nnz == 0
    columns = [to_token2id(peps.feature_names)[name] for name in names]
    assert (X != counts[:, columns]).nnz == 0
    assert list(to_bow(X)) == corpus
    assert to_token2id(names) == dictionary.token2id


def test_gensim_fits_the_corpus():
    gensim = pytest.importorskip("gensim", reason="needs gensim")
    corpus = to_bow([[3, 0, 1], [0, 2, 2], [0, 0, 0]])
    model = gensim.models.LdaModel(corpus, id2word=dict(enumerate("abc")), num_topics=2, passes=2, random_state=0)
    assert model.get_topics().shape == (2, 3)
