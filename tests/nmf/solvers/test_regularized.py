"""Regularizers of topic models in SimplexNMF."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skartm import ARTMTransformer, SimplexNMF
from skartm.regularizers import (
    Decorrelation,
    LabelRegularization,
    Linear,
    SeedWords,
    SmoothSparsePhi,
    SmoothSparseTheta,
    SparsePosterior,
    ThetaClassification,
)
from tests.oracle import nmf as oracle

REGULARIZERS = [
    [("smooth", SmoothSparsePhi(0.5))],
    [("sparse", SmoothSparsePhi(-0.3))],
    [("decorrelation", Decorrelation(0.05, relative=0.5))],
    [("labels", LabelRegularization(2.0))],
    [("seeds", SeedWords({0: [1, 2]}, 3.0)), ("decorrelation", Decorrelation(Linear(0.1, 1.0)))],
]


def problem(seed, shape=(40, 15), k=4):
    rng = np.random.default_rng(seed)
    H = rng.random((k, shape[1])) + 0.1
    return rng.poisson(2.0, shape).astype(np.float64), H / H.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("regularizers", REGULARIZERS, ids=lambda found: "+".join(name for name, _ in found))
@pytest.mark.parametrize("weighted", [False, True])
def test_equals_artm(regularizers, weighted, global_random_seed):
    X, H = problem(global_random_seed)
    weights = np.linspace(0.5, 2, 40) if weighted else None
    model = SimplexNMF(4, regularizers=regularizers, init=H, inner_iter=2, max_iter=20, tol=0)
    other = ARTMTransformer(
        4,
        regularizers=regularizers,
        init=H,
        max_doc_iter=2,
        doc_tol=0,
        max_iter=20,
        tol=0,
        reuse_theta=True,
        dtype="float64",
    )
    model.fit(X, sample_weight=weights)
    other.fit(X, sample_weight=weights)
    assert_allclose(model.components_, other.components_, rtol=1e-8, atol=1e-12)
    plain = SimplexNMF(4, init=H, inner_iter=2, max_iter=20, tol=0).fit(X, sample_weight=weights)
    assert np.abs(model.components_ - plain.components_).max() > 1e-3


def test_error_is_the_divergence_alone(global_random_seed):
    X, H = problem(global_random_seed)
    model = SimplexNMF(4, regularizers=[("smooth", SmoothSparsePhi(2.0))], init=H, max_iter=400, tol=0).fit(X)
    W = model.transform(X)
    assert_allclose(model.reconstruction_err_**2 / 2, oracle.divergence(X, W, model.components_), rtol=1e-3)
    assert_allclose(W.sum(axis=1), X.sum(axis=1))


def test_smoothing_stops_at_the_maximum_of_the_objective(global_random_seed):
    X, _ = problem(global_random_seed)
    smooth = SmoothSparsePhi(1.0)
    model = SimplexNMF(4, regularizers=[("smooth", smooth)], max_iter=5000, random_state=0)

    def objective(found):
        penalty = np.log(found.components_).sum()
        return found.reconstruction_err_**2 / 2 - penalty

    model.fit(X)
    assert model.n_iter_ < 5000
    longer = clone(model).set_params(tol=0, max_iter=2 * model.n_iter_).fit(X)
    assert objective(longer) <= objective(model) + 1e-8
    assert objective(model) - objective(longer) < 0.05 * objective(longer)


def test_seed_words_by_name(global_random_seed):
    X = pd.DataFrame(problem(global_random_seed)[0], columns=[f"w{j}" for j in range(15)])
    seeds = SeedWords({"simplexnmf1": ["w3", "w5"]}, 500.0)
    model = SimplexNMF(4, regularizers=[("seeds", seeds)], max_iter=100, tol=0, random_state=0).fit(X)
    assert set(np.argsort(-model.components_[1])[:2]) == {3, 5}
    assert list(model.get_feature_names_out()) == [f"simplexnmf{t}" for t in range(4)]


def test_parameters_of_regularizers_are_parameters(global_random_seed):
    X, _ = problem(global_random_seed)
    model = SimplexNMF(3, regularizers=[("sparse", SmoothSparsePhi(-0.1))], max_iter=5, tol=0, random_state=0)
    zeros = [(clone(model).set_params(sparse__tau=tau).fit(X).components_ == 0).sum() for tau in (-0.1, -5.0)]
    assert zeros[1] > zeros[0]
    search = GridSearchCV(make_pipeline(model), {"simplexnmf__sparse__tau": [-0.1, 0.1]}, scoring=lambda *_: 0.0, cv=2)
    assert search.fit(X).best_params_ == {"simplexnmf__sparse__tau": -0.1}
    dropped = clone(model).set_params(sparse="drop").fit(X)
    assert_array_equal(dropped.components_, clone(model).set_params(regularizers=()).fit(X).components_)


@pytest.mark.parametrize("simplex", [None, "H", "W", "both"])
def test_dead_components_are_zeros(simplex, global_random_seed):
    X, H = problem(global_random_seed)
    kill = SmoothSparsePhi(-1e4, topics=[2])
    model = SimplexNMF(4, simplex=simplex, regularizers=[("kill", kill)], init=H, max_iter=10, tol=0).fit(X)
    assert_array_equal(model.components_[2], 0)
    assert np.isfinite(model.components_).all()
    assert np.isfinite(model.transform(X)).all()


@pytest.mark.parametrize(
    ("parameters", "error", "match"),
    [
        ({"beta_loss": "frobenius", "regularizers": REGULARIZERS[0]}, ValueError, "need beta_loss='kullback-leibler'"),
        ({"regularizers": [("theta", SmoothSparseTheta(1.0))]}, ValueError, "'theta' must be a regularizer of H"),
        ({"regularizers": [("p", SparsePosterior(1.0))]}, ValueError, "of side 'posterior'"),
        ({"regularizers": [("y", ThetaClassification(1.0))]}, ValueError, "ARTMTransformer takes it"),
        ({"regularizers": [SmoothSparsePhi()]}, TypeError, "list of .name, regularizer. pairs"),
        ({"regularizers": [("tol", SmoothSparsePhi())]}, ValueError, "'tol' is a parameter"),
        ({"regularizers": [("s", SmoothSparsePhi(topics=[9]))]}, ValueError, "below 3"),
        ({"regularizers": [("l", LabelRegularization(modality="labels"))]}, ValueError, "modality"),
    ],
)
def test_what_cannot_be_used(parameters, error, match):
    with pytest.raises(error, match=match):
        SimplexNMF(**{"n_components": 3, **parameters}).fit(problem(0)[0])


@pytest.mark.parametrize(
    ("parameters", "others"),
    [
        ({"regularizers": [("smooth", SmoothSparsePhi(0.1))]}, {"alpha_W": 0.1, "simplex": None}),
        ({"volume_weight": 0.1, "beta_loss": "frobenius"}, {"alpha_H": 0.1, "simplex": None}),
        ({"regularizers": [("smooth", SmoothSparsePhi(0.1))]}, {}),
        ({"volume_weight": 0.1, "beta_loss": "frobenius"}, {}),
    ],
)
def test_not_with_missing_entries_or_penalties(parameters, others):
    X = np.random.default_rng(0).uniform(1, 2, (9, 6))
    if not others:
        X[2, 3] = np.nan
    name = "regularizers" if "regularizers" in parameters else "volume_weight"
    with pytest.raises(ValueError, match=f"SimplexNMF: {name} cannot be combined with "):
        SimplexNMF(2, init="random", random_state=0, **parameters, **others).fit(X)
    model = SimplexNMF(2, init="random", max_iter=2, tol=0, random_state=0, **parameters)
    X[2, 3] = 1
    with pytest.raises(ValueError, match=f"SimplexNMF: {name} cannot be combined with weights of entries"):
        model.fit(X, entry_weight=X)
    model.fit(X)
    X[2, 3] = np.nan
    with pytest.raises(ValueError, match=f"{name} cannot be combined with missing entries. Got NaN in X"):
        model.transform(X)
