"""Numbers at the ends of a type: finite results, or an error that says which row."""

import copy

import numpy as np
import pytest

from skartm import LDA, PLSA
from tests.reliability.entries import COUNTS, ESTIMATORS, GROUPS, fitted

SCALES = (5e-324, 1e-310, 1e-200, 1e-160, 1e-100, 1e-45, 1e-38, 1e-25, 1e18, 1e30, 1e100, 1e150, 1e307)
NAMES = [
    name
    for name, estimator in ESTIMATORS.items()
    if estimator.kind == "counts" and name not in ("TopicNumberSearch", "TauPath", "TopicPipeline", "HierarchicalARTM")
]
WHERE = ("all", "row", "column", "cell")


def scaled(scale, where):
    X = COUNTS.copy()
    if where == "cell":
        X[4, 0] = scale
    else:
        X[{"all": ..., "row": 4, "column": (slice(None), 2)}[where]] *= scale
    return X


def is_finite(value):
    if isinstance(value, dict):
        return all(map(is_finite, value.values()))
    if isinstance(value, (list, tuple)):
        return all(map(is_finite, value))
    array = np.asarray(value)
    return array.dtype.kind not in "fc" or bool(np.isfinite(array).all())


def results(name, method, X, dtype):
    """What a method leaves behind, and what the model then says about usual documents."""
    estimator = ESTIMATORS[name]
    if method == "transform":
        model = copy.deepcopy(fitted(name))
        return [model.transform(X)]
    model, data = estimator.make().set_params(dtype=dtype), dict(estimator.data)
    if method == "online":
        model.set_params(learning_method="online", batch_size=5)
        data |= {"groups": GROUPS} if name == "SentenceTopicModel" else {}
    if method == "partial_fit":
        data = estimator.others.get("partial_fit", data)
        model.partial_fit(X, **data).partial_fit(X, **data)
    else:
        model.fit(X, **data)
    return [{key: value for key, value in vars(model).items() if key.endswith("_")}, model.transform(COUNTS)]


def outcome(call):
    """The result and no refusal, or no result and the words of a ValueError."""
    try:
        with np.errstate(all="ignore"):
            return call(), ""
    except ValueError as error:
        return None, str(error)


def methods(name):
    model = ESTIMATORS[name].make()
    return ["fit", "transform", *(["partial_fit"] if hasattr(model, "partial_fit") else []),
            *(["online"] if "learning_method" in model.get_params() else [])]  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_results_are_finite_or_the_row_is_named(name, dtype):
    tried = 0
    for method in methods(name):
        for number, scale in enumerate(SCALES):
            where = WHERE[(number + len(method)) % len(WHERE)] if method != "fit" else "row"
            for place in {where, "all"}:
                tried += 1
                found, refusal = outcome(lambda m=method, s=scale, p=place: results(name, m, scaled(s, p), dtype))
                # scikit-learn's words on what a conversion to float32 makes infinite; and X of zeros after it
                told = any(word in refusal for word in ("row", "too large for dtype", "not zeros"))
                assert told or is_finite(found), f"{method} of {place} times {scale:g}: {refusal or found}"
                assert told or not refusal, f"{method} of {place} times {scale:g}: {refusal}"
    assert tried > 2 * len(SCALES)


@pytest.mark.filterwarnings("ignore")  # with such weights topics die, and say so
@pytest.mark.parametrize("model", [PLSA, LDA], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("scale", [1e-310, 1e-200, 1e-30, 1e18, 1e30, 1e300])
def test_weights_are_as_counts(model, scale):
    weights = np.ones(len(COUNTS))
    weights[4] = scale
    if model is LDA:
        fitted_model = LDA(2, max_iter=2, random_state=0).fit(COUNTS)
        found, refusal = outcome(lambda: fitted_model.score(COUNTS, sample_weight=weights))
    else:
        unfitted = PLSA(2, max_iter=2, tol=0, random_state=0)
        found, refusal = outcome(lambda: unfitted.fit(COUNTS, sample_weight=weights).components_)
    assert "row 4" in refusal or (not refusal and is_finite(found))
