"""Everything that holds counts, and everything that holds models."""

import io
import pickle

import joblib
import numpy as np
import pytest
import sklearn
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from skartm.datasets import open_memmap, save_memmap
from tests.topics.models import MODELS, corpus, model

every_model = pytest.mark.parametrize("name", MODELS)
FORMATS = ["csr", "csc", "coo", "lil", "dok", "bsr", "dia"]


@pytest.fixture(scope="module")
def X():
    return corpus(0)


@pytest.fixture(scope="module")
def expected(X):
    return model().fit(X).transform(X)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("kind", ["array", "matrix"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64])
def test_sparse_formats(form, kind, dtype, X, expected):
    container = getattr(sparse, f"{form}_{kind}")(X.astype(dtype))
    assert_array_equal(model().fit(container).transform(container), expected)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int32, np.uint64, np.float16, np.float32, bool, object])
@pytest.mark.parametrize("form", ["dense", "csr"])
def test_number_types(dtype, form, X):
    if dtype in (object, np.float16) and form == "csr":
        pytest.skip("scipy has no such sparse arrays")
    counts = X.toarray() > 0 if dtype is bool else X.toarray()
    container = counts.astype(dtype) if form == "dense" else sparse.csr_array(counts.astype(dtype))
    expected = model().fit(counts.astype(float)).transform(counts.astype(float))
    assert_array_equal(model().fit(container).transform(container), expected)


@pytest.mark.parametrize("order", ["C", "F"])
def test_dense(order, X, expected):
    dense = np.asarray(X.toarray(), order=order)
    assert_array_equal(model().fit(dense).transform(dense), expected)
    assert_array_equal(model().fit(dense.tolist()).transform(dense[::-1])[::-1], expected)


@pytest.mark.parametrize("index_dtype", [np.int32, np.int64])
def test_index_types_and_read_only_memory(index_dtype, X, expected):
    frozen = X.copy()
    frozen.indices, frozen.indptr = frozen.indices.astype(index_dtype), frozen.indptr.astype(index_dtype)
    for array in (frozen.data, frozen.indices, frozen.indptr):
        array.setflags(write=False)
    assert_array_equal(model().fit(frozen).transform(frozen), expected)


def test_token_order_and_repetitions(X, expected):
    rng = np.random.default_rng(0)
    rows = [rng.permutation(np.repeat(np.arange(X.shape[1]), row.astype(int))) for row in X.toarray()]
    indptr = np.cumsum([0] + [row.size for row in rows])
    text = sparse.csr_matrix((np.ones(indptr[-1], dtype=np.float32), np.concatenate(rows), indptr), shape=X.shape)
    order = text.indices.copy()
    assert_array_equal(model().fit(text).transform(text), expected)
    assert_array_equal(text.indices, order)


def test_explicit_zeros(X, expected):
    rows, columns = np.indices(X.shape)
    explicit = sparse.coo_array((X.toarray().ravel(), (rows.ravel(), columns.ravel()))).tocsr()
    assert explicit.nnz == X.shape[0] * X.shape[1]
    assert_array_equal(model().fit(X).transform(explicit), expected)


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_memory_mapped(dtype, X, expected, tmp_path):
    save_memmap(tmp_path / "X", X.astype(dtype))
    mapped = open_memmap(tmp_path / "X")
    assert_array_equal(model().fit(mapped).transform(mapped), expected)
    assert_array_equal(model("online").fit(mapped).components_, model("online").fit(X).components_)


def test_joblib_memory_map(X, expected, tmp_path):
    joblib.dump((X.data, X.indices, X.indptr, model().fit(X)), tmp_path / "all.joblib")
    data, indices, indptr, fitted = joblib.load(tmp_path / "all.joblib", mmap_mode="r")
    mapped = sparse.csr_matrix((data, indices, indptr), shape=X.shape, copy=False)
    assert isinstance(fitted.components_, np.memmap)
    assert_array_equal(fitted.transform(mapped), expected)
    assert_array_equal(clone(fitted).fit(mapped).transform(mapped), expected)


