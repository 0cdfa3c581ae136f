"""Parameters and attributes of ARTMTransformer and PLSA."""

import numpy as np
import pytest
from joblib import Parallel, delayed
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from skartm import PLSA, ARTMTransformer
from skartm.base._threads import effective_n_threads
from skartm.em import History
from skartm.metrics import completion_split, log_likelihood
from skartm.regularizers import Decorrelation, SmoothSparsePhi
from tests.em.corpora import learn
from tests.oracle import plsa as oracle
from tests.oracle import regularizers as formulas
from tests.topics.models import N_TOPICS, REGULARIZERS, corpus, model, topics


@pytest.fixture(scope="module")
def X():
    return corpus(0)


EXACT = {"dtype": "float64", "doc_tol": 0.0, "max_doc_iter": 4, "tol": 0.0}


def terms():
    every = list(range(N_TOPICS))
    return [
        {"response": lambda phi: formulas.decorrelation(phi, every)[1], "tau": 0.05, "relative": 0.0, "topics": every},
        {
            "response": lambda phi: formulas.smooth_sparse(phi, every)[1],
            "tau": -0.05,
            "relative": None,
            "topics": every,
        },
    ]


def test_batch_equals_the_oracle(X):
    documents, init = oracle.documents_of(X), topics()
    prior = np.full(N_TOPICS, 0.2)
    phi, track = oracle.offline(documents, init.T, n_iter=10, n_passes=4, terms=terms(), prior=prior)
    fitted = model(init=init, max_iter=10, **EXACT).fit(X)
    assert_allclose(fitted.components_, phi.T, rtol=1e-10, atol=1e-13)
    assert_allclose(fitted.history_["log_likelihood"], track, rtol=1e-10)
    assert_allclose(
        fitted.transform(X), oracle.e_step(documents, phi, n_passes=4, prior=prior)[0], rtol=1e-10, atol=1e-13
    )


def test_online_equals_the_oracle(X):
    documents, init = oracle.documents_of(X), topics()
    phi = oracle.online(
        documents,
        init.T,
        n_iter=3,
        n_passes=4,
        batch_size=7,
        offset=10.0,
        power=0.7,
        terms=terms(),
        prior=np.full(N_TOPICS, 0.2),
    )
    fitted = model("online", init=init, learning_offset=10.0, learning_decay=0.7, **EXACT).fit(X)
    assert_allclose(fitted.components_, phi.T, rtol=1e-10, atol=1e-13)


def test_plsa_is_artm_without_regularizers(X):
    plsa = model("plsa").fit(X)
    assert_array_equal(plsa.components_, model(regularizers=[]).fit(X).components_)
    assert "regularizers" not in plsa.get_params()


def test_attributes(X):
    fitted = model().fit(X)
    assert fitted.n_iter_ == 5
    assert fitted.n_features_in_ == X.shape[1]
    assert_array_equal(fitted.dead_topics_, [])
    assert fitted.topic_mass_.shape == (N_TOPICS,)
    assert fitted.topic_mass_.dtype == np.float64
    assert model("plsa").fit(X).topic_mass_.sum() == pytest.approx(X.sum())


def test_history(X):
    fitted = model().fit(X)
    assert type(fitted.history_) is History
    names = {name for name, _ in REGULARIZERS}
    assert set(fitted.history_) == {*History.KEYS, *names} - {"validation_perplexity", "left_out_perplexity"}
    for key, track in fitted.history_.items():
        assert len(track) == fitted.n_iter_, key
        assert np.isfinite(track).all(), key
    mass = X.sum()
    assert fitted.history_["perplexity"] == pytest.approx(np.exp(-np.array(fitted.history_["log_likelihood"]) / mass))
    assert fitted.history_["phi_sparsity"][-1] == pytest.approx((fitted.components_ == 0).mean())
    values = formulas.decorrelation(fitted.components_.T.astype(float), range(N_TOPICS))[0]
    assert fitted.history_["decorrelation"][-1] == pytest.approx(values, rel=1e-4)


