"""Ctrl-C in the middle of a long fit, on data of millions of entries: how long until the exception arrives."""

import os
import signal
import sys
import threading
import time

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from skartm import LDA, PLSA, ARTMTransformer, SimplexNMF, ThetalessARTM
from skartm.regularizers import Decorrelation, SmoothSparsePhi, TopicSelection
from tests.reliability.conftest import budget

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
LATENCY = 0.5  # seconds, as docs/reliability.rst promises
N_DOCS, N_WORDS, PER_DOC = 40_000, 20_000, 100

MODELS = {
    "PLSA": lambda: PLSA(50, max_iter=1000, tol=0),
    "PLSA online": lambda: PLSA(50, max_iter=1000, tol=0, learning_method="online"),
    "PLSA large batches": lambda: PLSA(50, max_iter=1000, tol=0, batch_size=N_DOCS),
    "ARTMTransformer": lambda: ARTMTransformer(
        50,
        regularizers=[("s", SmoothSparsePhi(-0.1)), ("d", Decorrelation(0.1)), ("t", TopicSelection(0.1))],
        max_iter=1000,
        tol=0,
    ),
    "LDA": lambda: LDA(50, max_iter=1000),
    "LDA variational": lambda: LDA(50, max_iter=1000, inference="variational"),
    "ThetalessARTM": lambda: ThetalessARTM(50, max_iter=1000, tol=0),
    "SimplexNMF": lambda: SimplexNMF(50, max_iter=1000, tol=0),
    "SimplexNMF both": lambda: SimplexNMF(50, max_iter=1000, tol=0, simplex="both"),
    "SimplexNMF frobenius": lambda: SimplexNMF(50, max_iter=1000, tol=0, beta_loss="frobenius"),
    "SimplexNMF penalties": lambda: SimplexNMF(50, max_iter=1000, tol=0, simplex=None, alpha_W=1e-6),
    "SimplexNMF volume": lambda: SimplexNMF(50, max_iter=1000, tol=0, beta_loss="frobenius", volume_weight=1e-3),
}


@pytest.fixture(name="X", scope="module")
def _X():
    """Four million entries; words of a document are sorted and differ."""
    rng = np.random.RandomState(0)
    words = np.sort(rng.randint(N_WORDS - PER_DOC, size=(N_DOCS, PER_DOC)), axis=1) + np.arange(PER_DOC)
    data = rng.randint(1, 5, N_DOCS * PER_DOC).astype(np.float32)
    return csr_matrix((data, words.ravel().astype(np.int32), np.arange(N_DOCS + 1) * PER_DOC), shape=(N_DOCS, N_WORDS))


@pytest.fixture(name="_ctrl_c")
def _handler_of_python():
    """Workers of pytest-xdist ignore the signal; the handler of Python makes it a KeyboardInterrupt."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_ctrl_c")
@pytest.mark.parametrize("name", MODELS)
def test_latency(name, X):
    """The median of some signals at random times: a busy machine may delay one of them."""
    rng, late = np.random.RandomState(len(name)), []
    for _ in range(budget(3, 15)):
        model, sent = MODELS[name]().set_params(random_state=0), []

        def interrupt(sent=sent):
            sent.append(time.perf_counter())
            os.kill(os.getpid(), signal.SIGINT)

        timer = threading.Timer(rng.uniform(1, budget(3, 8)), interrupt)
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            model.fit(X)
        late.append(time.perf_counter() - sent[0])
    assert np.median(late) < LATENCY, late
    sys.stdout.write(f"{name:24s} median {np.median(late):.2f} s, largest {max(late):.2f} s\n")
