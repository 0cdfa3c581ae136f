"""FunctionRegularizer: what the function sees, whose gradient it is, and what is wrong."""

import importlib.util
import pickle
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from skartm import ARTMTransformer
from skartm.em import Documents, Layout, Modality
from skartm.regularizers import FunctionRegularizer, SmoothSparseTheta, bind_all, check_regularizer
from skartm.regularizers.functions import _autodiff as autodiff
from tests.em.corpora import corpus
from tests.regularizers import entropies as functions

LAYOUT = Layout(("a", "b", "c"), 6, (Modality("m", np.array([1, 3, 4])), Modality("o", np.array([0, 2, 5]))))
PHI = np.random.default_rng(0).dirichlet(np.ones(6), size=3).T.copy()


def library(name):
    """A parameter that skips where the library is not installed."""
    missing = importlib.util.find_spec(name) is None
    return pytest.param(name, marks=pytest.mark.skipif(missing, reason=f"needs {name}: pip install {name}"))


each_library = pytest.mark.parametrize("name", [library(name) for name in autodiff.LIBRARIES])


def test_function_sees_the_chosen_cells_only():
    seen = []

    def value(phi, n_wt):
        seen.append((phi.copy(), n_wt.copy()))
        return phi.sum()

    def gradient(phi, n_wt):
        phi[...] = 0  # what is given is a copy
        return np.ones(phi.shape)

    regularizer = FunctionRegularizer(value, gradient=gradient, counters=True, modality="m", topics=["c", "a"])
    term, phi, n_wt = regularizer.bind(LAYOUT), PHI.astype(np.float32), 3 * PHI
    assert term.value(phi, n_wt) == pytest.approx(phi[np.ix_([1, 3, 4], [0, 2])].sum())
    assert_array_equal(seen[0][0], phi[np.ix_([1, 3, 4], [0, 2])])
    assert_array_equal(seen[0][1], n_wt[np.ix_([1, 3, 4], [0, 2])])
    assert seen[0][0].dtype == np.float64
    out = np.zeros_like(phi)
    term.add_term(phi, n_wt, out)
    expected = np.zeros_like(phi)
    expected[np.ix_([1, 3, 4], [0, 2])] = phi[np.ix_([1, 3, 4], [0, 2])]
    assert_array_equal(out, expected)


@each_library
@pytest.mark.parametrize(
    "parameters", [{}, {"topics": [1, 3], "modality": "tags"}, {"side": "theta", "topics": [0, 2]}]
)
def test_automatic_gradients(name, parameters):
    check_regularizer(FunctionRegularizer(functions.squares, autodiff=name, **parameters))


@each_library
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_automatic_gradient_is_that_by_hand(name, dtype):
    phi, n_wt = PHI.astype(dtype), (5 * PHI).astype(dtype)
    term = FunctionRegularizer(functions.weighted_squares, counters=True, autodiff=name).bind(LAYOUT)
    out = np.zeros_like(phi)
    term.add_term(phi, n_wt, out)
    assert out.dtype == dtype
    assert_allclose(out, -n_wt * phi**2, rtol=1e-6)
    assert term.value(phi, n_wt) == pytest.approx(-0.5 * (n_wt * phi**2).sum(), rel=1e-6)


@each_library
def test_automatic_gradient_of_a_constant_and_at_zeros(name):
    phi = PHI.copy()
    phi[2] = 0
    for function, expected in ((functions.constant, 0 * phi), (functions.root, 0.5 * phi**0.5)):
        out = np.zeros_like(phi)
        FunctionRegularizer(function, autodiff=name).bind(LAYOUT).add_term(phi, phi, out)
        assert_allclose(out, expected)


@each_library
def test_model_with_automatic_gradient_can_be_cloned_and_pickled(name):
    X, parameters = corpus(0), {"max_iter": 4, "tol": 0, "n_jobs": 1, "random_state": 0, "dtype": "float64"}
    by_hand = FunctionRegularizer(functions.squares, 0.1, gradient=lambda phi: -phi, relative=0.0)
    by_library = FunctionRegularizer(functions.squares, 0.1, autodiff=name, relative=0.0)
    expected = ARTMTransformer(3, regularizers=[("f", by_hand)], **parameters).fit(X)
    model = ARTMTransformer(3, regularizers=[("f", by_library)], **parameters)
    for copy in (model, clone(model), pickle.loads(pickle.dumps(model.fit(X)))):
        assert_allclose(copy.fit(X).components_, expected.components_, atol=1e-12)
        assert copy.history_["f"] == pytest.approx(expected.history_["f"])


def test_torch_tensors_of_the_user_stay_alone():
    torch = pytest.importorskip("torch", reason="needs torch: pip install torch")
    weight = torch.ones(3, dtype=torch.float64, requires_grad=True)
    term = FunctionRegularizer(lambda phi: (phi * weight).sum(), autodiff="torch").bind(LAYOUT)
    with torch.no_grad():
        out = np.zeros_like(PHI)
        term.add_term(PHI, PHI, out)
    assert_allclose(out, PHI)
    assert weight.grad is None


