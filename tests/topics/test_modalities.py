"""Kinds of tokens: the estimator against loops, and what is declared about them."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix, vstack
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skartm import ARTMTransformer
from skartm.regularizers import Decorrelation, SmoothSparsePhi, SmoothSparseTheta
from tests.em.corpora import corpus
from tests.oracle import plsa as oracle
from tests.oracle import regularizers as formulas

N_TOPICS, N_TOKENS = 4, 30
BLOCKS = {"words": slice(0, 18), "tags": slice(18, 26), "years": slice(26, 30)}
WEIGHTS = {"tags": 2.5, "years": 0.3}
TOKEN_WEIGHTS = np.repeat([1.0, 2.5, 0.3], [18, 8, 4])
INTERLEAVED = np.random.default_rng(0).permutation(np.repeat(list(BLOCKS), [18, 8, 4]))


def blocks_of(modalities=BLOCKS):
    if modalities is None:
        return [np.arange(N_TOKENS)]
    if isinstance(modalities, dict):
        return [np.arange(N_TOKENS)[columns] for columns in modalities.values()]
    return [np.flatnonzero(modalities == name) for name in dict.fromkeys(modalities)]


def start(seed, modalities=BLOCKS):
    """Topics to begin with, rows sum to 1 in every modality."""
    phi = np.random.default_rng(seed).uniform(0.1, 1, (N_TOPICS, N_TOKENS))
    for tokens in blocks_of(modalities):
        phi[:, tokens] /= phi[:, tokens].sum(axis=1, keepdims=True)
    return phi


def model(seed=0, modalities=BLOCKS, **parameters):
    exact = {"max_iter": 5, "tol": 0, "max_doc_iter": 4, "doc_tol": 0, "dtype": "float64", "n_jobs": 1}
    common = {"modalities": modalities, "modality_weights": WEIGHTS, "init": start(seed, modalities)}
    return ARTMTransformer(N_TOPICS, **{**exact, **common, "random_state": 0, **parameters})


def weights_of(modalities):
    weights = np.ones(N_TOKENS)
    for name, tokens in zip(
        modalities if isinstance(modalities, dict) else dict.fromkeys(modalities), blocks_of(modalities)
    ):
        weights[tokens] = WEIGHTS.get(name, 1.0)
    return weights


def weighted_documents(X, modalities=BLOCKS):
    return oracle.documents_of(csr_matrix(X.multiply(weights_of(modalities)[None, :])))


def term(formula, tau, relative):
    everything = range(N_TOPICS)
    return {
        "response": lambda phi: formula(phi, everything)[1],
        "tau": tau,
        "relative": relative,
        "topics": list(everything),
    }


REGULARIZED = {
    "plain": ([], [], None),
    "absolute": ([("s", SmoothSparsePhi(-0.2))], [term(formulas.smooth_sparse, -0.2, None)], None),
    "relative": (
        [("s", SmoothSparsePhi(0.1, relative=0.3)), ("d", Decorrelation(0.1, relative=0.7)),
         ("t", SmoothSparseTheta(0.2))],
        [term(formulas.smooth_sparse, 0.1, 0.3), term(formulas.decorrelation, 0.1, 0.7)],
        np.full(N_TOPICS, 0.2),
    ),
}  # fmt: skip
declarations = pytest.mark.parametrize("modalities", [BLOCKS, INTERLEAVED], ids=["slices", "labels"])
every_sum = pytest.mark.parametrize("name", REGULARIZED)


def assert_close(actual, expected, dtype="float64"):
    rtol, atol = (1e-9, 1e-12) if dtype == "float64" else (1e-4, 1e-5)
    assert_allclose(actual, expected, rtol=rtol, atol=atol)


class TestOracle:
    @every_sum
    @declarations
    @pytest.mark.parametrize("dtype", ["float64", "float32"])
    def test_offline(self, name, modalities, dtype, global_random_seed):
        regularizers, terms, prior = REGULARIZED[name]
        X, init = corpus(global_random_seed), start(global_random_seed, modalities)
        documents = weighted_documents(X, modalities)
        arguments = {"n_passes": 4, "terms": terms, "prior": prior, "blocks": blocks_of(modalities)}
        expected, track = oracle.offline(documents, init.T, n_iter=5, **arguments)
        theta, _, _ = oracle.e_step(documents, expected, n_passes=4, prior=prior)

        fitted = model(global_random_seed, modalities, regularizers=regularizers, dtype=dtype).fit(X)

        assert_close(fitted.components_, expected.T, dtype)
        assert_close(fitted.transform(X), theta, dtype)
        assert_allclose(fitted.history_["log_likelihood"], track, rtol=1e-9 if dtype == "float64" else 1e-4)
        for tokens in blocks_of(modalities):
            assert_allclose(fitted.components_[:, tokens].sum(axis=1), 1, rtol=1e-5)

    @every_sum
    @declarations
    @pytest.mark.parametrize("dtype", ["float64", "float32"])
    def test_online(self, name, modalities, dtype, global_random_seed):
        regularizers, terms, prior = REGULARIZED[name]
        X, init = corpus(global_random_seed), start(global_random_seed, modalities)
        expected = oracle.online(
            weighted_documents(X, modalities), init.T, n_iter=2, n_passes=4, batch_size=7, offset=3.0, power=0.7,
            terms=terms, prior=prior, blocks=blocks_of(modalities),
        )  # fmt: skip
        fitted = model(
            global_random_seed, modalities, regularizers=regularizers, dtype=dtype, learning_method="online",
            max_iter=2, batch_size=7, learning_offset=3.0,
        ).fit(X)  # fmt: skip
        assert_close(fitted.components_, expected.T, dtype)

    @every_sum
    def test_partial_fit(self, name, global_random_seed):
        regularizers, terms, prior = REGULARIZED[name]
        X = corpus(global_random_seed)
        expected = oracle.online(
            weighted_documents(X), start(global_random_seed).T, n_iter=1, n_passes=4, batch_size=8, offset=3.0,
            power=0.7, total_samples=24.0, terms=terms, prior=prior, blocks=blocks_of(), first=8,
        )  # fmt: skip
        online = model(global_random_seed, regularizers=regularizers, learning_offset=3.0, total_samples=24)
        for first in range(0, 24, 8):
            online.partial_fit(X[first : first + 8])
        assert_close(online.components_, expected.T)

    @every_sum
    def test_sample_weight_and_warm_start(self, name, global_random_seed):
        regularizers, terms, prior = REGULARIZED[name]
        X, init = corpus(global_random_seed), start(global_random_seed)
        weights = np.random.default_rng(global_random_seed).uniform(0.1, 3, X.shape[0])
        arguments = {"n_passes": 4, "terms": terms, "prior": prior, "weights": weights, "blocks": blocks_of()}
        expected, _ = oracle.offline(weighted_documents(X), init.T, n_iter=5, **arguments)
        fitted = model(global_random_seed, regularizers=regularizers, max_iter=2, warm_start=True)
        fitted.fit(X, sample_weight=weights).set_params(max_iter=3).fit(X, sample_weight=weights)
        assert_close(fitted.components_, expected.T)

    def test_score_of_a_modality(self, global_random_seed):
        X = corpus(global_random_seed)
        fitted = model(global_random_seed, evaluation="fold_in").fit(X)
        phi = fitted.components_
        theta, _, _ = oracle.e_step(weighted_documents(X), phi.T, n_passes=4)
        logs = np.log(np.maximum(theta @ phi, 1e-16))
        total = 0.0
        for name, columns in BLOCKS.items():
            counts = X.toarray()[:, columns]
            expected = (counts * logs[:, columns]).sum()
            assert fitted.score(X, modality=name) == pytest.approx(expected / counts.sum(), rel=1e-9)
            total += expected
        assert fitted.score(X) == pytest.approx(total / X.sum(), rel=1e-9)
        assert fitted.score(X, modality=["words", "tags", "years"]) == pytest.approx(fitted.score(X), rel=1e-12)
        assert fitted.perplexity(X, modality="tags") == pytest.approx(np.exp(-fitted.score(X, modality="tags")))


class TestEquivalent:
    """The same model, said in another way."""

    def test_one_modality_is_none(self):
        X, init = corpus(0), start(0, {"words": slice(None)})
        one = model(0, {"words": slice(None)}, modality_weights=None, init=init).fit(X)
        none = model(0, None, modality_weights=None, init=init).fit(X)
        assert_array_equal(one.components_, none.components_)
        assert_array_equal(one.transform(X), none.transform(X))

    @pytest.mark.parametrize("learning_method", ["batch", "online"])
    def test_interleaved_columns_are_permuted_slices(self, learning_method):
        X, order = corpus(0), np.argsort([list(BLOCKS).index(name) for name in INTERLEAVED], kind="stable")
        parameters = {"learning_method": learning_method, "batch_size": 7, "regularizers": REGULARIZED["relative"][0]}
        mixed = model(0, INTERLEAVED, **parameters).fit(X)
        sorted_ = model(0, init=start(0, INTERLEAVED)[:, order], **parameters).fit(X[:, order])
        assert_allclose(mixed.components_[:, order], sorted_.components_, rtol=1e-10, atol=1e-14)
        assert_allclose(mixed.transform(X), sorted_.transform(X[:, order]), rtol=1e-10)

    def test_declarations(self):
        X = corpus(0)
        masks = {name: np.isin(np.arange(N_TOKENS), tokens) for name, tokens in zip(BLOCKS, blocks_of())}
        indices = {name: tokens[::-1].tolist() for name, tokens in zip(BLOCKS, blocks_of())}
        labels = np.repeat(list(BLOCKS), [18, 8, 4])
        expected = model().fit(X).components_
        for modalities in (masks, indices, labels, labels.tolist(), labels.astype(object)):
            assert_array_equal(model(modalities=modalities, init=start(0)).fit(X).components_, expected)

    @pytest.mark.parametrize("n_jobs", [2, 3])
    def test_threads(self, n_jobs):
        X = vstack([corpus(seed) for seed in range(8)], format="csr")
        one, more = model(0, INTERLEAVED).fit(X), model(0, INTERLEAVED, n_jobs=n_jobs).fit(X)
        assert_array_equal(more.components_, one.components_)

    def test_weights_multiply_counts(self):
        X = corpus(0)
        scaled = csr_matrix(X.multiply(TOKEN_WEIGHTS[None, :]))
        plain = model(modality_weights=None).fit(scaled)
        assert_allclose(model().fit(X).components_, plain.components_, rtol=1e-10)

    @pytest.mark.parametrize("learning_method", ["batch", "online"])
    def test_without_weight_as_if_it_were_not_there(self, learning_method):
        X, parameters = corpus(0), {"learning_method": learning_method, "batch_size": 7}
        some = model(modality_weights={"tags": 0, "years": 0}, **parameters).fit(X)
        alone = model(0, None, modality_weights=None, init=start(0)[:, :18], **parameters).fit(X[:, :18])
        assert_allclose(some.components_[:, :18], alone.components_, rtol=1e-10, atol=1e-14)
        assert_allclose(some.transform(X), alone.transform(X[:, :18]), rtol=1e-10)
        assert not some.components_[:, 18:].any()

    def test_few_columns(self):
        X = corpus(0, density=0.03)
        fitted = model(modalities=INTERLEAVED).fit(corpus(0))
        together = fitted.transform(corpus(0))
        assert_array_equal(
            fitted.transform(corpus(0)[3]), together[3:4]
        )  # a row has fewer entries than half the columns
        assert X[:5].nnz < N_TOKENS // 2
        theta, _, _ = oracle.e_step(weighted_documents(X[:5], INTERLEAVED), fitted.components_.T, n_passes=4)
        assert_close(fitted.transform(X[:5]), theta)


class TestAbsent:
    def test_from_a_batch(self, global_random_seed):
        X = corpus(global_random_seed).tolil()
        X[:7, 18:] = 0
        X[14:21, :18] = 0
        X = X.tocsr()
        expected = oracle.online(
            weighted_documents(X), start(global_random_seed).T, n_iter=2, n_passes=4, batch_size=7, offset=1.0,
            power=0.7, blocks=blocks_of(),
        )  # fmt: skip
        fitted = model(global_random_seed, learning_method="online", batch_size=7, max_iter=2).fit(X)
        assert_close(fitted.components_, expected.T)

    def test_from_the_corpus(self):
        X = corpus(0).tolil()
        X[:, 18:26] = 0
        fitted = model().fit(X.tocsr())
        assert not fitted.components_[:, 18:26].any()
        assert fitted.dead_topics_.size == 0
        assert_allclose(fitted.components_[:, :18].sum(axis=1), 1)
        relative = model(main_modality="words").fit(X.tocsr())
        assert relative.modality_weights_["tags"] == 0

    @pytest.mark.parametrize(
        "regularizers", [[], [("d", Decorrelation(0.02, relative=0.0))]], ids=["plain", "regularized"]
    )
    def test_from_the_first_documents(self, regularizers):
        X = corpus(0)
        untagged = X.tolil()
        untagged[:, 18:26] = 0
        online = model(regularizers=regularizers, init=None).partial_fit(untagged.tocsr())
        assert not online.components_[:, 18:26].any()
        for _ in range(20):
            online.partial_fit(X)
        assert_allclose(online.components_[:, 18:26].sum(axis=1), 1)
        assert online.history_["left_out"][-1] == 0
        assert online.score(X, modality="tags") > np.log(1 / 8)

    def test_until_it_gets_a_weight(self):
        X = corpus(0)
        fitted = model(modality_weights={"tags": 0}, warm_start=True).fit(X)
        fitted.set_params(modality_weights__tags=1.0).fit(X)
        assert fitted.modality_weights_["tags"] == 1
        assert_allclose(fitted.components_[:, 18:26].sum(axis=1), 1)


class TestRelativeWeights:
    def test_by_hand(self):
        X = corpus(0)
        mass = [X[:, columns].sum() for columns in BLOCKS.values()]
        fitted = model(main_modality="words").fit(X)
        expected = {"words": 1.0, "tags": 2.5 * mass[0] / mass[1], "years": 0.3 * mass[0] / mass[2]}
        assert fitted.modality_weights_ == pytest.approx(expected)
        absolute = model(modality_weights=expected).fit(X)
        assert_allclose(fitted.components_, absolute.components_, rtol=1e-10)
        assert_allclose(fitted.transform(X[:3]), absolute.transform(X[:3]), rtol=1e-10)

    def test_weights_of_documents_count(self):
        X, weights = corpus(0), np.random.default_rng(0).integers(0, 4, 24)
        weighted = model(main_modality="words").fit(X, sample_weight=weights)
        repeated = model(main_modality="words").fit(X[np.repeat(np.arange(24), weights)])
        assert weighted.modality_weights_ == pytest.approx(repeated.modality_weights_)
        assert_allclose(weighted.components_, repeated.components_, rtol=1e-9, atol=1e-12)

    def test_those_of_the_first_documents_stay(self):
        X = corpus(0)
        online = model(main_modality="words").partial_fit(X[:8])
        first = dict(online.modality_weights_)
        assert online.partial_fit(X[8:]).modality_weights_ == first

    def test_a_second_fit_counts_anew(self):
        X, doubled = corpus(0), corpus(0).tolil()
        doubled[:, 18:26] *= 2
        fitted = model(main_modality="words").fit(X)
        once = fitted.modality_weights_["tags"]
        assert fitted.fit(doubled.tocsr()).modality_weights_["tags"] == pytest.approx(once / 2)
        assert fitted.set_params(warm_start=True).fit(X).modality_weights_["tags"] == pytest.approx(once)


class TestParameters:
    def test_weights_are_parameters(self):
        estimator = model(regularizers=[("d", Decorrelation(0.02, relative=0.0))])
        assert estimator.get_params()["modality_weights__tags"] == 2.5
        assert "modality_weights__tags" not in estimator.get_params(deep=False)
        copy = clone(estimator).set_params(modality_weights__tags=1.0, d__tau=0.1)
        assert copy.modality_weights == {"tags": 1.0, "years": 0.3}
        assert estimator.modality_weights == WEIGHTS
        assert copy.get_params()["d__tau"] == 0.1
        assert ARTMTransformer(modalities=BLOCKS).set_params(modality_weights__tags=3).modality_weights == {"tags": 3}

    def test_search(self):
        grid = {"modality_weights__tags": [0.1, 1.0, 10.0]}
        search = GridSearchCV(model(init=None, max_iter=2), grid, cv=2).fit(corpus(0))
        assert search.best_estimator_.modality_weights_["tags"] == search.best_params_["modality_weights__tags"]
        assert len(set(search.cv_results_["mean_test_score"])) == 3

    @pytest.mark.parametrize(
        ("parameters", "message"),
        [
            ({"modalities": {"a": slice(0, 20), "b": slice(10, 30)}}, "Got column 10 in more than one modality"),
            ({"modalities": {"a": slice(0, 20), "b": slice(22, 30)}}, "Got column 20 in no modality"),
            ({"modalities": {"a": slice(0, 30), "b": slice(30, 40)}}, "'b' must have at least one of the 30 columns"),
            ({"modalities": {"a": slice(0, 30), "b": []}}, "'b' must have at least one"),
            ({"modalities": {"a": [0, 30]}}, r"'a' must have columns in \[0, 30\). Got 0 to 30"),
            ({"modalities": {"a": [-1, 3]}}, r"'a' must have columns in \[0, 30\). Got -1 to 3"),
            ({"modalities": {"a": [0.5]}}, "'a' must be a slice, column indices or a mask"),
            ({"modalities": {"a": np.ones(29, dtype=bool)}}, r"mask of modality 'a' must have shape \(30,\)"),
            ({"modalities": ["a"] * 29}, r"one label for each of the 30 columns of X. Got shape \(29,\)"),
            ({"modalities": {}}, "must name at least one modality"),
            ({"modality_weights": {"tag": 1.0}}, r"must name \['words', 'tags', 'years'\]. Got 'tag'"),
            ({"main_modality": "word"}, r"must name \['words', 'tags', 'years'\]. Got 'word'"),
            ({"modality_weights": {"tags": -1}}, "of modality 'tags' must be a finite number, at least 0. Got -1"),
            ({"modality_weights": {"tags": np.nan}}, "weight of modality 'tags' must be a finite number"),
            ({"modality_weights": {"tags": "2"}}, "weight of modality 'tags' must be a finite number"),
            ({"modality_weights": dict.fromkeys(BLOCKS, 0)}, "at least one modality must have a positive weight"),
            ({"modalities": None}, "modality_weights needs modalities"),
            ({"modalities": None, "modality_weights": None, "main_modality": "a"}, "main_modality needs modalities"),
            ({"token_names": ["a"]}, "'token_names' parameter of ARTMTransformer must have one name for each of"),
        ],
    )  # fmt: skip
    def test_bad(self, parameters, message):
        weights = (
            {}
            if "modality_weights" in parameters or parameters.get("modalities", 0) in (0, None)
            else {"modality_weights": None}
        )
        with pytest.raises(ValueError, match=message):
            model(**{"init": None, **weights}).set_params(**parameters).fit(corpus(0))

    def test_bad_type_of_weights(self):
        with pytest.raises(TypeError, match="'modality_weights' parameter of ARTMTransformer must be a dict"):
            model(modality_weights=[1.0]).fit(corpus(0))

    def test_main_modality_without_tokens(self):
        X = corpus(0).tolil()
        X[:, :18] = 0
        with pytest.raises(ValueError, match="the main modality must have tokens in X. Got none of 'words'"):
            model(main_modality="words").fit(X.tocsr())

    def test_unknown_modality_of_a_score(self):
        with pytest.raises(ValueError, match="modality must name a modality of the model.*Got 'tag'"):
            model().fit(corpus(0)).score(corpus(0), modality="tag")

    def test_start_must_be_distributions_in_every_modality(self):
        with pytest.raises(ValueError, match="sum 1 in every modality"):
            model(init=np.full((N_TOPICS, N_TOKENS), 1 / N_TOKENS)).fit(corpus(0))
