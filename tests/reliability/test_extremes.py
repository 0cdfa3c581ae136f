"""Extreme but finite input gives finite output, or an error of ours; never NaN, a warning of numpy or a raw message."""

import re
import traceback
import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from skartm.exceptions import DeadTopicWarning, LeftOutTokensWarning
from skartm.regularizers import Decorrelation, SmoothSparsePhi, SmoothSparseTheta
from tests.reliability.extremes import MATRICES, PARAMETERS, TAUS, counts, matrix
from tests.reliability.learners import LEARNERS

READERS = ("transform", "score", "perplexity", "predict_proba")


def names_of_fitted(model):
    return [name for name in vars(model) if name.endswith("_") and not name.startswith("_")]


def not_finite(value):
    """Whether numbers somewhere in a result are NaN or infinite."""
    if isinstance(value, dict):
        return any(not_finite(part) for part in value.values())
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
    if type(error) not in (ValueError, TypeError, NotFittedError):
        return False
    frames = traceback.extract_tb(error.__traceback__)
    raised = frames[-1]
    return raised.line.strip().startswith(("raise", "_fail(", "require_finite(", "_require", "fail(")) or (
        "sklearn" in raised.filename
    )


def attempt(function):
    """ "fine", or "refused", of a call; anything else is a failure of the test."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for category in (ConvergenceWarning, DeadTopicWarning, LeftOutTokensWarning):
            warnings.simplefilter("ignore", category)
        try:
            return "fine", function()
        except Exception as error:
            if not is_ours(error):
                raise AssertionError(f"raw {type(error).__name__}: {error}") from error
            assert len(str(error)) < 600, "a message must not quote the input"
            return "refused", error


def check_fitted(model):
    for name in names_of_fitted(model):
        value = getattr(model, name)
        assert not not_finite(value), f"{name} is not finite"


def check_learner(learner, X, **parameters):
    """All methods on X, after a fit on it, after a fit on ordinary counts, and after ``partial_fit``."""
    ordinary = counts(1, X.shape)
    for learn, first in (("fit", X), ("fit", ordinary), ("partial_fit", X), ("partial_fit", ordinary)):
        model = learner.new(**parameters)
        if not hasattr(model, learn):
            continue
        outcome, _ = attempt(lambda: learner.call(model, learn, first))
        if outcome == "refused":
            continue
        check_fitted(model)
        for method in READERS:
            if hasattr(model, method):
                for data in (X, ordinary):
                    outcome, result = attempt(lambda method=method, data=data: learner.call(model, method, data))
                    assert outcome == "refused" or not not_finite(result), f"{method} is not finite"
        if learn == "partial_fit":
            outcome, _ = attempt(lambda: learner.call(model, "partial_fit", X))
            check_fitted(model)


@pytest.mark.parametrize("name", LEARNERS)
@pytest.mark.parametrize("kind", MATRICES)
def test_matrices(name, kind):
    check_learner(LEARNERS[name], matrix(kind))


CASES = [
    (name, parameter, value)
    for name, learner in LEARNERS.items()
    for parameter, values in PARAMETERS.items()
    if parameter in learner.estimator.get_params()
    for value in values
]


@pytest.mark.parametrize(("name", "parameter", "value"), CASES)
def test_parameters(name, parameter, value):
    check_learner(LEARNERS[name], counts(), **{parameter: value})


TERMS = {"phi": SmoothSparsePhi, "theta": SmoothSparseTheta, "decorrelation": Decorrelation}


@pytest.mark.parametrize("name", [name for name, it in LEARNERS.items() if "regularizers" in it.estimator.get_params()])
@pytest.mark.parametrize("term", TERMS)
@pytest.mark.parametrize("tau", TAUS)
def test_taus(name, term, tau):
    check_learner(LEARNERS[name], counts(), regularizers=[("term", TERMS[term](tau))])