@pytest.mark.slow
def test_joblib_processes(X):
    scores = cross_val_score(model(), X, cv=3, n_jobs=2)
    assert_array_equal(scores, cross_val_score(model(), X, cv=3, n_jobs=1))


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_and_set_output(library, X, expected):
    frames = pytest.importorskip(library)
    names = [f"token_{w}" for w in range(X.shape[1])]
    frame = frames.DataFrame(dict(zip(names, X.toarray().T)))
    fitted = model(topic_names=["a", "b", "c", "d"]).set_output(transform=library).fit(frame)
    assert_array_equal(fitted.feature_names_in_, names)
    theta = fitted.transform(frame)
    assert isinstance(theta, frames.DataFrame)
    assert list(theta.columns) == ["a", "b", "c", "d"]
    assert_array_equal(theta.to_numpy(), expected)
    with pytest.raises(ValueError, match="feature names should match"):
        fitted.transform(frame[names[::-1]])


def test_sparse_frames(X, expected):
    pandas = pytest.importorskip("pandas")
    try:
        frame = pandas.DataFrame.sparse.from_spmatrix(X, columns=[f"t{w}" for w in range(X.shape[1])])
        frame.sparse.to_coo()
    except ImportError as error:  # pandas asks for a newer scipy than this library does
        pytest.skip(str(error))
    assert_array_equal(model().fit(frame).transform(frame), expected)


@every_model
def test_feature_names_out(name, X):
    fitted = model(name).fit(X)
    prefix = type(fitted).__name__.lower()
    assert_array_equal(fitted.get_feature_names_out(), [f"{prefix}{t}" for t in range(4)])
    assert_array_equal(fitted.get_feature_names_out(None), fitted.get_feature_names_out())


def test_names_in_a_pipeline(X):
    pipe = make_pipeline(CountVectorizer(), model(topic_names=list("abcd"))).fit(["one two", "two three", "four"])
    assert_array_equal(pipe.get_feature_names_out(), list("abcd"))


@every_model
def test_clone_and_pickle(name, X):
    fitted = model(name).fit(X)
    copy = clone(fitted)
    assert not hasattr(copy, "components_")
    assert repr(copy) == repr(fitted)
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(fitted, protocol))
        assert_array_equal(again.transform(X), fitted.transform(X))
        assert again.history_ == fitted.history_
        assert type(again.history_) is type(fitted.history_)


@every_model
def test_pickle_goes_on_learning(name, X):
    fitted = model(name).partial_fit(X[:12])
    again = pickle.loads(pickle.dumps(fitted))
    assert_array_equal(again.partial_fit(X[12:]).components_, fitted.partial_fit(X[12:]).components_)


@every_model
def test_skops(name, X):
    skops = pytest.importorskip("skops.io")
    fitted = model(name).fit(X)
    blob = skops.dumps(fitted)
    unknown = skops.get_untrusted_types(data=blob)
    assert all(entry.startswith("skartm.") or entry == "numpy.dtype" for entry in unknown), unknown
    again = skops.loads(blob, trusted=unknown)
    assert_array_equal(again.transform(X), fitted.transform(X))


def test_joblib_to_a_buffer(X, expected):
    buffer = io.BytesIO()
    joblib.dump(model().fit(X), buffer)
    buffer.seek(0)
    assert_array_equal(joblib.load(buffer).transform(X), expected)


@pytest.mark.parametrize("name", ["artm", "plsa"])
@pytest.mark.parametrize("routing", [False, True])
def test_metadata_routing(name, routing, X):
    weights = np.linspace(0, 2, X.shape[0])
    direct = model(name).fit(X, sample_weight=weights)
    with sklearn.config_context(enable_metadata_routing=routing):
        last = model(name)
        if routing:
            last.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        pipe = make_pipeline(last)
        step = "sample_weight" if routing else f"{pipe.steps[0][0]}__sample_weight"
        pipe.fit(X, **{step: weights})
        assert_array_equal(pipe[-1].components_, direct.components_)
        assert pipe.score(X) == direct.score(X)
        assert pipe.score(X, sample_weight=weights) == direct.score(X, sample_weight=weights)
        assert direct.score(X, sample_weight=weights) != direct.score(X)


def test_routing_is_a_choice(X):
    with sklearn.config_context(enable_metadata_routing=True):
        pipe = make_pipeline(model().set_fit_request(sample_weight=False))
        with pytest.raises(TypeError, match="got unexpected argument"):
            pipe.fit(X, sample_weight=np.ones(X.shape[0]))
        with pytest.raises(sklearn.exceptions.UnsetMetadataPassedError, match="not explicitly set"):
            make_pipeline(model()).fit(X, sample_weight=np.ones(X.shape[0]))


@every_model
def test_score_of_a_pipeline_without_routing(name, X):
    with sklearn.config_context(enable_metadata_routing=True):
        pipe = make_pipeline(model(name)).fit(X)
        assert pipe.score(X) == pipe[-1].score(X)
