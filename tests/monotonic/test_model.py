"""MonotonicRegressor and MonotonicClassifier with the positive-polynomial net."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.model_selection import GridSearchCV

from skartm import MonotonicClassifier, MonotonicRegressor
from skartm.monotonic.polynomial._knots import Knots
from skartm.monotonic.polynomial._polynomial import Polynomial
from skartm.monotonic.polynomial._tables import Tables

SIGNS = np.array([1, -1, 0])


def surface(seed, n=300, noise=0.05):
    """Rises in the first feature, falls in the second, waves in the third."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2, 3, (n, 3))
    truth = np.tanh(X[:, 0]) - 0.3 * X[:, 1] + np.sin(2 * X[:, 2])
    return X, truth + noise * rng.standard_normal(n), truth


def fast(**options):
    return Polynomial(8, n_members=2, max_iter=20, **options)


def ordered_pairs(X, signs, n, rng, dtype=np.float64):
    """Pairs of which the second must not be predicted lower: a half of them far outside of the range of X."""
    low, width = X.min(axis=0), np.ptp(X, axis=0)
    first = low + width * rng.uniform(-0.5, 1.5, (n, X.shape[1]))
    first[::4] = X[rng.integers(0, len(X), len(first[::4]))]
    steps = width * rng.exponential(0.3, first.shape) * rng.integers(0, 2, first.shape)
    steps *= rng.choice([1.0, 1e-9], size=(n, 1))
    first = first.astype(dtype)
    return first, (first + steps * signs).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_no_pair_is_out_of_order(dtype, global_random_seed):
    X, y, _ = surface(global_random_seed)
    pairs = ordered_pairs(X, SIGNS, 200_000, np.random.default_rng(global_random_seed), dtype)
    regressor = MonotonicRegressor(monotonic_cst=SIGNS, random_state=global_random_seed).fit(X.astype(dtype), y)
    low, high = (regressor.predict(side) for side in pairs)
    assert (low <= high).all()
    classifier = MonotonicClassifier(fast(), monotonic_cst=SIGNS, random_state=global_random_seed)
    low, high = (classifier.fit(X, y > 0).predict_proba(side)[:, 1] for side in pairs)
    assert (low <= high).all()
    assert (low < high).any()


def test_likelihood_never_decreases():
    for seed in range(20):
        rng = np.random.default_rng(seed)
        X = rng.random((60, 3))
        knots = Knots(8).fit(X)
        knots.features[:, 2] = (1, -1, 0)
        index, share = knots.locate(X, np.float64)
        z = np.clip(rng.random(60) * X[:, 0] + 0.3 * X[:, 2], 0, 1)
        target = np.column_stack([z, 1 - z]) * rng.integers(1, 4, (60, 1))
        tables = Tables(knots, 6, n_active=2.0, priors=(0.0, 0.0, 0.0, 0.0), power=1, rng=rng, dtype=np.float64)
        values = []
        for _ in range(1000):
            tables.counts[:] = 0
            values.append(tables.count(index, share, target, rng.permutation(tables.order)))
            tables.update()
        gains = np.diff(values)
        assert gains.min() >= -1e-10
        assert gains.sum() > 1


def test_recovers_the_truth(global_random_seed):
    X, y, _ = surface(global_random_seed, 1500)
    new, _, expected = surface(global_random_seed + 1000, 500)
    model = MonotonicRegressor(monotonic_cst=SIGNS, random_state=0).fit(X, y)
    assert np.sqrt(np.mean((model.predict(new) - expected) ** 2)) < 0.15 * expected.std()


