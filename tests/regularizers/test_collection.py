import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline

from skartm import ARTMTransformer
from skartm.regularizers import (
    Decorrelation,
    SmoothSparsePhi,
    SmoothSparseTheta,
    bind_all,
    check_regularizers,
    make_regularizers,
)
from tests.em.corpora import corpus


def model(regularizers=None, **parameters):
    regularizers = [("d", Decorrelation(0.1)), ("s", SmoothSparsePhi(-0.1))] if regularizers is None else regularizers
    return ARTMTransformer(
        3, regularizers=regularizers, **{"max_iter": 3, "tol": 0, "n_jobs": 1, "random_state": 0, **parameters}
    )


def test_get_params():
    artm = model()
    params = artm.get_params()
    assert params["d"] is artm.regularizers[0][1]
    assert params["d__tau"] == 0.1
    assert params["s__topics"] is None
    assert params["n_components"] == 3
    shallow = artm.get_params(deep=False)
    assert "d" not in shallow
    assert shallow["regularizers"] is artm.regularizers


def test_set_params():
    artm = model()
    assert artm.set_params(d__tau=5.0, n_components=4) is artm
    assert artm.regularizers[0][1].tau == 5.0
    assert artm.n_components == 4
    artm.set_params(d=SmoothSparseTheta(2.0), s=None)
    assert [(name, type(item).__name__) for name, item in artm.regularizers] == [
        ("d", "SmoothSparseTheta"),
        ("s", "NoneType"),
    ]
    artm.set_params(d=Decorrelation(), d__tau=7.0)
    assert artm.regularizers[0][1].tau == 7.0
    artm.set_params(regularizers=[("new", Decorrelation())], new__tau=3.0)
    assert artm.get_params()["new__tau"] == 3.0


def test_set_params_does_not_change_the_list_of_the_caller():
    pairs = [("d", Decorrelation(0.1))]
    model(pairs).set_params(d=None)
    assert isinstance(pairs[0][1], Decorrelation)


@pytest.mark.parametrize("name", ["unknown", "unknown__tau", "d__unknown"])
def test_set_params_of_unknown_names(name):
    with pytest.raises(ValueError, match="Invalid parameter"):
        model().set_params(**{name: 1})


@pytest.mark.parametrize("regularizers", [None, 5, "abc", [1], [("a",)], [(1, Decorrelation())], object()])
def test_get_params_never_raises(regularizers):
    artm = ARTMTransformer(regularizers=regularizers)
    assert artm.get_params()["regularizers"] is regularizers
    assert "ARTMTransformer" in repr(artm)
    clone(artm, safe=False)


def test_clone_copies_regularizers():
    artm = model()
    copy = clone(artm)
    assert copy.regularizers[0][1] is not artm.regularizers[0][1]
    copy.set_params(d__tau=9.0)
    assert artm.regularizers[0][1].tau == 0.1


def test_pickle_and_repr():
    artm = model()
    copy = pickle.loads(pickle.dumps(artm))
    assert repr(copy) == repr(artm)
    assert "Decorrelation(tau=0.1)" in repr(artm)


def test_drop_and_none_are_left_out():
    X = corpus(0)
    expected = model([("s", SmoothSparsePhi(-0.1))]).fit(X)
    for nothing in (None, "drop"):
        artm = model([("d", nothing), ("s", SmoothSparsePhi(-0.1))]).fit(X)
        assert_array_equal(artm.components_, expected.components_)
        assert "d" not in artm.history_
    assert_array_equal(model([("d", None)]).fit(X).components_, model([]).fit(X).components_)


def test_order_and_names_do_not_matter():
    X = corpus(0)
    pairs = [("d", Decorrelation(3.0)), ("t", SmoothSparseTheta(0.3)), ("s", SmoothSparsePhi(-0.1))]
    renamed = [(f"x{name}", item) for name, item in reversed(pairs)]
    expected, actual = model(pairs, dtype="float64").fit(X), model(renamed, dtype="float64").fit(X)
    np.testing.assert_allclose(actual.components_, expected.components_, rtol=1e-12)
    assert expected.history_["d"] == pytest.approx(actual.history_["xd"])


@pytest.mark.filterwarnings("ignore::skartm.exceptions.WeakRegularizerWarning")
def test_fit_does_not_change_parameters():
    artm = model()
    before = repr(artm.get_params())
    artm.fit(corpus(0))
    assert repr(artm.get_params()) == before


