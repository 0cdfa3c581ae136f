"""The E-step is a pure function of a batch, phi and the beginning of the pass; what a pass needs is data."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse

from skartm import LDA
from skartm.em import EM, NO_TERMS, Documents, GammaDraws, e_step
from skartm.exceptions import DeadTopicWarning, LeftOutTokensWarning
from skartm.nmf.solvers._kullback_leibler import KullbackLeibler
from skartm.regularizers._checks import example_layout
from tests.regularizers.declarations import ALL_REGULARIZERS
from tests.reliability.estimators import COUNTED, call

every_case = pytest.mark.parametrize("name", COUNTED)
# those that learn by passes of the engine; factors have a test of their own
OTHERS = ("SimplexNMF", "DeepSimplexNMF", "NeuralTopicModel", "EmbeddedTopicModel")
ENGINES = [name for name in COUNTED if name.split()[0] not in OTHERS]
every_engine = pytest.mark.parametrize("name", ENGINES)
pytestmark = [
    pytest.mark.filterwarnings(f"ignore::{warning.__module__}.{warning.__name__}")
    for warning in (DeadTopicWarning, LeftOutTokensWarning)
] + [pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")]


def counts(seed=0, n_docs=24, n_tokens=15):
    rng = np.random.default_rng(seed)
    return sparse.csr_matrix(rng.poisson(1.0, (n_docs, n_tokens)).astype(np.float64))


def learn(name, monkeypatch, X=None, case=None, **parameters):
    """Fit; returns the engines of the fit, each with its batches and state as they were before its last pass."""
    found = {}

    def recorded(original):
        def run(engine, batches, state, *arguments, **options):
            found[id(engine)] = (engine, batches, pickle.dumps((engine, state)), original, arguments, options)
            return original(engine, batches, state, *arguments, **options)

        return run

    for method in ("offline_pass", "online_pass"):
        monkeypatch.setattr(EM, method, recorded(getattr(EM, method)))
    case = COUNTED[name] if case is None else case
    call(case.new(**parameters), "fit", case.of_counts(counts() if X is None else X))
    monkeypatch.undo()
    assert found
    return list(found.values())


def work_of(engine, batches, state):
    """The arguments of the E-steps of a pass: what they share, and batches with what they start from."""
    batches.batch_size, batches._kept = 5, None
    shared = engine._prepared(engine.shared(state.phi_wt, engine.acting(1, 3)), batches)
    return shared, [engine.carrying(shared, batch) for batch in batches]


def numbers(seen, shared):
    """All that an E-step found, in one list of arrays."""
    n_wt, sums = np.zeros_like(shared.phi_wt), vars(seen.sums).copy()
    seen.counts.add_to(n_wt, shared.phi_wt)
    statistics = sums.pop("statistics")
    found = [flat(statistics[name]) for name in sorted(statistics)]
    return [seen.theta_dt, n_wt, np.array(list(sums.values())), *found]


def flat(statistic):
    """A statistic as an array."""
    if hasattr(statistic, "arrays"):
        return np.concatenate([np.ravel(array) for array in statistic.arrays])
    if hasattr(statistic, "rows"):
        return np.append(flat(statistic.rows), statistic.value)
    return np.asarray(statistic)


def assert_same(these, those):
    for this, that in zip(these, those, strict=True):
        assert_array_equal(this, that)


@every_engine
def test_e_steps_in_any_order_and_twice(name, monkeypatch):
    for _, batches, saved, *_ in learn(name, monkeypatch):
        engine, state = pickle.loads(saved)
        shared, blocks = work_of(engine, batches, state)
        assert len(blocks) > 1
        before = pickle.dumps((engine.mixture, shared, blocks))
        found = [e_step(engine.mixture, shared, batch) for batch in blocks]
        once = [numbers(seen, shared) for seen in found]
        orders = [range(len(blocks)), *(np.random.default_rng(n).permutation(len(blocks)) for n in range(3))]
        for order in [*orders, list(range(len(blocks)))[::-1]]:
            for n in order:
                assert_same(numbers(e_step(engine.mixture, shared, blocks[n]), shared), once[n])
        for seen, expected in zip(found, once):
            assert_same(numbers(seen, shared), expected)  # later E-steps have not changed it
        assert pickle.dumps((engine.mixture, shared, blocks)) == before


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
        copy = pickle.loads(pickle.dumps(solver))
        shared = solver.engine.shared(solver.phi_wt)
        blocks = [solver.engine.carrying(shared, batch) for batch in solver.batches]
        once = [numbers(solver.engine.e_step(shared, batch), shared) for batch in blocks]
        for n in (3, 0, 4, 2, 1, 0):
            assert_same(numbers(solver.engine.e_step(shared, blocks[n]), shared), once[n])
            assert_same(numbers(copy.engine.e_step(copy.engine.shared(copy.phi_wt), blocks[n]), shared), once[n])
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
        draws.end_pass(600, NO_TERMS)


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
