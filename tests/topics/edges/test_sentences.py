"""SentenceTopicModel: one topic for all tokens of a sentence."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.optimize import linear_sum_assignment
from sklearn import config_context
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline

from skartm import PLSA, HypergraphARTM, SentenceTopicModel
from skartm.callbacks import TopicMonitor
from skartm.regularizers import Decorrelation, SegmentPosterior, SmoothSparsePhi, SmoothSparseTheta
from tests.oracle import edges as oracle
from tests.topics.hyperedges import make_sentences

EXACT = {"max_iter": 5, "tol": 0.0, "doc_tol": 0.0, "dtype": "float64", "n_jobs": 1, "random_state": 0}
REGULARIZERS = [
    ("apart", Decorrelation(0.01, relative=0.0)),
    ("phi", SmoothSparsePhi(0.1)),
    ("theta", SmoothSparseTheta(0.1)),
]


@pytest.fixture(scope="module")
def planted():
    return make_sentences(n_documents=12, n_sentences=8, length=6, n_tokens=30)


def sentences(**parameters):
    return SentenceTopicModel(4, **{**EXACT, **parameters})


def start(n_tokens=30, seed=0):
    return np.random.default_rng(seed).dirichlet(np.ones(n_tokens), size=4)


def containers_of(X, groups):
    X, found = sparse.csr_matrix(X), {name: [] for name in np.unique(groups).tolist()}
    for number, group in enumerate(np.asarray(groups).tolist()):
        row = X[[number]]
        if row.nnz:
            found[group].append((1.0, list(zip(row.indices.tolist(), row.data.tolist()))))
    return list(found.values())


@pytest.mark.parametrize("grouped", [True, False])
def test_offline(planted, grouped):
    groups = planted.groups if grouped else None
    model = sentences(init=start(), max_doc_iter=3, regularizers=[("phi", SmoothSparsePhi(0.3))])
    model.fit(planted.X, groups=groups)
    containers = containers_of(planted.X, planted.groups if grouped else np.zeros(len(planted.X)))
    terms = [{"response": np.ones_like, "tau": 0.3, "relative": None, "topics": range(4)}]
    phi, track = oracle.offline(containers, start().T, n_iter=5, n_passes=3, terms=terms)
    assert_allclose(model.components_.T, phi, rtol=1e-8, atol=1e-13)
    assert_allclose(model.history_["log_likelihood"], track, rtol=1e-9)
    thetas, _, _ = oracle.e_step(containers, phi, n_passes=3)
    assert_allclose(model.document_topics_, thetas, rtol=1e-8, atol=1e-13)
    expected = [
        oracle.topics_of(vertices, phi, theta)[0]
        for theta, container in zip(thetas, containers)
        for _, vertices in container
    ]
    assert_allclose(model.transform(planted.X, groups=groups), expected, rtol=1e-7, atol=1e-12)


def test_sentences_of_one_token_are_plsa(planted):
    counts = sparse.coo_matrix(planted.X)
    single = sparse.csr_matrix((counts.data, (np.arange(counts.nnz), counts.col)), shape=(counts.nnz, 30))
    one = sparse.csr_matrix((np.ones(counts.nnz), (np.arange(counts.nnz), counts.col)), shape=(counts.nnz, 30))
    by_document = sparse.csr_matrix((counts.data, (planted.groups[counts.row], counts.col)), shape=(12, 30))
    by_document.sum_duplicates()
    options = {"init": start(), **EXACT}
    model = SentenceTopicModel(4, **options)
    model.fit(one, groups=planted.groups[counts.row], sample_weight=counts.data.astype(float))
    plsa = PLSA(4, **options).fit(by_document.astype(float))
    assert_allclose(model.components_, plsa.components_, rtol=1e-8, atol=1e-13)
    assert_allclose(model.document_topics_, plsa.transform(by_document), rtol=1e-8, atol=1e-13)
    assert single.nnz == one.nnz


@pytest.mark.parametrize("regularizers", [[], REGULARIZERS], ids=["plain", "regularized"])
@pytest.mark.parametrize("method", ["batch", "online"])
def test_it_is_a_hypergraph(planted, method, regularizers):
    X = planted.X[:, planted.X.any(axis=0)]
    init = start(X.shape[1])
    rows = [
        (group, np.repeat(np.arange(X.shape[1]), row).tolist()) for group, row in zip(planted.groups.tolist(), X)
    ]  # fmt: skip
    options = {**EXACT, "init": init, "learning_method": method, "batch_size": 5, "regularizers": regularizers}
    model = SentenceTopicModel(4, **options).fit(X, groups=planted.groups)
    general = HypergraphARTM(4, container=0, vertices=[1], **options).fit(rows)
    assert_allclose(model.components_, general.components_, rtol=1e-8, atol=1e-13)
    assert_allclose(model.document_topics_, general.container_topics_, rtol=1e-8, atol=1e-13)
    assert_allclose(model.transform(X, groups=planted.groups), general.transform(rows), rtol=1e-7, atol=1e-12)


def test_planted_topics_are_found(global_random_seed):
    truth = make_sentences(seed=global_random_seed)
    models = [
        SentenceTopicModel(4, random_state=seed, max_iter=100, n_jobs=1).fit(truth.X, groups=truth.groups)
        for seed in range(8)
    ]
    best = max(models, key=lambda model: model.history_["log_likelihood"][-1])  # EM has local maxima
    distances = np.abs(best.components_[:, None] - truth.components[None]).sum(axis=2)
    found, true = linear_sum_assignment(distances)
    assert distances[found, true].max() < 0.3
    assert np.mean(true[best.transform(truth.X, groups=truth.groups).argmax(axis=1)] == truth.topics) > 0.95


@pytest.mark.parametrize("length", [60, 2000])
def test_long_sentences_in_float32(length):
    truth = make_sentences(n_documents=10, n_sentences=10, length=length, n_tokens=3000, n_topics=3)
    first = PLSA(3, random_state=0, max_iter=10, tol=0).fit(truth.X)
    fits = [
        SentenceTopicModel(3, init=first.components_, max_iter=15, tol=0, dtype=dtype).fit(truth.X, groups=truth.groups)
        for dtype in ("float32", "float64")
    ]
    assert fits[0].history_["left_out"][-1] == 0
    assert_allclose(fits[0].history_["log_likelihood"], fits[1].history_["log_likelihood"], rtol=1e-5)
    assert_allclose(fits[0].components_, fits[1].components_, atol=1e-5)
    p = fits[0].transform(truth.X, groups=truth.groups)
    assert_allclose(p.sum(axis=1), 1, rtol=1e-5)


def test_order_of_sentences_and_groups(planted):
    model = sentences().fit(planted.X, groups=planted.groups)
    order = np.random.default_rng(0).permutation(len(planted.X))
    X, groups = sparse.csr_matrix(planted.X), np.array([f"doc {group:02}" for group in planted.groups])
    shuffled = sentences().fit(X[order], groups=groups[order])
    assert_allclose(shuffled.components_, model.components_, rtol=1e-9, atol=1e-13)
    assert shuffled.documents_.tolist() == np.unique(groups).tolist()
    together = shuffled.transform(X, groups=groups)
    assert_allclose(shuffled.transform(X[order], groups=groups[order].tolist()), together[order], rtol=1e-9)
    assert_array_equal(shuffled.transform(X[:8], groups=groups[:8]), together[:8])  # a document by itself
    blocks = np.concatenate([np.arange(40, 96), np.arange(40)])
    assert_array_equal(shuffled.transform(X[blocks], groups=groups[blocks]), together[blocks])
    names, theta = shuffled.document_topics(X, groups)
    assert_array_equal(names, shuffled.documents_)
    assert_allclose(theta, shuffled.document_topics_, rtol=1e-9)


def test_token_order_of_the_text_is_read_as_counts(planted):
    X = sparse.csr_matrix(planted.X[:, ::-1])
    ends = np.concatenate([[0], np.cumsum(planted.X.sum(axis=1))])
    ordered = sparse.csr_matrix((np.ones(ends[-1]), np.repeat(X.indices, X.data), ends), shape=X.shape)
    rng = np.random.default_rng(0)
    for a, b in zip(ordered.indptr[:-1], ordered.indptr[1:]):
        rng.shuffle(ordered.indices[a:b])
    model = sentences(init=start()).fit(ordered, groups=planted.groups)
    assert_allclose(model.components_, sentences(init=start()).fit(X, groups=planted.groups).components_, rtol=1e-9)


def test_sentences_without_tokens(planted):
    X = np.vstack([planted.X, np.zeros((3, 30), dtype=int)])
    groups = np.concatenate([planted.groups, [0, 0, 99]])
    model = sentences().fit(X, groups=groups)
    plain = sentences().fit(planted.X, groups=planted.groups)
    assert_allclose(model.components_, plain.components_, rtol=1e-9, atol=1e-13)
    p = model.transform(X, groups=groups)
    assert_allclose(p[-3:], [model.document_topics_[0], model.document_topics_[0], np.full(4, 0.25)])
    assert_allclose(model.transform(X)[-1], model.topic_share_, rtol=1e-6)
    assert_allclose(model.score(X), model.score(planted.X), rtol=1e-9)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_row_alone(planted, dtype):
    X = np.vstack([planted.X, np.zeros(30, dtype=int)])
    model = sentences(dtype=dtype).fit(planted.X, groups=planted.groups)
    together = model.transform(X)
    for row in range(len(X)):
        assert_array_equal(model.transform(X[[row]]), together[[row]])
    order = np.random.default_rng(0).permutation(len(X))
    assert_array_equal(model.transform(X[order]), together[order])
    assert_array_equal(np.vstack([model.transform(X[:7]), model.transform(X[7:])]), together)


def test_without_groups_every_row_is_by_itself(planted):
    model = sentences().fit(planted.X, groups=planted.groups)
    p = model.transform(planted.X)
    joint = np.array([oracle.likelihoods(v, model.components_.T) for (_, v), in map(_alone, planted.X)])
    joint *= model.topic_share_
    assert_allclose(p, joint / joint.sum(axis=1, keepdims=True), rtol=1e-7, atol=1e-12)
    tokens = planted.X.sum()
    assert_allclose(model.score(planted.X), np.log(joint.sum(axis=1)).sum() / tokens, rtol=1e-9)
    assert_allclose(model.perplexity(planted.X), np.exp(-model.score(planted.X)))
    assert_allclose(model.topic_share_, model.document_topics_.mean(axis=0), rtol=1e-9)


def _alone(row):
    return containers_of(row[None, :], [0])[0]


def test_threads_bit_for_bit():
    truth = make_sentences(n_documents=100, n_sentences=40, n_tokens=800, n_topics=20)
    options = {"max_iter": 3, "tol": 0, "random_state": 0}
    fits = [SentenceTopicModel(40, n_jobs=n, **options).fit(truth.X, groups=truth.groups) for n in (1, 2, 3)]
    for other in fits[1:]:
        assert_array_equal(other.components_, fits[0].components_)
        assert_array_equal(other.transform(truth.X), fits[0].transform(truth.X))
        assert_array_equal(
            other.transform(truth.X, groups=truth.groups), fits[0].transform(truth.X, groups=truth.groups)
        )


def test_modalities_and_names(planted):
    kinds = {"words": slice(0, 20), "tags": slice(20, 30)}
    init = np.hstack([start(20), start(10)])
    model = sentences(modalities=kinds, token_names=[f"t{n}" for n in range(30)], init=init)
    model.fit(planted.X, groups=planted.groups)
    blocks = [range(20), range(20, 30)]
    containers = containers_of(planted.X, planted.groups)
    phi, _ = oracle.offline(containers, init.T, n_iter=5, n_passes=10, blocks=blocks)
    assert_allclose(model.components_.T, phi, rtol=1e-8, atol=1e-13)
    assert all(name in {f"t{n}" for n in range(20, 30)} for top in model.top_tokens(modality="tags") for name in top)
    assert not hasattr(model, "token_topics")


def test_groups_are_routed(planted):
    X, groups = sparse.csr_matrix(planted.X), planted.groups
    with config_context(enable_metadata_routing=True):
        search = GridSearchCV(sentences(), {"n_components": [2, 4]}, cv=GroupKFold(3)).fit(X, groups=groups)
        two, folds = sentences().set_params(n_components=2), GroupKFold(3).split(X, groups=groups)
        scores = [two.fit(X[a], groups=groups[a]).score(X[b], groups=groups[b]) for a, b in folds]
        assert_allclose(search.cv_results_["mean_test_score"][0], np.mean(scores))
        pipe = make_pipeline(TfidfTransformer(use_idf=False, norm=None), sentences()).fit(X, groups=groups)
        assert_array_equal(pipe[-1].transform(X, groups=groups), pipe.transform(X, groups=groups))
    assert_array_equal(sentences().fit_transform(X, groups=groups), pipe[-1].transform(X, groups=groups))


def test_partial_fit_validation_callbacks_and_pickles(planted):
    X, groups = planted.X, planted.groups
    online = sentences(learning_method="online", max_iter=1, batch_size=5).fit(X, groups=groups)
    parts = sentences(batch_size=5).partial_fit(X, groups=groups)
    assert_allclose(parts.components_, online.components_, rtol=1e-9)
    again = parts.partial_fit(X[:8], groups=groups[:8]).partial_fit(X[:8])
    assert_allclose(again.topic_share_.sum(), 1)
    watched = sentences(validation_fraction=0.25).fit(X, groups=groups)
    assert len(watched.history_["validation_perplexity"]) == 5
    assert_array_equal(pickle.loads(pickle.dumps(watched)).transform(X), watched.transform(X))
    seen = clone(watched).set_callbacks(TopicMonitor(["diversity"])).fit(X, groups=groups)
    assert_array_equal(seen.components_, watched.components_)
    with pytest.raises(TypeError, match="callbacks"):
        clone(watched).set_callbacks(TopicMonitor(["perplexity"])).fit(X, groups=groups)


@pytest.mark.parametrize(
    ("parameters", "groups", "message"),
    [
        ({}, [0], "groups must have the document of each of the 96 sentences"),
        ({}, np.array([0, "a"] * 48, dtype=object), "of one kind"),
        ({}, [None] * 95 + ["a"], "groups must have the document of every sentence. Got none in row 0"),
        ({}, [1.0, np.nan] * 48, "groups must have the document of every sentence. Got none in row 1"),
        ({"learning_method": "online"}, None, "needs groups"),
        ({"validation_fraction": 0.5}, None, "validation_fraction"),
        ({"regularizers": [("near", SegmentPosterior())]}, None, "read the order"),
    ],
)
def test_errors(planted, parameters, groups, message):
    with pytest.raises((ValueError, TypeError), match=message):
        sentences(**parameters).fit(planted.X, groups=groups)