@pytest.mark.slow
def test_grid_search_over_nested_tau():
    words = [
        "cat dog bird cat",
        "stock bank money bank",
        "dog cat fish",
        "money stock trade",
        "bird fish dog",
        "bank trade",
    ]
    pipe = make_pipeline(
        CountVectorizer(),
        ARTMTransformer(
            2, regularizers=[("d", Decorrelation()), ("s", SmoothSparsePhi(0.1))], max_iter=5, tol=0, random_state=0
        ),
        LogisticRegression(),
    )
    grid = {"artmtransformer__d__tau": [0.0, 0.02], "artmtransformer__s": [None, SmoothSparsePhi(0.3)]}
    search = GridSearchCV(pipe, grid, cv=2).fit(words * 4, [0, 1] * 12)
    assert len(search.cv_results_["params"]) == 4
    assert search.best_estimator_.named_steps["artmtransformer"].regularizers[0][1].tau in (0.0, 0.02)


def test_search_by_the_score_of_the_model():
    pipe = Pipeline([("artm", model())])
    search = GridSearchCV(pipe, {"artm__d__tau": [0.0, 1.0], "artm__n_components": [2, 3]}, cv=2).fit(corpus(0))
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_score_ < 0


@pytest.mark.parametrize(
    ("regularizers", "error", "message"),
    [
        (
            None,
            TypeError,
            r"'regularizers' parameter of ARTMTransformer must be a list of \(name, regularizer\) pairs. Got None",
        ),
        (
            Decorrelation(),
            TypeError,
            r"must be a list .* Got Decorrelation\(\). make_regularizers\(...\) names them for you",
        ),
        ([Decorrelation()], TypeError, "must be a list of"),
        ([("d", Decorrelation(), 1)], TypeError, "must be a list of"),
        ([(1, Decorrelation())], TypeError, "must be a list of"),
        ({"d": Decorrelation()}, TypeError, "must be a list of"),
        ("abc", TypeError, "must be a list of"),
        (
            [("d", Decorrelation()), ("d", SmoothSparsePhi())],
            ValueError,
            "regularizer name 'd' is used 2 times; names must be",
        ),
        ([("tol", Decorrelation())], ValueError, "regularizer name 'tol' is a parameter of the estimator"),
        ([("a__b", Decorrelation())], ValueError, "regularizer name 'a__b' must not be empty or contain '__'"),
        ([("", Decorrelation())], ValueError, "regularizer name '' must not be empty"),
        ([("d", Decorrelation)], TypeError, "'d' must be a Regularizer, None or 'drop'. Got <class"),
        ([("d", "droop")], TypeError, "'d' must be a Regularizer, None or 'drop'. Got 'droop'"),
        ([("d", 0.5)], TypeError, "'d' must be a Regularizer, None or 'drop'. Got 0.5"),
        ([("d", LogisticRegression())], TypeError, "'d' must be a Regularizer"),
    ],
)
def test_wrong_regularizers(regularizers, error, message):
    artm = ARTMTransformer(3, regularizers=regularizers)
    with pytest.raises(error, match=message):
        artm.fit(corpus(0))
    with pytest.raises(error, match=message):
        artm.partial_fit(corpus(0))


@pytest.mark.parametrize("reserved", ["log_likelihood", "perplexity", "objective", "seconds", "validation_perplexity"])
def test_names_of_the_history_are_taken(reserved):
    with pytest.raises(ValueError, match=f"regularizer name '{reserved}' is"):
        model([(reserved, Decorrelation())]).fit(corpus(0))


def test_side_must_be_known():
    class Sideways(Decorrelation):
        side = "psi"

    with pytest.raises(ValueError, match="Sideways: side must be 'phi', 'theta' or 'posterior'. Got 'psi'"):
        model([("d", Sideways())]).fit(corpus(0))


def test_bind_all_keeps_sides_apart():
    from skartm.em import Layout

    layout = Layout(("a", "b"), 3)
    pairs = [("t", SmoothSparseTheta()), ("d", Decorrelation(2.0, relative=0.5)), ("s", SmoothSparsePhi())]
    phi, theta, posterior = bind_all(pairs, layout)
    assert posterior == []
    assert [bound.name for bound in phi] == ["d", "s"]
    assert [bound.name for bound in theta] == ["t"]
    assert (phi[0].strength.tau, phi[0].strength.relative) == (2.0, 0.5)


def test_check_regularizers_returns_the_active():
    pairs = [("a", None), ("b", Decorrelation()), ("c", "drop")]
    assert check_regularizers(ARTMTransformer(regularizers=pairs)) == [pairs[1]]
    assert check_regularizers(ARTMTransformer()) == []


def test_make_regularizers():
    first, second = Decorrelation(1.0), Decorrelation(2.0)
    assert make_regularizers() == []
    assert make_regularizers(first) == [("decorrelation", first)]
    assert make_regularizers(first, SmoothSparsePhi(), second)[::2] == [
        ("decorrelation-1", first),
        ("decorrelation-2", second),
    ]
    artm = model(make_regularizers(first, second)).set_params(**{"decorrelation-2__tau": 0.5})
    assert second.tau == 0.5
    artm.fit(corpus(0))
