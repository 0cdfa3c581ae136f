"""Schedules: against lists, in a model against a fit pass by pass, and as parameters."""

import pickle
import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import GridSearchCV

from skartm import ARTMTransformer
from skartm.regularizers import (
    Constant,
    Decorrelation,
    Geometric,
    Linear,
    Piecewise,
    Schedule,
    SmoothSparsePhi,
    SmoothSparseTheta,
    Window,
)
from tests.em.corpora import corpus

# schedule, planned steps, tau at steps 0, 1, ...
TRACKS = [
    (Constant(0.3), 3, [0.3, 0.3, 0.3]),
    (Constant(2), None, [2.0, 2.0]),
    (Linear(), 5, [0, 0.25, 0.5, 0.75, 1]),
    (Linear(1, -1, begin=1, end=3), None, [1, 1, 0, -1, -1]),
    (Linear(0.1, 0.3), 3, [0.1, 0.2, 0.3]),
    (Linear(0, 1, begin=2, end=2), None, [0, 0, 1, 1]),
    (Linear(0, 1, begin=-2), 4, [0, 0, 0, 1]),
    (Linear(0, 1, begin=-3, end=-1), 5, [0, 0, 0, 0.5, 1]),
    (Linear(0, 1, end=-2), 4, [0, 0.5, 1, 1]),
    (Linear(0, 1, begin=10, end=-1), 4, [0, 0, 0, 0]),  # a fit too short to begin
    (Linear(0, 1, begin=2, end=-3), 4, [0, 0, 1, 1]),  # or to have room: a jump where it begins
    (Linear(5, 7), 1, [7]),
    (Geometric(0.01, 1), 3, [0.01, 0.1, 1]),
    (Geometric(-4, -1, begin=1, end=3), None, [-4, -4, -2, -1, -1]),
    (Geometric(1, 8, end=-2), 5, [1, 2, 4, 8, 8]),
    (Piecewise(), None, [0] * 10 + [1, 1]),
    (Piecewise([1, -1, 0.5], [0, 1, 3]), 5, [1, -1, -1, 0.5, 0.5]),
    (Piecewise(np.array([0.1, 0.2]), np.array([0, 2])), 3, [0.1, 0.1, 0.2]),
    (Window(0.5), None, [0.5, 0.5]),
    (Window(0.5, begin=1, end=3), None, [0, 0.5, 0.5, 0]),
    (Window(0.5, end=-2), 5, [0.5, 0.5, 0.5, 0, 0]),
    (Window(0.5, begin=-2), 5, [0, 0, 0, 0.5, 0.5]),
    (Window(0.5, begin=-9), 3, [0.5, 0.5, 0.5]),
    (Window(0.5, begin=1, every=2), None, [0, 0.5, 0, 0.5, 0, 0.5]),
    (Window(0.5, begin=2, end=2), None, [0, 0, 0]),
    (Window(Linear(0, 1), begin=2, end=-1), 5, [0, 0, 0.5, 0.75, 0]),
]
SCHEDULES = [Constant(), Linear(), Geometric(), Piecewise(), Window(), Window(Linear(0, 2), begin=3)]
every_track = pytest.mark.parametrize(("schedule", "n_steps", "expected"), TRACKS, ids=lambda value: repr(value)[:50])
every_schedule = pytest.mark.parametrize("schedule", SCHEDULES, ids=repr)


def artm(tau, **parameters):
    regularizers = [("d", Decorrelation(tau, relative=0.0))]
    fixed = {"n_jobs": 1, "random_state": 0, "dtype": "float64", "tol": 0}
    return ARTMTransformer(3, regularizers=regularizers, **{**fixed, **parameters})


@every_track
def test_track(schedule, n_steps, expected):
    schedule.check()
    found = [schedule(step, n_steps) for step in range(len(expected))]
    assert_allclose(found, expected, rtol=1e-15, atol=1e-15)
    assert all(type(tau) is float for tau in found)


def test_ends_are_exact():
    for start, stop in ((0.1, 0.3), (0.7, 0.1), (-1e-3, 1 / 3)):
        assert Linear(start, stop, end=7)(0) == start
        assert Linear(start, stop, end=7)(7) == stop


def test_steps_within_a_pass():
    assert Linear(0, 1, end=2)(0.5) == 0.25
    assert Geometric(1, 16, end=2)(1.5) == 8
    assert Piecewise([1, 2], [0, 2])(1.99) == 1
    window = Window(1, begin=1, end=4, every=2)
    assert [window(step) for step in (0.9, 1.0, 1.9, 2.0, 2.9, 3.5, 4)] == [0, 1, 1, 0, 0, 1, 0]


