"""Looking on, stopping, and interrupting a fit."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.callback import FitCallback, ProgressBar, ScoringMonitor
from sklearn.pipeline import make_pipeline

from tests.topics.models import MODELS, corpus, model

every_model = pytest.mark.parametrize("name", MODELS)


class Recorder:
    """Keep what the tasks are and what the model was after every iteration."""

    def __init__(self):
        self.calls, self.components, self.tasks = [], [], []

    def setup(self, estimator, context):
        self.calls.append("setup")

    def teardown(self, estimator, context):
        self.calls.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.calls.append("begin")

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        self.calls.append("end")
        self.tasks.append(context.task_name)
        if fitted_estimator is not None:
            self.components.append(fitted_estimator.components_.copy())
            assert fitted_estimator.transform(corpus(0)[:2]).shape == (2, 4)


class Stop(Recorder):
    """Ask to stop, or raise, at the end of an iteration."""

    def __init__(self, after, error=None):
        super().__init__()
        self.after, self.error, self.n_ends = after, error, 0

    def on_fit_task_end(self, estimator, context):
        self.n_ends += 1
        if self.n_ends == self.after and self.error is not None:
            raise self.error
        return self.n_ends == self.after


@pytest.fixture(scope="module")
def X():
    return corpus(0)


@every_model
def test_every_iteration_is_seen(name, X):
    recorder = Recorder()
    assert isinstance(recorder, FitCallback)
    fitted = model(name).set_callbacks(recorder).fit(X)
    n_iter = fitted.n_iter_
    assert recorder.calls == ["setup", "begin", *["begin", "end"] * n_iter, "end", "teardown"]
    assert len(recorder.components) >= n_iter
    for i in range(1, n_iter + 1):
        expected = model(name, max_iter=i).fit(X).components_
        np.testing.assert_allclose(recorder.components[i - 1], expected, rtol=1e-4, atol=1e-6)


@every_model
def test_onlookers_change_nothing(name, X):
    observed = model(name).set_callbacks(Recorder()).fit(X)
    plain = model(name).fit(X)
    assert_array_equal(observed.components_, plain.components_)
    assert_array_equal(observed.transform(X), plain.transform(X))


@every_model
def test_stopping_early(name, X):
    stopped = model(name, max_iter=50).set_callbacks(Stop(after=2)).fit(X)
    assert stopped.n_iter_ == 2
    assert len(stopped.history_["perplexity"]) == 2
    expected = model(name, max_iter=2).fit(X)
    np.testing.assert_allclose(stopped.components_, expected.components_, rtol=1e-4, atol=1e-6)


def test_stopping_early_is_not_a_failure_to_converge(X):
    stopped = model(max_iter=50, tol=1e-12).set_callbacks(Stop(after=2)).fit(X)
    assert stopped.n_iter_ == 2  # and a warning would be an error


@every_model
def test_interruption_leaves_the_last_whole_iteration(name, X):
    interrupted = model(name, max_iter=50).set_callbacks(Stop(after=3, error=KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        interrupted.fit(X)
    assert interrupted.n_iter_ == 3
    assert len(interrupted.history_["perplexity"]) == 3
    expected = model(name, max_iter=3).fit(X)
    np.testing.assert_allclose(interrupted.components_, expected.components_, rtol=1e-4, atol=1e-6)
    assert_array_equal(interrupted.transform(X), expected.transform(X))
    assert interrupted.score(X) == expected.score(X)


@pytest.mark.parametrize("name", MODELS)
def test_learning_goes_on_after_an_interruption(name, X):
    interrupted = model(name, max_iter=50).set_callbacks(Stop(after=3, error=KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        interrupted.fit(X)
    interrupted.set_callbacks().partial_fit(X)
    assert np.isfinite(interrupted.components_).all()
    assert interrupted.n_iter_ == 4
    if "warm_start" in interrupted.get_params():
        interrupted.set_params(warm_start=True, max_iter=2).fit(X)
        assert len(interrupted.history_["perplexity"]) == 6


class _Interrupt:
    """Raise KeyboardInterrupt in the middle of a pass, as a signal would between two batches."""

    def __init__(self, monkeypatch, after):
        from skartm.em import EM

        whole, self.n_calls = EM.e_step, 0

        def e_step(engine, *arguments, **parameters):
            self.n_calls += 1
            if self.n_calls > after:
                raise KeyboardInterrupt
            return whole(engine, *arguments, **parameters)

        monkeypatch.setattr(EM, "e_step", e_step)


@pytest.mark.filterwarnings("ignore::skartm.exceptions.WeakRegularizerWarning")
@pytest.mark.parametrize("name", ["plsa", "artm", "lda", "lda map"])
def test_interruption_within_a_pass_offline(name, X, monkeypatch):
    big = X[np.tile(np.arange(24), 1000)]  # three batches
    interrupted = model(name, max_iter=50)
    with monkeypatch.context() as patch:
        _Interrupt(patch, after=8)
        with pytest.raises(KeyboardInterrupt):
            interrupted.fit(big)
    assert interrupted.n_iter_ == 2
    expected = model(name, max_iter=2).fit(big)
    np.testing.assert_allclose(interrupted.components_, expected.components_, rtol=1e-5, atol=1e-7)
    interrupted.partial_fit(X)
    assert np.isfinite(interrupted.transform(X)).all()


@pytest.mark.parametrize("name", ["plsa online", "online", "lda online"])
def test_interruption_within_a_pass_online(name, X, monkeypatch):
    interrupted = model(name, max_iter=50)
    with monkeypatch.context() as patch:
        _Interrupt(patch, after=10)  # four batches a pass
        with pytest.raises(KeyboardInterrupt):
            interrupted.fit(X)
    assert interrupted.n_iter_ == 2
    expected = model(name, max_iter=2).fit(X)
    np.testing.assert_allclose(interrupted.components_, expected.components_, rtol=1e-5, atol=1e-7)
    interrupted.partial_fit(X)
    assert np.isfinite(interrupted.transform(X)).all()


def test_interruption_before_the_first_pass_ends_leaves_an_unfitted_model(X, monkeypatch):
    from sklearn.exceptions import NotFittedError

    interrupted = model("plsa")
    with monkeypatch.context() as patch:
        _Interrupt(patch, after=0)
        with pytest.raises(KeyboardInterrupt):
            interrupted.fit(X)
    with pytest.raises(NotFittedError):
        interrupted.transform(X)
    assert_array_equal(interrupted.fit(X).components_, model("plsa").fit(X).components_)


SCRIPT = """
import sys, time
import numpy as np
from scipy.sparse import random_array
from skartm import PLSA
X = random_array((6000, 3000), density=0.02, rng=0, format="csr", data_sampler=lambda size: np.ones(size))
model = PLSA(50, max_iter=100_000, tol=0, doc_tol=0, verbose=0, random_state=0)
print("begin", flush=True)
try:
    model.fit(X)
