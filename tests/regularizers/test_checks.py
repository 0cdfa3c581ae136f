"""check_regularizer finds what is wrong."""

import numpy as np
import pytest

from skartm.em import PhiTerm
from skartm.regularizers import (
    FunctionRegularizer,
    PosteriorFunction,
    Regularizer,
    SmoothSparseTheta,
    check_regularizer,
)


class Squares(Regularizer):
    """R = 1/2 sum phi^2; right, and the parent of the wrong ones."""

    def __init__(self, tau=1.0, relative=None, topics=None):
        self.tau = tau
        self.relative = relative
        self.topics = topics

    def bind(self, layout):
        return self.term(layout.topics(self.topics, type(self).__name__))

    class term(PhiTerm):
        def __init__(self, topics):
            self.topics = topics

        def value(self, phi_wt, n_wt):
            return float(0.5 * (phi_wt[:, self.topics] ** 2).sum())

        def add_term(self, phi_wt, n_wt, out):
            out[:, self.topics] += phi_wt[:, self.topics] ** 2


class WrongGradient(Squares):
    class term(Squares.term):
        def add_term(self, phi_wt, n_wt, out):
            out[:, self.topics] += phi_wt[:, self.topics]


class WrongSign(Squares):
    class term(Squares.term):
        def add_term(self, phi_wt, n_wt, out):
            out[:, self.topics] -= phi_wt[:, self.topics] ** 2


class Overwrites(Squares):
    class term(Squares.term):
        def add_term(self, phi_wt, n_wt, out):
            out[...] = 0
            out[:, self.topics] = phi_wt[:, self.topics] ** 2


class ChangesPhi(Squares):
    class term(Squares.term):
        def add_term(self, phi_wt, n_wt, out):
            super().add_term(phi_wt, n_wt, out)
            phi_wt *= 1 + 1e-15


class ChangesCounters(Squares):
    class term(Squares.term):
        def add_term(self, phi_wt, n_wt, out):
            super().add_term(phi_wt, n_wt, out)
            n_wt[0] += 1


class TouchesOtherTopics(Squares):
    class term(Squares.term):
        def value(self, phi_wt, n_wt):
            return float(0.5 * (phi_wt**2).sum())

        def add_term(self, phi_wt, n_wt, out):
            out += phi_wt**2


class IgnoresUnknownNames(Squares):
    def bind(self, layout):
        known = [name for name in self.topics or layout.topic_names if name in layout.topic_names]
        return self.term(layout.topics(known or None, "x"))


class BindChangesParameters(Squares):
    def bind(self, layout):
        self.topics = list(layout.topic_names)
        return super().bind(layout)


class ForgetsOnPickle(Squares):
    def __getstate__(self):
        return {}

    def __setstate__(self, state):
        self.__init__()


class WrongConstant(SmoothSparseTheta):
    def bind(self, layout):
        term = super().bind(layout)
        term.alpha = term.alpha.copy()
        term.constant = lambda: 2 * term.alpha
        return term


class KeepsWhatItObserved(SmoothSparseTheta):
    def bind(self, layout):
        term = super().bind(layout)
        term.observe = lambda theta_dt, documents: None
        return term


def test_right_one_passes():
    check_regularizer(Squares())
    check_regularizer(Squares(topics=["topic1"]), n_tokens=5, n_topics=2, n_docs=3, random_state=4)


@pytest.mark.parametrize(
    ("regularizer", "message"),
    [
        (WrongGradient(), r"the term must be x \* dR/dx"),
        (WrongSign(), r"the term must be x \* dR/dx"),
        (Overwrites(), "add_term must add to out"),
        (ChangesPhi(), "a term must not change its inputs"),
        (ChangesCounters(), "a term must not change its inputs"),
        (TouchesOtherTopics(topics=[1]), "leave topics outside of its subset alone"),
        (IgnoresUnknownNames(), "IgnoresUnknownNames: bind must raise ValueError on a name in topics"),
        (BindChangesParameters(), "BindChangesParameters: bind must not change parameters"),
        (ForgetsOnPickle(tau=3.0), "ForgetsOnPickle: clone and pickle must keep the parameters"),
        (WrongConstant(), "add_term must agree with constant"),
        (KeepsWhatItObserved(), "observe must return a statistic, which adds up to what finish gets"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Regularizer) else "",
)
def test_wrong_ones_fail(regularizer, message):
    with pytest.raises(AssertionError, match=message):
        check_regularizer(regularizer)


def test_tau_of_the_wrong_type_is_an_error():
    with pytest.raises(TypeError, match="'tau' parameter of Squares"):
        check_regularizer(Squares(tau="1"))


def test_it_does_not_touch_the_global_random_state():
    state = np.random.get_state()[1].copy()
    check_regularizer(Squares())
    assert (np.random.get_state()[1] == state).all()


def test_functions_that_pickle_cannot_carry_are_checked_all_the_same():
    check_regularizer(FunctionRegularizer(lambda phi: (phi**2).sum(), gradient=lambda phi: 2 * phi))
    check_regularizer(PosteriorFunction(function=lambda p: p**2))
    with pytest.raises(AssertionError, match="x \\* dR/dx"):
        check_regularizer(FunctionRegularizer(lambda phi: (phi**2).sum(), gradient=lambda phi: 3 * phi))


class CannotBePickled(Squares):
    def __reduce__(self):
        raise TypeError("no")


def test_pickle_is_part_of_the_contract():
    with pytest.raises(AssertionError, match="CannotBePickled: pickle must be able to carry it"):
        check_regularizer(CannotBePickled())


@pytest.mark.parametrize("item", [lambda phi: 0.0, Squares, None, "SmoothSparsePhi"])
def test_what_is_no_regularizer_is_refused(item):
    with pytest.raises(TypeError, match="regularizer must be a Regularizer"):
        check_regularizer(item)
