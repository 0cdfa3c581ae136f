"""HierarchicalARTM: levels of topics."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skartm import PLSA, ARTMTransformer, HierarchicalARTM, ThetalessARTM, TopicPipeline
from skartm.callbacks import TopicMonitor
from skartm.datasets import make_topics, open_memmap, save_memmap
from skartm.exceptions import DeadTopicWarning
from skartm.metrics import match_topics, topic_report
from skartm.regularizers import (
    Decorrelation,
    Linear,
    Regularizer,
    SmoothSparsePhi,
    SmoothSparseTheta,
    SparsePosterior,
    ThetaRegression,
    TopicSelection,
)
from tests.base.test_callbacks import Stop
from tests.em.corpora import start
from tests.oracle import hierarchy as oracle
from tests.oracle import regularizers as formulas
from tests.oracle.plsa import documents_of
from tests.topics.models import N_TOKENS, corpus

SIZES = (3, 5, 7)
NAMES = ("top", "sub", "leaf")


def starts(blocks=None):
    found = [start(number, N_TOKENS, size) for number, size in enumerate(SIZES)]
    for block in blocks or ():
        for phi in found:
            phi[block] /= phi[block].sum(axis=0)
    return found


@pytest.fixture(scope="module")
def X():
    return corpus(0)


def exact(size, init, **parameters):
    """A level of which every step is known."""
    defaults = {"max_iter": 5, "tol": 0.0, "doc_tol": 0.0, "dtype": "float64", "n_jobs": 1}
    return ARTMTransformer(size, init=init.T.copy(), **{**defaults, **parameters})


def hierarchy(n_levels=3, blocks=None, level=None, **parameters):
    levels = [(name, exact(*each, **(level or {}))) for name, *each in zip(NAMES, SIZES, starts(blocks))]
    return HierarchicalARTM(levels[:n_levels], **parameters)


def quick(levels=(3, 6), estimator=None, **parameters):
    estimator = ARTMTransformer(max_iter=8, tol=0, n_jobs=1) if estimator is None else estimator
    return HierarchicalARTM(levels, estimator=estimator, random_state=0, **parameters)


def expected_levels(X, *, tau, sparsity=0.0, weights=None, blocks=None, scale=None, **options):
    """phi, psi, theta, track and n_wt of all levels."""
    documents = documents_of(X)
    weighted = documents if scale is None else [[(w, x * scale[w]) for w, x in document] for document in documents]
    levels, n_wt = [], None
    for phi in starts(blocks):
        parents = () if n_wt is None else oracle.as_documents(n_wt, scale)
        result = oracle.level(
            weighted, phi, parents, n_iter=5, n_passes=10, tau=tau, sparsity=sparsity, weights=weights, blocks=blocks,
            **options,
        )  # fmt: skip
        n_wt = oracle.counts(documents, result[2], result[0], weights)
        levels.append((*result, n_wt))
    return levels


def assert_levels(model, X, levels):
    for n, (phi, _, theta, _, n_wt) in enumerate(levels):
        assert_allclose(model.levels_[n].components_.T, phi, rtol=1e-8, atol=1e-13)
        assert_allclose(model.transform_levels(X)[n], theta, rtol=1e-8, atol=1e-13)
        assert_allclose(model.topic_weights_[n], n_wt.sum(axis=0) / n_wt.sum(), rtol=1e-8)
    for n, (_, psi, _, _, _) in enumerate(levels[1:]):
        assert_allclose(model.psi_[n], psi, rtol=1e-8, atol=1e-13)
        assert_allclose(model.parents_[n], oracle.parents_of(psi, levels[n][4].sum(axis=0)), rtol=1e-8, atol=1e-13)


# --- against loops ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("tau", "sparsity"), [(1.0, 0.0), (0.3, 0.0), (2.0, 0.7), (1.0, -0.5), (0.0, 0.5)])
def test_levels(tau, sparsity, weighted, X):
    weights = np.random.default_rng(1).uniform(0.2, 3, X.shape[0]) if weighted else None
    model = hierarchy(parent_weight=tau, psi_sparsity=sparsity).fit(X, sample_weight=weights)
    assert_levels(model, X, expected_levels(X, tau=tau, sparsity=sparsity, weights=weights))


def test_regularizers_of_theta_do_not_act_on_psi(X):
    level = {"regularizers": [("theta", SmoothSparseTheta(2.0)), ("phi", SmoothSparsePhi(-0.2))]}
    model = hierarchy(level=level).fit(X)
    assert (model.transform(X) > 0.01).all()
    for n, (phi, psi, _theta, _, _) in enumerate(_with_regularizers(X)):
        assert_allclose(model.levels_[n].components_.T, phi, rtol=1e-8, atol=1e-13)
        if n:
            assert_allclose(model.psi_[n - 1], psi, rtol=1e-8, atol=1e-13)
    assert model.psi_[0].min() < 0.01


def _with_regularizers(X):
    documents, n_wt = documents_of(X), None
    for phi in starts():
        topics = list(range(phi.shape[1]))
        response = {"response": lambda phi, topics=topics: formulas.smooth_sparse(phi, topics)[1]}
        terms = [{**response, "tau": -0.2, "relative": None, "topics": topics}]
        parents = () if n_wt is None else oracle.as_documents(n_wt)
        prior = np.full(phi.shape[1], 2.0)
        result = oracle.level(documents, phi, parents, n_iter=5, n_passes=10, prior=prior, terms=terms)
        n_wt = oracle.counts(documents, result[2], result[0])
        yield (*result, n_wt)


def test_modalities(X):
    labels = np.where(np.arange(N_TOKENS) < 20, "words", "tags")
    blocks = [list(range(20)), list(range(20, N_TOKENS))]
    scale = np.where(labels == "tags", 3.0, 1.0)
    model = hierarchy(blocks=blocks, level={"modality_weights": {"tags": 3.0}}, modalities=labels).fit(X)
    assert_levels(model, X, expected_levels(X, tau=1.0, blocks=blocks, scale=scale))
    assert model.top_tokens(2, modality="tags")[0][0] >= 20
    assert min(model.topic_tree(modality="tags").levels[1][0].tokens) >= 20


@pytest.mark.parametrize("tau", [1.0, pytest.param(0.3, marks=pytest.mark.slow)])
def test_objective_of_every_level_rises(tau, X, global_random_seed):
    X = corpus(global_random_seed)
    options = {"max_iter": 15, "max_doc_iter": 300}
    levels = [
        (name, exact(size, start(global_random_seed, N_TOKENS, size), **options)) for name, size in zip(NAMES, SIZES)
    ]
    model = HierarchicalARTM(levels, parent_weight=tau).fit(X)
    documents, n_wt = documents_of(X), None
    for n, size in enumerate(SIZES):
        parents = () if n_wt is None else oracle.as_documents(n_wt)
        phi, _, theta, track = oracle.level(
            documents, start(global_random_seed, N_TOKENS, size), parents, n_iter=6, n_passes=100, tau=tau
        )
        assert (np.diff(track) > -1e-6).all()
        if n == 0:
            assert (np.diff(model.levels_[0].history_["log_likelihood"]) > -1e-6).all()
        else:  # likelihood at the phi before, R at the phi after the M-step: rises as a whole
            assert (np.diff(model.levels_[n].history_["objective"]) > -1e-9).all()
        n_wt = oracle.counts(documents, theta, phi)


def test_value_in_the_history(X):
    model = hierarchy(2).fit(X)
    levels = expected_levels(X, tau=1.0)
    before, after = (
        oracle.level(documents_of(X), starts()[1], oracle.as_documents(levels[0][4]), n_iter=n, n_passes=10)
        for n in (4, 5)
    )
    psi = oracle.psi_of(oracle.as_documents(levels[0][4]), before[0], n_passes=10)
    expected = oracle.value(oracle.as_documents(levels[0][4]), psi, after[0])
    assert_allclose(model.levels_[1].history_["parents"][-1], expected, rtol=1e-9)


# --- degenerate cases -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_level_is_the_model(dtype, X):
    model = ARTMTransformer(4, dtype=dtype, regularizers=[("d", Decorrelation(9.0))], max_iter=7, tol=0, n_jobs=1)
    single = HierarchicalARTM([4], estimator=model, random_state=3).fit(X)
    model.set_params(random_state=3).fit(X)
    assert_array_equal(single.components_, model.components_)
    assert_array_equal(single.transform(X), model.transform(X))
    assert single.score(X) == model.score(X)
    assert single.psi_ == single.parents_ == []
    assert [len(level) for level in single.tree_.levels] == [4]


def test_weight_zero_is_two_models(X):
    model = quick(parent_weight=0.0).fit(X)
    alone = ARTMTransformer(6, max_iter=8, tol=0, n_jobs=1, random_state=model.levels_[1].random_state).fit(X)
    assert_array_equal(model.components_, alone.components_)


def test_large_weight_explains_the_parents_better(X):
    values = [quick(parent_weight=tau).fit(X).levels_[1].history_["parents"][-1] for tau in (0.0, 1.0, 30.0)]
    assert values[0] < values[1] < values[2]


@pytest.mark.filterwarnings("ignore", category=DeadTopicWarning)
def test_dead_topics_are_not_in_the_tree(X):
    kill = [("kill", SmoothSparsePhi(-1e3, topics=[1]))]
    estimator = ARTMTransformer(max_iter=8, tol=0, n_jobs=1, regularizers=kill)
    model = quick(estimator=estimator).fit(X)
    assert_array_equal(model.psi_[0][1], 0)
    assert_array_equal(model.psi_[0][:, 1], 0)
    assert_array_equal(model.parents_[0][1], 0)
    assert_array_equal(model.parents_[0][:, 1], 0)
    assert [node.index for node in model.tree_.levels[0]] == [0, 2]
    assert [node.index for node in model.tree_.levels[1]] == [0, 2, 3, 4, 5]
    assert_allclose(model.psi_[0].sum(axis=1), [1, 0, 1], rtol=1e-6)
    with pytest.raises(ValueError, match=r"must be one of the living topics \(level0_0, level0_2, .*'level0_1'"):
        model.subtopics("level0_1")


# --- what is learned --------------------------------------------------------------------------------------------------


def two_levels(seed, n_parents=3, n_children=2, n_docs=360):
    """Words of a parent (a third of its tokens) and words of a child; a document has one parent and some children."""
    rng = np.random.default_rng(seed)
    own, shared = 12, 10
    n_tokens = n_parents * (shared + n_children * own)
    phi, parent_of = [], []
    for p in range(n_parents):
        first = p * (shared + n_children * own)
        for c in range(n_children):
            row = np.zeros(n_tokens)
            row[first : first + shared] = rng.dirichlet(np.ones(shared)) / 3
            place = first + shared + c * own
            row[place : place + own] = rng.dirichlet(np.ones(own)) * 2 / 3
            phi.append(row)
            parent_of.append(p)
    phi, parent_of = np.array(phi), np.array(parent_of)
    theta = np.zeros((n_docs, len(phi)))
    of_documents = rng.integers(n_parents, size=n_docs)
    for d, p in enumerate(of_documents):
        theta[d, parent_of == p] = rng.dirichlet(np.full(n_children, 0.3))
    counts = np.array([rng.multinomial(100, row / row.sum()) for row in theta @ phi])
    return sparse.csr_matrix(counts.astype(float)), phi, parent_of, of_documents


def test_planted_hierarchy(global_random_seed):
    X, phi, parent_of, of_documents = two_levels(global_random_seed)
    models = [
        HierarchicalARTM([3, 6], estimator=ARTMTransformer(max_iter=60, tol=0, n_jobs=1), random_state=seed).fit(X)
        for seed in range(24)
    ]
    best = max(models, key=lambda model: sum(level.history_["objective"][-1] for level in model.levels_))
    upper = best.transform_levels(X)[0].argmax(axis=1)
    parent_of_upper = np.array([np.bincount(of_documents[upper == t], minlength=3).argmax() for t in range(3)])
    assert sorted(parent_of_upper) == [0, 1, 2]
    assert (parent_of_upper[upper] == of_documents).mean() > 0.99
    matching = match_topics(best.components_, phi)
    assert matching.similarity.min() > 0.9
    found = parent_of_upper[best.parents_[0][matching.left].argmax(axis=1)]
    assert_array_equal(found, parent_of[matching.right])
    assert best.parents_[0].max(axis=1).min() > 0.9
    tree = best.tree_.as_tree()
    assert sorted(len(node.children) for node in tree.roots) == [2, 2, 2]


def test_sparsity_leaves_fewer_parents():
    X = make_topics(300, 200, 12, doc_topic_prior=0.5, random_state=0).data
    parents = [
        np.count_nonzero(quick((6, 15), psi_sparsity=sparsity).fit(X).psi_[0]) for sparsity in (-1.0, 0.0, 0.5, 0.95)
    ]
    assert parents == sorted(parents, reverse=True)
    assert parents[0] == 90
    assert parents[-1] < parents[1] / 2
    sparse_model = quick((6, 15), psi_sparsity=0.99).fit(X)
    assert sparse_model.parents_[0].max(axis=1).min() > 0  # every topic keeps one


# --- subtopics of one topic -------------------------------------------------------------------------------------------


def test_refit_keeps_the_other_topics(X):
    model = quick((2, 5, 9)).fit(X)
    parent = model.tree_.as_tree().roots[0]
    owned = [node.index for node in parent.children]
    before = [level.components_.copy() for level in model.levels_]
    names = np.array(model.levels_[1].topic_names)
    assert model.refit_subtopics(X, parent.name, 4) is model
    kept = np.setdiff1d(np.arange(5), owned)
    assert_array_equal(model.levels_[0].components_, before[0])
    assert_array_equal(model.levels_[1].components_[: kept.size], before[1][kept])
    assert_array_equal(model.levels_[2].components_, before[2])
    assert model.levels_[1].topic_names == [*names[kept], *(f"{parent.name}_{t}" for t in range(4))]
    size = kept.size + 4
    assert [psi.shape for psi in model.psi_] == [(2, size), (size, 9)]
    for psi, parents in zip(model.psi_, model.parents_):
        assert_allclose(psi.sum(axis=1), 1, rtol=1e-5)
        assert_allclose(parents.sum(axis=1), 1, rtol=1e-5)
    assert [theta.shape[1] for theta in model.transform_levels(X)] == [2, size, 9]
    assert_allclose(model.levels_[1].topic_mass_, model.levels_[1]._block_mass.sum(axis=0))
    copy = pickle.loads(pickle.dumps(model))
    assert_array_equal(copy.transform(X), model.transform(X))


def test_refit_learns_from_the_part_of_the_topic(X):
    model = hierarchy(2).fit(X)
    phi, theta = model.levels_[0].components_.T, model.transform_levels(X)[0]
    part = np.zeros(X.shape)
    for d, document in enumerate(documents_of(X)):
        for w, x in document:
            z = phi[w] @ theta[d]
            p = phi[w, 1] * theta[d, 1] / z if z > 0 else 0
            part[d, w] = x * p if p > 1e-6 else 0
    estimator = exact(2, start(9, N_TOKENS, 2))
    alone = clone(estimator).fit(sparse.csr_matrix(part))
    model.refit_subtopics(X, 1, estimator, level=0)
    assert_allclose(model.components_[-2:], alone.components_, rtol=1e-6, atol=1e-9)


def test_refit_with_regularizers_weights_and_again(X):
    weights = np.linspace(0.5, 2, X.shape[0])
    model = quick().fit(X, sample_weight=weights)
    name = model.tree_.roots[0].name
    own = ARTMTransformer(3, regularizers=[("smooth", SmoothSparsePhi(0.1))], max_iter=5, tol=0, n_jobs=1)
    first = model.refit_subtopics(X, name, own, sample_weight=weights).levels_[1].topic_names
    second = model.refit_subtopics(X, name, 2, sample_weight=weights).levels_[1].topic_names
    assert len(set(first)) == len(first)
    assert len(set(second)) == len(second)
    assert_allclose(model.topic_weights_[1].sum(), 1)
    thetaless = quick(estimator=ThetalessARTM(max_iter=8, tol=0, n_jobs=1)).fit(X)
    assert_allclose(thetaless.refit_subtopics(X, 0, 3, level=0).transform(X).sum(axis=1), 1, rtol=1e-5)


def test_refit_that_cannot_be(X):
    model = quick().fit(X)
    with pytest.raises(ValueError, match="'level1_2' is of the last level"):
        model.refit_subtopics(X, "level1_2", 3)
    with pytest.raises(ValueError, match="at least 1 topic. Got 0"):
        model.refit_subtopics(X, "level0_1", 0)
    with pytest.raises(TypeError, match="must be a number of topics, or a model"):
        model.refit_subtopics(X, "level0_1", PLSA(3))
    learned = quick(
        levels=[3, ("sub", ARTMTransformer(6, regularizers=[("select", TopicSelection(0.1))], max_iter=5, tol=0))]
    )
    learned.fit(X)
    before = learned.transform(X)
    with pytest.raises(ValueError, match=r"regularizers have learned of the old ones. Got \['select'\]"):
        learned.refit_subtopics(X, 0, 3, level=0)
    assert_array_equal(learned.transform(X), before)


def test_refit_takes_over_modalities(X):
    labels = np.where(np.arange(N_TOKENS) < 20, "words", "tags")
    level = ARTMTransformer(max_iter=5, tol=0, n_jobs=1, modalities=labels, modality_weights={"tags": 2.0})
    model = quick(estimator=level).fit(X)
    model.refit_subtopics(X, 0, ARTMTransformer(3, max_iter=4, tol=0, n_jobs=1), level=0)
    for block in (slice(20), slice(20, N_TOKENS)):
        assert_allclose(model.components_[:, block].sum(axis=1), 1, rtol=1e-5)
    other = ARTMTransformer(3, max_iter=4, tol=0, n_jobs=1, modalities={"all": slice(N_TOKENS)})
    with pytest.raises(ValueError, match="modalities must be those of the level. Got 1 in place of 2"):
        model.refit_subtopics(X, 0, other, level=0)


# --- in use -----------------------------------------------------------------------------------------------------------


def test_threads_bit_for_bit():
    X = make_topics(1500, 400, 20, random_state=0).data
    models = [
        HierarchicalARTM(
            [8, 30], estimator=ARTMTransformer(max_iter=4, tol=0, n_jobs=n), psi_sparsity=0.3, random_state=0
        ).fit(X)
        for n in (1, 2, 3)
    ]
    for model in models[1:]:
        assert_array_equal(model.components_, models[0].components_)
        assert_array_equal(model.psi_[0], models[0].psi_[0])
        assert_array_equal(model.transform(X), models[0].transform(X))


def test_rows_alone_and_permuted(X):
    model, order = quick().fit(X), np.random.default_rng(0).permutation(X.shape[0])
    theta = model.transform(X)
    assert_array_equal(model.transform(X[order]), theta[order])
    for d in (0, 5, 12):
        assert_array_equal(model.transform(X[d]), theta[d : d + 1])


def test_float32(X):
    single, double = (
        quick(estimator=ARTMTransformer(max_iter=8, tol=0, dtype=dtype, n_jobs=1)).fit(X)
        for dtype in ("float32", "float64")
    )
    assert single.transform(X).dtype == single.psi_[0].dtype == np.float32
    assert_allclose(single.components_, double.components_, rtol=1e-3, atol=1e-5)
    assert_allclose(single.psi_[0], double.psi_[0], rtol=1e-3, atol=1e-4)


def test_online_levels(X):
    online = ARTMTransformer(learning_method="online", batch_size=6, max_iter=6, tol=0, n_jobs=1)
    model = quick(estimator=online).fit(X)
    values = model.levels_[1].history_["parents"]
    assert len(values) == 6
    assert values[-1] > values[0]
    alone = quick(estimator=online, parent_weight=0.0).fit(X)
    assert values[-1] > alone.levels_[1].history_["parents"][-1]


def test_schedule_and_a_weight_for_each_level(X):
    model = quick((2, 4, 6), parent_weight=[Linear(0.0, 1.0), 0.5]).fit(X)
    assert [model.levels_[n].get_params()["parents__tau"] for n in (1, 2)] == [model.parent_weight[0], 0.5]


def test_thetaless_and_posterior_levels(X):
    levels = [3, ("sub", ThetalessARTM(6, max_iter=8, tol=0, n_jobs=1))]
    model = quick(levels).fit(X)
    assert_allclose(model.psi_[0].sum(axis=1), 1, rtol=1e-5)
    sharp = ARTMTransformer(max_iter=5, tol=0, n_jobs=1, regularizers=[("sharp", SparsePosterior(1.0, top_k=1))])
    model = quick(estimator=sharp).fit(X)
    single = model.levels_[0].token_topics(X, dense=True)
    counts = np.zeros(3)
    for d, part in enumerate(single):
        counts += X[d].data @ part
    assert_allclose(model.topic_weights_[0], counts / counts.sum(), rtol=1e-5)


def test_targets(X):
    level = ARTMTransformer(max_iter=4, tol=0, n_jobs=1, regularizers=[("y", ThetaRegression(1.0))])
    y = np.linspace(0, 1, X.shape[0])
    model = quick(estimator=level).fit(X, y)
    assert [learned.learned_["y"].keys() for learned in model.levels_] == [model.levels_[0].learned_["y"].keys()] * 2
    with pytest.raises(ValueError, match=r"regularizers \['y'\] read targets"):
        quick(estimator=level).fit(X)


def test_memory_mapped(X, tmp_path):
    save_memmap(tmp_path / "counts", X)
    mapped = open_memmap(tmp_path / "counts")
    assert_array_equal(quick().fit(mapped).components_, quick().fit(mapped.copy()).components_)


def test_clone_pickle_and_parameters(X):
    model = hierarchy()
    assert model.get_params()["sub__max_iter"] == 5
    model.set_params(sub__max_iter=2, leaf=9)
    assert [level if isinstance(level, int) else level.get_params()["max_iter"] for _, level in model.levels] == [
        5,
        2,
        9,
    ]
    copy = clone(model.set_params(leaf=exact(7, starts()[2])))
    assert_array_equal(copy.fit(X).components_, model.fit(X).components_)
    assert_array_equal(pickle.loads(pickle.dumps(model)).transform(X), model.transform(X))
    assert [len(model.levels_), model.levels_[1].n_iter_, model.n_iter_] == [3, 2, 5]
    assert "levels_" not in vars(clone(model))
    assert model.set_params(levels=[3, 5]).get_params()["levels"] == [3, 5]


def test_levels_given_are_not_changed(X):
    level = exact(3, starts()[0])
    HierarchicalARTM([("top", level), ("sub", exact(5, starts()[1]))]).fit(X)
    assert not hasattr(level, "components_")
    assert level.topic_names is None


def test_random_states(X):
    assert_array_equal(quick().fit(X).components_, quick().fit(X).components_)
    state = clone(quick()).set_params(random_state=np.random.RandomState(0)).fit(X)
    assert_array_equal(state.levels_[0].components_, quick().fit(X).levels_[0].components_)
    own = ARTMTransformer(max_iter=8, tol=0, n_jobs=1, random_state=7)
    assert [level.random_state for level in quick(estimator=own).fit(X).levels_] == [7, 7]


def test_search_and_pipelines(X):
    levels = [("top", 2), ("sub", ARTMTransformer(4, regularizers=[("d", Decorrelation(0.0))], max_iter=3, tol=0))]
    search = GridSearchCV(
        quick(levels), {"sub__n_components": [3, 4], "sub__d__tau": [0.0, 9.0], "parent_weight": [0.5]}, cv=2
    )
    assert search.fit(X).best_params_["parent_weight"] == 0.5
    texts = ["a cat and a dog", "the law of a state", "a dog", "state law", "cat dog cat", "law law state"] * 3
    pipe = make_pipeline(CountVectorizer(), quick((2, 3))).fit(texts)
    assert pipe.transform(texts).shape == (18, 3)
    assert pipe.get_feature_names_out().tolist() == ["level1_0", "level1_1", "level1_2"]


def test_topic_pipeline_and_data_frames():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"text": ["cat dog", "law state", "dog cat", "state law law"] * 3, "tag": ["pet", "act"] * 6})
    columns = ColumnTransformer([("words", CountVectorizer(), "text"), ("tags", CountVectorizer(), "tag")])
    pipe = TopicPipeline(columns, quick((1, 2))).fit(frame)
    assert sorted(tokens[0] for tokens in pipe.top_tokens(1, modality="tags")) == ["act", "pet"]
    counts = pd.DataFrame(corpus(0).toarray(), columns=[f"w{w}" for w in range(N_TOKENS)])
    model = quick().set_output(transform="pandas").fit(counts)
    assert model.transform(counts).columns.tolist() == [f"level1_{t}" for t in range(6)]
    assert model.tree_.roots[0].tokens[0].startswith("w")


def test_scores_of_levels(X):
    model = quick().fit(X)
    assert_allclose(model.perplexity_levels(X), np.exp(-np.array(model.score_levels(X))))
    assert model.score(X) == model.score_levels(X)[-1] == model.levels_[1].score(X)
    assert model.perplexity(X) == model.perplexity_levels(X)[-1]
    weights = np.linspace(0, 2, X.shape[0])
    assert model.score(X, sample_weight=weights) == model.score_levels(X, weights)[1] != model.score(X)
    assert topic_report(model, X).index.tolist() == [f"level1_{t}" for t in range(6)]


def test_callbacks_of_the_levels(X):
    monitor = TopicMonitor("diversity")
    quick(estimator=ARTMTransformer(max_iter=3, tol=0, n_jobs=1).set_callbacks(monitor)).fit(X)
    assert [record["iteration"] for record in monitor.data] == [1, 2, 3, 1, 2, 3]
    assert [record["parent_task_id_path"] for record in monitor.data] == [(0, 0)] * 3 + [(0, 1)] * 3


@pytest.mark.parametrize(("after", "n_levels", "n_iter"), [(1, 1, 1), (8, 1, 8), (11, 2, 2), (20, 3, 2)])
def test_interrupted(after, n_levels, n_iter, X):
    """The whole passes stay; each of the levels is eight, and one more task that ends."""
    stop = Stop(after=after, error=KeyboardInterrupt)
    model = quick((2, 4, 6), estimator=ARTMTransformer(max_iter=8, tol=0, n_jobs=1).set_callbacks(stop))
    with pytest.raises(KeyboardInterrupt):
        model.fit(X)
    assert [len(found) for found in (model.levels_, model.level_names_, model.tree_.levels)] == [n_levels] * 3
    assert [len(model.psi_), model.n_iter_] == [n_levels - 1, n_iter]
    levels = [2, *(4, 6)[: n_levels - 1]]
    levels[-1] = ARTMTransformer(levels[-1], max_iter=n_iter, tol=0, n_jobs=1)
    short = quick(levels).fit(X)
    assert_array_equal(model.transform(X), short.transform(X))
    assert_array_equal(model.topic_weights_[-1], short.topic_weights_[-1])


def test_interrupted_before_the_first_pass(X):
    model = quick()
    with pytest.raises(KeyboardInterrupt):
        model.set_params(estimator=ARTMTransformer(regularizers=[("stop", Interrupting())])).fit(X)
    assert not hasattr(model, "levels_")
    model = quick(estimator=quick().estimator, levels=[3, ARTMTransformer(6, regularizers=[("stop", Interrupting())])])
    with pytest.raises(KeyboardInterrupt):
        model.fit(X)
    assert_array_equal(model.transform(X), quick((3,)).fit(X).transform(X))


def test_an_error_leaves_the_hierarchy_as_it_was(X):
    model = quick().fit(X)
    before = model.transform(X)
    with pytest.raises(ValueError, match="must be 6 strings"):
        model.set_params(levels=[3, ARTMTransformer(6, topic_names=["a"])]).fit(X)
    assert_array_equal(model.transform(X), before)


class Interrupting(Regularizer):
    """Raises KeyboardInterrupt before the first pass."""

    side = "phi"

    def bind(self, layout):
        raise KeyboardInterrupt


def test_it_is_fitted_after_fit(X):
    model = quick()
    assert not hasattr(model, "components_")
    with pytest.raises(AttributeError, match="not fitted"):
        model.components_  # noqa: B018
    for method in ("transform", "transform_levels", "score", "score_levels", "perplexity_levels"):
        with pytest.raises(NotFittedError, match="not fitted"):
            getattr(model, method)(X)
    with pytest.raises(NotFittedError, match="not fitted"):
        model.topic_tree()


# --- what cannot be used ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("levels", "error", "message"),
    [
        ([], ValueError, r"'levels' parameter of HierarchicalARTM must be a list of at least one level. Got \[\]"),
        (None, TypeError, "'levels' parameter of HierarchicalARTM must be a list"),
        (5, TypeError, "'levels' parameter of HierarchicalARTM must be a list"),
        ([0, 3], ValueError, "a level must have at least 1 topic. Got 0"),
        ([3, -1], ValueError, "a level must have at least 1 topic. Got -1"),
        ([3, 3], ValueError, r"every level must have more topics than the one above. Got \[3, 3\]"),
        ([3, 6, 5], ValueError, r"more topics than the one above. Got \[3, 6, 5\]"),
        ([3, "6"], TypeError, "a level must be a number of topics, or a model .* Got '6'"),
        ([3, True], TypeError, "a level must be a number of topics"),
        ([3, 6.0], TypeError, "a level must be a number of topics"),
        ([3, ARTMTransformer], TypeError, "a level must be a number of topics"),
        ([3, ("sub", PLSA(6))], TypeError, "PLSA is ARTMTransformer without regularizers"),
        ([3, ("sub", HierarchicalARTM())], TypeError, "a level must be a number of topics"),
        ([3, ("sub", ARTMTransformer(0))], ValueError, "'n_components' parameter of ARTMTransformer must"),
        ([("a", 3), ("a", 6)], ValueError, "name 'a' of a level is used 2 times"),
        ([("level1", 3), 6], ValueError, "name 'level1' of a level is used 2 times"),
        ([("estimator", 3), 6], ValueError, "name 'estimator' of a level is a parameter of the estimator"),
        ([("a__b", 3), 6], ValueError, "must not be empty or contain '__'"),
        ([("", 3), 6], ValueError, "must not be empty or contain '__'"),
        ([3, ARTMTransformer(6, warm_start=True)], ValueError, "warm_start of a level must be False"),
        ([3, ARTMTransformer(6, validation_fraction=0.1)], ValueError, "validation_fraction must be None below"),
        ([3, ARTMTransformer(6, regularizers=[("parents", Decorrelation())])], ValueError, "the name 'parents' of a"),
    ],
)  # fmt: skip
def test_levels_that_cannot_be(levels, error, message, X):
    with pytest.raises(error, match=message):
        HierarchicalARTM(levels).fit(X)


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"parent_weight": -1}, ValueError, "'parent_weight' parameter of HierarchicalARTM must be finite, at least 0"),
        ({"parent_weight": np.nan}, ValueError, "'parent_weight' parameter"),
        ({"parent_weight": "1"}, TypeError, "'parent_weight' parameter"),
        ({"parent_weight": [1, 2]}, ValueError, "one for each of the 1 levels below the first"),
        ({"psi_sparsity": 1}, ValueError, "'psi_sparsity' parameter of HierarchicalARTM must be below 1"),
        ({"psi_sparsity": None}, TypeError, "'psi_sparsity' parameter"),
        ({"edge_threshold": 1.5}, ValueError, "'edge_threshold' parameter"),
        ({"estimator": PLSA()}, TypeError, "estimator must be a model. Got PLSA"),
        ({"estimator": ARTMTransformer(topic_names=["a"])}, ValueError, "'topic_names' parameter must be 3 strings"),
    ],
)
def test_parameters_that_cannot_be(parameters, error, message, X):
    with pytest.raises(error, match=message):
        HierarchicalARTM([3, 6], **parameters).fit(X)


def test_one_level_checks_its_parameters_too(X):
    for parameters in ({"parent_weight": -1}, {"psi_sparsity": 2}):
        with pytest.raises(ValueError, match=f"'{next(iter(parameters))}' parameter"):
            HierarchicalARTM([3], **parameters).fit(X)


def test_a_level_that_is_not_there(X):
    model = quick().fit(X)
    with pytest.raises(ValueError, match="level must be one of the 2, counted from 0. Got 2"):
        model.top_tokens(level=2)
    with pytest.raises(ValueError, match="level must be from 0 to 1. Got -1"):
        model.refit_subtopics(X, 0, 3, level=-1)


def test_other_columns(X):
    with pytest.raises(ValueError, match="features"):
        quick().fit(X).transform(X[:, :5])