def test_either_and_or_is_learned(global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    X = rng.random((800, 2))
    for both in (np.logical_and, np.logical_or):
        y = both(X[:, 0] > 0.5, X[:, 1] > 0.5)
        model = MonotonicClassifier(monotonic_cst=[1, 1], random_state=0).fit(X, y)
        assert model.score(X, y) > 0.97


def test_constraints_are_those_of_boosting(global_random_seed):
    X, y, _ = surface(global_random_seed, 80)
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    named = MonotonicRegressor(fast(), monotonic_cst={"a": 1, "b": -1}, random_state=0).fit(frame, y)
    listed = MonotonicRegressor(fast(), monotonic_cst=[1, -1, 0], random_state=0).fit(frame, y)
    assert_array_equal(named.monotonic_cst_, [1, -1, 0])
    assert_array_equal(named.predict(frame), listed.predict(frame))
    for cst, data in [
        ([1, 2, 0], X),
        ([1, 0], X),
        ({"a": 1}, X),
        ({"a": 1, "z": 0}, frame),
        ({f"f{i}": 1 for i in range(9)}, frame),
        ({"a": 3}, frame),
    ]:
        messages = []
        for estimator in (MonotonicRegressor(fast()), HistGradientBoostingRegressor()):
            with pytest.raises(ValueError, match="monotonic_cst|feature names") as caught:
                estimator.set_params(monotonic_cst=cst).fit(data, y)
            messages.append(str(caught.value).replace(type(estimator).__name__, ""))
        assert messages[0] == messages[1]


def test_threads_and_batches_of_rows_change_nothing(global_random_seed):
    X, y, _ = surface(global_random_seed)
    one, three = (
        MonotonicRegressor(fast(), monotonic_cst=SIGNS, random_state=0, n_jobs=n_jobs).fit(X, y) for n_jobs in (1, 3)
    )
    assert_array_equal(one.predict(X), three.predict(X))
    assert_array_equal(one.predict(X), np.concatenate([one.predict(X[[i]]) for i in range(len(X))]))


def test_clone_and_pickle(global_random_seed):
    X, y, _ = surface(global_random_seed)
    model = MonotonicRegressor(fast(), monotonic_cst=SIGNS, random_state=0).fit(X, y)
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))
    assert_array_equal(clone(model).fit(X, y).predict(X), model.predict(X))
    assert not hasattr(model.model, "tables_")


def test_options_of_the_net_can_be_searched(global_random_seed):
    X, y, _ = surface(global_random_seed, 100)
    search = GridSearchCV(MonotonicRegressor(fast(), random_state=0), {"model__n_components": [2, 6]}, cv=2).fit(X, y)
    assert search.best_params_["model__n_components"] in (2, 6)


def test_weights_count_rows(global_random_seed):
    X, y, _ = surface(global_random_seed, 20)
    weights = np.arange(20) % 4
    weighted = MonotonicRegressor(fast(), monotonic_cst=SIGNS, random_state=0).fit(X, y, sample_weight=weights)
    repeated = clone(weighted).fit(np.repeat(X, weights, axis=0), np.repeat(y, weights))
    assert_allclose(weighted.predict(X), repeated.predict(X), rtol=1e-6)
    tiny = clone(weighted).fit(X, y, sample_weight=np.full(20, 1e-6))
    assert_allclose(tiny.predict(X), clone(weighted).fit(X, y).predict(X), rtol=1e-6)
    scaled = clone(weighted).fit(X[weights > 0], y[weights > 0], sample_weight=weights[weights > 0])
    assert_array_equal(weighted.predict(X), scaled.predict(X))


def test_missing_values(global_random_seed):
    X, y, _ = surface(global_random_seed, 400)
    model = MonotonicRegressor(monotonic_cst=SIGNS, random_state=0).fit(X, y)
    holes = X.copy()
    holes[:, 2] = np.nan
    predicted = model.predict(holes)  # the mean over the third feature, as none was missing
    assert np.isfinite(predicted).all()
    assert abs(predicted.mean() - y.mean()) < 0.1
    informative = X.copy()
    informative[::3, 2] = np.nan
    target = np.where(np.isnan(informative[:, 2]), y + 3, y)
    model = MonotonicRegressor(monotonic_cst=SIGNS, random_state=0).fit(informative, target)
    assert model.predict(holes).mean() > model.predict(X).mean() + 2
    low, high = holes.copy(), holes.copy()
    high[:, 0] += 1
    assert (model.predict(low) <= model.predict(high)).all()
    empty = X.copy()
    empty[:, 1] = np.nan
    assert np.isfinite(clone(model).fit(empty, y).predict(X)).all()


def test_constant_targets_and_single_rows():
    X = np.random.default_rng(0).random((30, 2))
    assert_array_equal(MonotonicRegressor(fast()).fit(X, np.full(30, 1e5)).predict(X), np.full(30, 1e5))
    assert_array_equal(MonotonicRegressor().fit(X[:1], [7.0]).predict(X), np.full(30, 7.0))
    constant = np.hstack([X, np.full((30, 1), 3.0)])
    model = MonotonicRegressor(fast(), random_state=0).fit(constant, X[:, 0])
    moved = constant + np.array([0, 0, 100])
    assert_array_equal(model.predict(constant), model.predict(moved))


