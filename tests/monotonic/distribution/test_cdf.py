"""MonotoneCDF against loops, against the definition of a distribution function, and against the truth."""

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import ndtr
from sklearn.base import clone
from sklearn.datasets import load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.neighbors import KernelDensity
from sklearn.preprocessing import StandardScaler

from skartm import MonotoneCDF
from skartm.monotonic.distribution._held_out import Learner, Settings
from skartm.monotonic.distribution._normal_bases import monotone_ndtr
from tests.oracle import product_mixture as oracle

FIXED = {
    "n_estimators": 1,
    "bandwidth": 1.5,
    "n_knots": 8,
    "early_stopping": False,
    "max_iter": 8,
    "tol": 0,
    "random_state": 0,
}


def rows(seed, n=80, d=3, missing=0.0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d)) + 2 * rng.integers(0, 2, (n, 1))
    X[rng.random((n, d)) < missing] = np.nan
    return X


def fixed(n_components=3, **options):
    return MonotoneCDF(n_components, **{**FIXED, **options})


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_steps_equal_loops(missing, global_random_seed):
    X, weights = rows(global_random_seed, 15, 2, missing), np.linspace(0.5, 2, 15)
    learner = Learner(X, weights, Settings(3, 1, 1.5, 6, 0.7, 4, 0, 1))
    for _ in range(3):
        before, base = learner.trainers[0].mixture, learner.trainers[0].base
        objective = learner.update()
        expected_weights, expected_table, expected = oracle.step(X, weights, before, base, 0.7)
        assert_allclose(objective, expected, rtol=1e-10)
        assert_allclose(learner.trainers[0].mixture.weights, expected_weights, rtol=1e-10)
        assert_allclose(learner.trainers[0].mixture.table, expected_table, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_values_equal_loops(missing, global_random_seed):
    X = rows(global_random_seed, missing=missing)
    model = fixed().fit(X)
    assert_allclose(model.density(X[:9]), oracle.density(X[:9], model.mixture_), rtol=1e-10)
    assert_allclose(model.cdf(X[:9]), oracle.cdf(X[:9], model.mixture_), rtol=1e-9)
    assert_allclose(model.score(X), np.log(model.density(X)).mean())


@pytest.mark.parametrize("seed", range(20))
def test_a_thousand_steps_never_decrease_the_objective(seed, global_random_seed):
    X = rows(1000 * global_random_seed + seed, 40, 2, missing=0.1 * (seed % 2))
    model = fixed(4, max_iter=1000, prior=0.05 if seed % 3 else 1.0, random_state=seed).fit(X)
    assert model.n_iter_ == 1000
    assert np.diff(model.objective_).min() >= -1e-10


def grid_of(model, n=400):
    """A grid that holds almost all mass of two features."""
    sides = []
    for j in range(2):
        part = model.marginal([j]).mixture_.bases
        reach = 9 * part.widths
        sides.append(np.linspace((part.means - reach).min(), (part.means + reach).max(), n))
    points = np.stack(np.meshgrid(*sides, indexing="ij"), axis=-1).reshape(-1, 2)
    return sides, points


def test_density_integrates_to_one_and_to_the_cdf(global_random_seed):
    X = rows(global_random_seed, 100, 2)
    model = MonotoneCDF(random_state=0, n_jobs=1).fit(X)
    sides, points = grid_of(model)
    cell = (sides[0][1] - sides[0][0]) * (sides[1][1] - sides[1][0])
    density = model.density(points).reshape(400, 400)
    assert abs(density.sum() * cell - 1) < 1e-4
    box = density[:200, :230].sum() * cell  # the midpoint rule ends half a cell further
    corner = np.array([[(sides[0][199] + sides[0][200]) / 2, (sides[1][229] + sides[1][230]) / 2]])
    assert_allclose(model.cdf(corner)[0], box, atol=1e-3)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_cdf_is_monotone_and_in_the_unit_interval(dtype, global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    model = fixed(5).fit(rows(global_random_seed, d=4))
    low = rng.uniform(-12, 14, (20_000, 4)).astype(dtype)
    steps = rng.exponential(1, low.shape) * 10 ** rng.uniform(-17, 1, (len(low), 1)) * (rng.random(low.shape) < 0.5)
    high = (low + steps).astype(dtype)
    one = rng.integers(0, 4, len(low))
    high[::4] = low[::4]  # a quarter differs by the next number in one feature
    high[np.arange(0, len(low), 4), one[::4]] = np.nextafter(low, dtype(np.inf))[np.arange(0, len(low), 4), one[::4]]
    below, above = model.cdf(low), model.cdf(high)
    assert (below <= above).all()
    assert below.min() >= 0
    assert above.max() <= 1
    far = np.full((1, 4), np.finfo(dtype).max / 8)  # scikit-learn adds up all entries
    assert_allclose(model.cdf(np.vstack([far, -far])), [1, 0], atol=1e-12)
    assert_array_equal(model.density(far), 0)


@given(st.floats(-45, 45), st.integers(1, 5))
def test_phi_is_monotone_between_neighbours(z, n):
    points = [z]
    for _ in range(n):
        points.append(np.nextafter(points[-1], np.inf))
    values = monotone_ndtr(np.array(points))
    assert (np.diff(values) >= 0).all()
    assert_allclose(values, ndtr(np.array(points)), atol=1e-13)


def test_one_component_is_the_product_of_the_features(global_random_seed):
    X = rows(global_random_seed)
    model = fixed(1).fit(X)
    product = np.prod([model.marginal([j]).density(X[:, [j]]) for j in range(3)], axis=0)
    assert_allclose(model.density(X), product, rtol=1e-12)
    for j in range(3):  # and each is the distribution of a feature learned alone
        assert_allclose(fixed(1).fit(X[:, [j]]).density(X[:, [j]]), model.marginal([j]).density(X[:, [j]]), rtol=1e-10)


def test_conditional_and_marginal(global_random_seed):
    X = rows(global_random_seed)
    model = fixed(4).fit(X)
    given = model.conditional({1: 0.3})
    joint = np.column_stack([X[:, 0], np.full(80, 0.3), X[:, 2]])
    assert_allclose(
        given.density(X[:, [0, 2]]), model.density(joint) / model.marginal([1]).density([[0.3]]), rtol=1e-10
    )
    hidden = np.column_stack([X[:, 2], np.full(80, np.nan), X[:, 0]])[:, [2, 1, 0]]
    assert_allclose(model.marginal([2, 0]).cdf(X[:, [2, 0]]), model.cdf(hidden), rtol=1e-12)
    # F(x_0 | x_1) as the quotient of a derivative by a density
    ends = np.column_stack([X[:9, 0], np.full(9, 0.3)])
    joint, step = model.marginal([0, 1]), np.array([0, 1e-5])
    slope = (joint.cdf(ends + step) - joint.cdf(ends - step)) / 2e-5
    expected = slope / model.marginal([1]).density([[0.3]])
    assert_allclose(given.marginal([0]).cdf(ends[:, :1]), expected, rtol=1e-4, atol=1e-6)


def test_names(global_random_seed):
    X = pd.DataFrame(rows(global_random_seed), columns=["a", "b", "c"])
    model = fixed().fit(X)
    given = model.conditional({"b": 0.0})
    assert_array_equal(given.feature_names_in_, ["a", "c"])
    assert_array_equal(given.cdf(X[["a", "c"]]), model.conditional({1: 0.0}).cdf(X[["a", "c"]]))
    assert_array_equal(model.marginal(["c"]).feature_names_in_, ["c"])


def test_samples_follow_the_distribution(global_random_seed):
    model = fixed(4).fit(rows(global_random_seed))
    sample = model.sample(20_000, random_state=global_random_seed)
    assert_array_equal(sample, model.sample(20_000, random_state=global_random_seed))
    for x in rows(global_random_seed)[:5]:
        share = (sample <= x).all(axis=1).mean()
        assert abs(share - model.cdf(x[None])[0]) < 0.02


def test_planted_distribution_is_found(global_random_seed):
    rng = np.random.default_rng(global_random_seed)

    def draw(n):
        centres = np.array([[-3.0, -3.0], [3.0, 0.0], [0.0, 4.0]])[rng.integers(0, 3, n)]
        return centres + rng.standard_normal((n, 2)) * [1.0, 0.5]

    model = MonotoneCDF(random_state=0, n_jobs=1).fit(draw(1000))
    test = draw(2000)
    squares = [((test - c) / [1.0, 0.5]) ** 2 for c in ([-3.0, -3.0], [3.0, 0.0], [0.0, 4.0])]
    truth = np.log(sum(np.exp(-s.sum(axis=1) / 2) for s in squares) / 3 / (2 * np.pi * 0.5)).mean()
    assert truth - 0.08 < model.score(test)
    assert model.n_components_ >= 3


@pytest.mark.parametrize("load", [load_iris, pytest.param(load_wine, marks=pytest.mark.slow)])
def test_likelihood_is_above_that_of_a_kernel_density_estimate(load):
    X, ours, theirs = load().data, [], []
    for train, test in KFold(3, shuffle=True, random_state=0).split(X):
        scaler = StandardScaler().fit(X[train])
        A, B = scaler.transform(X[train]), scaler.transform(X[test])
        ours.append(MonotoneCDF(n_estimators=2, random_state=0, n_jobs=1).fit(A).score(B))
        grid = GridSearchCV(KernelDensity(), {"bandwidth": np.geomspace(0.1, 1.5, 12)}, cv=3).fit(A)
        theirs.append(grid.score(B) / len(B))
    assert np.mean(ours) > np.mean(theirs)


def test_the_average_of_mixtures_is_a_mixture(global_random_seed):
    X = rows(global_random_seed)
    one, three = fixed(4).fit(X), fixed(4, n_estimators=3).fit(X)
    assert three.n_components_ == 4
    assert three.mixture_.table.shape[1] == 12
    assert_array_equal(three.mixture_.table[:, :4], one.mixture_.table)
    parts = []
    for start in (0, 4, 8):
        part = fixed(4).fit(X)
        part.mixture_.table[:] = three.mixture_.table[:, start : start + 4]
        part.mixture_.weights[:] = 3 * three.mixture_.weights[start : start + 4]
        parts.append(part)
    for method in ("cdf", "density"):
        mean = np.mean([getattr(part, method)(X) for part in parts], axis=0)
        assert_allclose(getattr(three, method)(X), mean, rtol=1e-10)
    assert three.mixture_.weights.sum() == pytest.approx(1)
    assert np.ptp([part.score(X) for part in parts]) > 0


def test_weights_are_repetitions(global_random_seed):
    X, weights = rows(global_random_seed, 30), np.arange(30) % 4
    weighted, repeated = fixed().fit(X, sample_weight=weights), fixed().fit(np.repeat(X, weights, axis=0))
    assert_allclose(weighted.mixture_.table, repeated.mixture_.table, rtol=1e-7, atol=1e-12)
    scaled = fixed().fit(X[weights > 0], sample_weight=weights[weights > 0])
    assert_array_equal(weighted.mixture_.table, scaled.mixture_.table)


def test_units_do_not_matter(global_random_seed):
    X, units = rows(global_random_seed), np.array([1e-30, 1.0, 1e30])
    assert_allclose(fixed().fit(X * units).cdf(X * units), fixed().fit(X).cdf(X), rtol=1e-6)


def test_rows_and_threads_do_not_matter(global_random_seed):
    X = rows(global_random_seed, 3000, 6)
    one, two = (fixed(20, n_knots=24, max_iter=2, n_jobs=n_jobs).fit(X) for n_jobs in (1, 2))
    assert_array_equal(one.mixture_.table, two.mixture_.table)
    for method in ("cdf", "score_samples"):
        together = getattr(one, method)(X)
        assert_array_equal(together, getattr(two, method)(X))
        assert_array_equal(together[::-1], getattr(one, method)(X[::-1]))
        assert_array_equal(together[1500:1501], getattr(one, method)(X[1500:1501]))


def test_a_missing_feature_counts_by_the_others(global_random_seed):
    X = rows(global_random_seed, 200)
    holes = X.copy()
    holes[:60, 0] = np.nan
    model = fixed(2, max_iter=50).fit(holes)
    assert model.score(X) > fixed(1, max_iter=50).fit(X).score(X)  # two groups, though a third of a feature is missing


def test_one_row():
    model = MonotoneCDF().fit([[1.0, -2.0]])
    assert model.n_components_ == 1
    assert_allclose(model.cdf([[1.0, -2.0]]), 0.25)
    assert_allclose(model.cdf([[2.0, np.nan]]), 1)


def test_a_constant_feature(global_random_seed):
    X = np.column_stack([rows(global_random_seed, d=2), np.full(80, 5.0), np.zeros(80)])
    model = MonotoneCDF(random_state=0, n_jobs=1).fit(X)
    assert_allclose(model.marginal([2]).cdf([[5.0], [4.9], [5.1]]), [0.5, 0, 1], atol=1e-10)
    assert_allclose(model.marginal([2]).mixture_.bases.widths, 5e-3)
    assert_allclose(model.marginal([3]).mixture_.bases.widths, 1e-3)
    assert np.isfinite(model.score_samples(X)).all()


def test_ties_have_a_floor(global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    X = np.column_stack([rng.integers(0, 2, 100), np.where(rng.random(100) < 0.97, 0.0, rng.random(100))])
    model = MonotoneCDF(random_state=0, n_jobs=1, max_iter=300).fit(X)
    for j in range(2):
        assert model.marginal([j]).mixture_.bases.widths.min() >= 0.02 * X[:, j].std() * (1 - 1e-12)
    assert np.isfinite(model.score_samples(np.vstack([X, [[1e6, -1e6]]]))).all()


def test_fewer_distinct_rows_than_components():
    X = np.repeat([[0.0, 1.0], [2.0, 3.0]], 10, axis=0)
    assert fixed(5).fit(X).n_components_ == 2


def test_one_feature(global_random_seed):
    x = np.random.default_rng(global_random_seed).exponential(size=(400, 1))
    model = MonotoneCDF(random_state=0, n_jobs=1).fit(x)
    points = np.array([[0.2], [0.7], [2.0]])
    assert_allclose(model.cdf(points), 1 - np.exp(-points[:, 0]), atol=0.08)


def test_pickle_and_clone(global_random_seed):
    X = rows(global_random_seed)
    model = fixed().fit(X)
    assert_array_equal(pickle.loads(pickle.dumps(model)).cdf(X), model.cdf(X))
    assert_array_equal(clone(model).fit(X).cdf(X), model.cdf(X))


def test_float32_is_read_as_it_is(global_random_seed):
    X = rows(global_random_seed).astype(np.float32)
    assert_array_equal(fixed().fit(X).cdf(X), fixed().fit(X.astype(np.float64)).cdf(X.astype(np.float64)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_components": 0}, "n_components"),
        ({"n_components": "many"}, "n_components"),
        ({"n_estimators": 0}, "n_estimators"),
        ({"bandwidth": 0}, "bandwidth"),
        ({"n_knots": 0}, "n_knots"),
        ({"prior": 0}, "prior"),
        ({"max_iter": 0}, "max_iter"),
        ({"tol": -1}, "tol"),
        ({"early_stopping": "no"}, "early_stopping"),
    ],
)
def test_bad_parameters(options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        MonotoneCDF(**options).fit(rows(0))


def test_bad_data():
    X = rows(0)
    with pytest.raises(ValueError, match="infinity"):
        fixed().fit(np.where(X > 2, np.inf, X))
    with pytest.raises(ValueError, match=r"Features \[1\] have none"):
        fixed().fit(X * [1, np.nan, 1])
    with pytest.raises(ValueError, match="at most 1e"):
        fixed().fit(X * 1e200)
    model = fixed().fit(X)
    for values, message in (
        ({}, "at least one"),
        ({7: 0.0}, "indices below 3"),
        ({"b": 0.0}, "indices below 3"),
        ({0: np.nan}, "finite"),
        ({0: 0.0, 1: 0.0, 2: 0.0}, "leave at least one"),
    ):
        with pytest.raises(ValueError, match=message):
            model.conditional(values)
    with pytest.raises(ValueError, match="none twice"):
        model.marginal([0, 0])


def test_too_few_steps_are_reported():
    with pytest.warns(ConvergenceWarning, match="max_iter"):
        fixed(tol=1e-12, max_iter=2).fit(rows(0))


@pytest.mark.parametrize("n_samples", [0, -1, 1.5, None])
def test_number_of_samples(n_samples):
    model = MonotoneCDF(1, bandwidth=1, early_stopping=False, tol=0, max_iter=2).fit([[0.0], [1.0]])
    with pytest.raises(ValueError, match="MonotoneCDF: n_samples must be an integer of at least 1. Got "):
        model.sample(n_samples)