def test_objective_is_penalised(X):
    init = topics()
    fitted = ARTMTransformer(N_TOPICS, regularizers=[("s", SmoothSparsePhi(0.5))], init=init, max_iter=4, **EXACT).fit(
        X
    )
    history = fitted.history_
    expected = (np.array(history["log_likelihood"]) + 0.5 * np.array(history["s"])) / X.sum()
    assert_allclose(history["objective"], expected)


@pytest.mark.parametrize("learning_method", ["batch", "online"])
@pytest.mark.parametrize("max_iter", [1, 2, 9])
def test_max_iter_is_exact_without_tolerance(learning_method, max_iter, X):
    fitted = model("plsa", learning_method=learning_method, max_iter=max_iter).fit(X)
    assert fitted.n_iter_ == max_iter
    assert len(fitted.history_["perplexity"]) == max_iter


def test_tolerance_stops(X):
    fitted = model("plsa", max_iter=500, tol=1e-3).fit(X)
    objective = fitted.history_["objective"]
    assert fitted.n_iter_ < 500
    assert abs(objective[-1] - objective[-2]) < 1e-3
    assert (np.abs(np.diff(objective[:-1])) >= 1e-3).all()


def test_no_convergence_warns(X):
    with pytest.warns(ConvergenceWarning, match=r"PLSA.* max_iter=2 .*tol=1e-09"):
        model("plsa", max_iter=2, tol=1e-9).fit(X)


@pytest.mark.parametrize("n_passes", [1, 3, 12])
def test_inner_passes_are_exact_without_tolerance(n_passes, X):
    fitted = model("plsa", init=topics(), **{**EXACT, "max_doc_iter": n_passes}).fit(X)
    phi = fitted.components_.T
    expected, _, _ = oracle.e_step(oracle.documents_of(X), phi, n_passes=n_passes)
    assert_allclose(fitted.transform(X), expected, rtol=1e-9, atol=1e-13)


def test_inner_tolerance_stops_early(X):
    fitted = model("plsa", init=topics(), dtype="float64", max_doc_iter=100, doc_tol=0.05).fit(X)
    expected, _, _ = oracle.e_step(oracle.documents_of(X), fitted.components_.T, n_passes=100, tol=0.05)
    assert_allclose(fitted.transform(X), expected, rtol=1e-7, atol=1e-10)


def test_random_state(X):
    first, second = (model(random_state=seed).fit(X).components_ for seed in (0, 1))
    assert np.abs(first - second).max() > 1e-3
    assert_array_equal(model(random_state=np.random.RandomState(0)).fit(X).components_, first)


def test_init_is_where_it_starts(X):
    init = topics()
    before = init.copy()
    model("plsa", init=init, dtype="float64").fit(X)
    as_lists = model("plsa", init=init.tolist(), dtype="float64", max_iter=1).fit(X)
    expected = log_likelihood(init, oracle.e_step(oracle.documents_of(X), init.T, n_passes=10, tol=0.01)[0], X)
    assert as_lists.history_["log_likelihood"][0] == pytest.approx(expected * X.sum(), rel=1e-6)
    assert_array_equal(init, before)
    # a fixed point stays where it is
    fitted = model("plsa", dtype="float64", max_iter=400).fit(X)
    again = model("plsa", dtype="float64", max_iter=1, init=fitted.components_).fit(X)
    assert_allclose(again.components_, fitted.components_, atol=2e-2)


def test_init_takes_the_topics_of_another_model(X):
    fitted = model(max_iter=3).fit(X)
    went_on = model(init=fitted.components_, max_iter=2).fit(X)
    at_once = model(max_iter=5).fit(X)
    assert_allclose(went_on.components_, at_once.components_, rtol=1e-4, atol=1e-6)


