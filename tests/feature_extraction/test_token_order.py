import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array, csr_matrix
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.pipeline import make_pipeline

from skartm import ContextARTM, TopicPipeline
from skartm.datasets import dump_vowpal_wabbit, load_peps, load_vowpal_wabbit, open_memmap, save_memmap
from skartm.feature_extraction import SequenceVectorizer, has_token_order, keep_token_order, token_order


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


def test_kept_order_is_given_back():
    X = SequenceVectorizer().fit_transform(["bee ant bee", "cat ant"])
    before = X.indices.copy()
    assert token_order(X) is X
    assert X.max() == 2
    text = token_order(X)
    assert text is not X
    assert type(text) is type(X)
    assert_array_equal(text.indices, before)
    assert_array_equal(text.data, 1)
    with pytest.raises(ValueError, match="token_order: X must keep the order of the text .* all sorted"):
        token_order(X[:])


def test_declared_texts():
    X = csr_matrix((np.full(3, 2.5), [0, 1, 1], [0, 2, 3]), shape=(2, 3))
    declared = keep_token_order(X)
    assert declared is not X
    assert declared.indices is X.indices
    assert not hasattr(X, "_token_order")
    declared.sum_duplicates()
    assert_array_equal(token_order(declared).data, 2.5)
    assert has_token_order(keep_token_order(declared))
    for call in (keep_token_order, token_order):
        with pytest.raises(TypeError, match="X must be a CSR matrix.* Got csc_matrix"):
            call(X.tocsc())


def test_other_values_are_not_given_back():
    X = SequenceVectorizer().fit_transform(["bee ant bee", "cat ant"])
    X.max()
    X.data *= 3
    with pytest.raises(ValueError, match="order of the text"):
        token_order(X)


def test_files_of_counts_are_no_texts(tmp_path):
    dump_vowpal_wabbit([[1, 3, 0], [0, 1, 1]], tmp_path / "counts.vw", feature_names=["ant", "bee", "cat"])
    assert not has_token_order(load_vowpal_wabbit(tmp_path / "counts.vw").data)
    (tmp_path / "texts.vw").write_text("0 bee ant bee\n1 ant cat\n")
    X = load_vowpal_wabbit(tmp_path / "texts.vw").data
    X.max()
    assert_array_equal(token_order(X).indices, [1, 0, 1, 0, 2])


def test_a_pipeline_reads_one_short_text():
    texts = ["dog bites man", "man bites dog", "cat bites dog and man"] * 4
    direct = make_pipeline(SequenceVectorizer(), ContextARTM(2, max_iter=2, tol=0, random_state=0)).fit(texts)
    assert direct.transform(["bites dog"]).shape == (1, 2)
    blocks = ColumnTransformer([("words", SequenceVectorizer(), "text")])
    piped = TopicPipeline(blocks, ContextARTM(2, max_iter=2, tol=0, random_state=0)).fit(pd.DataFrame({"text": texts}))
    assert_array_equal(piped.transform(pd.DataFrame({"text": ["bites dog"]})), direct.transform(["bites dog"]))


def test_held_out_texts_may_be_sorted():
    texts = ["dog bites man"] * 9 + ["bites dog"] * 9
    X = SequenceVectorizer().fit_transform(texts)
    for seed in range(10):
        model = ContextARTM(2, max_iter=1, tol=0, validation_fraction=0.06, random_state=seed).fit(X)
        assert len(model.history_["validation_perplexity"]) == 1
