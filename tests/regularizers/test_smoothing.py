"""Temporal, graph, geospatial smoothing and translation: equal to loops, and what is wrong is an error."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array, csr_matrix

from skartm import ARTMTransformer
from skartm.em import Layout, Modality
from skartm.regularizers import GeospatialSmoothing, NetPLSA, TemporalSmoothing, Translation
from tests.em.corpora import corpus
from tests.oracle import smoothing as oracle

selections = st.one_of(st.none(), st.sets(st.integers(0, 3), min_size=1).map(sorted))
dtypes = st.sampled_from([np.float32, np.float64])
seeds = st.integers(0, 9999)
COLUMNS = np.array([1, 2, 4, 5, 6], dtype=np.int32)
OTHERS = np.array([0, 3, 7], dtype=np.int32)
NAMES = ("x", "b", "c", "y", "d", "e", "f", "b")  # "b" is a token of both modalities
LAYOUT = Layout(("a", "b", "c", "d"), 8, (Modality("m", COLUMNS), Modality("o", OTHERS)), NAMES)
POINTS = np.array([[59.9, 10.8], [60.4, 5.3], [63.4, 10.4], [58.97, 5.7], [-12.0, -77.0]])


def matrices(seed, dtype):
    """Distributions with zeros, and counters with an empty row and an empty column."""
    rng = np.random.default_rng(seed)
    phi = rng.dirichlet(np.full(8, 0.5), size=4).T * (rng.random((8, 4)) < 0.8)
    n_wt = rng.integers(0, 9, (8, 4)) * (rng.random((8, 4)) < 0.8)
    n_wt[rng.integers(8)] = 0
    return np.ascontiguousarray(phi, dtype=dtype), np.ascontiguousarray(n_wt, dtype=dtype), rng


def check(term, expected, phi, n_wt):
    value, response = expected
    scale = max(np.abs(response).max(), 1e-3)
    tolerance = 2e-5 if phi.dtype == np.float32 else 1e-10
    out = np.zeros_like(phi)
    term.add_term(phi, n_wt, out)
    assert out.dtype == phi.dtype
    assert_allclose(out / scale, response / scale, atol=tolerance)
    assert term.value(phi, n_wt) == pytest.approx(value, rel=tolerance, abs=tolerance)


@given(seed=seeds, topics=selections, dtype=dtypes, norm=st.sampled_from(["l1", "l2"]), size=st.integers(2, 5))
def test_temporal(seed, topics, dtype, norm, size):
    phi, n_wt, rng = matrices(seed, dtype)
    order = rng.permutation(COLUMNS)[:size].tolist()
    term = TemporalSmoothing(order=order, norm=norm, topics=topics, modality="m").bind(LAYOUT)
    chosen = range(4) if topics is None else topics
    check(term, oracle.temporal(phi.astype(float), order, chosen, norm), phi, n_wt)


def test_temporal_order_is_that_of_the_columns_and_equal_neighbours_do_not_pull():
    phi = np.full((8, 4), 0.125)
    out = np.zeros_like(phi)
    term = TemporalSmoothing(modality="m").bind(LAYOUT)
    term.add_term(phi, phi, out)
    assert not out.any()
    phi[COLUMNS[0]] = 0.5  # the first point is regularised too
    term.add_term(phi, phi, out)
    assert_array_equal(out[:, 0], [0, -0.5, 0.125, 0, 0, 0, 0, 0])
    assert term.value(phi, phi) == -4 * 0.375


@given(seed=seeds, topics=selections, dtype=dtypes, weighted=st.sampled_from([None, "array", "counts"]))
def test_netplsa(seed, topics, dtype, weighted):
    phi, n_wt, rng = matrices(seed, dtype)
    adjacency = rng.uniform(0, 2, (5, 5)) * (rng.random((5, 5)) < 0.5)
    weights = rng.uniform(0.5, 3, 5) if weighted == "array" else weighted
    of_vertices = np.ones(5) if weighted is None else None if weighted == "counts" else weights
    chosen = range(4) if topics is None else topics
    expected = oracle.graph(phi.astype(float), n_wt.astype(float), adjacency, COLUMNS, chosen, of_vertices)
    graphs = [
        {"adjacency": adjacency},
        {"adjacency": csr_matrix(adjacency)},
        {"edges": [(COLUMNS[i], COLUMNS[j], adjacency[i, j]) for i in range(5) for j in range(5)]},
    ]
    for graph in graphs:
        term = NetPLSA(**graph, vertex_weights=weights, topics=topics, modality="m").bind(LAYOUT)
        check(term, expected, phi, n_wt)


def test_netplsa_of_symmetric_edges_is_that_of_a_symmetric_matrix():
    phi, n_wt, _ = matrices(3, np.float64)
    once = NetPLSA(edges=[("c", "f"), ("d", "f", 0.5)], modality="m").bind(LAYOUT)
    twice = NetPLSA(edges=[("c", "f"), ("d", "f", 0.5)], symmetric=True, modality="m").bind(LAYOUT)
    listed = [("c", "f"), ("f", "c"), ("d", "f", 0.25), ("d", "f", 0.25), ("f", "d", 0.5)]
    both = NetPLSA(edges=listed, modality="m").bind(LAYOUT)
    assert twice.value(phi, n_wt) == pytest.approx(2 * once.value(phi, n_wt))
    assert_allclose(twice.weights.toarray(), both.weights.toarray())


def test_netplsa_vertex_weights_by_name():
    named = NetPLSA(edges=[("c", "f")], vertex_weights={"f": 3.0, 2: 2.0}, modality="m").bind(LAYOUT)
    listed = NetPLSA(edges=[("c", "f")], vertex_weights=[1, 2, 1, 1, 3], modality="m").bind(LAYOUT)
    phi, n_wt, _ = matrices(3, np.float64)
    assert named.value(phi, n_wt) == listed.value(phi, n_wt) != 0


@given(seed=seeds, topics=selections, dtype=dtypes, metric=st.sampled_from(["haversine", "euclidean"]))
def test_geospatial(seed, topics, dtype, metric):
    phi, n_wt, rng = matrices(seed, dtype)
    points = POINTS + rng.normal(0, 0.3, POINTS.shape)
    bandwidth, chosen = (250.0 if metric == "haversine" else 2.0), range(4) if topics is None else topics
    S = oracle.similarity(points, bandwidth, 2.0, metric)
    expected = oracle.graph(phi.astype(float), n_wt.astype(float), S, COLUMNS, chosen)
    near = {"metric": metric, "bandwidth": bandwidth, "cutoff": 2.0, "topics": topics, "modality": "m"}
    for declared in (
        GeospatialSmoothing(coordinates=points, **near),
        GeospatialSmoothing(coordinates=dict(zip(COLUMNS.tolist(), points.tolist())), **near),
        GeospatialSmoothing(similarity=csr_array(S), topics=topics, modality="m"),
    ):
        check(declared.bind(LAYOUT), expected, phi, n_wt)


def test_geospatial_without_bandwidth_takes_the_median_of_nearest_neighbours():
    years = [2000, 2001, 2003, 2007, 2008]
    found = GeospatialSmoothing(coordinates=years, metric="euclidean", modality="m").bind(LAYOUT).weights
    same = GeospatialSmoothing(coordinates=years, metric="euclidean", bandwidth=1, modality="m").bind(LAYOUT).weights
    assert_array_equal(found.toarray(), same.toarray())


def test_geospatial_of_some_places_and_of_places_that_coincide():
    term = GeospatialSmoothing(coordinates={"c": (0, 0), "e": (0, 0)}, bandwidth=5, modality="m").bind(LAYOUT)
    expected = np.zeros((5, 5))
    expected[1, 3] = expected[3, 1] = 2
    assert_array_equal(term.weights.toarray(), expected)


PAIRS = [(1, 0), (1, 3), (2, 0), (4, 3), (5, 7), (6, 7), (2, 7)]


@given(seed=seeds, topics=selections, dtype=dtypes, n_steps=st.integers(0, 3))
def test_translation(seed, topics, dtype, n_steps):
    phi, n_wt, _ = matrices(seed, dtype)
    chosen = range(4) if topics is None else topics
    term = Translation(PAIRS, source_modality="m", target_modality="o", topics=topics).bind(LAYOUT)
    deg = {w: sum(other == w for _, other in PAIRS) for _, w in PAIRS}
    pi = {(u, w, t): 1 / deg[w] for u, w in PAIRS for t in range(4)}
    for _ in range(n_steps):
        term.learn(phi, n_wt)
        pi = oracle.translations(phi.astype(float), n_wt.astype(float), PAIRS, pi)
    learned = term.learned
    for place, pair in enumerate(zip(learned["source"].tolist(), learned["target"].tolist())):
        assert_allclose(learned["pi"][place], [pi[*pair, t] for t in chosen], rtol=1e-5, atol=1e-7)
    check(term, oracle.translation(phi.astype(float), n_wt.astype(float), PAIRS, pi, chosen), phi, n_wt)


def test_translation_learns_distributions_and_its_value_does_not_fall():
    phi, n_wt, _ = matrices(1, np.float64)
    term = Translation(PAIRS, source_modality="m", target_modality="o").bind(LAYOUT)
    values = [term.value(phi, n_wt)]
    for _ in range(5):
        term.learn(phi, n_wt)
        values.append(term.value(phi, n_wt))
        for w in OTHERS:
            assert_allclose(term.learned["pi"][term.learned["target"] == w].sum(axis=0), 1)
    assert (np.diff(values) >= -1e-12).all()
    assert values[-1] > values[0]


def test_translation_dictionaries():
    matrix = np.zeros((5, 3))
    for u, w in PAIRS:
        matrix[COLUMNS.tolist().index(u), OTHERS.tolist().index(w)] = 1
    named = {"b": ["x", "y"], "c": ("x", 7), 4: "y", "e": "b", "f": np.array(["b"])}
    for dictionary in (csr_matrix(matrix), named, np.array(PAIRS), PAIRS + PAIRS[:2]):
        term = Translation(dictionary, source_modality="m", target_modality="o").bind(LAYOUT)
        found = list(zip(term.learned["source"].tolist(), term.learned["target"].tolist()))
        assert found == sorted(PAIRS)


def test_translations_go_on_in_a_warm_start():
    X = corpus(0)
    parameters = {
        "modalities": {"k": slice(15), "l": slice(15, 30)},
        "dtype": "float64", "tol": 0, "n_jobs": 1, "random_state": 0, "warm_start": True, "doc_tol": 0,
    }  # fmt: skip
    pairs = [(u, 15 + (u * 7 + j) % 15) for u in range(15) for j in range(3)]
    tied = [("tied", Translation(pairs, 0.3, source_modality="k", target_modality="l"))]
    once = ARTMTransformer(3, regularizers=tied, max_iter=6, **parameters).fit(X)
    twice = ARTMTransformer(3, regularizers=tied, max_iter=3, **parameters).fit(X).fit(X)
    assert_allclose(twice.components_, once.components_, rtol=1e-9, atol=1e-12)
    assert_allclose(twice.learned_["tied"]["pi"], once.learned_["tied"]["pi"], rtol=1e-9)
    other = [("tied", Translation(pairs[1:], 0.3, source_modality="k", target_modality="l", topics=[0, 1]))]
    once.set_params(regularizers=other).fit(X)  # another dictionary begins anew
    assert once.learned_["tied"]["pi"].shape == (44, 2)


@pytest.mark.parametrize(
    ("regularizer", "message"),
    [
        (TemporalSmoothing(norm="L1"), "'norm' parameter of TemporalSmoothing must be 'l1' or 'l2'. Got 'L1'"),
        (TemporalSmoothing(order=["c"], modality="m"), "must have at least two tokens, each once. Got 1, 0 of them"),
        (TemporalSmoothing(order=["c", "d", "c"], modality="m"), "each once. Got 3, 1 of them repeated"),
        (TemporalSmoothing(order=["c", "x"], modality="m"), "order must be tokens of the modality 'm'. Got 'x'"),
        (TemporalSmoothing(order=[1, 3], modality="m"), "order must be tokens of the modality 'm'. Got the column 3"),
        (
            TemporalSmoothing(order=[1, 8], modality="m"),
            "order must be tokens of the modality 'm', or columns in [0, 8)",
        ),
        (NetPLSA(), "as edges or as adjacency, one of them. Got none"),
        (NetPLSA(edges=[(0, 1)], adjacency=np.eye(8)), "one of them. Got both"),
        (NetPLSA(edges=[]), "must have pairs (u, v) or triples (u, v, weight). Got []"),
        (NetPLSA(edges=[(1, 2, 3, 4)]), "must have pairs (u, v) or triples"),
        (NetPLSA(edges=[(1, 2, -1.0)]), "'edges' parameter of NetPLSA must be finite and non-negative"),
        (NetPLSA(edges=[("b", "x")], modality="m"), "edges must be tokens of the modality 'm'. Got 'x'"),
        (NetPLSA(adjacency=np.eye(5)), "'adjacency' parameter of NetPLSA must have shape (8, 8). Got (5, 5)"),
        (NetPLSA(adjacency=-np.eye(8)), "'adjacency' parameter of NetPLSA must be finite and non-negative"),
        (NetPLSA(edges=[(1, 2)], vertex_weights=np.zeros(8)), "'vertex_weights' parameter of NetPLSA must be positive"),
        (NetPLSA(edges=[(1, 2)], vertex_weights=[1, 2]), "must have shape (8,). Got (2,)"),
        (GeospatialSmoothing(), "by coordinates or by similarity, one of them. Got none"),
        (GeospatialSmoothing(coordinates=POINTS), "coordinates for each of 8 places"),
        (GeospatialSmoothing(coordinates=POINTS[:, :1], modality="m"), "(latitude, longitude) if metric='haversine'"),
        (GeospatialSmoothing(coordinates=POINTS, metric="cosine", modality="m"), "must be 'haversine' or 'euclidean'"),
        (GeospatialSmoothing(coordinates=POINTS, bandwidth=0, modality="m"), "'bandwidth' parameter of Geospatial"),
        (GeospatialSmoothing(coordinates=POINTS, cutoff=None, modality="m"), "'cutoff' parameter of Geospatial"),
        (
            GeospatialSmoothing(coordinates=0 * POINTS, modality="m"),
            "places coincide with another. Give it a bandwidth",
        ),
        (GeospatialSmoothing(similarity=np.eye(3), modality="m"), "must have shape (5, 5). Got (3, 3)"),
        (Translation(), "must have at least one pair (source, target). Got none"),
        (Translation(["ab"]), "must have pairs (source, target). Got 'ab'"),
        (Translation([(1, 2, 3)]), "must have pairs (source, target). Got (1, 2, 3)"),
        (Translation([("c", "c")], source_modality="m", target_modality="o"), "tokens of the modality 'o'. Got 'c'"),
        (Translation(csr_matrix((3, 5)), source_modality="m", target_modality="o"), "(5, 3). Got (3, 5)"),
        (Translation([(0, 1)], source_modality="w"), "modality must name a modality of the model (the model has"),
    ],
    ids=lambda value: "" if isinstance(value, str) else type(value).__name__,
)
def test_what_is_wrong_is_an_error(regularizer, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        regularizer.bind(LAYOUT)


def test_translations_go_on_in_partial_fit():
    X = corpus(0)
    tied = [("tied", Translation([(u, 15 + u) for u in range(15)], 0.3, source_modality="k", target_modality="l"))]
    kinds = {"k": slice(15), "l": slice(15, 30)}
    model = ARTMTransformer(3, regularizers=tied, modalities=kinds, n_jobs=1, random_state=0)
    first = model.partial_fit(X[:12]).learned_["tied"]["pi"].copy()
    second = model.partial_fit(X[12:]).learned_["tied"]["pi"]
    assert first.shape == second.shape == (15, 3)
    assert_array_equal(second[second > 0], 1)  # one word for each


@pytest.mark.parametrize(
    "regularizer",
    [
        TemporalSmoothing(modality="m"),
        TemporalSmoothing(norm="l2", modality="m"),
        NetPLSA(edges=[("b", "c"), ("c", "d"), ("d", "e")], modality="m"),
        GeospatialSmoothing(coordinates=POINTS, bandwidth=300, modality="m"),
        Translation(PAIRS, source_modality="m", target_modality="o"),
    ],
    ids=repr,
)
@given(seed=seeds)
def test_a_small_step_raises_the_value(regularizer, seed):
    """From phi = norm(n) the value rises by the variance of the gradient, in the first order."""
    n_wt = np.random.default_rng(seed).uniform(1, 9, (8, 4))
    term, phi, steps = regularizer.bind(LAYOUT), np.empty_like(n_wt), []
    for tau in (0, 1e-6):
        moved = n_wt.copy()
        if tau:
            response = np.zeros_like(phi)
            term.add_term(phi, n_wt, response)
            moved += tau * response / np.abs(response).max()
        for columns in LAYOUT.blocks:
            phi[columns] = moved[columns] / moved[columns].sum(axis=0)
        steps.append(term.value(phi, n_wt))
    assert steps[1] > steps[0]