@pytest.mark.parametrize("unit", [1e-200, 1e-20, 1e20, 1e200])
def test_units_of_the_target_do_not_matter(unit, global_random_seed):
    X, y, _ = surface(global_random_seed, 100)
    plain, scaled = (MonotonicRegressor(fast(), random_state=0).fit(X, target).predict(X) for target in (y, y * unit))
    assert_allclose(scaled / unit, plain, rtol=1e-3, atol=1e-3)


def test_bounds(global_random_seed):
    X, y, _ = surface(global_random_seed)
    model = MonotonicRegressor(fast(), bounds=(None, 1.0), random_state=0).fit(X, np.minimum(y, 1))
    assert model.predict(X * 10).max() <= 1
    for bounds, error, words in [
        ((0, 1), ValueError, "within the bounds"),
        ((2, 1), ValueError, "low < high"),
        ((1,), TypeError, "pair"),
        ("ab", TypeError, "pair"),
        (("a", 1), TypeError, "pair"),
    ]:
        with pytest.raises(error, match=words):
            MonotonicRegressor(bounds=bounds).fit(X, y)


def test_counts(global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    X = rng.random((600, 2))
    mean = 0.2 + 3 * X[:, 0]
    model = MonotonicRegressor(loss="poisson", monotonic_cst=[1, 0], random_state=0).fit(X, rng.poisson(mean))
    assert model.predict(np.vstack([X, X - 10])).min() > 0
    assert np.abs(model.predict(X) - mean).mean() < 0.25
    with pytest.raises(ValueError, match="positive entry"):
        model.fit(X, np.zeros(600))
    with pytest.raises(ValueError, match="within the bounds"):
        model.fit(X, mean - 1)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"model": "forest"}, ValueError, "'model' parameter"),
        ({"model": 3}, TypeError, "'model' parameter"),
        ({"loss": "hinge"}, ValueError, "'loss' parameter"),
        ({"loss": "quantile"}, ValueError, "'quantile' parameter"),
        ({"quantile": 0.5}, ValueError, "'quantile' parameter"),
        ({"loss": "quantile", "quantile": 0.5}, ValueError, "cannot be fitted by the loss 'quantile'"),
        ({"model": Polynomial(1)}, ValueError, "'n_components' parameter"),
        ({"model": Polynomial(margin=0.5)}, ValueError, "'margin' parameter"),
        ({"model": Polynomial(idle="a")}, ValueError, "'idle' parameter"),
        ({"model": Polynomial(max_knots=1)}, ValueError, "'max_knots' parameter"),
        ({"n_jobs": 0}, ValueError, "n_jobs"),
    ],
)
def test_bad_options(options, error, words):
    X, y, _ = surface(0, 30)
    with pytest.raises(error, match=words):
        MonotonicRegressor(**options).fit(X, y)


def test_bad_data():
    X, y, _ = surface(0, 30)
    with pytest.raises(ValueError, match="one class"):
        MonotonicClassifier().fit(X, np.ones(30))
    with pytest.raises(ValueError, match="one class"):
        MonotonicClassifier().fit(X, np.arange(30) % 2, sample_weight=np.arange(30) % 2)
    with pytest.raises(ValueError, match="Only binary classification"):
        MonotonicClassifier().fit(X, np.arange(30) % 3)
    with pytest.raises(ValueError, match="range is a finite number"):
        MonotonicRegressor().fit(np.array([[-1.7e308], [1.7e308]]), [0.0, 1.0])
    with pytest.raises(ValueError, match="constant or have a range"):
        MonotonicRegressor().fit(X, y * 1e-310)
    with pytest.raises(ValueError, match="infinity"):
        MonotonicRegressor().fit(np.array([[np.inf], [1.0]]), [0.0, 1.0])
    with pytest.raises(ValueError, match="range that is a finite number"):
        MonotonicRegressor().fit(X, np.repeat([-1e308, 1e308], 15))
    far = MonotonicRegressor(fast(), random_state=0).fit(X, y).predict(np.full((1, 3), 1.7e308))
    assert np.isfinite(far).all()


