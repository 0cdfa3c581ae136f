"""A call that fails leaves the model as it was, whatever the model is and whatever the reason."""

import warnings

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import has_fit_parameter

from tests.reliability.estimators import PLAIN, call
from tests.reliability.states import fingerprint, same_result

pytestmark = pytest.mark.filterwarnings("ignore")
WIDTHS = (0, -8, 12)  # columns fewer or more than those of the fit


def refusals(name, width):
    """Arguments that fit must refuse, by the reason."""
    data = PLAIN[name].data(1, 30, 20 + width) if "Monoton" not in name else PLAIN[name].data(1)
    first = next(iter(data))
    if name == "TopicPipeline":
        yield "not texts", {first: [3, 4]}
        yield "no words", {first: ["", " "]}
        return
    if name == "HypergraphARTM":
        yield "no edges", {first: np.empty((0, 3), dtype=object)}
        yield "one column", {first: np.array([["a"]], dtype=object)}
        return
    X = data[first]
    columns = X.shape[1]
    others = {key: value for key, value in data.items() if key != first}
    for reason, value in (("NaN", np.nan), ("infinite", np.inf), ("negative", -1.0)):
        if "Monoton" in name and reason != "infinite":
            continue
        dense = (X.toarray() if hasattr(X, "toarray") else X.copy()).astype(float)
        dense[2, 1] = value
        if reason != "NaN" or "SimplexNMF" not in name or "Deep" in name:  # to SimplexNMF it is a missing entry
            yield reason, {first: dense, **others}
    yield "one dimension", {first: np.ones(columns), **others}
    yield "words", {first: np.full((30, columns), "word"), **others}
    yield "nothing", {first: None, **others}
    yield "no rows", {first: np.empty((0, columns)), **others}
    if "y" in others:
        yield "too few targets", {first: X, "y": others["y"][:-3]}
    # labels of the classifier are tokens too, and topics of variational LDA are then their prior, as in scikit-learn
    if "Monoton" not in name and "NMF" not in name and "Classifier" not in name and not name.startswith("LDA"):
        yield "zeros", {first: csr_matrix((30, columns)), **others}
    if "authors" in others:
        yield "no authors", {first: X}
        yield "too few authors", {first: X, "authors": others["authors"][:-3]}
    if has_fit_parameter(PLAIN[name].estimator, "sample_weight"):
        yield "weights", {first: X, **others, "sample_weight": np.full(X.shape[0], -1.0)}


def refused(model, method, arguments):
    try:
        call(model, method, arguments)
    except (ValueError, TypeError, AttributeError) as error:
        return error
    return None


@pytest.mark.parametrize("name", PLAIN)
def test_a_refused_call_changes_nothing(name):
    case = PLAIN[name]
    data, unfitted = case.data(0), case.new()
    model = call(case.new(), "fit", data)
    before, answers = fingerprint(model), case.readings(model, data)
    for width in WIDTHS:
        for reason, bad in refusals(name, width):
            assert refused(unfitted, "fit", bad) is not None, (
                f"{reason}, {width}: this must be refused, or it is no test"
            )
            for method in ("fit", "partial_fit", "fit_transform"):
                if hasattr(model, method):
                    error = refused(model, method, bad)  # a stream may have documents without words: nothing happens
                    if error is None:
                        assert (method, reason) in [("partial_fit", said) for said in ("zeros", "no edges", "no words")]
                        before = fingerprint(model)
                    assert fingerprint(model) == before, (reason, width, method)
            for method in case.readers:
                refused(model, method, bad)
                assert fingerprint(model) == before, (reason, width, method)
            assert same_result(case.readings(model, data), answers), (reason, width)
    for method in case.readers:
        with pytest.raises(NotFittedError):
            call(unfitted, method, data)


@pytest.mark.parametrize("name", [name for name, case in PLAIN.items() if case.streams and "Pipeline" not in name])
@pytest.mark.parametrize("width", WIDTHS[1:])
def test_partial_fit_of_another_width_is_refused(name, width):
    case = PLAIN[name]
    model = call(case.new(), "fit", case.data(0))
    assert refused(model, "fit", list(refusals(name, width))[-1][1]) is not None
    before, result = fingerprint(model), refused(model, "partial_fit", case.data(2, 30, 20 + width))
    if name == "HypergraphARTM" and width < 0:
        assert result is None  # fewer vertices are known ones
        return
    assert isinstance(result, ValueError)
    assert fingerprint(model) == before
    call(model, "partial_fit", case.data(2))
    assert fingerprint(model) != before


@pytest.mark.parametrize("name", PLAIN)
def test_a_refused_set_params_changes_nothing(name):
    model = PLAIN[name].new()
    before = model.get_params()
    first = next(iter(model.get_params(deep=False)))
    with pytest.raises(ValueError, match="no_such_parameter"):
        model.set_params(**{first: 17, "no_such_parameter": 3})
    assert same_result(list(map(repr, before.values())), list(map(repr, model.get_params().values())))


@pytest.mark.parametrize("name", PLAIN)
def test_a_refit_does_not_depend_on_the_fit_before(name):
    case = PLAIN[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fresh = call(case.new(), "fit", case.data(0))
        model = call(case.new(), "fit", case.data(3))
        call(model, "fit", case.data(0))
    for method in case.readers:
        assert same_result(call(model, method, case.data(0)), call(fresh, method, case.data(0))), method
