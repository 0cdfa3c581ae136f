"""Extreme but finite input gives finite output, or an error of ours; never NaN, a warning of numpy or a raw message."""

import inspect
import traceback
import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from skartm.exceptions import (
    DeadTopicWarning,
    LeftOutDocumentsWarning,
    LeftOutTokensWarning,
    ShortTextsWarning,
    WeakRegularizerWarning,
)
from skartm.regularizers import Decorrelation, SmoothSparsePhi, SmoothSparseTheta
from tests.reliability.estimators import CASES as ESTIMATORS
from tests.reliability.estimators import COUNTED, call
from tests.reliability.extremes import MATRICES, PARAMETERS, TAUS, counts, matrix
from tests.reliability.states import named

ALWAYS = ("all times 1e-310", "one row times 1e-44", "denormal and huge in one row", "zeros")
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::skartm.exceptions.DeadTopicWarning"),
    pytest.mark.filterwarnings("ignore::skartm.exceptions.LeftOutTokensWarning"),
    pytest.mark.filterwarnings("ignore::skartm.exceptions.WeakRegularizerWarning"),
    pytest.mark.filterwarnings("ignore::skartm.exceptions.ShortTextsWarning"),
]
READERS = ("transform", "score", "perplexity", "predict_proba")


every_case = pytest.mark.parametrize("name", COUNTED)


def names_of_fitted(model):
    return [name for name in vars(model) if name.endswith("_") and not name.startswith("_")]


def not_finite(value):
    """Whether numbers somewhere in a result are NaN or infinite."""
    if isinstance(value, dict):
        return any(not_finite(part) for name, part in value.items() if name != "validation_perplexity")  # NaN is none
    if isinstance(value, (list, tuple)):
        return any(not_finite(part) for part in value)
    if isinstance(value, (float, np.floating)):
        return not np.isfinite(value)
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return not np.isfinite(value).all()
    if hasattr(value, "history_"):  # a model of a level
        return any(not_finite(getattr(value, name)) for name in names_of_fitted(value))
    return False


def is_ours(error):
    """Whether an error is a sentence about the input, raised on purpose by this library or a check of scikit-learn."""
    if type(error) not in (ValueError, TypeError, NotFittedError, FloatingPointError):
        return False
    frames = traceback.extract_tb(error.__traceback__)
    raised = frames[-1]
    return raised.line.strip().startswith(("raise", "_fail(", "require_finite(", "_require", "fail(")) or (
        "sklearn" in raised.filename
    )


