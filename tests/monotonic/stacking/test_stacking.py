"""Averages of monotone estimators."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import KFold, ShuffleSplit, cross_val_score
from sklearn.neighbors import KNeighborsRegressor
from sklearn.svm import LinearSVC

from skartm import MonotonicRegressor, MonotonicStacking
from skartm.monotonic import Linear, Smooth
from skartm.monotonic.stacking._cross_fitting import deal, equal_rows
from skartm.monotonic.stacking._weights import classification_weights, regression_weights
from tests.oracle import monotonic_nets as oracle

SIGNS = [1, -1, 0]
LIGHT = Smooth(n_members=1, max_iter=40)


def example(seed, n=150):
    rng = np.random.default_rng(seed)
    X = rng.random((n, 3))
    return X, X[:, 0] ** 2 - (X[:, 1] > 0.5) + 0.1 * rng.standard_normal(n)


def members():
    trees = HistGradientBoostingRegressor(max_iter=20, random_state=0)
    return [
        ("trees", trees),
        ("net", MonotonicRegressor(LIGHT, random_state=0)),
        ("line", MonotonicRegressor("linear")),
    ]


def pairs(rng, n):
    low = rng.uniform(-1, 2, (n, 3))
    steps = rng.exponential(1, low.shape) * 10 ** rng.uniform(-16, 1, (n, 1)) * (rng.random(low.shape) < 0.6)
    return low, np.where(np.array(SIGNS) == 0, low, low + SIGNS * steps)


@pytest.mark.parametrize("shrinkage", [0.5, 2.0, 30.0])
def test_no_other_weights_of_a_regression_are_better(shrinkage, global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    y = rng.standard_normal(60)
    predictions = y[:, None] + rng.standard_normal((60, 4)) * [0.3, 0.5, 1.0, 2.0]
    s = rng.uniform(0.5, 2, 60)
    found = regression_weights(predictions, y, s, shrinkage)
    assert_allclose(found.sum(), 1)
    best = oracle.penalised_squares(found, predictions, y, s, shrinkage)
    for other in [*rng.dirichlet(np.ones(4), 30), *(0.99 * found + 0.01 * rng.dirichlet(np.ones(4), 30))]:
        assert oracle.penalised_squares(other, predictions, y, s, shrinkage) <= best + 1e-5


@pytest.mark.parametrize("shrinkage", [0.0, 2.0])
def test_weights_of_a_classification_are_those_of_em(shrinkage, global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    y = rng.integers(0, 2, 80)
    predictions = 1 / (1 + np.exp(-(2 * y[:, None] - 1 + rng.standard_normal((80, 3)) * [1.0, 2.0, 3.0])))
    s = rng.uniform(0.5, 2, 80)
    likelihoods = np.where(y[:, None] == 1, predictions, 1 - predictions)
    expected = oracle.expectation_maximisation(likelihoods.tolist(), s.tolist(), shrinkage, 1500)
    assert_allclose(classification_weights(predictions, y, s, shrinkage), expected, atol=2e-3)


def test_perfect_members_share():
    y = np.arange(5.0)
    assert_allclose(regression_weights(np.column_stack([y, y]), y, np.ones(5), 2.0), [0.5, 0.5])


def test_a_good_member_gets_the_weight_and_a_strong_prior_takes_it_back():
    X, _ = example(0, n=300)
    y = 2 * X[:, 0] + 0.01 * np.random.default_rng(1).standard_normal(300)
    estimators = [("line", LinearRegression(positive=True)), ("mean", DummyRegressor())]
    weights = MonotonicStacking(estimators, random_state=0).fit(X, y).weights_
    assert weights[0] > 0.95
    assert_allclose(MonotonicStacking(estimators, shrinkage=np.inf, random_state=0).fit(X, y).weights_, 0.5)
    pulled = MonotonicStacking(estimators, shrinkage=1e6, random_state=0).fit(X, y).weights_
    assert 0.5 < pulled[0] < weights[0]


def test_predictions_are_weighted_means_of_the_fits(global_random_seed):
    X, y = example(global_random_seed)
    model = MonotonicStacking(members(), monotonic_cst=SIGNS, cv=3, random_state=0).fit(X, y)
    assert [len(fits) for fits in model.estimators_] == [3, 3, 3]
    assert_allclose(model.weights_.sum(), 1)
    expected = sum(
        weight * sum(fit.predict(X) for fit in fits) / 3
        for weight, fits in zip(model.weights_, model.estimators_, strict=True)
    )
    assert_allclose(model.predict(X), expected)
    assert model.score(X, y) > 0.7
    for fits in model.estimators_:
        assert all(np.array_equal(fit.monotonic_cst, SIGNS) for fit in fits)


def test_one_member_is_the_mean_of_its_fits():
    X, y = example(1)
    model = MonotonicStacking([("line", LinearRegression())], cv=KFold(4), random_state=0).fit(X, y)
    parts = [
        LinearRegression().fit(np.delete(X, test, axis=0), np.delete(y, test)).predict(X)
        for _, test in KFold(4).split(X)
    ]
    assert_allclose(model.predict(X), np.mean(parts, axis=0))
    assert model.weights_.tolist() == [1.0]


@pytest.mark.parametrize("classes", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_the_default_is_monotone(classes, global_random_seed):
    X, y = example(global_random_seed)
    model = MonotonicStacking(monotonic_cst=SIGNS, cv=2, random_state=0).fit(X, y > 0 if classes else y)
    assert model.task_ == ("classification" if classes else "regression")
    output = (lambda Z: model.predict_proba(Z)[:, 1]) if classes else model.predict
    for dtype in (np.float64, np.float32):
        low, high = (part.astype(dtype) for part in pairs(np.random.default_rng(global_random_seed), 20_000))
        assert (output(low) <= output(high)).all()
    assert model.score(X, y > 0 if classes else y) > 0.7


def test_results_depend_neither_on_jobs_nor_on_batches():
    X, y = example(2)
    model = MonotonicStacking(members(), monotonic_cst=SIGNS, cv=3, random_state=0)
    one, two = clone(model).fit(X, y), clone(model).set_params(n_jobs=2).fit(X, y)
    assert_array_equal(one.weights_, two.weights_)
    assert_array_equal(one.predict(X), two.predict(X))
    assert_array_equal(one.predict(X)[:9], [one.predict(x[None])[0] for x in X[:9]])
    assert_array_equal(pickle.loads(pickle.dumps(one)).predict(X), one.predict(X))


def test_weights_of_rows_are_repetitions():
    X, y = example(3, n=90)
    counts = np.random.default_rng(0).integers(0, 3, 90)
    model = MonotonicStacking(monotonic_cst=SIGNS, cv=2, random_state=0)
    weighted = clone(model).fit(X, y, sample_weight=counts)
    repeated = clone(model).fit(np.repeat(X, counts, axis=0), np.repeat(y, counts))
    assert_allclose(weighted.predict(X), repeated.predict(X), rtol=1e-6)


def test_folds_keep_equal_rows_together_and_spread_the_target():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 4, (200, 3)).astype(float)
    groups = equal_rows(X)
    y = X @ [1.0, 2.0, 3.0]
    folds = deal(groups, y, 5, np.random.RandomState(0))
    for group in range(groups.max() + 1):
        assert np.unique(X[groups == group], axis=0).shape[0] == 1
        assert np.unique(folds[groups == group]).size == 1
    assert np.unique(folds).size == 5
    distinct = np.unique(groups, return_index=True)[1]
    means = [y[distinct][folds[distinct] == fold].mean() for fold in range(5)]
    assert np.ptp(means) < 1.5


def test_missing_values_are_equal_and_names_may_be_texts():
    assert_array_equal(equal_rows(np.array([[np.nan, 1.0], [np.nan, 1.0], [0.0, 1.0]])), [1, 1, 0])
    assert_array_equal(equal_rows(np.array([["a", "b"], ["a", "b"], ["b", "b"]], dtype=object)), [0, 0, 1])


def test_tables_names_and_missing_values():
    pandas = pytest.importorskip("pandas")
    X, y = example(4)
    table = pandas.DataFrame(X, columns=["up", "down", "free"])
    table.iloc[::7, 2] = np.nan
    model = MonotonicStacking(monotonic_cst={"up": 1, "down": -1}, cv=2, random_state=0).fit(table, y)
    assert model.feature_names_in_.tolist() == ["up", "down", "free"]
    assert np.isfinite(model.predict(table)).all()
    assert all(fit.monotonic_cst.tolist() == SIGNS for fits in model.estimators_ for fit in fits)
    with pytest.raises(ValueError, match="unexpected feature names"):
        MonotonicStacking(monotonic_cst={"side": 1}).fit(table, y)


def test_the_task_is_told_by_members_parameter_or_target():
    X, y = example(5, n=60)
    estimators = [("line", LogisticRegression())]
    assert is_classifier(MonotonicStacking(estimators))
    assert is_regressor(MonotonicStacking(members()))
    assert is_regressor(MonotonicStacking(task="regression"))
    undecided = MonotonicStacking(monotonic_cst=SIGNS, cv=2)
    assert not is_classifier(undecided)
    assert not is_regressor(undecided)
    assert not hasattr(MonotonicStacking(members()), "predict_proba")
    assert clone(undecided).fit(X, np.where(y > 0, "yes", "no")).predict(X).dtype.kind == "U"
    assert clone(undecided).set_params(task="regression").fit(X, (y > 0) * 1).task_ == "regression"
    labels = np.where(y > 0, "yes", "no")
    found = MonotonicStacking(estimators).fit(X, labels)
    assert found.classes_.tolist() == ["no", "yes"]
    assert_allclose(found.predict_proba(X).sum(axis=1), 1)
    assert cross_val_score(MonotonicStacking(estimators), X, labels, cv=3).mean() > 0.6


@pytest.mark.parametrize("y", [np.full(40, 3), np.repeat([0.5, 0.7], 20), np.repeat([1e25, 1.5e25, 2e25, 3e25], 10)])
def test_numbers_of_other_than_two_whole_values_are_no_classes(y):
    model = MonotonicStacking(random_state=0).fit(np.arange(40.0)[:, None], y)
    assert model.task_ == "regression"
    assert_allclose(model.predict([[0.0], [39.0]]), y[[0, -1]], rtol=0.6)


def test_members_are_parameters():
    model = MonotonicStacking(members())
    assert model.get_params()["net__model__max_iter"] == 40
    model.set_params(net__model__max_iter=50, line=LinearRegression())
    assert model.estimators[1][1].model.max_iter == 50
    assert isinstance(model.estimators[2][1], LinearRegression)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_rows(n):
    X, y = example(6, n=n)
    model = MonotonicStacking(monotonic_cst=SIGNS, random_state=0).fit(X, y)
    assert np.isfinite(model.predict(X)).all()
    if n == 1:
        assert_allclose(model.predict(X), y)
        assert_allclose(model.weights_, 1 / len(model.names_))


def test_a_class_of_one_row_leaves_no_folds():
    X, _ = example(7, n=20)
    model = MonotonicStacking([("line", LogisticRegression())] * 1, random_state=0).fit(X, np.arange(20) == 3)
    assert [len(fits) for fits in model.estimators_] == [1]


BAD = [
    ({"estimators": []}, TypeError, "'estimators' parameter of MonotonicStacking must be None or a list of pairs"),
    ({"estimators": [LinearRegression()]}, TypeError, "must be None or a list of pairs"),
    ({"estimators": [("a", LinearRegression())] * 2}, ValueError, "with different names"),
    ({"estimators": [("a__b", LinearRegression())]}, ValueError, "No name may contain '__'"),
    ({"estimators": [("cv", LinearRegression())]}, ValueError, "No name may contain '__' or be a parameter's"),
    ({"estimators": [("a", LinearRegression()), ("b", LogisticRegression())]}, ValueError, "regressors only or classi"),
    ({"estimators": [("a", LinearRegression())], "task": "classification"}, ValueError, "must hold classifiers only"),
    ({"estimators": [("a", LinearSVC())]}, ValueError, r"classifiers with predict_proba. Without it: \['a'\]"),
    ({"estimators": [("a", LinearRegression())], "monotonic_cst": SIGNS}, ValueError, "needs members with a parameter"),
    ({"task": "ranking"}, ValueError, "'task' parameter of MonotonicStacking must be one of"),
    ({"cv": 1}, ValueError, "'cv' parameter of MonotonicStacking must be an integer of at least 2. Got 1"),
    ({"cv": ShuffleSplit(3, random_state=0)}, ValueError, "must hold out a row once at most"),
    ({"shrinkage": -1.0}, ValueError, "'shrinkage' parameter of MonotonicStacking must be a finite number"),
    ({"monotonic_cst": [1, 0]}, ValueError, "the input data X has 3 features"),
    ({"monotonic_cst": [1, 0, 2]}, ValueError, "must be an array-like of -1, 0 or 1"),
]


@pytest.mark.parametrize(("options", "error", "message"), BAD)
def test_bad_parameters(options, error, message):
    with pytest.raises(error, match=message):
        MonotonicStacking(**options).fit(*example(8, n=60))


def test_bad_targets_and_weights():
    X, y = example(9, n=60)
    with pytest.raises(ValueError, match="Only binary classification is supported"):
        MonotonicStacking(task="classification").fit(X, np.arange(60) % 3)
    with pytest.raises(ValueError, match="two classes of positive weight. Got one class"):
        MonotonicStacking().fit(X, y > 0, sample_weight=(y > 0) * 1.0)
    with pytest.raises(ValueError, match=r"members whose fit takes it. Without it: \['near'\]"):
        MonotonicStacking([("near", KNeighborsRegressor())]).fit(X, y, sample_weight=np.ones(60))
    with pytest.raises(ValueError, match="sample_weight must be finite and non-negative"):
        MonotonicStacking().fit(X, y, sample_weight=-np.ones(60))


def test_what_the_trees_among_default_members_cannot_take():
    X, y = example(9, n=60)
    with pytest.raises(ValueError, match="targets between -1e\\+30 and 1e\\+30"):
        MonotonicStacking().fit(X, y * 1e35)
    X[:, 1] = np.nan
    with pytest.raises(ValueError, match=r"no value of the features \[1\]"):
        MonotonicStacking().fit(X, y)
    X[7, 1] = 1.0  # one fold holds out the only value
    with pytest.raises(ValueError, match=r"no value of the features \[1\]"):
        MonotonicStacking().fit(X, y)


def test_folds_do_not_depend_on_the_unit_of_the_target():
    rng = np.random.default_rng(0)
    y, groups = rng.standard_normal(50), np.arange(50)
    plain = deal(groups, y, 5, np.random.RandomState(0))
    for unit in (1e-200, 1e300):
        assert_array_equal(deal(groups, y * unit, 5, np.random.RandomState(0)), plain)


def test_planted_weights_are_found(global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    predictions = rng.standard_normal((2000, 3))
    y = predictions @ [0.7, 0.3, 0.0] + 0.1 * rng.standard_normal(2000)
    assert_allclose(regression_weights(predictions, y, np.ones(2000), 2.0), [0.7, 0.3, 0.0], atol=0.03)


def test_classifiers_of_others_can_be_members():
    X, y = example(11)
    estimators = [
        ("trees", HistGradientBoostingClassifier(monotonic_cst=SIGNS, max_iter=20)),
        ("line", LogisticRegression()),
    ]
    model = MonotonicStacking(estimators, cv=3, random_state=0).fit(X, y > 0)
    probability = model.predict_proba(X)
    assert ((probability >= 0) & (probability <= 1)).all()
    assert_array_equal(model.predict(X), probability[:, 1] >= 0.5)


def test_a_linear_member_has_the_signs():
    X, y = example(12)
    model = MonotonicStacking([("line", MonotonicRegressor(Linear()))], monotonic_cst=[-1, 1, 0]).fit(X, y)
    assert all(fit.net_.coef_[0] == 0 and fit.net_.coef_[1] == 0 for fit in model.estimators_[0])
