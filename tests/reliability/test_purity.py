"""The E-step is a pure function of a batch, phi and the beginning of the pass; what a pass needs is data."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse

from skartm import LDA
from skartm.em import EM, Counters, Documents, GammaDraws, Pass, State
from skartm.exceptions import DeadTopicWarning, LeftOutTokensWarning
from skartm.nmf._kullback_leibler import KullbackLeibler
from skartm.regularizers._checks import example_layout
from tests.regularizers.declarations import ALL_REGULARIZERS
from tests.reliability.estimators import COUNTED, call

every_case = pytest.mark.parametrize("name", COUNTED)
# those that learn by passes of the engine; factors have a test of their own
OTHERS = ("SimplexNMF", "DeepSimplexNMF", "NeuralTopicModel", "EmbeddedTopicModel")
every_engine = pytest.mark.parametrize("name", [name for name in COUNTED if name.split()[0] not in OTHERS])
pytestmark = [
    pytest.mark.filterwarnings(f"ignore::{warning.__module__}.{warning.__name__}")
    for warning in (DeadTopicWarning, LeftOutTokensWarning)
] + [pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")]


def counts(seed=0, n_docs=24, n_tokens=15):
    rng = np.random.default_rng(seed)
    return sparse.csr_matrix(rng.poisson(1.0, (n_docs, n_tokens)).astype(np.float64))


def learn(name, monkeypatch, X=None, **parameters):
    """Fit; returns the engines of the fit, each with its batches and state as they were before its last pass."""
    found = {}

    def recorded(original):
        def run(engine, batches, state, *arguments, **options):
            found[id(engine)] = (engine, batches, pickle.dumps((engine, state)), original, arguments, options)
            return original(engine, batches, state, *arguments, **options)

        return run

    for method in ("offline_pass", "online_pass"):
        monkeypatch.setattr(EM, method, recorded(getattr(EM, method)))
    case = COUNTED[name]
    call(case.new(**parameters), "fit", case.of_counts(counts() if X is None else X))
    monkeypatch.undo()
    assert found
    return list(found.values())


def e_step(engine, batch, state):
    """Theta, counts and sums of a batch; nothing is left of it in ``state``."""
    counters = Counters(np.zeros_like(state.phi_wt), clipped=False, n_threads=1)
    result, seen = Pass(), {}
    expect = engine.mixture.expect

    def watched(batch, phi_wt):
        expectation = expect(batch, phi_wt)
        seen["theta"] = expectation.theta_dt.copy()
        return expectation

    engine.mixture.expect = watched
    try:
        engine.e_step(batch, State(state.phi_wt, counters), result, keep=True)
    finally:
        del engine.mixture.expect
    return seen["theta"], counters.stored, np.array([result.log_likelihood, result.left_out, result.mass])


def assert_same(these, those):
    for this, that in zip(these, those, strict=True):
        assert_array_equal(this, that)


@every_engine
def test_e_steps_in_any_order_and_twice(name, monkeypatch):
    for _, batches, saved, *_ in learn(name, monkeypatch):
        engine, state = pickle.loads(saved)
        batches.batch_size, batches._kept = 5, None
        blocks = list(batches)
        assert len(blocks) > 1
        engine.advance(1, 3)
        if engine.shared is not None:
            engine.shared.prepare(batches, state.phi_wt)
        once = [e_step(engine, batch, state) for batch in blocks]
        orders = [range(len(blocks)), *(np.random.default_rng(n).permutation(len(blocks)) for n in range(3))]
        for order in [*orders, list(range(len(blocks)))[::-1]]:
            for n in order:
                assert_same(e_step(engine, blocks[n], state), once[n])


@every_engine
def test_engine_is_data(name, monkeypatch):
    for engine, batches, saved, run, arguments, options in learn(name, monkeypatch):
        results = []
        for n_times in (1, 2):
            copy, state = pickle.loads(saved)
            for _ in range(n_times - 1):  # through pickle once more
                copy, state = pickle.loads(pickle.dumps((copy, state)))
            result = run(copy, batches, state, *arguments, **options)
            results.append((state.phi_wt, state.counters.fold(), [result.log_likelihood, result.mass, result.left_out]))
            assert copy.learned.keys() == engine.learned.keys()
        assert_same(*results)


def test_updates_of_factors_in_any_order_and_twice():
    X, H = counts(), np.random.default_rng(0).dirichlet(np.ones(15), size=3)
    solver = KullbackLeibler(X, H, None, sample_weight=None, n_passes=2, n_threads=1)
    solver.batches.batch_size, solver.batches._kept = 5, None
    for _ in range(2):
        blocks = list(solver.batches)
        copy = pickle.loads(pickle.dumps(solver))
        once = [e_step(solver.engine, batch, solver.state) for batch in blocks]
        for n in (3, 0, 4, 2, 1, 0):
            assert_same(e_step(solver.engine, blocks[n], solver.state), once[n])
            assert_same(e_step(copy.engine, blocks[n], copy.state), once[n])
        assert solver.update() == copy.update()
        assert_array_equal(solver.W, copy.W)


@every_case
def test_fit_twice_gives_the_same_bits(name):
    case, data = COUNTED[name], COUNTED[name].of_counts(counts())
    found = []
    for _ in range(2):
        model = call(case.new(), "fit", data)
        found.append({key: value for key, value in vars(model).items() if key.endswith("_")})
    assert found[0].keys() == found[1].keys()
    for key, value in found[0].items():
        if isinstance(value, np.ndarray):
            assert_array_equal(value, found[1][key], err_msg=key)


@every_case
def test_transform_of_blocks_in_any_order_and_twice(name):
    case, X = COUNTED[name], counts()
    model = call(case.new(), "fit", case.of_counts(X))
    if not hasattr(model, "transform"):
        pytest.skip("has no transform")
    blocks = [case.of_counts(X[start : start + 5]) for start in range(0, X.shape[0], 5)]
    once = [call(model, "transform", block) for block in blocks]
    for order in (range(5), [4, 3, 2, 1, 0], [2, 0, 4, 1, 3]):
        for n in order:
            assert_array_equal(call(model, "transform", blocks[n]), once[n])


def test_terms_are_data():
    """A pickled term of any regularizer gives the same numbers as the term itself."""
    rng = np.random.default_rng(0)
    layout = example_layout(13, 4, 7, rng)
    phi, theta = rng.dirichlet(np.ones(13), size=4).T.copy(), rng.dirichlet(np.ones(4), size=7)
    for regularizer in ALL_REGULARIZERS:
        term = regularizer.bind(layout)
        results = []
        for item in (term, pickle.loads(pickle.dumps(term))):
            out = np.zeros_like(theta if regularizer.side == "theta" else phi)
            if regularizer.side == "phi":
                item.learn(phi, 10 * phi)
                item.add_term(phi, 10 * phi, out)
            elif regularizer.side == "theta":
                item.add_term(theta, 10 * theta, Documents(0, np.full(7, 10.0)), 0, out)
            else:
                tokens = np.array([4, 2, 7, 5, 0, 1, 9])
                out = item.apply(theta, tokens, np.ones(7))
            results.append(out)
        assert_array_equal(*results, err_msg=repr(regularizer))


def sklearn_rows(seed, n_docs, n_columns, passes):
    random_state = np.random.RandomState(seed)
    return [random_state.gamma(100.0, 0.01, (n_docs, n_columns)) for _ in range(passes)]


@pytest.mark.parametrize("n_columns", [1, 3])
def test_draws_of_any_rows_are_those_of_the_pass(n_columns):
    draws, rng = GammaDraws(np.random.RandomState(3), n_columns), np.random.default_rng(0)
    for expected in sklearn_rows(3, 600, n_columns, passes=3):
        for _ in range(400):
            start, stop = np.sort(rng.integers(0, 601, 2))
            assert_array_equal(draws.rows(start, stop), expected[start:stop])
        assert len(draws._states) <= 257
        draws.end_pass(600)


def test_failed_call_draws_nothing():
    X, bad = counts(), np.full((2, 15), np.nan)
    given = np.random.RandomState(5)
    model, other = LDA(3, random_state=0, n_jobs=1), LDA(3, random_state=0, n_jobs=1)
    shared = LDA(3, random_state=given, n_jobs=1)
    before = given.get_state(legacy=False)["state"]["key"].copy()
    with pytest.raises(ValueError, match="NaN"):
        shared.fit(bad)
    assert_array_equal(given.get_state(legacy=False)["state"]["key"], before)
    model.partial_fit(X)
    other.partial_fit(X)
    with pytest.raises(ValueError, match="NaN"):
        model.partial_fit(bad)
    assert_array_equal(model.partial_fit(X).components_, other.partial_fit(X).components_)
