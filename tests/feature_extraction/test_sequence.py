import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array, csr_matrix
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skartm import PLSA
from skartm.feature_extraction import SequenceVectorizer

TEXTS = ["The dog bites the man.", "", "Man bites dog; man, man!", "a cat sleeps ON the DOG the the", "I O U"]

words = st.sampled_from(["ant", "Bee", "cat", "dog", "the", "x", "été", "日本"])
texts_of_few = st.lists(st.lists(words, max_size=10).map(" ".join), min_size=1, max_size=8)


def summed(X):
    counts = X.copy()
    counts.sum_duplicates()  # sorts too, which CountVectorizer does not always do
    return counts


def assert_same_matrix(ours, theirs):
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype
    assert type(ours) is type(theirs)
    for name in ("indptr", "indices", "data"):
        assert_array_equal(getattr(ours, name), getattr(theirs, name))
        assert getattr(ours, name).dtype == getattr(theirs, name).dtype


@given(
    texts=texts_of_few,
    new=texts_of_few,
    parameters=st.fixed_dictionaries(
        {},
        optional={
            "lowercase": st.booleans(),
            "stop_words": st.sampled_from(["english", ["ant", "dog"]]),
            "token_pattern": st.just(r"(?u)\b\w+\b"),
            "analyzer": st.sampled_from(["word", "char", "char_wb", str.split]),
            "strip_accents": st.sampled_from(["ascii", "unicode"]),
            "min_df": st.sampled_from([1, 2, 0.3]),
            "max_df": st.sampled_from([1.0, 0.7, 3]),
            "max_features": st.integers(1, 6),
            "vocabulary": st.sampled_from([["dog", "cat"], {"the": 1, "dog": 0, "ant": 2}]),
            "dtype": st.sampled_from([np.float32, np.float64, np.int64]),
        },
    ),
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_sums_are_those_of_count_vectorizer(texts, new, parameters):
    parameters = {"dtype": np.float32} | parameters
    theirs = CountVectorizer(**parameters)
    ours = SequenceVectorizer(**parameters)
    try:
        expected = theirs.fit_transform(texts)
    except ValueError as error:
        with pytest.raises(ValueError, match=str(error)[:20]):
            ours.fit_transform(texts)
        return

    X = ours.fit_transform(texts)

    assert_same_matrix(summed(X), summed(expected))
    assert (X.data == 1).all()
    assert ours.vocabulary_ == theirs.vocabulary_
    assert ours.fixed_vocabulary_ == theirs.fixed_vocabulary_
    assert_array_equal(ours.get_feature_names_out(), theirs.get_feature_names_out())
    assert_same_matrix(summed(ours.transform(new)), summed(theirs.transform(new)))
    assert_same_matrix(ours.transform(texts), X)


@pytest.mark.parametrize("analyzer", ["word", "char", "char_wb"])
def test_order_is_that_of_the_text(analyzer):
    vectorizer = SequenceVectorizer(analyzer=analyzer)
    X = vectorizer.fit_transform(TEXTS)
    analyze = vectorizer.build_analyzer()
    for text, tokens in zip(TEXTS, vectorizer.inverse_transform(X), strict=True):
        assert tokens.tolist() == list(analyze(text))


def test_unknown_tokens_are_dropped():
    vectorizer = SequenceVectorizer(stop_words=["the"], min_df=2).fit(TEXTS)
    X = vectorizer.transform(["the man and the dog and the man bites"])
    assert [tokens.tolist() for tokens in vectorizer.inverse_transform(X)] == [["man", "dog", "man", "bites"]]
    assert vectorizer.transform(["nothing known", ""]).nnz == 0


def test_inverse_of_counts_and_zeros():
    vectorizer = SequenceVectorizer(vocabulary=["a", "b", "c"])
    stored = csr_array(([1, 0, 2], [2, 1, 0], [0, 3]), shape=(1, 3))
    assert [tokens.tolist() for tokens in vectorizer.inverse_transform(stored)] == [["c", "a"]]
    for X in (np.array([[2, 0, 1]]), csr_array([[2, 0, 1]]).tocsc()):
        assert [tokens.tolist() for tokens in vectorizer.inverse_transform(X)] == [["a", "c"]]


def test_documents_are_read_once():
    vectorizer = SequenceVectorizer()
    X = vectorizer.fit_transform(text for text in TEXTS)
    assert_same_matrix(X, vectorizer.transform(TEXTS))


def test_files_and_bytes(tmp_path):
    paths = [tmp_path / f"{number}.txt" for number in range(2)]
    for path in paths:
        path.write_bytes("été chaud, été".encode("latin-1"))
    from_files = SequenceVectorizer(input="filename", encoding="latin-1").fit_transform(paths)
    from_bytes = SequenceVectorizer(encoding="latin-1").fit_transform([path.read_bytes() for path in paths])
    assert from_files.indices.tolist() == from_bytes.indices.tolist() == [1, 0, 1, 1, 0, 1]


def test_given_vocabulary_needs_no_fit():
    assert SequenceVectorizer(vocabulary=["dog", "man"]).transform(["man dog man"]).indices.tolist() == [1, 0, 1]
    with pytest.raises(NotFittedError):
        SequenceVectorizer().transform(TEXTS)


def test_upper_case_in_the_vocabulary_warns():
    with pytest.warns(UserWarning, match="Upper case characters found in vocabulary"):
        SequenceVectorizer(vocabulary=["Dog"]).fit(TEXTS)


def test_clone_pickle_and_parameters():
    vectorizer = SequenceVectorizer(min_df=2, stop_words="english").fit(TEXTS)
    assert clone(vectorizer).get_params() == vectorizer.get_params()
    assert set(vectorizer.get_params()) == set(CountVectorizer().get_params())
    assert repr(vectorizer) == "SequenceVectorizer(min_df=2, stop_words='english')"
    again = pickle.loads(pickle.dumps(vectorizer))
    assert_same_matrix(again.transform(TEXTS), vectorizer.transform(TEXTS))


def test_grid_search_over_a_pipeline():
    texts, labels = TEXTS[:1] * 6 + TEXTS[3:4] * 6, [0] * 6 + [1] * 6
    pipe = make_pipeline(
        SequenceVectorizer(), PLSA(2, random_state=0, max_iter=3, tol=0, n_jobs=1), LogisticRegression()
    )
    search = GridSearchCV(pipe, {"sequencevectorizer__min_df": [1, 2]}, cv=2).fit(texts, labels)
    assert search.best_score_ == 1


def test_class_follows_the_configuration():
    assert isinstance(SequenceVectorizer().fit_transform(TEXTS), csr_matrix)
    with config_context(sparse_interface="sparray"):
        assert isinstance(SequenceVectorizer().fit_transform(TEXTS), csr_array)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"ngram_range": (1, 2)}, r"'ngram_range' parameter .* must be \(1, 1\).* Got \(1, 2\)"),
        ({"binary": True}, "'binary' parameter .* must be False"),
        ({"min_df": -1}, "'min_df' parameter of SequenceVectorizer"),
        ({"analyzer": "words"}, "'analyzer' parameter of SequenceVectorizer"),
        ({"min_df": 9}, "max_df corresponds to < documents than min_df"),
        ({"min_df": 5}, "no terms remain"),
    ],
)
def test_bad_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        SequenceVectorizer(**parameters).fit(TEXTS)


def test_one_text_is_no_corpus():
    for method in (SequenceVectorizer().fit, SequenceVectorizer(vocabulary=["dog"]).transform):
        with pytest.raises(ValueError, match="raw_documents must be an iterable of documents. Got the text 'a dog'"):
            method("a dog")