def test_theta_is_weighted_by_documents():
    regularizer = FunctionRegularizer(functions.squares, gradient=lambda theta: -theta, side="theta", topics=[0, 2])
    term, theta = regularizer.bind(LAYOUT), PHI / PHI.sum(axis=1, keepdims=True)
    values = np.array([functions.squares(row[[0, 2]]) for row in theta])
    assert term.value(theta, Documents(0, np.ones(6))) == pytest.approx(values.sum())
    weights = np.arange(6.0)
    assert term.value(theta, Documents(0, np.ones(6), weights)) == pytest.approx(weights @ values)


def test_theta_by_a_function_is_theta_by_its_class():
    X, parameters = (
        corpus(0),
        {"max_iter": 5, "tol": 0, "doc_tol": 0, "n_jobs": 1, "random_state": 0, "dtype": "float64"},
    )
    logs = FunctionRegularizer(
        lambda theta: np.log(theta).sum(), 0.3, gradient=lambda theta: 1 / theta, side="theta", topics=[0, 2]
    )
    models = [
        ARTMTransformer(3, regularizers=[("r", regularizer)], **parameters).fit(X)
        for regularizer in (logs, SmoothSparseTheta(0.3, topics=[0, 2]))
    ]
    assert_allclose(models[0].components_, models[1].components_, atol=1e-10)
    assert_allclose(models[0].transform(X), models[1].transform(X), atol=1e-10)


def test_tau_zero_does_not_differentiate():
    def never(phi):
        raise AssertionError

    X = corpus(0)
    model = ARTMTransformer(
        3, regularizers=[("f", FunctionRegularizer(functions.squares, 0.0, gradient=never))], max_iter=2, tol=0
    )
    assert len(model.fit(X).history_["f"]) == 2


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"value": None}, TypeError, "'value' parameter of FunctionRegularizer must be a function. Got None"),
        ({"gradient": 1}, TypeError, "'gradient' parameter of FunctionRegularizer must be a function. Got 1"),
        ({"side": "psi"}, ValueError, "'side' parameter of FunctionRegularizer must be 'phi' or 'theta'. Got 'psi'"),
        ({"side": "theta", "relative": 0.0}, ValueError, "relative is of side='phi' only. Got relative=0.0"),
        ({"side": "theta", "modality": "m"}, ValueError, "modality is of side='phi' only"),
        ({"side": "theta", "counters": True}, ValueError, "counters is of side='phi' only"),
        ({"gradient": None, "autodiff": "numpy"}, ValueError, r"'autodiff' parameter .* must be None or one of"),
    ],
)
def test_what_is_wrong_is_an_error(parameters, error, message):
    regularizer = FunctionRegularizer(**{"value": functions.squares, "gradient": np.negative, **parameters})
    with pytest.raises(error, match=message):
        bind_all([("f", regularizer)], LAYOUT) if parameters.get("side") != "psi" else regularizer.bind(LAYOUT)


@pytest.mark.parametrize(
    ("gradient", "message"),
    [
        (lambda phi: phi[0], r"gradient must have the shape of its argument, \(6, 3\). Got \(3,\)"),
        (
            lambda phi: np.full(phi.shape, np.nan),
            "gradient must be finite where its argument is positive. Got nan at row 0",
        ),
    ],
)
def test_wrong_gradients(gradient, message):
    term = FunctionRegularizer(functions.squares, gradient=gradient).bind(LAYOUT)
    with pytest.raises(ValueError, match=message):
        term.add_term(PHI, PHI, np.zeros_like(PHI))


@pytest.mark.parametrize(("name", "wanted"), [(None, "one of torch, jax and autograd"), ("torch", "torch")])
def test_without_a_library_the_error_says_what_to_install(name, wanted, monkeypatch):
    monkeypatch.setattr(autodiff, "find_spec", lambda library: None)
    with pytest.raises(ImportError, match=rf"needs {wanted}, which is not installed. .* `pip install "):
        FunctionRegularizer(functions.squares, autodiff=name).bind(LAYOUT)


def test_the_first_library_that_is_installed_is_taken(monkeypatch):
    monkeypatch.setattr(autodiff, "find_spec", lambda library: object() if library in ("jax", "autograd") else None)
    assert autodiff.library_of_choice(None, "x") == "jax"
    assert autodiff.library_of_choice("autograd", "x") == "autograd"


def test_no_library_is_imported_before_it_is_needed():
    code = (
        "import sys; from skartm.regularizers import FunctionRegularizer; from skartm.em import Layout;"
        "FunctionRegularizer(sum, gradient=sum).bind(Layout(('a',), 2));"  # any functions, they are not called
        "print(sorted({'torch', 'jax', 'autograd'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout == "[]\n"
