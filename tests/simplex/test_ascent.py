import pickle
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skartm.exceptions import PlainAscentWarning
from skartm.simplex import ascend, project
from tests.oracle import simplex as oracle

METHODS = ["shifted", "exponentiated"]
ACCELERATIONS = [None, "squarem", "anderson"]


def listed(function):
    """The function of an array as one of lists of floats."""

    def of_lists(simplices):
        value, gradient = function(np.array(simplices))
        return value, gradient.tolist()

    return of_lists


def nearest_to(target):
    return lambda p: (-float(np.sum((p - target) ** 2, dtype=np.float64)), 2 * (target - p))


@pytest.mark.parametrize("number", range(24))
@pytest.mark.parametrize("method", METHODS)
def test_steps_equal_loops(method, number, global_random_seed):
    function, _, start = oracle.random_function(number, global_random_seed)
    found = ascend(function, start, method=method, max_iter=5, tol=0)
    x, history = oracle.ascend(listed(function), start.tolist(), method, found.n_iter)
    assert_allclose(found.x, x, atol=1e-8)
    assert_allclose(found.history, history, atol=1e-8)


@pytest.mark.parametrize("make", [oracle.polynomial, oracle.log_polynomial])
def test_plain_steps_equal_loops(make, global_random_seed):
    function, start = make(np.random.default_rng(global_random_seed))
    found = ascend(function, start, method="plain", max_iter=5, tol=0)
    x, history = oracle.ascend(listed(function), start.tolist(), "plain", 5)
    assert_allclose(found.x, x, atol=1e-8)
    assert_allclose(found.history, history, atol=1e-8)


def test_200_functions_never_fall(global_random_seed):
    # half of the variance is gained by every step of a length up to 1 / L that truncates nothing
    for number in range(200):
        function, bound, start = oracle.random_function(number, global_random_seed)
        for method in METHODS:
            found = ascend(function, start, method=method, max_iter=60, tol=1e-9)
            assert (np.diff(found.history) >= 0).all()
            assert_allclose(found.x.sum(axis=1), 1)
        value, gradient = function(start)
        centred = gradient - (start * gradient).sum(axis=1, keepdims=True)
        for length in (1.0, 0.5, 0.1):
            eta = length / max(bound, np.max(-centred))
            step = start * (1 + eta * centred)
            variance = float(np.sum(start * centred**2))
            assert function(step)[0] - value >= eta * variance / 2 - 1e-12


@pytest.mark.parametrize("acceleration", ACCELERATIONS)
@pytest.mark.parametrize("sigma", [0.01, 0.5])
def test_accepted_steps_gain_what_is_promised(acceleration, sigma, global_random_seed):
    from skartm.simplex._blocks import Blocks
    from skartm.simplex._steps import AscendingStep, Function, shifted

    for number in range(40):
        function, _, start = oracle.random_function(number, global_random_seed)
        blocks = Blocks(start, -1)
        flat = Function(function, blocks, movable=np.ones(start.size, bool))
        tried = []

        def recorded(p, deviation, eta, tried=tried):
            tried.append(eta)
            return shifted(p, deviation, eta)

        point, step = flat(start.ravel()), AscendingStep(flat, recorded, sigma, truncate=True)
        for _ in range(20):
            after = step(point) if point.gap.max() > 1e-6 else None
            if after is None:
                break
            promised = sigma * float(tried[-1] @ (point.p * point.deviation**2))
            assert promised > 0
            assert after.value - point.value >= promised - 1e-12
            point = after
        assert tried
        found = ascend(function, start, acceleration=acceleration, sigma=sigma, max_iter=100)
        assert (np.diff(found.history) >= 0).all()


@pytest.mark.parametrize("make", oracle.BAUM_EAGON)
@pytest.mark.parametrize("seed", range(20))
def test_plain_lemma_is_right_for_posynomials(make, seed):
    function, start = make(np.random.default_rng(seed))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = ascend(function, start, method="plain", max_iter=1000, tol=0)
    assert found.n_iter == 1000 or np.max(found.gap) == 0
    assert np.diff(found.history).min() >= -1e-10


@pytest.mark.parametrize("seed", range(20))
def test_plain_lemma_fails_on_min_max_nets_and_says_so(seed):
    rng = np.random.default_rng(seed)
    function, _ = oracle.min_max_net(rng, 6, 4, scale=10.0)
    start = rng.dirichlet(np.ones(4), 6)
    with pytest.warns(PlainAscentWarning, match=r"Use method='shifted'"):
        found = ascend(function, start, method="plain", max_iter=300)
    assert not found.converged
    assert np.max(found.gap) > 1e-6
    assert (np.diff(found.history) >= -1e-12).all()
    better = ascend(function, start, max_iter=300, revive=True)
    assert better.value > found.value