@pytest.mark.parametrize("schedule", [Linear(), Linear(end=-1), Linear(begin=-3, end=-1), Geometric(), Window(end=-5)])
def test_partial_fit_has_no_end(schedule):
    name = type(schedule).__name__
    with pytest.raises(ValueError, match=rf"parameter of {name} must be a step from 0 in partial_fit"):
        artm(schedule).partial_fit(corpus(0))


def test_partial_fit_counts_calls():
    X, model = corpus(0), artm(Linear(0, 0.2, end=2))
    by_hand = artm(0.0)
    for call in range(4):
        model.partial_fit(X)
        by_hand.set_params(d__tau=min(0.1 * call, 0.2)).partial_fit(X)
        assert_allclose(model.components_, by_hand.components_, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        (Constant(np.nan), "The 'tau' parameter of Constant must be a finite number. Got nan"),
        (Linear("0"), "The 'start' parameter of Linear must be a finite number. Got '0'"),
        (Linear(begin=None), "The 'begin' parameter of Linear must be a finite number. Got None"),
        (Linear(end="last"), "The 'end' parameter of Linear must be a step or None. Got 'last'"),
        (Linear(begin=5, end=4), "Linear must not end before it begins. Got begin=5, end=4"),
        (Linear(begin=-1, end=-4), "Linear must not end before it begins. Got begin=-1, end=-4"),
        (Geometric(0, 1), "The 'start' and 'stop' parameters of Geometric must have the same sign and not be 0. Got 0"),
        (Geometric(-1, 1), "must have the same sign"),
        (Piecewise([1], [1]), "Piecewise must have as many values as steps, ascending from step 0"),
        (Piecewise([1, 2], [0, 0]), "ascending from step 0"),
        (Piecewise([1, 2], [0, np.nan]), "ascending from step 0"),
        (Piecewise([1, 2, 3], [0, 1]), "as many values as steps"),
        (Piecewise([], []), "as many values as steps"),
        (Piecewise([np.inf], [0]), "finite numbers"),
        (Window("on"), "The 'tau' parameter of Window must be a finite number. Got 'on'"),
        (Window(Constant(np.inf)), "The 'tau' parameter of Constant must be a finite number"),
        (Window(begin=4, end=2), "Window must not end before it begins"),
        (Window(every=0), "The 'every' parameter of Window must be an integer of at least 1. Got 0"),
        (Window(every=1.5), "The 'every' parameter of Window must be an integer of at least 1. Got 1.5"),
    ],
    ids=repr,
)
def test_what_is_wrong_is_an_error_of_fit(schedule, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        artm(schedule).fit(corpus(0))


def test_tiny_numbers_have_a_sign():
    Geometric(1e-200, 1e-200).check()


def test_a_class_is_not_a_schedule():
    with pytest.raises(TypeError, match="'tau' parameter of Decorrelation must be a finite float or a Schedule"):
        artm(Linear).fit(corpus(0))


class Waves(Schedule):
    """One of a user."""

    def __init__(self, period=3):
        self.period = period

    def value(self, step, n_steps):
        return 0.1 if step % self.period else np.inf


def test_own_schedules_must_be_finite():
    with pytest.raises(ValueError, match="Waves must give finite numbers. Got inf at step 3"):
        [Waves()(step) for step in (1, 2, 3)]
    with pytest.raises(TypeError, match=r"Schedule must implement value\(step, n_steps\)"):
        Schedule()(0)


@every_schedule
def test_clone_pickle_repr(schedule):
    assert isinstance(schedule, BaseEstimator)
    declared = Decorrelation(schedule)
    for copy in (clone(declared), pickle.loads(pickle.dumps(declared))):
        assert copy.tau is not schedule
        assert repr(copy) == repr(declared)
        assert [copy.tau(step, 20) for step in range(20)] == [schedule(step, 20) for step in range(20)]


def test_nested_parameters():
    model = artm(Window(Linear(0, 1), begin=2))
    assert model.get_params()["d__tau__tau__stop"] == 1
    model.set_params(d__tau__tau__stop=4, d__tau__begin=0)
    assert model.regularizers[0][1].tau(9, 10) == 4


def test_grid_search_over_a_schedule():
    search = GridSearchCV(
        artm(Linear(0, 0.05), max_iter=4), {"d__tau__stop": [0.0, 0.2], "d__tau__begin": [0, 2]}, cv=2, refit=True
    )
    search.fit(corpus(0, n_docs=40))
    assert len(set(search.cv_results_["mean_test_score"].round(12))) == 3  # without a slope begin does not matter
    assert set(search.best_params_) == {"d__tau__stop", "d__tau__begin"}
    best = search.best_estimator_.regularizers[0][1].tau
    assert (best.stop, best.begin) == (search.best_params_["d__tau__stop"], search.best_params_["d__tau__begin"])


@pytest.mark.parametrize(
    ("schedule", "n_steps"),
    [(Linear(0, 0.2), 5), (Piecewise([0, 0.1, 0], [0, 2, 4]), 6), (Window(0.1, begin=1, end=-1, every=2), 6)],
    ids=repr,
)
def test_a_schedule_is_a_fit_pass_by_pass(schedule, n_steps):
    X = corpus(0)
    model = artm(schedule, max_iter=n_steps).fit(X)
    by_hand = artm(0.0, max_iter=1, warm_start=True)
    for step in range(n_steps):
        by_hand.set_params(d__tau=schedule(step, n_steps)).fit(X)
    assert_allclose(model.components_, by_hand.components_, rtol=1e-12, atol=1e-15)
    assert model.history_["perplexity"] == pytest.approx(by_hand.history_["perplexity"])
    plain = artm(0.0, max_iter=n_steps).fit(X)
    acting = [schedule(step, n_steps) != 0 for step in range(n_steps)]
    first = acting.index(True)  # the likelihood of a pass is that before its M-step
    assert model.history_["perplexity"][: first + 1] == plain.history_["perplexity"][: first + 1]
    assert model.history_["d"][first] != plain.history_["d"][first]


def test_a_constant_is_a_number():
    X = corpus(0)
    for online in ({}, {"learning_method": "online", "batch_size": 5}):
        number, constant = (artm(tau, max_iter=4, **online).fit(X) for tau in (0.1, Constant(0.1)))
        assert_array_equal(constant.components_, number.components_)


def test_online_steps_are_fractions_of_a_pass():
    seen = []

    class Watched(Schedule):
        def value(self, step, n_steps):
            seen.append((step, n_steps))
            return 0.0

    artm(Watched(), max_iter=2, learning_method="online", batch_size=6).fit(corpus(0))  # 24 documents
    steps = sorted({step for step, _ in seen if step % 1 or step < 2})
    assert_allclose(steps, [0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75])
    assert {n_steps for _, n_steps in seen} == {2}


def test_the_last_passes_go_without_regularizers():
    X = corpus(0)
    model = artm(0.1, max_iter=6, unregularized_iter=2).fit(X)
    window = artm(Window(0.1, end=-2), max_iter=6).fit(X)
    assert_array_equal(model.components_, window.components_)
    both = artm(Linear(0, 0.5), max_iter=6, unregularized_iter=2).fit(X)  # which does not stretch the schedule
    by_hand = artm(Piecewise([0, 0.1, 0.2, 0.3, 0], range(5)), max_iter=6).fit(X)
    assert_allclose(both.components_, by_hand.components_, rtol=1e-12, atol=1e-15)


def test_unregularized_passes_follow_convergence():
    X = corpus(0)
    model = artm(0.01, max_iter=200, unregularized_iter=3, tol=1e-2).fit(X)
    assert model.n_iter_ < 200
    converged = artm(0.01, max_iter=200, tol=1e-2).fit(X)
    assert model.n_iter_ == converged.n_iter_ + 3


def test_a_fit_does_not_converge_before_the_schedule_has_settled():
    X = corpus(0)
    model = artm(Piecewise([0, 0.05], [0, 30]), max_iter=60, tol=1e-1).fit(X)
    assert 30 < model.n_iter_ < 60


def test_transform_takes_the_last_strength_of_theta():
    X = corpus(0)

    def thetas(tau):
        regularizers = [("s", SmoothSparseTheta(tau)), ("p", SmoothSparsePhi(0.1))]
        model = ARTMTransformer(3, regularizers=regularizers, max_iter=3, tol=0, n_jobs=1, random_state=0)
        return model.fit(X), model.transform(X)

    model, theta = thetas(Linear(0, 2.0))
    fixed = ARTMTransformer(
        3, regularizers=[("s", SmoothSparseTheta(2.0))], init=model.components_, max_iter=1, tol=0, n_jobs=1
    ).fit(X)
    fixed.components_ = model.components_
    assert_allclose(theta, fixed.transform(X), rtol=1e-5)
