"""Updates part by part, partial_fit, callbacks and interruptions."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone

from skartm import SimplexNMF
from skartm.base import _fitting
from skartm.nmf import _simplex_nmf
from skartm.nmf.solvers import _kullback_leibler, _least_squares, _observed, _volume
from skartm.nmf.solvers._kullback_leibler import KullbackLeibler, affordable_parts
from skartm.regularizers import SmoothSparsePhi
from tests.oracle import nmf as oracle

KL, LS = "kullback-leibler", "frobenius"
LOSSES = pytest.mark.parametrize("beta_loss", [KL, LS])
quiet = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def problem(seed, shape=(12, 9), k=3):
    rng = np.random.default_rng(seed)
    X = rng.poisson(2.0, shape).astype(np.float64) + (rng.random(shape) < 0.05)
    X[:, 0] += 1
    return X, rng.random((k, shape[1])) + 0.1


def parts_solver(X, H, n_parts, n_passes=3):
    A = sparse.csr_array(X)
    return KullbackLeibler(A, H, None, sample_weight=None, n_passes=n_passes, n_threads=1, n_parts=n_parts)


def test_parts_equal_loops(global_random_seed):
    X, H = problem(global_random_seed)
    solver = parts_solver(X, H, 3, n_passes=2)
    for _ in range(4):
        solver.update()
    parts = [range(4), range(4, 8), range(8, 12)]
    phi = H / H.sum(axis=1, keepdims=True)
    theta, phi, energies = oracle.incremental(X, np.full((12, 3), 1 / 3), phi, parts, 2, 4)
    assert_allclose(solver.H, phi, rtol=1e-8)
    assert_allclose(solver.theta_dt[:, :3], theta, rtol=1e-8)
    assert np.diff(energies).max() <= 1e-10 * abs(energies[0])
    # the divergence of the next update is below the bound that the free energy is
    constant = float((X * np.log(np.where(X > 0, X / X.sum(axis=1, keepdims=True), 1))).sum())
    assert solver.loss() <= constant + energies[-1] + 1e-9


def test_after_the_parts_the_divergence_never_increases(global_random_seed):
    X, H = problem(global_random_seed, (60, 20), 4)
    solver = parts_solver(X, H, 5)
    values = [solver.update() for _ in range(100)]
    assert not solver.in_parts
    later = values[_kullback_leibler.PART_ITERATIONS :]
    assert np.diff(later).max() <= 1e-10 * later[0]
    assert later[0] < values[0]


def test_parts_need_rows_and_memory():
    X = sparse.random_array((5000, 50), density=0.2, format="csr", rng=0)
    assert affordable_parts(X, 5) == 8
    assert affordable_parts(X[:200], 5) == 1
    assert affordable_parts(sparse.random_array((2000, 50000), density=1e-3, format="csr", rng=0), 20) == 1


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@quiet
def test_fits_with_parts(dtype, global_random_seed):
    X = np.random.default_rng(global_random_seed).poisson(0.7, (1100, 30)).astype(dtype)
    X[:600, :10], X[600:, 20:] = 0, 0  # the order of rows is not random
    model = SimplexNMF(4, init="random", max_iter=60, tol=0, random_state=global_random_seed)
    errors = [clone(model).set_params(n_jobs=n).fit(X).reconstruction_err_ for n in (1, 3)]
    assert errors[0] == errors[1]
    plain = clone(model).set_params(inner_iter=1).fit(X).reconstruction_err_
    assert errors[0] <= 1.02 * plain
    few = clone(model).set_params(max_iter=3).fit(X)
    assert np.isfinite(few.components_).all()
    assert few.n_iter_ == 3


def planted(seed, n_rows, k=3, n_columns=12):
    rng = np.random.default_rng(seed)
    H = np.repeat(np.eye(k), n_columns // k, axis=1) * rng.uniform(0.5, 1.5, n_columns)
    H /= H.sum(axis=1, keepdims=True)
    return rng.gamma(0.5, size=(n_rows, k)) @ H, H


@LOSSES
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_batches_find_the_planted_factors(beta_loss, form, global_random_seed):
    X, H = planted(global_random_seed, 1000)
    model = SimplexNMF(3, beta_loss=beta_loss, init=H + 0.03, tol=1e-6, max_iter=500, random_state=0)
    for _ in range(5):
        for start in range(0, 1000, 100):
            model.partial_fit(form(X[start : start + 100]))
    assert model.n_iter_ == 50
    assert_allclose(model.components_, H, atol=0.01)
    assert_allclose(model.inverse_transform(model.transform(X)), X, atol=0.1)


@LOSSES
def test_partial_fit_goes_on_and_fit_begins_anew(beta_loss, global_random_seed):
    X, H = problem(global_random_seed, (60, 20), 4)
    model = SimplexNMF(4, beta_loss=beta_loss, init=H, max_iter=100, tol=1e-4, random_state=0)
    errors = []
    for _ in range(30):
        errors.append(model.partial_fit(X).reconstruction_err_)
    assert errors[-1] < errors[0]
    assert model.n_iter_ == 30
    first = model.components_
    weighted = clone(model).partial_fit(X, sample_weight=np.full(60, 2.0))
    assert_allclose(weighted.components_, clone(model).partial_fit(X).components_, rtol=1e-6, atol=1e-9)
    fitted = clone(model).set_params(tol=0, max_iter=5).fit(X).components_
    assert_array_equal(model.set_params(tol=0, max_iter=5).fit(X).components_, fitted)
    assert not np.array_equal(first, fitted)
    model.partial_fit(X)
    assert model.n_iter_ == 1


def test_forgotten_batches_do_not_count(global_random_seed):
    X, H = planted(global_random_seed, 300)
    other = X[:, ::-1].copy()
    apart = []
    for forget in (0.2, 1.0):
        model = SimplexNMF(3, beta_loss=LS, init=H + 0.03, forget_factor=forget, max_iter=200)
        for _ in range(10):
            model.partial_fit(other)
        model.partial_fit(X)
        apart.append(np.linalg.norm(model.inverse_transform(model.transform(X)) - X))
    assert apart[0] <= apart[1]


@pytest.mark.parametrize("parameters", [{"simplex": "both"}, {"simplex": "W"}, {"simplex": None, "alpha_W": 0.1}])
def test_partial_fit_says_what_it_does_not_do(parameters):
    model = SimplexNMF(3, **parameters)
    assert not hasattr(model, "partial_fit")
    with pytest.raises(AttributeError, match="partial_fit") as error:
        model.partial_fit(problem(0)[0])
    assert "needs simplex='H' or None" in str(error.value.__cause__)


def test_partial_fit_without_missing_entries():
    X = problem(0)[0]
    X[2, 3] = np.nan
    with pytest.raises(ValueError, match="does not take missing entries"):
        SimplexNMF(3).partial_fit(X)
    with pytest.raises(ValueError, match="'forget_factor'"):
        SimplexNMF(3, forget_factor=0.0).partial_fit(problem(0)[0])


@LOSSES
def test_a_first_batch_of_zeros(beta_loss, global_random_seed):
    X, H = problem(global_random_seed)
    zeros = np.zeros((5, 9))
    for init in (None, "random"):
        with pytest.raises(ValueError, match="needs a first batch that is not zeros"):
            SimplexNMF(3, beta_loss=beta_loss, init=init).partial_fit(zeros)
    model = SimplexNMF(3, beta_loss=beta_loss, init=H, simplex=None)
    expected = clone(model).partial_fit(X).components_
    assert_allclose(model.partial_fit(zeros).partial_fit(X).components_, expected)


def test_partial_fit_does_not_take_w():
    X, H = problem(0)
    pair = (np.ones((12, 3)), H)
    with pytest.raises(ValueError, match="init must be H or a name for partial_fit"):
        SimplexNMF(3, init=pair).partial_fit(X)
    model = SimplexNMF(3, init=pair, max_iter=2, tol=0).fit(X)
    assert model.partial_fit(X).n_iter_ == 1  # it goes on from the H of the fit


def test_another_loss_has_other_statistics(global_random_seed):
    X, H = problem(global_random_seed)
    model = SimplexNMF(3, init=H).partial_fit(X).set_params(beta_loss=LS).partial_fit(X)
    assert model.n_iter_ == 1
    assert np.isfinite(model.components_).all()


class Stop:
    """A callback that stops, or is interrupted, after some iterations."""

    def __init__(self, after, error=None):
        self.after, self.error, self.seen, self.components = after, error, 0, []

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context, **_):
        pass

    def on_fit_task_end(self, estimator, context, **_):
        if context.task_name != "em-iteration":
            return False
        self.seen += 1
        self.components.append(estimator.components_.copy())
        if self.seen == self.after and self.error is not None:
            raise self.error
        return self.seen == self.after


@LOSSES
@pytest.mark.parametrize("missing", [False, True])
def test_callbacks_see_iterations_and_stop(beta_loss, missing, global_random_seed):
    X, H = problem(global_random_seed, (30, 20), 4)
    if missing:
        X[3, 4] = np.nan
    model = SimplexNMF(4, beta_loss=beta_loss, init=H, max_iter=50, tol=0)
    expected = clone(model).set_params(max_iter=4).fit(X)
    callback = Stop(after=4)
    model.set_callbacks(callback).fit(X)
    assert model.n_iter_ == callback.seen == 4
    assert_array_equal(model.components_, expected.components_)
    assert_array_equal(callback.components[-1], expected.components_)


@LOSSES
@pytest.mark.parametrize("missing", [False, True])
def test_an_interrupted_fit_keeps_the_last_iteration(beta_loss, missing, monkeypatch, global_random_seed):
    X, H = problem(global_random_seed, (30, 20), 4)
    if missing:
        X[3, 4] = np.nan
    model = SimplexNMF(4, beta_loss=beta_loss, init=H, max_iter=50, tol=0)
    expected = clone(model).set_params(max_iter=3).fit(X)
    begin, count = _fitting.FitTask.begin_iteration, iter(range(100))

    def interrupted(task):
        if next(count) == 3:
            raise KeyboardInterrupt
        begin(task)

    monkeypatch.setattr(_fitting.FitTask, "begin_iteration", interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X)
    assert model.n_iter_ == 3
    assert_array_equal(model.components_, expected.components_)
    assert model.transform(X).shape == (30, 4)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "options",
    [
        {"beta_loss": KL},
        {"beta_loss": LS},
        {"beta_loss": KL, "simplex": "both"},
        {"beta_loss": LS, "simplex": "both"},
        {"beta_loss": LS, "simplex": "W"},
        {"beta_loss": KL, "simplex": None, "alpha_W": 0.01, "alpha_H": 0.02},
        {"beta_loss": LS, "simplex": None, "alpha_W": 0.01, "alpha_H": 0.02},
        {"beta_loss": LS, "volume_weight": 0.1},
        {"beta_loss": LS, "volume_weight": 1e-4, "simplex": "both"},
        {"beta_loss": KL, "regularizers": [("sparse", SmoothSparsePhi(-0.01))]},
        {"beta_loss": KL, "regularizers": [("sparse", SmoothSparsePhi(-0.01))], "simplex": "both"},
    ],
)
@quiet
def test_an_interruption_is_written_without_the_data(options, weighted, monkeypatch, global_random_seed):
    """Loss and scale are those on the way of the last iteration: what another look at the data gives is near."""
    X, H = problem(global_random_seed, (30, 20), 4)
    weights = np.arange(30) % 3 if weighted else None
    model = SimplexNMF(4, init=H, max_iter=12, tol=0, **options)
    before, after = (clone(model).set_params(max_iter=n).fit(X, sample_weight=weights) for n in (11, 12))
    begin, count = _fitting.FitTask.begin_iteration, iter(range(100))

    def interrupted(task):
        if next(count) == 12:
            raise KeyboardInterrupt
        begin(task)

    model.set_params(max_iter=50)
    monkeypatch.setattr(_fitting.FitTask, "begin_iteration", interrupted)
    forbidden = [(_simplex_nmf, "solve_rows"), (_least_squares, "half_squares"), (_observed.Observed, "half_squares")]
    for place, name in [*forbidden, (_volume, "half_squares"), (_kullback_leibler.KullbackLeibler, "loss")]:
        monkeypatch.setattr(place, name, None)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, sample_weight=weights)
    assert model.n_iter_ == 12
    assert_allclose(model.components_, after.components_, rtol=0.05, atol=1e-3 * after.components_.max())
    assert_allclose(model.scale_, after.scale_, rtol=0.05)
    least, most = sorted([before.reconstruction_err_, after.reconstruction_err_])
    assert least * (1 - 1e-5) <= model.reconstruction_err_ <= most * (1 + 1e-5)


def test_an_interruption_between_parts_keeps_the_last_iteration(monkeypatch, global_random_seed):
    X, H = problem(global_random_seed, (1100, 9))
    model = SimplexNMF(3, init=H, max_iter=50, tol=0)
    expected = clone(model).set_params(max_iter=3).fit(X)
    e_step, count = _kullback_leibler.EM.e_step, iter(range(100))
    n_parts = affordable_parts(sparse.csr_array(X), 3)
    assert n_parts > 1

    def interrupted(*args, **options):
        if next(count) == 3 * n_parts + 2:
            raise KeyboardInterrupt
        return e_step(*args, **options)

    monkeypatch.setattr(_kullback_leibler.EM, "e_step", interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X)
    assert model.n_iter_ == 3
    assert_array_equal(model.components_, expected.components_)