def attempt(function, *arguments):
    """ "fine", or "refused", of a call; anything else is a failure of the test."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        expected = (DeadTopicWarning, LeftOutDocumentsWarning, LeftOutTokensWarning, ShortTextsWarning)
        for category in (ConvergenceWarning, WeakRegularizerWarning, *expected):
            warnings.simplefilter("ignore", category)
        try:
            return "fine", function(*arguments)
        except Exception as raised:
            error = raised
    if not is_ours(error):
        raise AssertionError(f"raw {type(error).__name__}: {error}") from error
    assert len(str(error).partition("\n")[0]) < 500, "a message must not quote the input"
    return "refused", error


def check_fitted(model):
    for name in names_of_fitted(model):
        value = getattr(model, name)
        assert not not_finite(value), f"{name} is not finite"


def check_case(case, X, **parameters):
    """All methods on X, after a fit on it, after a fit on ordinary counts, and after ``partial_fit``."""
    ordinary = counts(1, X.shape)
    for learn, first in (("fit", X), ("fit", ordinary), ("partial_fit", X), ("partial_fit", ordinary)):
        model = case.new(**parameters)
        if not hasattr(model, learn):
            continue
        outcome, _ = attempt(call, model, learn, case.of_counts(first))
        if outcome == "refused":
            continue
        check_fitted(model)
        for method in READERS:
            if hasattr(model, method):
                for data in (X, ordinary):
                    outcome, result = attempt(call, model, method, case.of_counts(data))
                    assert outcome == "refused" or not not_finite(result), f"{method} is not finite"
        if learn == "partial_fit":
            outcome, _ = attempt(call, model, "partial_fit", case.of_counts(X))
            check_fitted(model)


def sample(cases, size):
    """Some of the cases, spread over all of them; those of one estimator are others than those of the next."""
    return cases[:: max(len(cases) // size, 1)][:size]


@pytest.mark.slow
@every_case
def test_matrices(name):
    for kind in MATRICES:
        with named(kind):
            check_case(COUNTED[name], matrix(kind))


@every_case
def test_sample_of_matrices(name):
    place, kinds = list(COUNTED).index(name), list(MATRICES)
    for kind in (*ALWAYS, *(kinds[(7 * place + 11 * n) % len(kinds)] for n in range(2))):
        with named(kind):
            check_case(COUNTED[name], matrix(kind))


CASES = [
    (name, parameter, value)
    for name, case in COUNTED.items()
    for parameter, values in PARAMETERS.items()
    if parameter in case.estimator.get_params()
    for value in values
]


@pytest.mark.slow
@every_case
def test_parameters(name):
    for _, parameter, value in (case for case in CASES if case[0] == name):
        with named(f"{parameter}={value}"):
            check_case(COUNTED[name], counts(), **{parameter: value})


@pytest.mark.parametrize(("name", "parameter", "value"), sample(CASES, 30))
def test_sample_of_parameters(name, parameter, value):
    check_case(COUNTED[name], counts(), **{parameter: value})


TERMS = {"phi": SmoothSparsePhi, "theta": SmoothSparseTheta, "decorrelation": Decorrelation}


REGULARIZED = [
    (name, term, tau)
    for name, case in COUNTED.items()
    if "regularizers" in case.estimator.get_params()
    for term in TERMS
    for tau in TAUS
]


@pytest.mark.slow
@pytest.mark.parametrize("name", dict.fromkeys(name for name, *_ in REGULARIZED))
def test_taus(name):
    for _, term, tau in (case for case in REGULARIZED if case[0] == name):
        with named(f"{term} of {tau}"):
            check_case(COUNTED[name], counts(), regularizers=[("term", TERMS[term](tau))])


@pytest.mark.parametrize(("name", "term", "tau"), sample(REGULARIZED, 20))
def test_sample_of_taus(name, term, tau):
    check_case(COUNTED[name], counts(), regularizers=[("term", TERMS[term](tau))])


@every_case
def test_rows_of_missing_entries(name):
    """NaN is a missing entry of SimplexNMF, also where whole rows are missing, and an error everywhere else."""
    case = COUNTED[name]
    for rows in ([2], [2, 3, 7], slice(None)):
        X = counts()
        X[rows] = np.nan
        model = call(case.new(), "fit", case.of_counts(counts()))
        for method, data in (("transform", X), ("transform", X[2:3]), ("transform", X[:3]), ("fit", X)):
            if hasattr(model, method):
                outcome, result = attempt(call, model, method, case.of_counts(data))
                assert outcome == "refused" or result is model or not not_finite(result), (rows, method)


@every_case
def test_failed_first_fit_leaves_no_model(name):
    case = COUNTED[name]
    for method in ("fit", "partial_fit"):
        model = case.new()
        if not hasattr(model, method):
            continue
        outcome, _ = attempt(call, model, method, case.of_counts(np.full((4, 5), -1.0)))
        assert outcome == "refused"
        for reader in READERS:
            if hasattr(model, reader):
                _, error = attempt(call, model, reader, case.of_counts(counts(shape=(4, 5))))
                assert isinstance(error, NotFittedError)


WEIGHTS = {
    "large": lambda n: np.full(n, 1e300),
    "small": lambda n: np.full(n, 1e-300),
    "denormal": lambda n: np.full(n, 5e-324),
    "beyond float32": lambda n: np.full(n, 3e38),
    "both": lambda n: np.where(np.arange(n) % 2, 1e-30, 1e30),
    "one row": lambda n: np.where(np.arange(n) == 0, 1.0, 0.0),
    "one large row": lambda n: np.where(np.arange(n) == 0, 1e25, 1.0),
}


def weighted(case, method):
    function = getattr(case.estimator, method, None)
    return function is not None and "sample_weight" in inspect.signature(function).parameters


SLOW = {"MonotonicStacking default": pytest.mark.slow, "EmbeddedTopicModel": pytest.mark.slow}


@pytest.mark.parametrize("name", [pytest.param(name, marks=SLOW.get(name, ())) for name in ESTIMATORS])
def test_weights_of_rows(name):
    """Extreme but finite weights give a finite model and score, or are refused."""
    case, tried = ESTIMATORS[name], 0
    data = case.data(0)
    rows = len(data["y"]) if "y" in data else data["X"].shape[0] if hasattr(data.get("X"), "shape") else 0
    for method in ("fit", "partial_fit", "score"):
        for kind, weights in WEIGHTS.items() if rows and weighted(case, method) else ():
            model = case.new()
            if method == "score":
                attempt(call, model, "fit", data)
            verdict, result = attempt(call, model, method, {**data, "sample_weight": weights(rows)})
            if verdict == "fine" and method == "score":
                assert np.isfinite(result), (method, kind)
            elif verdict == "fine":
                check_fitted(model)
            tried += 1
    assert tried or not any(weighted(case, method) for method in ("fit", "partial_fit", "score")) or not rows