except KeyboardInterrupt:
    ended = time.time()
    theta = model.transform(X[:3])
    assert np.isfinite(theta).all() and theta.shape == (3, 50)
    assert model.n_iter_ == len(model.history_["perplexity"]), (model.n_iter_, len(model.history_["perplexity"]))
    np.testing.assert_allclose(model.components_.sum(axis=1), 1, rtol=1e-4)
    print("usable", model.n_iter_, ended, flush=True)
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="SIGINT is for terminals there")
def test_signal_ends_a_long_fit():
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout.readline() == "begin\n"
        time.sleep(4)
        sent = time.time()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert out.startswith("usable"), err
    _, n_iter, ended = out.split()
    assert int(n_iter) > 0
    assert float(ended) - sent < 3  # about one batch; the machine may be busy


def test_scoring_monitor(X):
    # it scores only what has a y, but it looks on
    monitor = ScoringMonitor(scoring=None)
    fitted = model().set_callbacks(monitor).fit(X)
    assert [entry["task_name"] for entry in monitor.get_logs().data] == ["em-iteration"] * fitted.n_iter_


def test_progress_bar(X, capsys):
    pytest.importorskip("rich")
    model().set_callbacks(ProgressBar()).fit(X)
    assert "ARTMTransformer" in capsys.readouterr().out


def test_progress_bar_of_a_pipeline(X, capsys):
    pytest.importorskip("rich")
    make_pipeline(model()).set_callbacks(ProgressBar()).fit(X)
    assert "Pipeline" in capsys.readouterr().out