def test_warm_start(X):
    at_once = model("plsa", max_iter=5, dtype="float64").fit(X)
    steps = model("plsa", max_iter=2, dtype="float64", warm_start=True).fit(X).set_params(max_iter=3).fit(X)
    assert_allclose(steps.components_, at_once.components_, rtol=1e-12)
    assert steps.n_iter_ == 3
    assert_allclose(steps.history_["perplexity"], at_once.history_["perplexity"], rtol=1e-12)


@pytest.mark.parametrize("name", ["plsa", "plsa online", "artm", "online"])
def test_warm_start_of_all(name, X):
    steps = model(name, max_iter=2, warm_start=True).fit(X).fit(X)
    assert len(steps.history_["perplexity"]) == 4
    assert_allclose(steps.components_, model(name, max_iter=4).fit(X).components_, rtol=1e-3, atol=1e-5)


def test_warm_start_with_other_regularizers(X):
    fitted = model("artm", regularizers=[], warm_start=True).fit(X)
    before = fitted.components_
    fitted.set_params(regularizers=[("d", Decorrelation(0.3, relative=0.0))]).fit(X)
    assert len(fitted.history_["perplexity"]) == 10
    from skartm.metrics import topic_diversity

    assert topic_diversity(fitted.components_, n_top=5) >= topic_diversity(before, n_top=5)


def test_cold_start_forgets(X):
    fitted = model().fit(X)
    fitted.partial_fit(X)
    assert_array_equal(fitted.fit(X).components_, model().fit(X).components_)
    assert len(fitted.history_["perplexity"]) == fitted.n_iter_


@pytest.mark.parametrize("name", ["plsa", "artm"])
@pytest.mark.parametrize("total_samples", [24.0, 1000.0])
def test_partial_fit_equals_the_oracle(name, total_samples, X):
    init = topics()
    expected = oracle.online(
        oracle.documents_of(X),
        init.T,
        n_iter=1,
        n_passes=4,
        batch_size=8,
        offset=3.0,
        power=0.6,
        total_samples=total_samples,
        terms=terms() if name == "artm" else (),
        prior=np.full(N_TOPICS, 0.2) if name == "artm" else None,
        first=8,
    )
    arguments = {"learning_offset": 3.0, "learning_decay": 0.6, "batch_size": 8, "total_samples": total_samples}
    parts = model(name, init=init, **arguments, **EXACT)
    for start in range(0, 24, 8):
        assert parts.partial_fit(X[start : start + 8]) is parts
    assert_allclose(parts.components_, expected.T, rtol=1e-9, atol=1e-13)
    assert parts.n_samples_seen_ == 24
    assert parts.n_iter_ == len(parts.history_["perplexity"]) == 3


def test_partial_fit_cuts_into_batches(X):
    arguments = {"batch_size": 8, "total_samples": 24.0, "init": topics(), "dtype": "float64"}
    at_once = model("plsa", **arguments).partial_fit(X)
    assert at_once.n_iter_ == 1
    assert at_once.n_updates_ == 3
    online = model("plsa", learning_method="online", max_iter=1, **arguments).fit(X)
    assert_allclose(at_once.components_, online.components_, rtol=1e-9, atol=1e-13)


def test_partial_fit_counts_what_it_has_seen(X):
    parts = model("plsa", batch_size=8)
    for start in range(0, 24, 8):
        parts.partial_fit(X[start : start + 8])
        assert parts.n_samples_seen_ == start + 8
    assert parts.topic_mass_.sum() == pytest.approx(X.sum(), rel=0.3)


def test_partial_fit_goes_on_after_fit(X):
    fitted = model("plsa online").fit(X)
    before = fitted.components_
    fitted.partial_fit(X)
    assert 0 < np.abs(fitted.components_ - before).max() < 0.1
    assert_allclose(fitted.components_.sum(axis=1), 1, rtol=1e-6)


