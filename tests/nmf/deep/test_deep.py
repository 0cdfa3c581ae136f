"""DeepSimplexNMF against a count of all paths, against SimplexNMF, and against the truth."""

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from skartm import DeepSimplexNMF, SimplexNMF
from skartm.nmf.deep._layers import _STEPS, LayeredDivergence, m_step, products
from skartm.nmf.solvers._kullback_leibler import KullbackLeibler
from tests.oracle import nmf as oracle


def rows(rng, *shape):
    table = rng.random(shape) + 0.05
    return table / table.sum(axis=1, keepdims=True)


def problem(seed, sizes=(4, 3, 2), shape=(8, 6)):
    rng = np.random.default_rng(seed)
    X = rng.poisson(2.0, shape).astype(np.float64)
    layers = [rows(rng, k, below) for k, below in zip(sizes, (shape[1], *sizes), strict=False)]
    return X, layers, [rng.random((shape[0], k)) + 0.1 for k in sizes]


def documents(seed, dtype=np.float64):
    """Two groups of three components, each with words of its own; a document is of one group."""
    rng = np.random.default_rng(seed)
    first = np.zeros((6, 60))
    for t in range(6):
        first[t, 10 * t : 10 * t + 10] = rng.dirichlet(np.full(10, 5.0))
    group = rng.integers(0, 2, 400)
    second = np.zeros((2, 6))
    second[0, :3], second[1, 3:] = rng.dirichlet(np.full(3, 20.0), 2)
    theta = np.zeros((400, 6))
    for i, g in enumerate(group):
        theta[i, 3 * g : 3 * g + 3] = rng.dirichlet(1.5 * second[g, 3 * g : 3 * g + 3])
    return rng.poisson(200 * theta @ first).astype(dtype), first, second, group


def settings(**changed):
    return {"max_iter": 30, "joint_iter": 10, "tol": 0, "random_state": 0, "n_jobs": 1} | changed


@pytest.mark.parametrize("weighted", [False, True])
def test_joint_iteration_counts_paths(weighted, global_random_seed):
    X, layers, W = problem(global_random_seed)
    sample_weight = np.arange(1.0, 9.0) if weighted else np.ones(8)
    weights = [1.0, 0.5, 2.0]
    model = LayeredDivergence(
        sparse.csr_matrix(X),
        layers,
        W,
        weights=weights,
        sample_weight=sample_weight if weighted else None,
        n_passes=1,
        n_threads=1,
    )
    # the solver starts from W whose rows have the sums of X, and so does a multiplicative update end
    found, _, counts, value = oracle.layered(X, layers, W, weights, sample_weight, _STEPS)
    assert_allclose(model.update(), value, rtol=1e-8)
    for own, other in zip(model.layers, found, strict=True):
        assert_allclose(own, other, rtol=1e-8, atol=1e-12)
    for own, c, n_tj in zip(model.models, products(found), counts, strict=True):
        assert_allclose(own.H, c, rtol=1e-8, atol=1e-12)
        assert_allclose(sample_weight @ own.W, n_tj.sum(axis=1), rtol=1e-8)


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(1, 4), min_size=1, max_size=3), st.integers(1, 5))
def test_m_step_ascends_and_keeps_distributions(seed, sizes, n_features):
    rng = np.random.default_rng(seed)
    layers = [rows(rng, k, below) for k, below in zip(sizes, (n_features, *sizes), strict=False)]
    counts = [rng.poisson(0.7, (k, n_features)).astype(float) for k in sizes]
    weights = (rng.random(len(sizes)) + 0.1).tolist()

    def value(layers):
        total = 0.0
        for weight, n_tj, c in zip(weights, counts, products(layers), strict=True):
            assert (c[n_tj > 0] > 0).all()
            total += weight * float((n_tj[n_tj > 0] * np.log(c[n_tj > 0])).sum())
        return total

    new = m_step(layers, counts, weights)
    assert value(new) >= value(layers) - 1e-10
    for layer in new:
        sums = layer.sum(axis=1)
        assert_allclose(sums[sums > 0], 1)


