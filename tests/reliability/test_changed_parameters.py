"""A fitted model works with the parameters that it was fitted with, whatever is set afterwards."""

import copy
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skartm import LDA, PLSA, ARTMTransformer
from skartm.regularizers import SmoothSparseTheta
from tests.reliability.estimators import PLAIN, call, changes_of
from tests.reliability.states import as_plain, assert_sound, fingerprint, same_result

pytestmark = pytest.mark.filterwarnings("ignore")


def attempt(model, method, arguments):
    """The result, or None and the message of the error."""
    try:
        return call(model, method, arguments), ""
    except (ValueError, TypeError, AttributeError) as error:
        return None, f"{error} {error.__cause__ or ''}"


@pytest.fixture(scope="module")
def fitted():
    return {name: call(case.new(), "fit", case.data(0)) for name, case in PLAIN.items()}


@pytest.mark.parametrize("name", [name for name, case in PLAIN.items() if changes_of(case.estimator)])
def test_reading_after_a_change(name, fitted):
    case, data = PLAIN[name], PLAIN[name].data(0)
    results = case.readings(fitted[name], data)
    for change, value in changes_of(case.estimator).items():
        model = copy.copy(fitted[name]).set_params(**{change: value})
        for method in case.readers:
            result, error = attempt(model, method, data)
            if error:
                assert repr(change) in error
                assert repr(value) in error
            else:
                assert same_result(result, results[method]), (change, method)


@pytest.mark.parametrize("name", [name for name, case in PLAIN.items() if case.streams])
@pytest.mark.parametrize("changed", ["warm start", "partial_fit"])
def test_learning_further_after_a_change(name, changed, fitted):
    case = PLAIN[name]
    if changed == "warm start" and "warm_start" not in case.estimator.get_params():
        pytest.skip("no warm start")
    for change, value in changes_of(case.estimator).items():
        model = copy.copy(fitted[name]).set_params(**{change: value})
        if changed == "warm start":
            model.set_params(warm_start=True)
        before = fingerprint(model)
        _, error = attempt(model, "fit" if changed == "warm start" else "partial_fit", case.data(2))
        if error:
            assert change in error or "'bad' must be a Regularizer" in error, change
            assert fingerprint(model) == before, change
        else:
            model.set_params(**{change: fitted[name].get_params(deep=False)[change]})
            assert_sound(as_plain(case.readings(model, case.data(0))))


def test_the_error_names_the_parameter_and_both_values():
    model = PLSA(3, max_iter=2, tol=0, random_state=0).fit(np.eye(5))
    with pytest.raises(ValueError, match=r"'n_components' parameter of PLSA must stay .* 3, .* Got 7; set it back"):
        model.set_params(n_components=7).partial_fit(np.eye(5))


def test_regularizers_are_those_of_the_fit():
    X = np.random.RandomState(0).poisson(1.0, (20, 15))
    smooth = SmoothSparseTheta(5.0, topics="t0")
    model = ARTMTransformer(2, regularizers=[("smooth", smooth)], topic_names=["t0", "t1"], max_iter=3, tol=0).fit(X)
    theta = model.transform(X)
    model.set_params(smooth__tau=0.0)
    smooth.topics = "nothing"
    model.topic_names[0] = "other"
    assert_array_equal(model.transform(X), theta)
    assert model.get_feature_names_out().tolist() == ["t0", "t1"]


class TestFittedArrays:
    @pytest.mark.parametrize("name", PLAIN)
    def test_cannot_be_written(self, name, fitted):
        model = fitted[name]
        for again in (model, pickle.loads(pickle.dumps(model)), copy.copy(model), copy.deepcopy(model)):
            arrays = {key: value for key, value in vars(again).items() if isinstance(value, np.ndarray)}
            for key, value in arrays.items():
                assert key in again.get_params(deep=False) or not value.flags.writeable, key

    @pytest.mark.parametrize("name", PLAIN)
    def test_are_assigned_with_a_check_or_not_at_all(self, name, fitted):
        model = copy.copy(fitted[name])
        before = fingerprint(model)
        names = [key for key in vars(model) if key.endswith("_") and not key.startswith("_")]
        assert names
        for key in names:
            for value in (None, "x", np.ones((2, 2)), np.full(getattr(getattr(model, key), "shape", 3), np.nan)):
                with pytest.raises((AttributeError, ValueError, TypeError)):
                    setattr(model, key, value)
                assert fingerprint(model) == before

    @pytest.mark.parametrize("name", [name for name, case in PLAIN.items() if case.estimator._assignable])
    def test_assigned_topics_are_used_everywhere(self, name, fitted):
        case, model = PLAIN[name], copy.copy(fitted[name])
        other = call(case.new(random_state=7), "fit", case.data(5))
        topics = other.components_.copy()
        model.components_ = topics
        topics[...] = 0  # the array stays the user's
        assert_allclose(model.components_, other.components_, rtol=1e-6)
        if name.startswith("SimplexNMF"):
            W = model.transform(case.data(0)["X"])
            assert_allclose(W, other.transform(case.data(0)["X"]), rtol=1e-4, atol=1e-6)
        elif name == "PLSA":
            X = case.data(0)["X"]
            assert_allclose(model.transform(X), other.transform(X), rtol=1e-4, atol=1e-5)
            assert_allclose(model.perplexity(X), other.perplexity(X), rtol=1e-4)
        call(model, "partial_fit", case.data(2))
        assert np.isfinite(model.components_).all()

    def test_a_topic_may_be_dead(self):
        X = np.random.RandomState(0).poisson(1.0, (20, 15))
        model = PLSA(3, max_iter=3, tol=0, random_state=0).fit(X)
        topics = model.components_.copy()
        topics[1] = 0
        model.components_ = topics
        assert model.dead_topics_.tolist() == [1]
        assert model.topic_mass_[1] == 0
        assert (model.transform(X)[:, 1] == 0).all()

    def test_lda_takes_parameters_of_dirichlet_distributions(self):
        X = np.random.RandomState(0).poisson(1.0, (20, 15))
        model = LDA(3, max_iter=2, random_state=0).fit(X)
        for wrong in (np.full((3, 15), -1.0), np.full((3, 15), np.nan), np.ones((3, 14)), np.zeros((3, 15))):
            with pytest.raises(ValueError, match="components_"):
                model.components_ = wrong
        model.components_ = 2 * model.components_
        assert np.isfinite(model.perplexity(X))