def test_partial_fit_learns(X):
    fitted = model("plsa", batch_size=8)
    for _ in range(15):
        fitted.partial_fit(X)
    assert fitted.perplexity(X) < model("plsa", batch_size=8).partial_fit(X).perplexity(X)


@pytest.mark.filterwarnings("ignore::skartm.exceptions.WeakRegularizerWarning")
def test_total_samples_scales_the_counters(X):
    # with the scale in the update, the absolute strength of a tau depends on the size of the corpus
    small = model("online", total_samples=24.0).fit(X)
    large = model("online", total_samples=24e4).fit(X)
    assert large.topic_mass_.sum() == pytest.approx(small.topic_mass_.sum() * 1e4, rel=0.2)
    assert (large.components_ == 0).mean() < (small.components_ == 0).mean()


def test_tau_means_the_same_online(X):
    big = X[np.tile(np.arange(24), 20)]
    pairs = [("s", SmoothSparsePhi(-8.0))]
    batch = ARTMTransformer(4, regularizers=pairs, max_iter=30, tol=0, random_state=0, n_jobs=1).fit(big)
    online = ARTMTransformer(
        4,
        regularizers=pairs,
        learning_method="online",
        batch_size=48,
        max_iter=15,
        tol=0,
        random_state=0,
        n_jobs=1,
    ).fit(big)
    assert online.topic_mass_.sum() == pytest.approx(batch.topic_mass_.sum(), rel=0.1)
    sparsity = (batch.components_ == 0).mean()
    assert sparsity > 0
    assert (online.components_ == 0).mean() == pytest.approx(sparsity, abs=0.15)


def test_reuse_of_theta_reaches_the_likelihood_of_more_passes(X):
    reused = model("plsa", reuse_theta=True, max_doc_iter=2, max_iter=60).fit(X)
    cold = model("plsa", max_doc_iter=2, max_iter=60).fit(X)
    assert reused.history_["perplexity"][-1] < cold.history_["perplexity"][-1]


def test_reuse_of_theta_does_not_change_transform(X):
    fitted = model("reuse").fit(X)
    expected = fitted.transform(X)
    assert_array_equal(fitted.set_params(reuse_theta=False).transform(X), expected)


def test_validation_stops_and_is_recorded(X):
    big = X[np.tile(np.arange(24), 4)]
    fitted = model("plsa", validation_fraction=0.25, max_iter=300, tol=1e-9, dtype="float64").fit(big)
    track = fitted.history_["validation_perplexity"]
    assert len(track) == fitted.n_iter_ < 300
    assert int(np.argmin(track)) == len(track) - 4
    assert "validation_perplexity" not in model("plsa").fit(X).history_


@pytest.mark.parametrize("learning_method", ["batch", "online"])
def test_validation_documents_are_held_out(learning_method, X):
    weights = np.ones(24)
    fitted = model("plsa", learning_method=learning_method, validation_fraction=0.25, topic_names=None).fit(
        X, sample_weight=weights
    )
    assert fitted.n_samples_seen_ == 18


@pytest.mark.parametrize("fraction", [0.001, 0.999])
def test_validation_needs_documents_on_both_sides(fraction, X):
    message = "'validation_fraction' .* must leave documents on both sides. Got .* 24 documents"
    with pytest.raises(ValueError, match=message):
        model("plsa", validation_fraction=fraction).fit(X)


def test_completion_and_fold_in(X):
    fitted = model("plsa").fit(X)
    observed, held_out = completion_split(X)
    theta = fitted.transform(observed)
    completion = fitted.score(X)
    assert completion == pytest.approx(log_likelihood(fitted.components_, theta, held_out), rel=1e-9)
    assert fitted.perplexity(X) == pytest.approx(np.exp(-completion))

    fitted.set_params(evaluation="fold_in")
    assert fitted.score(X) == pytest.approx(log_likelihood(fitted.components_, fitted.transform(X), X), rel=1e-9)
    assert fitted.score(X) > completion
    assert fitted.perplexity(X) == pytest.approx(np.exp(-fitted.score(X)))