@pytest.mark.parametrize("seed", range(20))
def test_plain_lemma_converges_or_says_that_it_did_not(seed):
    # with a smaller scale it sometimes is lucky
    rng = np.random.default_rng(seed)
    function, _ = oracle.min_max_net(rng, 6, 4)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = ascend(function, rng.dirichlet(np.ones(4), 6), method="plain", max_iter=300)
    assert found.converged == (np.max(found.gap) <= 1e-6)
    assert found.converged or len(caught) == 1 or found.n_iter == 300


def test_degenerate_simplices_are_kept_and_named():
    # the first simplex can move, the second has no positive p * g
    gradient = np.array([[1.0, 2.0, 0.5], [-3.0, -1.0, -2.0]])
    start = np.full((2, 3), 1 / 3)
    with pytest.warns(PlainAscentWarning, match="left 1 of 2 simplices"):
        found = ascend(lambda p: (float(np.sum(p * gradient)), gradient), start, method="plain")
    assert_array_equal(found.degenerate, [False, True])
    assert_array_equal(found.x[1], start[1])
    assert found.x[0, 1] > 0.99
    assert not found.converged
    with pytest.warns(PlainAscentWarning, match="no simplex"):
        found = ascend(lambda p: (float(np.sum(p * -1.0 * [1, 2])), -np.ones(2) * [1, 2]), [0.5, 0.5], method="plain")
    assert (found.n_iter, found.converged, bool(found.degenerate)) == (0, False, True)
    shifted = ascend(lambda p: (float(np.sum(p * gradient)), gradient), start)
    assert shifted.converged
    assert_allclose(shifted.x, [[0, 1, 0], [0, 1, 0]], atol=1e-6)
    assert not shifted.degenerate.any()


@pytest.mark.parametrize("acceleration", ACCELERATIONS)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("truncate", [True, False])
def test_projection_is_found(method, acceleration, truncate, global_random_seed):
    # the one maximum of a concave function, known by other means
    targets = np.random.default_rng(global_random_seed).normal(0.2, 0.3, (4, 6))
    found = ascend(
        nearest_to(targets),
        np.full((4, 6), 1 / 6),
        method=method,
        acceleration=acceleration,
        truncate=truncate,
        revive=True,
        max_iter=20000,
        tol=1e-6,
    )
    assert_allclose(found.x, project(targets), atol=2e-3)
    assert found.converged
    assert np.max(found.gap) <= 1e-6
    # the gaps bound what is missing
    assert nearest_to(targets)(project(targets))[0] - found.value <= np.sum(found.gap) + 1e-12


@pytest.mark.parametrize("acceleration", ACCELERATIONS[1:])
def test_acceleration_saves_steps(acceleration):
    counts = []
    for seed in range(5):
        function, start = oracle.mixture(np.random.default_rng(seed))
        slow, fast = (
            ascend(function, start, method="plain", acceleration=a, max_iter=5000) for a in (None, acceleration)
        )
        assert fast.converged
        assert fast.value >= slow.value - 1e-5
        counts.append((slow.n_evaluations, fast.n_evaluations))
    slow, fast = np.sum(counts, axis=0)
    assert fast < slow * 0.75


def test_structures_axes_and_types():
    rng = np.random.default_rng(0)
    target = {"a": rng.dirichlet(np.ones(3), 5).T, "b": rng.dirichlet(np.ones(4)).reshape(4, 1)}
    start = {"a": np.full((3, 5), 1 / 3, np.float32), "b": np.full((4, 1), 0.25)}
    kept = {key: value.copy() for key, value in start.items()}

    def function(x):
        assert x["a"].dtype == np.float32
        assert x["b"].dtype == np.float64
        parts = {key: nearest_to(target[key])(x[key]) for key in x}
        gradients = {key: part[1] for key, part in parts.items()}
        x["a"][:] = 7  # what a function does to its argument is its own affair
        return sum(part[0] for part in parts.values()), gradients

    found = ascend(function, start, axis=0, tol=1e-4)
    assert found.converged
    assert (found.x["a"].dtype, found.x["b"].dtype) == (np.float32, np.float64)
    assert found.history.dtype == np.float64
    assert {key: gap.shape for key, gap in found.gap.items()} == {"a": (5,), "b": (1,)}
    assert found.degenerate["a"].shape == (5,)
    for key, value in start.items():
        assert_allclose(found.x[key], target[key], atol=5e-3)
        assert_array_equal(value, kept[key])
    as_list = ascend(
        lambda x: (nearest_to(target["b"].T)(x[0])[0], [nearest_to(target["b"].T)(x[0])[1]]), [start["b"].T], tol=1e-4
    )
    assert isinstance(as_list.x, list)
    assert_allclose(as_list.x[0], target["b"].T, atol=1e-3)
    one = ascend(nearest_to(target["b"][:, 0]), np.full(4, 0.25), tol=1e-4)
    assert (one.x.shape, one.gap.shape) == ((4,), ())
    assert pickle.loads(pickle.dumps(one)).value == one.value


