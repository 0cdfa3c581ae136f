"""An interrupted call leaves the old state or a whole one; a fit that goes on from there ends where it would have."""

import copy
import sys
import threading
import time

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.sparse import csr_matrix
from sklearn.exceptions import NotFittedError

from skartm import LDA, PLSA, ARTMTransformer
from skartm.regularizers import SmoothSparsePhi
from tests.reliability.estimators import PLAIN, call
from tests.reliability.states import as_plain, assert_sound, digest, fingerprint, same_result

pytestmark = pytest.mark.filterwarnings("ignore")


class Interruption(KeyboardInterrupt):
    """Comes at a place of the test's choice."""


def interrupted(n, function, *arguments):
    """Run a function, and raise where the library makes its n-th call; whether there were so many."""
    count = 0

    def trace(frame, event, argument):
        nonlocal count
        if event == "call" and "skartm" in frame.f_code.co_filename:
            count += 1
            if count == n:
                sys.setprofile(None)
                raise Interruption
        return trace

    sys.setprofile(trace)
    try:
        function(*arguments)
    except Interruption:
        return True
    finally:
        sys.setprofile(None)
    return False


def n_calls(function, *arguments):
    """Calls that the library makes."""
    count = 0

    def trace(frame, event, argument):
        nonlocal count
        count += event == "call" and "skartm" in frame.f_code.co_filename

    sys.setprofile(trace)
    try:
        function(*arguments)
    finally:
        sys.setprofile(None)
    return count


def places(total, seed, n):
    """Some of the calls, the first and the last ones among them."""
    chosen = np.random.RandomState(seed).randint(1, total + 1, n)
    return sorted({1, 2, total - 1, total, *chosen.tolist()})


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize("name", PLAIN)
def test_the_state_is_whole(name, method):
    case = PLAIN[name]
    if method == "partial_fit" and not case.streams:
        pytest.skip("no partial_fit")
    before = call(case.new(), "fit", case.data(0))
    old = fingerprint(before)
    total = n_calls(call, copy.copy(before), method, case.data(2))
    whole = 0
    for n in places(total, 0, 12):
        model = copy.copy(before)
        if not interrupted(n, call, model, method, case.data(2)):
            continue
        if fingerprint(model) == old:
            whole += 1
            continue
        assert method == "fit"
        assert_sound(as_plain(case.readings(model, case.data(0))))
        if "tol" in model.get_params() and hasattr(model, "history_") and "Neural" not in name:
            lengths = {len(track) for track in model.history_.values()}
            assert lengths == {model.n_iter_}
        call(model, "fit", case.data(0))  # and the model can be fitted again
    assert whole, "some of the places are before the first pass"


def test_an_interrupted_first_fit_leaves_a_model_without_topics():
    for name, case in PLAIN.items():
        model = case.new()
        assert interrupted(3, call, model, "fit", case.data(0)), name
        for method in case.readers:
            with pytest.raises(NotFittedError):
                call(model, method, case.data(0))


@pytest.mark.parametrize(
    "make",
    [
        lambda **further: PLSA(3, tol=0, random_state=0, n_jobs=1, **further),
        lambda **further: ARTMTransformer(
            3, regularizers=[("s", SmoothSparsePhi(0.1))], tol=0, random_state=0, n_jobs=1, **further
        ),
    ],
)
def test_a_continued_fit_is_what_it_would_have_been(make):
    X = PLAIN["PLSA"].data(0)["X"]
    total = n_calls(make(max_iter=6).fit, X)
    uninterrupted = {n: make(max_iter=n).fit(X) for n in range(1, 7)}
    reached = set()
    for n in places(total, 1, 60):
        model = make(max_iter=6)
        if not interrupted(n, model.fit, X) or not hasattr(model, "components_"):
            continue
        reached.add(model.n_iter_)
        assert_array_equal(model.components_, uninterrupted[model.n_iter_].components_)
        left = 6 - model.n_iter_
        if left:
            model.set_params(warm_start=True, max_iter=left).fit(X)
            assert_array_equal(model.components_, uninterrupted[6].components_)
    assert len(reached) >= 3


def test_reading_beside_learning():
    """One model that is fitted again and again while others read: the old state or the new one, never a mixture."""
    small, large = PLAIN["PLSA"].data(0)["X"], PLAIN["PLSA"].data(1, 40, 20)["X"]
    model, states = PLSA(3, max_iter=3, tol=0, random_state=0, n_jobs=1), []
    for size in (3, 5):
        states.append(PLSA(size, max_iter=3, tol=0, random_state=0, n_jobs=1).fit(small).transform(large))
    model.fit(small)
    done, wrong, n_read = threading.Event(), [], [0] * 4

    def read(place):
        while not done.is_set():
            theta = model.transform(large)
            n_read[place] += 1
            if not any(theta.shape == state.shape and (theta == state).all() for state in states):
                wrong.append(theta)

    readers = [threading.Thread(target=read, args=(place,)) for place in range(4)]
    for reader in readers:
        reader.start()
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        for size in (5, 3):
            model.set_params(n_components=size).fit(small)
    done.set()
    for reader in readers:
        reader.join()
    assert not wrong
    assert min(n_read) > 10


@pytest.mark.parametrize("name", ["PLSA", "LDA", "SimplexNMF", "ARTMClassifier", "MonotonicRegressor", "AuthorTopic"])
def test_fits_of_one_model_in_threads(name):
    case = PLAIN[name]
    data = [case.data(seed) for seed in range(3)]
    expected = [digest(case.readings(call(case.new(), "fit", each), data[0])) for each in data]
    model, failures = case.new(), []

    def learn(each):
        try:
            for _ in range(5):
                call(model, "fit", each)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=learn, args=(each,)) for each in data]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert digest(case.readings(model, data[0])) in expected


def keep(results, case, model):
    results.append(case.readings(model, case.data(0)))


def test_one_model_in_eight_threads():
    for name, case in PLAIN.items():
        model = call(case.new(), "fit", case.data(0))
        expected, results = case.readings(model, case.data(0)), []
        threads = [threading.Thread(target=keep, args=(results, case, model)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(results) == 8, name
        for result in results:
            assert same_result(result, expected), name


def test_a_failed_call_may_advance_a_random_state_that_is_handed_in_and_changes_nothing_else():
    X = csr_matrix(np.eye(6))
    random, model = np.random.RandomState(0), LDA(2, max_iter=2)
    model.set_params(random_state=random).fit(X)
    before = model.components_.copy()
    with pytest.raises(ValueError, match="NaN"):
        model.fit(np.full((3, 3), np.nan))
    assert_array_equal(model.components_, before)
    assert model.random_state is random