@pytest.mark.parametrize("evaluation", ["completion", "fold_in"])
def test_weights_of_score_are_repetitions(evaluation, X):
    fitted = model("plsa", evaluation=evaluation).fit(X)
    weights = np.arange(24) % 3
    repeated = X[np.repeat(np.arange(24), weights)]
    assert fitted.score(X, sample_weight=weights) == pytest.approx(fitted.score(repeated))
    assert fitted.perplexity(X, sample_weight=weights) == pytest.approx(fitted.perplexity(repeated))


def test_unknown_tokens_never_improve_perplexity(X):
    counts = X.toarray()
    unknown = np.flatnonzero(counts.sum(axis=0) == 0)
    assert unknown.size
    fitted = model("plsa").fit(X)
    before = fitted.perplexity(X)
    counts[:, unknown] = 3
    assert fitted.perplexity(counts) > before


@pytest.mark.parametrize("method", ["transform", "score", "perplexity", "get_feature_names_out"])
def test_not_fitted(method, X):
    for estimator in (ARTMTransformer(), PLSA()):
        with pytest.raises(NotFittedError):
            getattr(estimator, method)(*([] if method == "get_feature_names_out" else [X]))


def test_verbose_prints_a_line_a_pass(X, capsys):
    model(verbose=1).fit(X)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    assert lines[0].startswith("ARTMTransformer: iteration 1, perplexity ")
    model(verbose=0).fit(X)
    assert capsys.readouterr().out == ""


def test_fit_leaves_the_input_alone(X):
    copies = X.data.copy(), X.indices.copy(), X.indptr.copy()
    weights = np.linspace(0, 1, 24)
    model().fit(X, sample_weight=weights).transform(X)
    for array, copy in zip((X.data, X.indices, X.indptr), copies):
        assert_array_equal(array, copy)
    assert_array_equal(weights, np.linspace(0, 1, 24))


def test_threads_of_a_joblib_thread():
    assert Parallel(n_jobs=2, backend="threading")(delayed(effective_n_threads)(None) for _ in range(2)) == [1, 1]
    assert Parallel(n_jobs=2, backend="threading")(delayed(effective_n_threads)(2) for _ in range(2)) == [2, 2]
    assert effective_n_threads(None) >= 1
    assert effective_n_threads(3) == 3
    assert effective_n_threads(-1) >= 1
    assert effective_n_threads(-10_000) == 1


@pytest.mark.slow
def test_threads_of_a_joblib_process():
    threads = Parallel(n_jobs=2, backend="loky")(delayed(effective_n_threads)(None) for _ in range(2))
    assert all(n <= max(1, effective_n_threads(-1) // 2) for n in threads)


def test_thread_limits_count():
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="openmp"):
        assert effective_n_threads(None) == 1


def test_engine_and_estimator_agree(X):
    phi, theta, _, _ = learn(X, topics().T, REGULARIZERS, n_iter=5, n_passes=4)
    fitted = model(init=topics(), **EXACT).fit(X)
    assert_allclose(fitted.components_, phi.T, rtol=1e-10, atol=1e-13)
    assert_allclose(fitted.transform(X), theta, rtol=1e-10, atol=1e-13)


@pytest.mark.slow
def test_planted_topics_are_recovered(global_random_seed):
    from scipy.optimize import linear_sum_assignment

    from skartm.datasets import make_topics

    corpus = make_topics(n_docs=400, n_tokens=200, n_topics=5, random_state=global_random_seed)
    fitted = ARTMTransformer(5, max_iter=100, tol=0, random_state=global_random_seed, n_jobs=1).fit(corpus.data)
    distance = np.abs(fitted.components_[:, None] - np.asarray(corpus.components)[None]).sum(axis=2)
    rows, columns = linear_sum_assignment(distance)
    assert distance[rows, columns].mean() < 0.5