@pytest.mark.parametrize("sizes", [(8, 3), (8, 5, 2), (3, 6)])
@pytest.mark.parametrize("labelled", [False, True])
def test_objective_never_increases(sizes, labelled, global_random_seed):
    X, _, _, group = documents(global_random_seed)
    model = DeepSimplexNMF(sizes, layer_weights=np.arange(1, len(sizes) + 1), **settings(joint_iter=60))
    model.fit(X, group if labelled else None)
    assert model.loss_curve_.size == 61
    assert np.diff(model.loss_curve_).max() <= 1e-12 * model.loss_curve_[0]
    assert model.loss_curve_[-1] < model.loss_curve_[0]


def test_one_layer_is_simplex_nmf(global_random_seed):
    X = documents(global_random_seed)[0]
    options = {"max_iter": 40, "tol": 0, "random_state": global_random_seed}
    deep, plain = DeepSimplexNMF((5,), **options).fit(X), SimplexNMF(5, **options).fit(X)
    assert_allclose(deep.components_, plain.components_, rtol=1e-8, atol=1e-12)
    assert_allclose(deep.transform(X), plain.transform(X), rtol=1e-8, atol=1e-8)
    assert_allclose(deep.reconstruction_err_, plain.reconstruction_err_, rtol=1e-3)
    assert deep.n_iter_ == plain.n_iter_


def test_joint_iterations_of_one_layer_are_those_of_simplex_nmf(global_random_seed):
    X, layers, W = problem(global_random_seed, (4,))
    X = sparse.csr_matrix(X)
    options = {"sample_weight": None, "n_passes": 3, "n_threads": 1}
    deep, plain = (
        LayeredDivergence(X, layers, W, weights=[1.0], **options),
        KullbackLeibler(X, layers[0], W[0], **options),
    )
    for _ in range(20):
        assert_allclose(deep.update(), plain.update(), rtol=1e-8)
        assert_allclose(deep.layers[0], plain.H, rtol=1e-8, atol=1e-12)


def matched(found, truth):
    """Rows of ``found`` that are nearest to those of the truth."""
    distance = 0.5 * np.abs(found[:, None] - truth[None]).sum(axis=-1)
    order = distance.argmin(axis=0)
    assert np.unique(order).size == truth.shape[0]
    return order, distance.min(axis=0)


