"""An interruption at any instruction leaves the model of the last whole pass, and learning goes on from there."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import skartm
from skartm import LDA, PLSA, ARTMTransformer, AuthorTopic, ThetalessARTM
from skartm.em import EM, Batches, Counters, FreeMixture, MapPosterior, State, padded, passes
from skartm.regularizers import Decorrelation, SmoothSparsePhi, SmoothSparseTheta
from tests.em.corpora import corpus, start

X = corpus(0)
AUTHORS = [f"a{d % 5}" for d in range(X.shape[0])]
COMMON = {"n_components": 4, "random_state": 0, "n_jobs": 1}
REGULARIZERS = [
    ("decorrelation", Decorrelation(0.05, relative=0.0)),
    ("sparse", SmoothSparsePhi(-0.05)),
    ("smooth", SmoothSparseTheta(0.1)),
]
MODELS = {
    "PLSA": lambda **p: PLSA(tol=0, **COMMON, **p),
    "ARTMTransformer": lambda **p: ARTMTransformer(tol=0, regularizers=REGULARIZERS, **COMMON, **p),
    "validated": lambda **p: PLSA(tol=0, validation_fraction=0.2, **COMMON, **p),
    "online": lambda **p: PLSA(tol=0, learning_method="online", batch_size=7, **COMMON, **p),
    "ThetalessARTM": lambda **p: ThetalessARTM(tol=0, **COMMON, **p),
    "LDA": lambda **p: LDA(**COMMON, **p),
    "AuthorTopic": lambda **p: AuthorTopic(tol=0, **COMMON, author_topic_prior="auto", topic_word_prior="auto", **p),
}
ENGINE = (
    "em/_loop.py", "em/_posterior.py", "em/_counters.py", "em/_history.py", "em/_kept.py", "base/_fitting.py",
    "topics/_model.py", "topics/_artm.py", "topics/_lda.py", "topics/authors/_mixture.py",
    "topics/authors/_learning.py",
)  # fmt: skip
N_PASSES = 3


def test_the_engine_is_in_these_files():
    root = Path(skartm.__file__).parent
    assert [file for file in ENGINE if not (root / file).is_file()] == []


class AtInstruction:
    """Raises KeyboardInterrupt at the n-th instruction of the engine; counts them without n."""

    def __init__(self, at=None):
        self.at, self.n = at, 0

    def __enter__(self):
        sys.settrace(self._called)
        return self

    def __exit__(self, *_):
        sys.settrace(None)

    def _called(self, frame, event, _):
        if not frame.f_code.co_filename.replace(os.sep, "/").endswith(ENGINE):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return self._instruction

    def _instruction(self, frame, event, _):
        if event == "opcode":
            self.n += 1
            if self.n == self.at:
                raise KeyboardInterrupt
        return self._instruction


def learn(model):
    options = {"authors": AUTHORS} if isinstance(model, AuthorTopic) else {}
    return model.fit(X, **options)


def state_of(model):
    names = [
        name for name in ("components_", "topic_mass_", "author_topics_", "author_topic_prior_") if name in vars(model)
    ]
    return {**{name: getattr(model, name) for name in names}, "n_iter_": model.n_iter_,
            "tracks": {len(track) for track in model.history_.values()},
            "learned": str(getattr(model, "learned_", {}))}  # fmt: skip


def assert_same(one, other):
    assert one.keys() == other.keys()
    for name, value in one.items():
        assert_array_equal(value, other[name]) if isinstance(value, np.ndarray) else None
        assert isinstance(value, np.ndarray) or value == other[name]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", MODELS)
def test_any_instruction(name, global_random_seed):
    make = MODELS[name]
    whole = {n: state_of(learn(make(max_iter=n))) for n in range(1, N_PASSES + 1)}
    with AtInstruction() as counter:
        learn(make(max_iter=N_PASSES))
    found, interrupted = set(), 0
    rng = np.random.default_rng(global_random_seed)
    for at in rng.integers(1, counter.n, 60):
        model = make(max_iter=N_PASSES)
        try:
            with AtInstruction(int(at)):
                learn(model)
        except KeyboardInterrupt:
            interrupted += 1
        if not hasattr(model, "components_"):
            found.add(0)
            continue
        found.add(model.n_iter_)
        assert_same(state_of(model), whole[model.n_iter_])
    assert {0, 1, 2} <= found
    assert interrupted > 50  # the number of instructions varies a little


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["PLSA", "ARTMTransformer", "ThetalessARTM"])
def test_continued_bit_for_bit(name):
    make = MODELS[name]
    uninterrupted = learn(make(max_iter=N_PASSES))
    with AtInstruction() as counter:
        learn(make(max_iter=N_PASSES))
    for at in np.linspace(0.5, 0.95, 6) * counter.n:
        model = make(max_iter=N_PASSES, warm_start=True)
        with AtInstruction(int(at)), pytest.raises(KeyboardInterrupt):
            learn(model)
        if model.n_iter_ < N_PASSES:
            learn(model.set_params(max_iter=N_PASSES - model.n_iter_))
        assert_array_equal(model.components_, uninterrupted.components_)


def test_state_of_the_engine():
    """Not only what is published: phi, the number of updates and what terms learned are of one pass."""
    phi = start(0, X.shape[1], 4)

    def engine():
        mixture = FreeMixture(4, n_passes=5, tol=0.0)
        mass = float(X.sum()) / 4
        state = State(padded(phi, np.float64), Counters(padded(phi * mass, np.float64), clipped=True, n_threads=1))
        return EM(mixture, MapPosterior(4, n_threads=1), 4, n_threads=1), state

    def run(at=None, n=4):
        em, state = engine()
        with AtInstruction(at) as counter:
            try:
                for _ in passes(em, Batches(X, 7, np.float64), state, max_iter=n, decay=None):
                    pass
            except KeyboardInterrupt:
                pass
        return state, counter.n

    whole = {n: run(n=n)[0] for n in range(1, 5)}
    total = run()[1]
    for at in np.random.default_rng(1).integers(1, total, 150):
        state, _ = run(int(at))
        if state.n_updates == 0:
            assert_array_equal(state.phi_wt[:, :4], phi)
            continue
        assert_array_equal(state.phi_wt, whole[state.n_updates].phi_wt)
        assert_array_equal(state.block_mass, whole[state.n_updates].block_mass)