def test_explanation_names_the_thresholds(global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    frame = pd.DataFrame(rng.uniform(0, 10, (500, 3)), columns=["a", "b", "c"])
    y = 5.0 * ((frame["a"] > 4) & (frame["b"] < 6))
    model = MonotonicRegressor(monotonic_cst={"a": 1, "b": -1, "c": 1}, random_state=0).fit(frame, y)
    term = max(model.explain(), key=lambda t: t.weight)
    met = {c.feature: c.intervals[0] for t in model.explain(n_terms=3) for c in t.conditions if c.strength > 0.5}
    assert "c" not in met
    assert abs(met["a"][0] - 4) < 0.7
    assert abs(met["b"][1] - 6) < 0.7
    assert term.met is None
    assert "if" in str(term)
    rows = model.explain(frame.iloc[:5], n_terms=4)
    assert all(len(row) <= 4 for row in rows)
    assert all(0 < t.met <= 1 for row in rows for t in row)


@pytest.mark.parametrize("classes", [False, True])
def test_all_terms_of_a_row_make_its_prediction(classes, global_random_seed):
    X, y, _ = surface(global_random_seed)
    X[::7, 1] = np.nan
    make = MonotonicClassifier if classes else MonotonicRegressor
    model = make(fast(), monotonic_cst=SIGNS, random_state=0).fit(X, y > 0 if classes else y)
    found = model.predict_proba(X)[:, 1] if classes else model.predict(X)
    sums = [sum(term.weight * term.met for term in row) for row in model.explain(X, n_terms=None)]
    assert_allclose(np.clip(model.net_.offset_ + np.array(sums), *model.net_.range_), found, rtol=1e-9, atol=1e-12)


def test_a_constant_has_no_terms():
    X, _, _ = surface(0, 100)
    model = MonotonicRegressor(fast()).fit(X, np.full(100, 0.3))
    assert model.explain() == []
    assert model.explain(X[:2]) == [[], []]
    for n_terms in (0, -1, 1.5, "a"):
        with pytest.raises(ValueError, match="n_terms must be a positive integer or None"):
            model.explain(n_terms=n_terms)


@pytest.mark.parametrize("model", ["polynomial", "minmax", "smooth", "constrained", "linear"])
def test_features_of_which_nothing_is_known_do_not_count(model, global_random_seed):
    X, y, _ = surface(global_random_seed, 80)
    X[:, 0], X[:, 2] = 1e8, np.nan  # one value, and none
    fitted = MonotonicRegressor(model, monotonic_cst=[1, -1, 0], random_state=0).fit(X, y)
    other = X.copy()
    other[:, 0], other[:, 2] = np.linspace(-1e9, 1e9, 80), np.linspace(-1, 1, 80)
    assert_allclose(fitted.predict(other), fitted.predict(X), rtol=0)


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_bounds_far_from_the_target_change_little(loss, global_random_seed):
    X, y, _ = surface(global_random_seed)
    y = np.exp(y)
    model = MonotonicRegressor(monotonic_cst=[1, -1, 0], loss=loss, random_state=0)
    model.set_params(model=Polynomial(16, n_members=2))
    near = model.fit(X, y).score(X, y)
    assert model.set_params(bounds=(0, 1e9)).fit(X, y).score(X, y) > near - 0.05


@pytest.mark.parametrize("model", ["polynomial", "smooth", "linear"])
def test_huge_weights_are_those_of_a_million(model, global_random_seed):
    X, y, _ = surface(global_random_seed, 100)
    found = [
        MonotonicRegressor(model, random_state=0).fit(X, y, sample_weight=np.full(100, weight)).predict(X)
        for weight in (1e6, 1e150)
    ]
    assert_allclose(found[0], found[1], rtol=1e-9)


@pytest.mark.parametrize("value", [None, "pos", [1], np.array([1, 1]), np.nan, 0.5])
def test_signs_of_any_other_kind_are_named(value):
    X, y, _ = surface(0, 30)
    with pytest.raises(ValueError, match="monotonic_cst must be an array-like of -1, 0 or 1"):
        MonotonicRegressor(monotonic_cst=[1, value, 0]).fit(X, y)
    with pytest.raises(ValueError, match=r"monotonic_cst\['b'\] must be either -1, 0 or 1"):
        MonotonicRegressor(monotonic_cst={"b": value}).fit(pd.DataFrame(X, columns=list("abc")), y)
