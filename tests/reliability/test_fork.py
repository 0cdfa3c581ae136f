"""A child of os.fork uses one thread, whatever its parent did before, and gives the same bits."""

import os
import pickle
import select
import signal
import time

import joblib
import numpy as np
import pytest

from skartm._kernels import in_forked_child, max_threads
from skartm.base import _threads
from skartm.base._threads import effective_n_processes, effective_n_threads, foreign_threads
from tests.reliability.estimators import CASES, call
from tests.reliability.states import digest, learned
from tests.reliability.test_determinism import answers, data_of, with_jobs

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork"),
    # Python warns of what is tested here
    pytest.mark.filterwarnings("ignore:This process:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]
PATIENCE = 120  # seconds; a child that hangs would hang for ever, and machines are busy


def in_child(function):
    """What ``function`` returns in a forked child; fails where the child hangs."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reading)
            with os.fdopen(writing, "wb") as pipe:
                try:
                    result = (True, function())
                except BaseException as error:
                    result = (False, repr(error))
                pickle.dump(result, pipe)
        finally:
            os._exit(0)
    os.close(writing)
    content, end = b"", time.monotonic() + PATIENCE
    try:
        while select.select([reading], [], [], max(end - time.monotonic(), 0))[0]:
            part = os.read(reading, 2**16)
            if not part:
                break
            content += part
        else:
            os.kill(pid, signal.SIGKILL)
            pytest.fail(f"the child hung for {PATIENCE} s")
    finally:
        os.close(reading)
        os.waitpid(pid, 0)
    worked, value = pickle.loads(content)
    assert worked, value
    return value


@pytest.fixture(autouse=True)
def _every_piece_of_work_wakes_threads(monkeypatch):
    """Else work as small as that of tests would be done by one thread anyway, and nothing could hang."""
    monkeypatch.setattr(_threads, "_WORTH", 1)


def results(case, model):
    """Bits of what a model has learned and answers."""
    return digest([learned(model), answers(case, model, data_of(case))])


@pytest.mark.parametrize("name", CASES)
def test_child_gives_the_bits_of_its_parent(name):
    case = CASES[name]
    model = call(with_jobs(case, 2), "fit", data_of(case))
    expected = results(case, model)

    def work():
        return results(case, model), results(case, call(with_jobs(case, 2), "fit", data_of(case)))

    assert in_child(work) == (expected, expected)


def test_threads_of_a_child():
    assert not in_forked_child()

    def numbers():
        inner = [effective_n_threads(n_jobs) for n_jobs in (None, 1, 2, 7, -1)]
        return in_forked_child(), max_threads(), inner, [effective_n_processes(n) for n in (None, 2, -1)]

    assert in_child(numbers) == (True, 1, [1] * 5, [1] * 3)
    assert in_child(lambda: in_child(numbers)) == (True, 1, [1] * 5, [1] * 3)
    assert not in_forked_child()
    assert [effective_n_threads(2), effective_n_processes(2), effective_n_processes(None)] == [2, 2, None]


def test_a_wrong_n_jobs_is_an_error_in_a_child_too():
    def messages():
        found = []
        for n_jobs in (0, 1.5):
            try:
                effective_n_threads(n_jobs)
            except (TypeError, ValueError) as error:
                found.append(str(error))
        return found

    assert in_child(messages) == messages()
    assert len(messages()) == 2


def test_threads_of_other_libraries():
    threadpoolctl = pytest.importorskip("threadpoolctl")

    def threads():
        with foreign_threads():
            return [pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "openmp"]

    assert set(in_child(threads)) <= {1}
    expected = [pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "openmp"]
    assert threads() == expected


@pytest.mark.parametrize("backend", ["multiprocessing", "loky", "threading"])
def test_backends_of_joblib(backend):
    case = CASES["ARTMTransformer"]
    X = data_of(case)["X"]
    model = with_jobs(case, 2).fit(X)
    expected = model.transform(X)
    with joblib.parallel_config(backend=backend, n_jobs=2):
        parts = joblib.Parallel(timeout=PATIENCE)(joblib.delayed(model.transform)(X[i::2]) for i in range(2))
    for i, part in enumerate(parts):
        np.testing.assert_array_equal(part, expected[i::2])
