"""The nets against loops, their gradients against differences, and that they are monotone to the last digit."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from skartm import MonotonicClassifier, MonotonicRegressor
from skartm.base._callbacks import SILENT
from skartm.base._fitting import iterate
from skartm.monotonic import Constrained, Linear, MinMax, Smooth
from skartm.monotonic.nets._grid import affine, snap, soft_maximum
from skartm.monotonic.nets._losses import LogLoss, Poisson, Quantile, SquaredError
from skartm.monotonic.nets._rprop import Rprop
from tests.oracle import monotonic_nets as oracle

NETS = [Smooth, MinMax, Constrained]
ALL = [*NETS, Linear]
SIGNS = [[1, -1, 0, 1], [0, 0, 0], [1], [-1, -1], [0]]
LOSSES = {
    "squared_error": SquaredError(),
    "quantile": Quantile(0.3),
    "poisson": Poisson(),
    "log_loss": LogLoss(),
}
every_net = pytest.mark.parametrize("net", NETS)


def bare(net, signs):
    """A net that knows its signs, and has learned nothing."""
    model = net()
    model.signs_ = np.array(signs, dtype=np.int8)
    return model


def fitted(net, X, y, signs, loss=None, seed=0, weights=None, **options):
    weights = np.ones(len(y)) if weights is None else weights
    loss = SquaredError() if loss is None else loss
    return net(**options).fit(X, y, weights, np.array(signs, dtype=np.int8), loss, np.random.default_rng(seed), 1)


def example(seed, n=120, d=3):
    rng = np.random.default_rng(seed)
    X = rng.random((n, d))
    return X, X[:, 0] ** 2 - (X[:, 1] > 0.5) + 0.1 * rng.standard_normal(n)


def flat(net, named):
    return np.concatenate([named[name].reshape(len(named[name]), -1) for name in net._shapes()], axis=1)


@every_net
@pytest.mark.parametrize("signs", SIGNS)
def test_outputs_are_those_of_the_loops(net, signs, global_random_seed):
    model, rng = bare(net, signs), np.random.default_rng(global_random_seed)
    theta = model._unpack(model._start(rng)[None])
    one = {name: value[0] for name, value in theta.items()}
    X = rng.uniform(-1, 2, (20, len(signs)))
    if net is Constrained:
        expected = [oracle.constrained(x, one, signs, model.n_units) for x in X]
    else:
        formula = oracle.smooth if net is Smooth else oracle.minmax
        expected = [formula(x, one, signs, model.n_groups, model.n_units) for x in X]
    assert_allclose(model._outputs(one, model._turned(X)), expected, rtol=1e-5, atol=1e-5)
    assert_allclose(model._forward(theta, model._turned(X)[None])[0][0], expected, rtol=1e-9, atol=1e-9)


@every_net
@pytest.mark.parametrize("signs", SIGNS)
@pytest.mark.parametrize("shared", [True, False])
def test_gradients_are_those_of_differences(net, signs, shared, global_random_seed):
    model, rng = bare(net, signs), np.random.default_rng(global_random_seed)
    theta = np.stack([model._start(rng) for _ in range(2)])
    X, slope = rng.random((1 if shared else 2, 15, len(signs))), rng.standard_normal((2, 15))

    def value(point):
        return (model._forward(model._unpack(point), X)[0] * slope).sum(axis=1)

    named = model._unpack(theta)
    gradient = flat(model, model._backward(named, model._forward(named, X)[1], X, slope))
    for i in range(theta.shape[1]):
        moved = 1e-6 * (np.arange(theta.shape[1]) == i)
        difference = (value(theta + moved) - value(theta - moved)) / 2e-6
        assert_allclose(gradient[:, i], difference, rtol=1e-5, atol=1e-5)


def rprop(evaluate, start, *, max_iter, patience, tol):
    search = Rprop(evaluate, start, patience=patience, tol=tol)
    iterate(SILENT, search.step, max_iter, converged=bool)
    return search.best, search.n_iter


def test_rprop_is_that_of_the_loop():
    A = np.diag([1.0, 30.0, 0.2])
    target = np.array([1.0, -2.0, 0.5])

    def gradient(theta):
        return A @ (np.asarray(theta) - target)

    falling = iter(range(0, -1000, -1))  # the held-out loss, so that the last point is the best
    found, n_iter = rprop(
        lambda theta, left: (gradient(theta[0])[None], np.array([float(next(falling))])),
        np.zeros((1, 3)),
        max_iter=37,
        patience=5,
        tol=0,
    )
    assert n_iter[0] == 37
    assert_allclose(found[0], oracle.rprop(gradient, np.zeros(3), 37), rtol=1e-12)


def test_rprop_keeps_the_best_of_each_net_and_lets_it_end():
    calls = []

    def evaluate(theta, left):
        calls.append(left.tolist())
        # the first net is best at its third evaluation, the second goes on falling
        held = {0: [5.0, 4.0, 1.0, *[2.0] * 50][len(calls) - 1], 1: -float(len(calls))}
        return np.ones_like(theta), np.array([held[net] for net in left])

    best, n_iter = rprop(evaluate, np.zeros((2, 1)), max_iter=20, patience=4, tol=0)
    assert n_iter.tolist() == [6, 20]
    assert_allclose(best[0], -(0.01 + 0.012))
    assert calls[-1] == [1]


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=6), st.integers(0, 5), st.integers(0, 2**20))
def test_soft_maximum_rises_by_steps_of_the_grid(values, which, steps):
    low = snap(np.array(values))[:, None]
    high = low.copy()
    high[which % len(values)] += steps * 2.0**-24
    assert soft_maximum(low)[0] <= soft_maximum(high)[0]
    assert_allclose(soft_maximum(low), np.logaddexp.reduce(low), rtol=1e-9, atol=1e-6)


def test_soft_maximum_rises_at_its_kinks():
    rng = np.random.default_rng(0)
    low = snap(rng.uniform(-3, 3, (6, 200_000)))
    low[1] = low[0] + rng.integers(-3, 4, low.shape[1]) * 2.0**-24
    high = low + rng.integers(0, 2, low.shape) * 2.0**-24
    assert (soft_maximum(low) <= soft_maximum(high)).all()


def test_affine_is_the_product():
    rng = np.random.default_rng(1)
    X, weights, intercept = rng.random((7, 3)), rng.random((3, 4)), rng.random(4)
    assert_allclose(affine(X, weights, intercept), (X @ weights + intercept).T, atol=1e-7)


def ordered_pairs(rng, n, signs, dtype):
    """A half inside of [0, 1]; steps of all sizes, some of one feature alone."""
    low = rng.uniform(0, 1, (n, len(signs)))
    low[n // 2 :] = 5 * low[n // 2 :] - 2
    steps = rng.exponential(1, low.shape) * 10 ** rng.uniform(-16, 1, (n, 1)) * (rng.random(low.shape) < 0.6)
    low = low.astype(dtype)
    return low, np.where(np.array(signs) == 0, low, low + signs * steps).astype(dtype)


@pytest.mark.parametrize("net", ALL)
@pytest.mark.parametrize("name", list(LOSSES))
def test_no_ordered_pair_is_turned_round(net, name, global_random_seed):
    if name not in net.losses:
        pytest.skip("not fitted by this loss")
    X, y = example(global_random_seed)
    signs = [1, -1, 0]
    target = {"poisson": np.exp(y).round(), "log_loss": (y > np.median(y)) * 1.0}.get(name, y)
    model = fitted(net, X, target, signs, LOSSES[name], global_random_seed)
    rng = np.random.default_rng(global_random_seed)
    for dtype in (np.float64, np.float32):
        low, high = ordered_pairs(rng, 100_000, signs, dtype)
        below, above = model.predict(low.astype(np.float64)), model.predict(high.astype(np.float64))
        assert (below <= above).all()
        assert np.isfinite(above).all()
        assert (above > below).any()


@pytest.mark.parametrize("net", ALL)
def test_rows_are_predicted_by_themselves(net):
    X, y = example(3)
    model = fitted(net, X, y, [1, 0, -1])
    together = model.predict(np.repeat(X, 70, axis=0))[::70]  # more than one chunk
    assert_array_equal(together, [model.predict(x[None])[0] for x in X])
    assert_array_equal(together[::-1], model.predict(np.asfortranarray(X[::-1])))
    assert model.predict(np.zeros((0, 3))).shape == (0,)


@pytest.mark.parametrize("net", ALL)
def test_weights_are_repetitions_and_order_is_nothing(net):
    X, y = example(4, n=60)
    counts = np.random.default_rng(0).integers(1, 4, 60)
    repeated = np.random.default_rng(1).permutation(np.repeat(np.arange(60), counts))
    weighted = fitted(net, X, y, [1, -1, 0], weights=counts * 0.37)
    assert_allclose(weighted.predict(X), fitted(net, X[repeated], y[repeated], [1, -1, 0]).predict(X), atol=1e-6)


@every_net
def test_many_rows_are_seen_in_part(net, monkeypatch):
    X, y = example(5, n=400)
    monkeypatch.setattr("skartm.monotonic.nets._network._MOST_ROWS", 150)
    model = fitted(net, X, y, [1, -1, 0])
    assert np.mean((model.predict(X) - y) ** 2) < 0.3 * y.var()


@every_net
@pytest.mark.parametrize("name", list(LOSSES))
def test_what_a_loss_means_is_found(net, name, global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    X = rng.random((500, 1))
    mean = 1 + 3 * X[:, 0]
    if name == "poisson":
        y, truth = rng.poisson(mean).astype(float), mean
    elif name == "log_loss":
        truth = 0.1 + 0.8 * X[:, 0]
        y = (rng.random(500) < truth) * 1.0
    else:
        y = mean + rng.exponential(1, 500)
        truth = mean + (1 if name == "squared_error" else -np.log(0.7))
    found = fitted(net, X, y, [1], LOSSES[name], global_random_seed).predict(X)
    assert np.sqrt(np.mean((found - truth) ** 2)) < (0.1 if name == "log_loss" else 0.35)


@pytest.mark.parametrize("net", ALL)
def test_the_unit_of_the_target_does_not_matter(net):
    X, y = example(6)
    expected = fitted(net, X, y, [1, -1, 0]).predict(X)
    for scale in (1e-300, 1e-200, 1e-9, 1e9, 1e200, 1e300):
        ratio = fitted(net, X, y * scale, [1, -1, 0]).predict(X) / scale
        assert np.sqrt(np.mean((ratio - expected) ** 2)) < 0.05, scale


@pytest.mark.parametrize("net", ALL)
def test_small_and_constant_data(net):
    rows = np.random.default_rng(0).random((6, 2))
    for n in (1, 2, 6):
        assert_allclose(fitted(net, rows[:n], np.full(n, 3.5), [1, 0]).predict(rows), 3.5, atol=1e-5)
    alike = fitted(net, np.zeros((30, 2)), np.arange(30.0), [1, 0])
    assert_allclose(alike.predict(np.zeros((1, 2))), 14.5, atol=1.0)


@every_net
@pytest.mark.parametrize("members", [1, 3])
def test_options_and_copies(net, members):
    X, y = example(8)
    model = MonotonicRegressor(net(n_members=members, max_iter=30), monotonic_cst=[1, -1, 0], random_state=0).fit(X, y)
    assert model.net_.theta_.shape[0] == members
    assert (model.net_.n_iter_ <= 30).all()
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))
    assert_array_equal(clone(model).set_params(n_jobs=2).fit(X, y).predict(X), model.predict(X))
    assert model.get_params()["model__n_members"] == members


@pytest.mark.parametrize(
    ("net", "message"),
    [
        (Smooth(n_groups=0), "'n_groups' parameter of Smooth must be an integer of at least 1. Got 0"),
        (MinMax(n_units=0), "'n_units' parameter of MinMax must be an integer of at least 1. Got 0"),
        (Constrained(n_units=0), "'n_units' parameter of Constrained must be an integer of at least 1. Got 0"),
        (Constrained(n_free_units=0), "'n_free_units' parameter of Constrained must be an integer of at least 1"),
        (Smooth(n_members=0), "'n_members' parameter of Smooth must be an integer of at least 1. Got 0"),
        (Smooth(max_iter=0), "'max_iter' parameter of Smooth must be an integer of at least 1. Got 0"),
        (Smooth(patience=0), "'patience' parameter of Smooth must be an integer of at least 1. Got 0"),
        (Smooth(tol=-1.0), "'tol' parameter of Smooth must be a finite number"),
        (Linear(alpha=-1.0), "'alpha' parameter of Linear must be a finite number"),
    ],
)
def test_options_out_of_range(net, message):
    with pytest.raises(ValueError, match=message):
        MonotonicRegressor(net).fit(*example(0))


def test_a_line_is_found_and_signs_bind():
    X, _ = example(9)
    y = 2 * X[:, 0] - 3 * X[:, 1] + 1
    free = fitted(Linear, X, y, [1, -1, 0], alpha=0.0)
    assert_allclose(free.coef_, [2, -3, 0], atol=1e-3)
    assert_allclose(free.intercept_, 1, atol=1e-3)
    bound = fitted(Linear, X, y, [-1, -1, 1])
    assert bound.coef_[0] == 0
    assert bound.coef_[1] < -2


@pytest.mark.parametrize("name", ["linear", "minmax", "smooth", "constrained"])
def test_names_make_the_nets(name):
    X, y = example(10)
    classifier = MonotonicClassifier(name, monotonic_cst=[1, -1, 0], random_state=0).fit(X, y > 0)
    assert classifier.score(X, y > 0) > 0.8
    regressor = MonotonicRegressor(name, monotonic_cst=[1, -1, 0], random_state=0).fit(X, y)
    assert regressor.score(X, y) > 0.6


@every_net
def test_the_unit_of_counts_does_not_matter(net, global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    X = rng.random((200, 1))
    y = rng.poisson(1 + 3 * X[:, 0]).astype(float)
    expected = fitted(net, X, y, [1], Poisson()).predict(X)
    for unit in (1e-200, 1e200):
        ratio = fitted(net, X, y * unit, [1], Poisson()).predict(X) / unit
        assert np.abs(ratio - expected).mean() < 0.1, unit


@every_net
def test_means_of_counts_are_positive_and_finite_far_away(net, global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    X = rng.random((200, 1))
    model = MonotonicRegressor(net(), loss="poisson", monotonic_cst=[1], random_state=0)
    found = model.fit(X, rng.poisson(np.exp(2 * X[:, 0]))).predict([[-1e300], [-1e4], [0], [1e4], [1e300]])
    assert (found > 0).all()
    assert np.isfinite(found).all()
    assert (np.diff(found) >= 0).all()
