"""HypergraphARTM: one topic for all vertices of an edge."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.optimize import linear_sum_assignment
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skartm import PLSA, ARTMTransformer, HypergraphARTM
from skartm.exceptions import DeadTopicWarning, LeftOutTokensWarning
from skartm.regularizers import (
    Decorrelation,
    DocumentLinks,
    PosteriorFunction,
    SmoothPosterior,
    SmoothSparsePhi,
    SmoothSparseTheta,
    SparsePosterior,
    ThetaClassification,
)
from tests.oracle import edges as oracle
from tests.oracle import regularizers as formulas
from tests.topics.hyperedges import make_edges
from tests.topics.models import N_TOPICS, corpus

EVERY = list(range(N_TOPICS))
TERMS = [
    {"response": lambda phi: formulas.smooth_sparse(phi, EVERY)[1], "tau": 0.3, "relative": None, "topics": EVERY},
]
EXACT = {"max_iter": 5, "tol": 0.0, "doc_tol": 0.0, "dtype": "float64", "n_jobs": 1}


@pytest.fixture(scope="module")
def planted():
    return make_edges(n_containers=30, n_edges=12)


def hypergraph(**parameters):
    return HypergraphARTM(N_TOPICS, **{**EXACT, "random_state": 0, **parameters})


def start(sizes, seed=0):
    rng = np.random.default_rng(seed)
    return np.hstack([rng.dirichlet(np.ones(size), size=N_TOPICS) for size in sizes])


def blocks_of(model):
    return [range(columns.start, columns.stop) for columns in model.modalities_.values()]


def containers_of(edges, model, *, weight=None):
    """As the oracle takes them: columns 1, 2, ... are modalities of the same name."""
    found = {name: [] for name in model.containers_.tolist()}
    for row in np.asarray(edges).tolist():
        vertices = []
        for column, modality in model.vertex_columns_.items():
            place = model.vertex_names_[modality].tolist().index(row[column])
            vertices.append((model.modalities_[modality].start + place, 1.0))
        found[row[0]].append((1.0 if weight is None else row[weight], vertices))
    return list(found.values())


# --- against loops ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("regularized", [False, True])
def test_offline(planted, regularized):
    edges = np.column_stack([planted.edges, np.random.default_rng(1).integers(1, 4, len(planted.edges))])
    columns = [len(np.unique(edges[:, column])) for column in (1, 2)]
    regularizers = [("phi", SmoothSparsePhi(0.3)), ("theta", SmoothSparseTheta(0.2))] if regularized else []
    init = start(columns)
    model = hypergraph(container=0, weight=3, init=init, regularizers=regularizers, max_doc_iter=3).fit(edges)
    containers = containers_of(edges, model, weight=3)
    prior = 0.2 if regularized else 0.0
    terms = TERMS if regularized else ()
    phi, track = oracle.offline(
        containers, init.T, n_iter=5, n_passes=3, terms=terms, prior=prior, blocks=blocks_of(model)
    )
    assert_allclose(model.components_.T, phi, rtol=1e-8, atol=1e-13)
    assert_allclose(model.history_["log_likelihood"], track, rtol=1e-9)
    thetas, _, _ = oracle.e_step(containers, phi, n_passes=3, prior=prior)
    assert_allclose(model.container_topics_, thetas, rtol=1e-8, atol=1e-13)


def test_online(planted):
    init = start([len(np.unique(planted.edges[:, column])) for column in (1, 2)])
    options = {"learning_method": "online", "batch_size": 7, "learning_offset": 3.0, "max_iter": 3, "max_doc_iter": 4}
    model = hypergraph(container=0, init=init, **options).fit(planted.edges)
    phi = oracle.online(
        containers_of(planted.edges, model), init.T, n_iter=3, n_passes=4, batch_size=7, offset=3.0, power=0.7,
        blocks=blocks_of(model),
    )  # fmt: skip
    assert_allclose(model.components_.T, phi, rtol=1e-8, atol=1e-13)


def test_types_multiplicities_and_sets():
    """Two types with weights, cells with several vertices, some of them twice, columns that share a modality."""
    edges = {
        "trip": [("ann", "a", "b"), ("ann", "b", "b"), ("bob", "c", None), ("cat", "c", "a")],
        "buy": [("ann", ["x", "y", "y"]), ("bob", {"x", "z"}), ("bob", ("z", float("nan"))), ("cat", ["y"])],
    }
    init = start([3, 3])
    vertices = {1: "place", 2: "place"}
    model = hypergraph(container=0, vertices=vertices, edge_weights={"buy": 2.5}, max_doc_iter=4)
    with pytest.raises(ValueError, match="of one kind|init"):  # column 1 of both is one modality: 6 places
        model.set_params(init=init).fit(edges)
    frames = pytest.importorskip("pandas")
    named = {
        "trip": frames.DataFrame(edges["trip"], columns=["who", "from", "to"]),
        "buy": frames.DataFrame(edges["buy"], columns=["who", "things"]),
    }
    model.set_params(container="who", vertices={"from": "place", "to": "place", "things": "thing"}).fit(named)
    assert {name: part.tolist() for name, part in model.vertex_names_.items()} == {
        "place": ["a", "b", "c"],
        "thing": ["x", "y", "z"],
    }
    containers = [
        [(1.0, [(0, 1), (1, 1)]), (1.0, [(1, 2)]), (2.5, [(3, 1), (4, 2)])],
        [(1.0, [(2, 1)]), (2.5, [(3, 1), (5, 1)]), (2.5, [(5, 1)])],
        [(1.0, [(2, 1), (0, 1)]), (2.5, [(4, 1)])],
    ]
    phi, track = oracle.offline(containers, init.T, n_iter=5, n_passes=4, blocks=[range(3), range(3, 6)])
    assert_allclose(model.components_.T, phi, rtol=1e-8, atol=1e-13)
    assert_allclose(model.history_["log_likelihood"], track, rtol=1e-9)
    theta = model.container_topics_
    each = [
        np.log(oracle.topics_of(vertices, phi, theta[d])[1])
        for d, container in enumerate(containers)
        for _, vertices in container
    ]
    order = [0, 1, 3, 6, 2, 4, 5, 7]  # trips, then things, in the order of the rows
    assert_allclose(model.edge_log_likelihood(named), np.array(each)[order], rtol=1e-8)
    assert_allclose(model.score(named), np.sum(each) / 14, rtol=1e-8)


def test_one_container_is_a_mixture_of_products(planted):
    edges = planted.edges[:, 1:]
    model = hypergraph(max_iter=4, max_doc_iter=3).fit(edges)
    assert model.containers_.tolist() == [None]
    assert_allclose(model.container_topics_[0], model.topic_share_, rtol=1e-12)
    assert_allclose(model.transform(edges).mean(axis=0), model.topic_share_, atol=0.05)


# --- degenerate cases -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["batch", "online"])
@pytest.mark.parametrize("reuse_theta", [False, True])
def test_edges_of_one_vertex_are_plsa(method, reuse_theta):
    X = corpus(0)
    X = X[:, np.asarray(X.sum(axis=0)).ravel() > 0][np.diff(X.indptr) > 0]
    init = np.random.default_rng(0).dirichlet(np.ones(X.shape[1]), N_TOPICS)
    rows = np.column_stack([X.tocoo().row, X.tocoo().col, X.tocoo().data]).astype(int)
    options = {"learning_method": method, "batch_size": 7, "reuse_theta": reuse_theta, "init": init, **EXACT}
    if reuse_theta:
        options["max_doc_iter"] = 2
    plsa = PLSA(N_TOPICS, **options).fit(X)
    model = HypergraphARTM(N_TOPICS, container=0, weight=2, **options).fit(rows)
    assert_allclose(model.components_, plsa.components_, rtol=1e-8, atol=1e-13)
    assert_allclose(model.container_topics_, plsa.transform(X), rtol=1e-8, atol=1e-13)
    for key in ("log_likelihood", "perplexity", "objective"):
        assert_allclose(model.history_[key], plsa.history_[key], rtol=1e-9)


@pytest.mark.parametrize(
    "regularizers",
    [
        [],
        [("decorrelation", Decorrelation(0.1, relative=0.0)), ("sparse", SmoothSparsePhi(-0.05, modality="2"))],
        [("theta", SmoothSparseTheta(0.2)), ("varying", SmoothSparseTheta(-0.05, topics=[1, 2]))],
        [("posterior", SparsePosterior(0.5))],
    ],
    ids=["plain", "phi", "theta", "posterior"],
)
def test_edges_of_one_vertex_are_artm_with_modalities(regularizers):
    X = corpus(0)
    X = X[:, np.asarray(X.sum(axis=0)).ravel() > 0][np.diff(X.indptr) > 0].tocoo()
    first, half = X.col < X.shape[1] // 2, X.shape[1] // 2
    types = {
        name: np.column_stack([X.row[kept], X.col[kept], X.data[kept]]).astype(int)
        for name, kept in (("words", first), ("tags", ~first))
    }
    pandas = pytest.importorskip("pandas")
    frames = {
        "words": pandas.DataFrame(types["words"], columns=["d", "1", "n"]),
        "tags": pandas.DataFrame(types["tags"], columns=["d", "2", "n"]),
    }
    init = start([half, X.shape[1] - half])
    options = {"regularizers": regularizers, "init": init, **EXACT}
    model = HypergraphARTM(N_TOPICS, container="d", weight="n", edge_weights={"tags": 3.0}, **options).fit(frames)
    parts = {"1": slice(0, half), "2": slice(half, X.shape[1])}
    parent = ARTMTransformer(N_TOPICS, modalities=parts, modality_weights={"2": 3.0}, **options).fit(X.tocsr())
    assert_allclose(model.components_, parent.components_, rtol=1e-8, atol=1e-13)
    assert_allclose(model.container_topics_, parent.transform(X.tocsr()), rtol=1e-8, atol=1e-13)
    assert_allclose(model.history_["objective"], parent.history_["objective"], rtol=1e-9)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_topic(planted, dtype):
    model = HypergraphARTM(1, container=0, max_iter=3, tol=0, dtype=dtype).fit(planted.edges)
    for column, modality in model.vertex_columns_.items():
        _, counts = np.unique(planted.edges[:, column], return_counts=True)
        assert_allclose(model.components_[0, model.modalities_[modality]], counts / counts.sum(), rtol=1e-5)
    assert_array_equal(model.transform(planted.edges), 1)


# --- what theory says -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reuse_theta", [False, True])
def test_likelihood_does_not_fall(planted, reuse_theta, global_random_seed):
    """The EM algorithm ascends if theta goes on from where it was; from uniform, if its inner passes converge."""
    options = {"reuse_theta": reuse_theta, "max_doc_iter": 1 if reuse_theta else 400, "max_iter": 25}
    model = hypergraph(container=0, random_state=global_random_seed, **options).fit(planted.edges)
    track = np.array(model.history_["log_likelihood"])
    assert (np.diff(track) > -1e-6 * np.abs(track[:-1])).all()
    assert track[-1] > track[0] + 10


def test_planted_topics_are_found(global_random_seed):
    truth = make_edges(seed=global_random_seed)
    models = [
        HypergraphARTM(4, container=0, random_state=seed, max_iter=100, n_jobs=1).fit(truth.edges) for seed in range(8)
    ]
    best = max(models, key=lambda model: model.history_["log_likelihood"][-1])  # EM has local maxima
    found = np.zeros(truth.components.shape)
    names = [best.vertex_names_["1"], truth.sizes["film"] + best.vertex_names_["2"]]
    found[:, np.concatenate(names)] = best.components_
    distances = np.abs(found[:, None] - truth.components[None]).sum(axis=2) / 2  # two modalities
    pairs = linear_sum_assignment(distances)
    assert distances[pairs].max() < 0.3
    order = pairs[1]
    assert np.abs(best.container_topics_ - truth.doc_topic[:, order]).sum(axis=1).mean() < 0.25


# --- numerical safety -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [60, 1500])
def test_long_edges_in_float32(size):
    rng = np.random.default_rng(0)
    halves = [np.arange(1000), np.arange(1000, 2000)]
    edges = [(number // 6, rng.choice(halves[number % 2], size).tolist()) for number in range(60)]
    n_vertices = len({vertex for _, vertices in edges for vertex in vertices})
    tilt = np.linspace(1, 3, n_vertices)
    init = np.stack([tilt, tilt[::-1]]) / tilt.sum()
    model = HypergraphARTM(2, container=0, vertices=[1], max_iter=20, init=init)
    fitted = model.fit(edges)
    double = clone(model).set_params(dtype="float64").fit(edges)
    assert fitted.history_["left_out"][-1] == 0
    assert_allclose(fitted.history_["log_likelihood"], double.history_["log_likelihood"], rtol=1e-5)
    assert_allclose(fitted.components_, double.components_, atol=1e-6)
    p = fitted.transform(edges)
    assert_allclose(p.sum(axis=1), 1, rtol=1e-5)
    assert len(np.unique(p[::2].argmax(axis=1))) == len(np.unique(p[1::2].argmax(axis=1))) == 1


def test_impossible_edges_are_left_out_and_charged(planted):
    init = np.array([[0.5, 0.5, 0, 0, 0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5, 0, 0, 0.5, 0.5]])
    edges = [("a", 0, 0), ("a", 1, 1), ("b", 2, 2), ("b", 3, 3), ("b", 0, 3)]
    with pytest.warns(LeftOutTokensWarning):
        model = HypergraphARTM(2, container=0, init=init, max_iter=3, tol=0).fit(edges)
    assert model.history_["left_out"] == [2, 2, 2]
    log_p = model.edge_log_likelihood(edges)
    assert_allclose(log_p[:4], 2 * np.log(0.5), rtol=1e-5)
    assert_allclose(log_p[4], 2 * np.log(1e-16))
    assert_allclose(model.history_["objective"][-1], log_p.sum() / 10, rtol=1e-5)
    assert_allclose(model.transform(edges), [[1, 0], [1, 0], [0, 1], [0, 1], [0, 1]], atol=1e-6)


def test_dead_topics(planted):
    with pytest.warns(DeadTopicWarning):
        model = hypergraph(container=0, regularizers=[("kill", SmoothSparsePhi(-1e4, topics=[2]))]).fit(planted.edges)
    assert_array_equal(model.dead_topics_, [2])
    assert not model.container_topics_[:, 2].any()
    assert np.isfinite(model.vertex_topics_).all()


# --- in use -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["batch", "online"])
def test_threads_bit_for_bit(method):
    truth = make_edges(n_containers=600, n_edges=30, sizes={"film": 800, "genre": 40}, seed=1)
    options = {"container": 0, "learning_method": method, "batch_size": 100, "max_iter": 3, "tol": 0, "random_state": 0}
    fits = [HypergraphARTM(40, n_jobs=n_jobs, **options).fit(truth.edges) for n_jobs in (1, 2, 3)]
    for other in fits[1:]:
        assert_array_equal(other.components_, fits[0].components_)
        assert_array_equal(other.container_topics_, fits[0].container_topics_)
        assert_array_equal(other.transform(truth.edges), fits[0].transform(truth.edges))
        assert other.score(truth.edges) == fits[0].score(truth.edges)


def test_rows_do_not_depend_on_neighbours(planted):
    model = hypergraph(container=0).fit(planted.edges)
    together, order = model.transform(planted.edges), np.random.default_rng(0).permutation(len(planted.edges))
    assert_array_equal(model.transform(planted.edges[order]), together[order])
    assert_array_equal(model.transform(planted.edges[5:6]), together[5:6])
    assert_allclose(together.sum(axis=1), 1)
    names, theta = model.container_topics(planted.edges[order])
    assert_array_equal(names, model.containers_)
    assert_allclose(theta, model.container_topics_, rtol=1e-7, atol=1e-12)
    new = planted.edges.copy()
    new[:, 0] += 1000  # the same under other names: learned in the call
    assert_allclose(model.transform(new), together, rtol=1e-7, atol=1e-12)


def test_float32(planted):
    options = {"container": 0, "max_iter": 5}
    single = hypergraph(dtype="float32", **options).fit(planted.edges)
    assert_allclose(single.components_, hypergraph(**options).fit(planted.edges).components_, atol=1e-4)


def test_predictions_of_a_vertex(planted):
    model = hypergraph(container=0).fit(planted.edges)
    asked = np.column_stack([planted.edges[:9, 0], np.full(9, None), planted.edges[:9, 2]])
    proba = model.vertex_proba(asked, "1")
    genres = model.modalities_["2"].start + np.searchsorted(model.vertex_names_["2"], planted.edges[:9, 2])
    joint = model.container_topics_[planted.edges[:9, 0]] * model.components_[:, genres].T
    expected = (joint / joint.sum(axis=1, keepdims=True)) @ model.components_[:, model.modalities_["1"]]
    assert_allclose(proba, expected, rtol=1e-9)
    names, values = model.recommend(asked, "1", n_top=3)
    assert_allclose(values, -np.sort(-proba, axis=1)[:, :3])
    assert_array_equal(names, model.vertex_names_["1"][np.argsort(-proba, axis=1, kind="stable")[:, :3]])
    assert model.recommend(asked, "2", n_top=100)[0].shape[1] == len(model.vertex_names_["2"])
    stranger = np.array([[10**6, None, planted.edges[0, 2]]], dtype=object)
    share = model.topic_share_ * model.components_[:, genres[0]]
    expected = (share / share.sum()) @ model.components_[:, model.modalities_["1"]]
    assert_allclose(model.vertex_proba(stranger, "1")[0], expected, rtol=1e-9)


def test_vertex_topics(planted):
    model = hypergraph(container=0, max_iter=60).fit(planted.edges)
    p = model.transform(planted.edges)
    for column, modality in model.vertex_columns_.items():
        for place, name in enumerate(model.vertex_names_[modality]):
            mean = p[planted.edges[:, column] == name].mean(axis=0)
            assert_allclose(model.vertex_topics_[model.modalities_[modality]][place], mean, atol=0.02)
    assert_allclose(model.vertex_topics_.sum(axis=1), 1)


def test_unknown_vertices_say_nothing_and_cost_likelihood(planted):
    model = hypergraph(container=0).fit(planted.edges)
    row, alone = planted.edges[:1].astype(object), planted.edges[:1].astype(object)
    alone[0, 1], row[0, 1] = None, 10**6
    assert_array_equal(model.transform(row), model.transform(alone))
    assert_allclose(model.edge_log_likelihood(row), model.edge_log_likelihood(alone) + np.log(1e-16))
    assert_allclose(model.score(row), model.edge_log_likelihood(row)[0] / 2)
    nothing = np.array([[planted.edges[0, 0], None, None], [10**6, 10**6, None]], dtype=object)
    p = model.transform(nothing)
    assert_allclose(p, [model.container_topics_[planted.edges[0, 0]], np.full(N_TOPICS, 1 / N_TOPICS)])
    assert_allclose(model.edge_log_likelihood(nothing), [0, np.log(1e-16)])


def test_score_of_new_containers(planted):
    model = hypergraph(container=0).fit(planted.edges[planted.edges[:, 0] < 20])
    new = planted.edges[planted.edges[:, 0] >= 20]
    completion = model.score(new)
    fold_in = model.set_params(evaluation="fold_in").score(new)
    assert completion < fold_in < 0
    observed = model.container_topics(new[::2])[1]  # 12 edges each: every second row is every second of a container
    model.set_params(evaluation="completion")
    p = [
        np.log(oracle.topics_of(vertices, model.components_.T, observed[d])[1]) + (2 - len(vertices)) * np.log(1e-16)
        for d, container in enumerate(_codes(new, model))
        for vertices in container[1::2]
    ]
    assert_allclose(completion, np.sum(p) / (2 * len(p)), rtol=1e-9)
    with pytest.raises(ValueError, match="fold_in"):
        model.score(new[:1])
    assert_allclose(model.perplexity(new), np.exp(-completion))


def _codes(edges, model):
    found = {}
    for row in edges.tolist():
        vertices = [
            (model.modalities_[m].start + model.vertex_names_[m].tolist().index(row[column]), 1.0)
            for column, m in model.vertex_columns_.items()
            if row[column] in model.vertex_names_[m]
        ]
        found.setdefault(row[0], []).append(vertices)
    return list(found.values())


def test_partial_fit(planted):
    first, second = planted.edges[planted.edges[:, 0] < 15], planted.edges[planted.edges[:, 0] >= 15]
    everything = np.vstack([first, second])
    weights = (everything[:, 0] < 15).astype(float)
    model = hypergraph(container=0, batch_size=8).partial_fit(everything, sample_weight=weights)
    once = model.components_.copy()
    model.partial_fit(second)
    assert len(model.containers_) == 30
    assert np.abs(model.components_ - once).max() > 0
    assert_allclose(model.container_topics_.sum(axis=1), 1)
    assert_allclose(model.topic_share_.sum(), 1)
    online = hypergraph(container=0, batch_size=8, learning_method="online", max_iter=1).fit(first)
    parts = hypergraph(container=0, batch_size=8).partial_fit(first)
    assert_allclose(parts.components_, online.components_, rtol=1e-9)
    strange = first[:2].copy()
    strange[1, 1] = 10**6
    with pytest.raises(ValueError, match="row 1"):
        parts.partial_fit(strange)


def test_warm_start_goes_on(planted):
    whole = hypergraph(container=0, max_iter=6).fit(planted.edges)
    halves = hypergraph(container=0, max_iter=3, warm_start=True).fit(planted.edges).fit(planted.edges)
    assert_allclose(halves.components_, whole.components_, rtol=1e-9, atol=1e-13)


def test_columns_of_vertices_stay(planted):
    frame = pytest.importorskip("pandas").DataFrame(planted.edges, columns=["user", "film", "genre"])
    model = hypergraph(container="user", warm_start=True).fit(frame)
    for use in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match="those that the model began with"):
            use(frame.assign(year=2000))
    with pytest.raises(ValueError, match="those that the model began with"):
        model.set_params(vertices=["film"]).fit(frame)


def test_sample_weights_are_repetitions(planted):
    weights = np.random.default_rng(0).integers(0, 4, len(planted.edges))
    for column in (1, 2):
        weights[np.unique(planted.edges[:, column], return_index=True)[1]] = 1  # every vertex stays
    weighted = hypergraph(container=0).fit(planted.edges, sample_weight=weights)
    order = np.repeat(np.arange(len(weights)), weights)
    repeated = hypergraph(container=0).fit(planted.edges[order])
    assert_allclose(weighted.components_, repeated.components_, rtol=1e-8, atol=1e-12)
    assert weighted.score(planted.edges, sample_weight=weights) == pytest.approx(
        weighted.score(planted.edges[order]), rel=1e-9
    )


def test_frames_arrays_and_lists_are_the_same(planted):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(planted.edges, columns=["user", "film", "genre"])
    plain = hypergraph(container=0, vertices=[1, 2]).fit(planted.edges)
    options = {"container": "user", "vertices": ["film", "genre"]}
    forms = [frame, frame.astype({"film": "category"}), frame.assign(film=frame["film"].map(lambda film: [film]))]
    for form in [*forms, {"only": frame}]:
        assert_array_equal(hypergraph(**options).fit(form).components_, plain.components_)
    rows = [tuple(row) for row in planted.edges.tolist()]
    assert_array_equal(hypergraph(container=0).fit(rows).components_, plain.components_)
    model = hypergraph(**options).set_output(transform="pandas").fit(frame)
    found = model.transform(frame.iloc[3:6])
    assert found.index.tolist() == [3, 4, 5]
    assert found.columns.tolist() == model.get_feature_names_out().tolist()
    assert model.recommend(frame[["user"]].iloc[:2], "film")[0].shape == (2, 10)
    polars = pytest.importorskip("polars")
    assert_array_equal(hypergraph(**options).fit(polars.from_pandas(frame)).components_, plain.components_)


def test_top_vertices_of_modalities(planted):
    model = hypergraph(container=0, regularizers=[("sparse", SmoothSparsePhi(-0.01, modality="2"))]).fit(planted.edges)
    tops = model.top_tokens(3, modality="2")
    best = model.vertex_names_["2"][np.argmax(model.components_[:, model.modalities_["2"]], axis=1)]
    assert [top[0] for top in tops] == [str(name) for name in best]
    assert not hasattr(model, "token_topics")


def test_regularizers_that_know_documents(planted):
    links = sparse.csr_matrix(np.eye(30, k=1) + np.eye(30, k=-1))
    model = hypergraph(container=0, regularizers=[("links", DocumentLinks(5.0, links=links))]).fit(planted.edges)
    free = hypergraph(container=0).fit(planted.edges)
    apart = [np.abs(np.diff(one.container_topics_, axis=0)).sum() for one in (model, free)]
    assert apart[0] < apart[1]


@pytest.mark.parametrize("power", [1.0, 2.0])
def test_posterior_regularizers(planted, power):
    sharpen = PosteriorFunction(function=lambda p: p**power)
    model = hypergraph(container=0, regularizers=[("power", sharpen)]).fit(planted.edges)
    plain = hypergraph(container=0).fit(planted.edges)
    same = np.allclose(model.components_, plain.components_, rtol=1e-8, atol=1e-12)
    assert same == (power == 1.0)
    if same:
        assert_allclose(model.transform(planted.edges), plain.transform(planted.edges), rtol=1e-8, atol=1e-12)


def test_search_validation_and_pickles(planted):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(planted.edges, columns=["user", "film", "genre"])
    model = HypergraphARTM(4, container="user", max_iter=5, tol=0, random_state=0, n_jobs=1)
    search = GridSearchCV(model, {"n_components": [2, 4]}, cv=3).fit(frame)
    assert search.best_params_ == {"n_components": 4}
    watched = clone(model).set_params(validation_fraction=0.3).fit(frame)
    assert len(watched.history_["validation_perplexity"]) == 5
    assert len(watched.containers_) == 30
    again = pickle.loads(pickle.dumps(watched))
    assert_array_equal(again.transform(frame), watched.transform(frame))
    assert "edges" not in clone(watched).get_params()


def test_interruption_leaves_a_fitted_model(planted, monkeypatch):
    model = hypergraph(container=0, max_iter=10)
    converged, calls = HypergraphARTM._has_converged, []

    def interrupted(self, *arguments):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return converged(self, *arguments)

    monkeypatch.setattr(HypergraphARTM, "_has_converged", interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.fit(planted.edges)
    monkeypatch.undo()
    expected = hypergraph(container=0, max_iter=3).fit(planted.edges)
    assert_array_equal(model.components_, expected.components_)
    assert_array_equal(model.transform(planted.edges), expected.transform(planted.edges))


def test_a_fit_that_fails_changes_nothing(planted):
    model = hypergraph(container=0).fit(planted.edges)
    before = model.transform(planted.edges)
    other = planted.edges[:, [0, 2, 1]] + 500
    with pytest.raises(ValueError, match="'init' parameter"):
        model.set_params(init=np.ones((4, 2))).fit(other)
    assert_array_equal(model.transform(planted.edges), before)


# --- what cannot be used ----------------------------------------------------------------------------------------------

GOOD = [("a", 0, 1), ("b", 1, 0)]


@pytest.mark.parametrize(
    ("parameters", "edges", "message"),
    [
        ({"container": "user"}, GOOD, "container must name a column"),
        ({"container": 0, "weight": 9}, GOOD, "weight must name a column"),
        ({"container": 0, "weight": 1}, [("a", -1, 1)], "finite numbers, at least 0"),
        ({"container": 0, "weight": 1}, [("a", "x", 1)], "finite numbers, at least 0"),
        ({"container": 0, "vertices": [1, 7]}, GOOD, r"Got \[7\]"),
        ({"container": 0, "vertices": "film"}, GOOD, "'vertices' parameter"),
        ({"container": 0, "edge_weights": {"x": 1.0}}, GOOD, "dict of tables"),
        ({"container": 0, "edge_weights": {"x": 1.0}}, {"y": GOOD}, "must name types"),
        ({"container": 0, "edge_weights": {"y": -1.0}}, {"y": GOOD}, "at least 0"),
        ({"container": 0, "edge_weights": 3}, {"y": GOOD}, "'edge_weights' parameter"),
        ({"container": 0}, [("a", None, None), ("b", 1, 1)], "row 0 without"),
        ({"container": 0}, [("a", 1, None)], "only missing cells"),
        ({"container": 0}, [(None, 1, 1)], "container of every edge"),
        ({"container": 0}, [("a", 1, "x"), ("a", "y", "x")], "of one kind"),
        ({"container": 0}, [("a", 1), ("b", 1, 2)], r"one length. Got lengths \[2, 3\]"),
        ({"container": "user"}, {"user": ["a", "b"], "film": [0, 1]}, "make columns a data frame"),
        ({"container": 0}, [("a",)], "column of vertices"),
        ({"container": 0}, [], r"must have rows"),
        ({"container": 0}, {}, "at least one table"),
        ({"container": 0}, "edges", "data frame"),
        ({"container": 0}, np.zeros(3), "2-d array"),
        ({"container": 0}, [("a", {"b": 1}, 2)], "strings or numbers"),
        ({"container": 0, "regularizers": [("near", SmoothPosterior(0.1))]}, GOOD, "read the order"),
        ({"container": 0, "regularizers": [("y", ThetaClassification(0.1))]}, GOOD, "read targets"),
        ({"container": 0, "n_components": 0}, GOOD, "n_components"),
        ({"container": 0, "init": np.ones((4, 3))}, GOOD, "'init' parameter"),
    ],
)
def test_errors(parameters, edges, message):
    with pytest.raises((ValueError, TypeError), match=message):
        hypergraph(**parameters).fit(edges)


def test_errors_of_use(planted):
    with pytest.raises(ValueError, match="not fitted"):
        hypergraph().transform(GOOD)
    model = hypergraph(container=0).fit(planted.edges)
    with pytest.raises(ValueError, match="modality must be one of"):
        model.recommend(planted.edges, "film")
    for n_top in (0, 2.5, True):
        with pytest.raises(ValueError, match="n_top"):
            model.recommend(planted.edges, "1", n_top=n_top)
    with pytest.raises(ValueError, match="sample_weight"):
        model.fit(planted.edges, sample_weight=[1.0])
    with pytest.raises(ValueError, match="there must be edges"):
        model.fit(planted.edges, sample_weight=np.zeros(len(planted.edges)))
