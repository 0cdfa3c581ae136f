"""Regularizers that cannot be used, or go wrong: an error that names them, and nothing learned is lost."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError

from skartm import ARTMTransformer
from skartm.em import PhiTerm, PosteriorTerm, ThetaTerm
from skartm.regularizers import (
    Decorrelation,
    FunctionRegularizer,
    Regularizer,
    SeedWords,
    SmoothSparsePhi,
    SmoothSparseTheta,
    ThetaClassification,
)
from tests.topics.models import corpus, model


@pytest.fixture(scope="module")
def X():
    return corpus(0)


class Spoiled(Regularizer):
    """Numbers that are none, from a term of one's own."""

    def __init__(self, tau=1.0, relative=None, side="phi", value=np.nan, after=0):
        self.tau = tau
        self.relative = relative
        self.side = side
        self.value = value
        self.after = after

    def bind(self, layout):
        term = {"phi": SpoiledPhi, "theta": SpoiledTheta, "posterior": SpoiledPosterior}[self.side]()
        term.topics, term.number, term.left = np.arange(layout.n_topics), self.value, self.after
        return term


class Countdown:
    left = 0

    def next(self):
        self.left -= 1
        if self.left >= 0:
            return 0.0
        if self.number is KeyboardInterrupt:
            raise KeyboardInterrupt
        return self.number


class SpoiledPhi(Countdown, PhiTerm):
    def value(self, phi_wt, n_wt):
        return 0.0

    def add_term(self, phi_wt, n_wt, out):
        out[3, 1] += self.next()


class SpoiledTheta(Countdown, ThetaTerm):
    def value(self, theta_dt, documents):
        return 0.0

    def add_term(self, theta_dt, n_dt, documents, inner_pass, out):
        out[:, 1] += self.next()


class SpoiledPosterior(Countdown, PosteriorTerm):
    def apply(self, p_it, tokens, counts):
        return p_it + self.next()


@pytest.mark.parametrize("learning_method", ["batch", "online"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "must have a finite term of phi"),
        ({"relative": 0.5}, "must have a finite term of phi"),
        ({"side": "theta"}, "must have a finite term of theta"),
        ({"side": "posterior", "tau": 0.5}, r"must have a finite result of p\(t\|d,w\)"),
        ({"side": "posterior"}, r"must have a finite result of p\(t\|d,w\)"),
    ],
)
def test_terms_that_are_not_finite(learning_method, value, parameters, message, X):
    spoiled = Spoiled(value=value, **parameters)
    fitted = ARTMTransformer(4, warm_start=True, max_iter=2, tol=0, random_state=0, n_jobs=1).fit(X)
    before, theta = fitted.components_.copy(), fitted.transform(X)
    fitted.set_params(learning_method=learning_method, regularizers=[("mine", spoiled)])
    for method in (fitted.fit, fitted.partial_fit):
        with pytest.raises(ValueError, match="The regularizer 'mine' " + message):
            method(X)
        assert_array_equal(fitted.components_, before)
    assert_array_equal(fitted.set_params(regularizers=[]).transform(X), theta)


@pytest.mark.parametrize("value", [np.nan, KeyboardInterrupt])
@pytest.mark.parametrize("learning_method", ["batch", "online"])
@pytest.mark.parametrize("side", ["phi", "theta", "posterior"])
def test_what_was_learned_before_stays(side, learning_method, value, X):
    # an interruption keeps the passes before, with all that belongs to them; an error is a call that has failed
    spoiled = Spoiled(0.1, side=side, value=value, after={"phi": 9, "theta": 60, "posterior": 60}[side])
    common = {"learning_method": learning_method, "batch_size": 8, "tol": 0, "random_state": 0, "n_jobs": 1}
    fitted = ARTMTransformer(4, regularizers=[("mine", spoiled)], max_iter=50, **common)
    with pytest.raises((ValueError, KeyboardInterrupt)):
        fitted.fit(X)
    if value is not KeyboardInterrupt:
        with pytest.raises(NotFittedError):
            fitted.transform(X)
        return
    n_iter = fitted.n_iter_
    assert 0 < n_iter < 50
    kept = Spoiled(0.1, side=side, value=0.0)
    expected = ARTMTransformer(4, regularizers=[("mine", kept)], max_iter=n_iter, **common).fit(X)
    assert_array_equal(fitted.components_, expected.components_)
    assert_array_equal(fitted.topic_mass_, expected.topic_mass_)
    assert fitted.history_["objective"] == expected.history_["objective"]
    fitted.set_params(regularizers=[], warm_start=True, max_iter=2)
    assert_allclose(fitted.fit(X).components_.sum(axis=1), 1, rtol=1e-5)
    fitted.partial_fit(X)


@pytest.mark.parametrize("side", ["phi", "theta"])
def test_values_that_are_not_finite(side, X):
    def value(matrix):
        return np.inf

    spoiled = FunctionRegularizer(value, 0.01, gradient=np.zeros_like, side=side)
    with pytest.raises(ValueError, match="The regularizer 'mine' must have a finite value. Got inf"):
        model(regularizers=[("mine", spoiled)]).fit(X)


@pytest.mark.parametrize("regularizer", [SmoothSparsePhi(1e300), SmoothSparsePhi(1e300, relative=0.0)])
def test_strength_beyond_the_precision(regularizer, X):
    with pytest.raises(ValueError, match=r"The regularizer 's' must have a finite term of phi \(weaken tau"):
        model(regularizers=[("s", regularizer)]).fit(X)


@pytest.mark.parametrize("power", [None, 2])
def test_strength_of_theta_beyond_the_precision(power, X):
    with pytest.raises(ValueError, match=r"The regularizer 's' must have a finite term of theta \(weaken tau"):
        model(regularizers=[("s", SmoothSparseTheta(1e300, power=power))]).fit(X)


def test_one_topic_is_put_in_a_list(X):
    with pytest.raises(TypeError, match=r"Decorrelation: topics must be None, a slice.* Got 2; put it in a list"):
        model(regularizers=[("d", Decorrelation(topics=2))]).fit(X)


@pytest.mark.parametrize(
    ("y", "got"),
    [
        (np.full(24, np.nan), "Got nan"),
        ([None] * 24, "Got None"),
        (np.array(["a", 1] * 12, dtype=object), "Got int and str"),
    ],
)
def test_classes_that_cannot_be_compared(y, got, X):
    with pytest.raises(ValueError, match=f"ThetaClassification: y must have classes of one type.* {got}"):
        model(regularizers=[("c", ThetaClassification())]).fit(X, y)


def test_a_name_of_two_modalities(X):
    names = [f"w{w}" for w in range(29)] + ["w3"]
    kinds = {"words": slice(29), "tags": slice(29, 30)}
    seeded = model(token_names=names, modalities=kinds, regularizers=[("s", SeedWords({0: ["w3"]}))])
    with pytest.raises(
        ValueError, match=r"SeedWords: words must be .* Got 'w3' of the columns \[3, 29\]; give the mod"
    ):
        seeded.fit(X)
    for modality, column in (("words", 3), ("tags", 29)):
        by_column = model(modalities=kinds, regularizers=[("s", SeedWords({0: [column]}))]).fit(X)
        assert_array_equal(seeded.set_params(s__modality=modality).fit(X).components_, by_column.components_)