@pytest.mark.parametrize("method", ["plain", *METHODS])
def test_zeros_are_a_mask_unless_revived(method):
    densities = np.random.default_rng(3).gamma(0.5, size=(60, 5)) + 0.01

    def function(p):
        z = densities @ p
        return float(np.log(z).sum()), densities.T @ (1 / z)

    best = ascend(function, np.full(5, 0.2), method=method, max_iter=20000, tol=1e-6)
    start = np.array([0.5, 0.0, 0.5, 0.0, 0.0])
    masked = ascend(function, start, method=method, max_iter=20000, tol=1e-6)
    assert masked.converged
    assert_array_equal(masked.x[[1, 3, 4]], 0)
    assert masked.value < best.value - 1e-3
    revived = ascend(function, start, method=method, revive=True, max_iter=20000, tol=1e-6)
    assert revived.converged
    assert_allclose(revived.value, best.value, atol=1e-6)


def test_gradient_at_masked_coordinates_is_not_looked_at():
    def function(p):
        with np.errstate(divide="ignore"):
            return float(np.log(p[:2]).sum()), 1 / p

    found = ascend(function, [0.2, 0.8, 0.0])
    assert_allclose(found.x, [0.5, 0.5, 0.0], atol=1e-4)


def test_values_that_are_not_finite_shorten_the_step():
    def function(p):
        # defined where p[0] < 0.9
        value = np.log(0.9 - p[0]) + 20 * p[0] if p[0] < 0.9 else np.nan
        return float(value), np.array([20 - 1 / (0.9 - p[0]), 0.0])

    found = ascend(function, [0.5, 0.5])
    assert_allclose(found.x[0], 0.85, atol=1e-4)


def test_wrong_gradient_ends_with_a_message():
    found = ascend(lambda p: (float(-p[0]), np.array([1.0, 0.0])), [0.5, 0.5])
    assert (found.converged, found.n_iter) == (False, 0)
    assert "the gradient is not that of the value" in found.message


@given(size=st.integers(1, 5), n=st.integers(1, 4), seed=st.integers(0, 99))
def test_vertices_and_single_coordinates_stay(size, n, seed):
    rng = np.random.default_rng(seed)
    start = np.eye(size)[rng.integers(0, size, n)]
    found = ascend(nearest_to(rng.random((n, size))), start)
    assert found.converged
    assert_array_equal(found.x, start)


def test_max_iter():
    found = ascend(nearest_to(np.array([0.3, 0.7])), [0.5, 0.5], max_iter=0)
    assert (found.n_iter, found.n_evaluations, found.converged, found.history.shape) == (0, 1, False, (1,))
    assert found.message == "max_iter steps were made"


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"method": "newton"}, r"'method' parameter of ascend must be one of .* Got 'newton'"),
        ({"max_iter": -1}, "'max_iter' parameter"),
        ({"max_iter": True}, "'max_iter' parameter"),
        ({"tol": np.nan}, "'tol' parameter"),
        ({"sigma": 0.0}, "'sigma' parameter"),
        ({"sigma": 0.6}, "'sigma' parameter"),
        ({"acceleration": "momentum"}, r"'acceleration' parameter of ascend must be None or one of \['anderson'"),
        ({"truncate": 1}, "'truncate' parameter"),
        ({"revive": None}, "'revive' parameter"),
        ({"start": [0.5, 0.6]}, "sums to 1.1"),
        ({"start": [1.5, -0.5]}, "finite and non-negative"),
        ({"start": [np.nan, 0.5]}, "finite and non-negative"),
        ({"start": ["a", "b"]}, "dtype"),
        ({"start": []}, "at least one block"),
        ({"start": {"a": np.ones((0, 2))}}, r"start\['a'\] must be a non-empty array"),
        ({"axis": 1}, "with an axis 1"),
    ],
)
def test_bad_parameters(options, complaint):
    arguments = {"start": np.array([0.5, 0.5])} | options
    with pytest.raises(ValueError, match=complaint):
        ascend(nearest_to(np.zeros(2)), **arguments)


@pytest.mark.parametrize(
    ("function", "error", "complaint"),
    [
        (lambda p: 1.0, TypeError, "must return a value and a gradient. Got float"),
        (lambda p: (1.0, np.ones(3)), ValueError, "the gradient must have the structure of start"),
        (lambda p: (1.0, {"a": np.ones(2)}), ValueError, "the gradient must have the structure of start"),
        (lambda p: (np.inf, np.ones(2)), ValueError, "value and the gradient at the start must be finite"),
        (lambda p: (1.0, np.array([np.nan, 0])), ValueError, "value and the gradient at the start must be finite"),
    ],
)
def test_bad_functions(function, error, complaint):
    with pytest.raises(error, match=complaint):
        ascend(function, np.array([0.5, 0.5]))