def test_planted_layers_are_found(global_random_seed):
    X, first, second, group = documents(global_random_seed)
    model = DeepSimplexNMF((6, 2), init="spa", max_iter=500, random_state=0).fit(X)
    order, distance = matched(model.layers_[0], first)
    assert distance.max() < 0.05
    above, distance = matched(model.layers_[1][:, order], second)
    assert distance.max() < 0.1
    assert (model.transform(X)[:, above].argmax(axis=1) == group).mean() > 0.98
    parents = {node.index: model.topic_tree().parents(node)[0][0].index for node in model.topic_tree().levels[1]}
    for t in range(6):
        assert parents[order[t]] == above[t // 3]


def test_layers_are_distributions_whose_product_is_one(global_random_seed):
    X, _, _, group = documents(global_random_seed)
    for y in (None, group):
        model = DeepSimplexNMF((8, 4, 2), **settings()).fit(X, y)
        for layer in (*model.layers_, *model.layer_components_):
            assert_allclose(layer.sum(axis=1), 1)
        assert_allclose(model.components_, model.layers_[2] @ model.layers_[1] @ model.layers_[0])
        for shares in model.component_weights_:
            assert_allclose(shares.sum(), 1)


@pytest.mark.parametrize("labelled", [False, True])
def test_error_is_that_of_the_rebuilding(labelled, global_random_seed):
    X, _, _, group = documents(global_random_seed)
    model = DeepSimplexNMF((8, 3), **settings(max_iter=300, joint_iter=200)).fit(X, group if labelled else None)
    Z = model.inverse_transform(model.transform(X))
    x, z = X[X > 0], Z[X > 0]
    loss = float((x * np.log(x / z)).sum() - X.sum() + Z.sum())
    assert loss <= model.reconstruction_err_**2 / 2 * (1 + 1e-8)  # W of transform has converged
    assert_allclose(model.reconstruction_err_**2 / 2, loss, rtol=0.02)


def test_output_chooses_layers(global_random_seed):
    X = documents(global_random_seed)[0]
    model = DeepSimplexNMF((8, 4, 2), **settings()).fit(X)
    every = model.set_params(output="all").transform(X)
    assert every.shape == (400, 14)
    assert model.get_feature_names_out().shape == (14,)
    rebuilt = model.inverse_transform(every)
    for output, columns in ((0, slice(0, 8)), (1, slice(8, 12)), (-1, slice(12, 14)), ("top", slice(12, 14))):
        W = model.set_params(output=output).transform(X)
        assert_array_equal(W, every[:, columns])
        assert_allclose(W.sum(axis=1), X.sum(axis=1), rtol=1e-10)
        assert_allclose(model.inverse_transform(W), W @ model.layer_components_[model._shown()[0]])
    assert_array_equal(rebuilt, model.set_params(output="top").inverse_transform(every[:, 12:]))


def test_labels_are_learned_and_predicted(global_random_seed):
    X, _, _, group = documents(global_random_seed)
    X = X + np.random.default_rng(global_random_seed).poisson(1.0, X.shape)  # what the groups share
    names = np.array(["left", "right"])[group]
    model = DeepSimplexNMF((6, 2), **settings(max_iter=200)).fit(X[:300], names[:300])
    assert_array_equal(model.classes_, ["left", "right"])
    assert (model.predict(X[300:]) == names[300:]).mean() > 0.95
    assert model.predict(np.zeros((1, 60))) == "left"
    shares = model.set_params(output=0).transform(X[:300]) @ model.label_components_
    assert_allclose(shares.sum(axis=1), X[:300].sum(axis=1))
    assert not hasattr(model.fit(X), "predict")
    assert not hasattr(model, "classes_")


def test_label_weight_zero_leaves_labels_out(global_random_seed):
    X, _, _, group = documents(global_random_seed)
    plain = DeepSimplexNMF((6, 2), **settings()).fit(X)
    model = DeepSimplexNMF((6, 2), label_weight=0, **settings()).fit(X, group)
    assert_array_equal(model.components_, plain.components_)
    with pytest.raises(AttributeError, match="no attribute 'predict'") as caught:
        model.predict(X)
    assert "fit(X, y)" in str(caught.value.__cause__)


def test_continuous_targets_are_an_error():
    X = documents(0)[0]
    with pytest.raises(ValueError, match="continuous"):
        DeepSimplexNMF((6, 2)).fit(X, np.linspace(0, 1, 400))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        DeepSimplexNMF((6, 2)).fit(X, np.zeros(399, dtype=int))


def test_weights_are_repetitions(global_random_seed):
    X = documents(global_random_seed)[0][:60]
    weights = np.random.default_rng(global_random_seed).integers(0, 3, 60)
    model = DeepSimplexNMF((5, 2), init="random", **settings())  # another start grows rounding errors on such data
    weighted = clone(model).fit(X, sample_weight=weights)
    repeated = clone(model).fit(np.repeat(X, weights, axis=0))
    assert_allclose(weighted.components_, repeated.components_, rtol=1e-6, atol=1e-9)
    assert_allclose(weighted.component_weights_[0], repeated.component_weights_[0], rtol=1e-6, atol=1e-9)
    assert_allclose(weighted.reconstruction_err_, repeated.reconstruction_err_)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_threads_do_not_matter(dtype, global_random_seed):
    X, _, _, group = documents(global_random_seed, dtype)
    results = [DeepSimplexNMF((8, 3), **settings(n_jobs=n)).fit(X, group) for n in (1, 3)]
    for own, other in zip(results[0].layers_, results[1].layers_, strict=True):
        assert_array_equal(own, other)
        assert own.dtype == dtype
    assert_array_equal(results[0].transform(X), results[1].transform(X))
    assert_array_equal(results[0].transform(X[:3])[1], results[0].transform(X)[1])
    assert results[0].transform(X).dtype == results[0].label_components_.dtype == dtype


def test_pickled_model_is_the_same(global_random_seed):
    X, _, _, group = documents(global_random_seed)
    model = DeepSimplexNMF((5, 2), **settings()).fit(X, group)
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix, sparse.csr_array, sparse.csc_array])
def test_zero_rows_and_columns(form, global_random_seed):
    X, _, _, group = documents(global_random_seed)
    X[[2, 5]], X[:, [0, 3]] = 0, 0
    model = DeepSimplexNMF((6, 3), **settings()).fit(form(X), group)
    assert_array_equal(model.transform(form(X))[[2, 5]], 0)
    assert_allclose(model.components_[:, [0, 3]], 0, atol=1e-12)
    assert np.isfinite(model.transform(form(X))).all()


