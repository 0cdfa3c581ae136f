"""Parameters that are declared once: constructors, checks, inheritance, and classes that users derive."""

import inspect
import pickle

import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone

from skartm import LDA, PLSA, ARTMTransformer
from skartm.base._parameters import check_declared, choice, declared, flag, integer, parameters, precision, real
from skartm.regularizers import Regularizer, SmoothSparsePhi
from tests.reliability.estimators import CASES


@parameters
class Model(BaseEstimator):
    n_components: int = integer(default=3, low=1, kw_only=False)
    size: int | None = integer(default=None, low=2, none=True)
    tol: float = real(default=0.5, low=0.0, high=1.0, open_low=True)
    scale: float | str = real(default="auto", low=0.0, or_=("auto", np.inf))
    kind: str | None = choice(default="a", among=("a", "b", None))
    warm: bool = flag(default=False)
    dtype: str | None = precision(default=None, none=True)
    anything: object = None


@parameters(without=("tol", "warm"))
class Special(Model):
    warm = True
    extra: int = integer(default=1, low=0)
    size: int | None = integer(default=7, low=2, none=True)


GOOD = {
    "n_components": [1, np.int64(2)],
    "size": [None, 2],
    "tol": [1, 1e-300, np.float32(0.5)],
    "scale": ["auto", np.str_("auto"), np.inf, np.float64(np.inf), np.float32(np.inf), 0],
    "kind": ["b", None],
    "warm": [True, np.bool_(False)],
    "dtype": [None, "float32", np.float64, np.dtype("f4")],
    "anything": [object()],
}
BAD = {
    "n_components": [(0, ValueError), (True, TypeError), (2.0, ValueError), (None, TypeError)],
    "size": [(1, ValueError), ([2], TypeError)],
    "tol": [(0, ValueError), (1.1, ValueError), (np.nan, ValueError), (None, TypeError), (True, TypeError)],
    "scale": [("Auto", ValueError), (True, TypeError), (-np.inf, ValueError), (-1, ValueError)],
    "kind": [("c", ValueError), (1, ValueError), (["a"], TypeError)],
    "warm": [(1, ValueError), (None, TypeError)],
    "dtype": [("int8", ValueError), (3, ValueError), (np.int64, TypeError)],
}


@pytest.mark.parametrize("name", GOOD)
def test_good_values(name):
    for value in GOOD[name]:
        check_declared(Model(**{name: value}))


@pytest.mark.parametrize("name", BAD)
def test_bad_values_are_named_with_what_is_expected_and_what_came(name):
    for value, error in BAD[name]:
        with pytest.raises(error, match=rf"The '{name}' parameter of Model must be .*\. Got .* instead\."):
            check_declared(Model(**{name: value}))


def test_constructors_store_and_nothing_else():
    model = Model(0, tol="no number", kind=[1])
    assert vars(model) == {
        "n_components": 0, "size": None, "tol": "no number", "scale": "auto", "kind": [1], "warm": False,
        "dtype": None, "anything": None,
    }  # fmt: skip
    with pytest.raises(TypeError, match="positional"):
        Model(1, 2)


def test_a_class_inherits_changes_adds_and_takes_away():
    signature = inspect.signature(Special)
    assert list(signature.parameters) == ["n_components", "extra", "size", "scale", "kind", "dtype", "anything"]
    assert signature.parameters["n_components"].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    assert signature.parameters["size"].default == 7
    model = Special()
    assert (model.warm, model.tol) == (True, 0.5)
    assert sorted(model.get_params()) == sorted(signature.parameters)
    with pytest.raises(TypeError, match="tol"):
        Special(tol=1)


def test_what_scikit_learn_needs():
    model = clone(Special(5, extra=2)).set_params(kind=None)
    assert repr(model) == "Special(extra=2, kind=None, n_components=5)"
    assert model != Special(5, extra=2, kind=None), "two models are equal where they are one"
    assert hash(model) is not None
    assert vars(pickle.loads(pickle.dumps(PLSA(4)))) == vars(PLSA(4))


def test_a_parameter_may_have_no_default():
    @parameters
    class Needy:
        words: list = declared(kw_only=False)
        tau: float = 1.0

    assert Needy(["a"]).tau == 1.0
    with pytest.raises(TypeError, match="words"):
        Needy()


def test_names_of_fitted_attributes_are_no_parameters():
    with pytest.raises(TypeError, match="mass_"):

        @parameters
        class Wrong:
            mass_: int


class Own(ARTMTransformer):
    """What a user derives: fewer parameters, and one of its own."""

    def __init__(self, n_components=4, *, weight=0.1, random_state=None):
        super().__init__(n_components, random_state=random_state, max_iter=3, tol=0)
        self.weight = weight

    def _check_parameters(self):
        super()._check_parameters()
        self.regularizers = [("smooth", SmoothSparsePhi(self.weight))]


class Bare(LDA):
    """One that does not even call the constructor of its base: the defaults are those of the base."""

    def __init__(self, max_iter=2):
        self.max_iter = max_iter


class Weight(Regularizer):
    """A regularizer with a plain constructor."""

    def __init__(self, tau=1.0):
        self.tau = tau

    def bind(self, layout):
        return SmoothSparsePhi(self.tau).bind(layout)


def test_classes_of_users_have_plain_constructors():
    X = CASES["PLSA"].data(0)["X"]
    model = clone(Own(3, weight=0.5, random_state=0)).fit(X)
    expected = ARTMTransformer(3, regularizers=[("s", SmoothSparsePhi(0.5))], max_iter=3, tol=0, random_state=0).fit(X)
    assert (model.components_ == expected.components_).all()
    assert sorted(model.get_params(deep=False)) == ["n_components", "random_state", "weight"]
    with pytest.raises(ValueError, match="n_components"):
        Own(0).fit(X)
    assert clone(Bare()).fit(X).components_.shape == (10, X.shape[1])
    weighted = ARTMTransformer(3, regularizers=[("s", Weight(0.5))], max_iter=3, tol=0, random_state=0).fit(X)
    assert (weighted.components_ == expected.components_).all()