def test_nothing_but_zeros():
    model = DeepSimplexNMF((3, 2), **settings()).fit(np.zeros((4, 3)))
    assert_array_equal(model.transform(np.zeros((4, 3))), 0)
    assert model.reconstruction_err_ == 0


def test_tree_has_names_of_features(global_random_seed):
    X = pd.DataFrame(documents(global_random_seed)[0], columns=[f"w{j}" for j in range(60)])
    model = DeepSimplexNMF((6, 2), **settings()).fit(X)
    tree = model.topic_tree(n_top=3)
    assert [len(level) for level in tree.levels] == [2, 6]
    top = int(model.components_[0].argmax())
    assert tree.node(0, 0).tokens[0] == f"w{top}"
    assert_allclose(sum(node.weight for node in tree.levels[0]), 1)
    for threshold in (-1, 2, "x", True):
        with pytest.raises(ValueError, match="threshold of edges"):
            model.topic_tree(threshold)
    with pytest.raises(ValueError, match="modality must be None"):
        model.topic_tree(modality="words")


def test_tree_is_drawn(global_random_seed):
    pytest.importorskip("matplotlib").use("agg")
    from skartm.plotting import TopicTreeDisplay

    model = DeepSimplexNMF((6, 2), **settings()).fit(documents(global_random_seed)[0])
    assert len(TopicTreeDisplay.from_estimator(model).labels) == 8


def test_few_iterations_warn(global_random_seed):
    X = documents(global_random_seed)[0]
    with pytest.warns(ConvergenceWarning, match="Increase joint_iter"):
        DeepSimplexNMF((6, 2), joint_iter=3, random_state=0).fit(X)


@pytest.mark.parametrize(
    ("parameters", "match"),
    [
        ({"layers": ()}, "'layers'"),
        ({"layers": 5}, "'layers'"),
        ({"layers": (5, 0)}, "'layers'"),
        ({"layers": (5, 2.5)}, "'layers'"),
        ({"layer_weights": (1,)}, "'layer_weights'.*must be 2 positive"),
        ({"layer_weights": (1, 0)}, "'layer_weights'"),
        ({"layer_weights": (1, np.nan)}, "'layer_weights'"),
        ({"output": "bottom"}, "'output'"),
        ({"output": 2}, "'output'"),
        ({"init": "zeros"}, "'init'"),
        ({"init": "nndsvd", "layers": (4, 5)}, "init='nndsvd' needs n_components of at most .* = 4. Got 5"),
        ({"label_weight": -1}, "'label_weight'"),
        ({"inner_iter": 0}, "'inner_iter'"),
        ({"max_iter": 0}, "'max_iter'"),
        ({"joint_iter": -1}, "'joint_iter'"),
        ({"tol": -1}, "'tol'"),
        ({"dtype": "int32"}, "'dtype'"),
    ],
)
def test_bad_parameters(parameters, match):
    with pytest.raises(ValueError, match=match):
        DeepSimplexNMF(**{"layers": (4, 2), **parameters}).fit(documents(0)[0])


def test_inverse_transform_of_another_shape():
    model = DeepSimplexNMF((4, 2), **settings()).fit(documents(0)[0])
    with pytest.raises(ValueError, match="W must have 2 columns"):
        model.inverse_transform(np.ones((2, 4)))
