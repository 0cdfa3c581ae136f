"""ContextARTM: topics of positions from the text around them."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from skartm import ContextARTM, ThetalessARTM
from skartm.datasets import make_topics, save_memmap
from skartm.em import Batches, Shared, padded
from skartm.exceptions import DeadTopicWarning
from skartm.regularizers import Decorrelation, Linear, SmoothSparsePhi, SmoothSparseTheta, SparsePosterior, Window
from skartm.topics.context._mixture import Context, ContextMixture
from tests.oracle import context as oracle
from tests.oracle import regularizers as formulas
from tests.topics.models import topics

N_TOPICS, N_TOKENS = 4, 30
EVERY = list(range(N_TOPICS))
TERMS = [
    {"response": lambda phi: formulas.decorrelation(phi, EVERY)[1], "tau": 20.0, "relative": None, "topics": EVERY},
    {"response": lambda phi: formulas.smooth_sparse(phi, EVERY)[1], "tau": -0.2, "relative": None, "topics": EVERY},
]
REGULARIZERS = [("decorrelation", Decorrelation(20.0)), ("sparse", SmoothSparsePhi(-0.2))]
KINDS = {
    "ema": {"gamma": 0.3},
    "left and right": {"gamma": (0.2, 0.5), "beta": 0.3},
    "ema others": {"gamma": 0.3, "own_word": False},
    "ema layers": {"gamma": 0.3, "n_layers": 2},
    "ema others layers": {"gamma": 0.4, "n_layers": 2, "own_word": False, "beta": 0.6},
    "left only": {"gamma": 0.3, "beta": 1.0, "own_word": False},
    "window": {"context": "window", "window": 3},
    "window others": {"context": "window", "window": 2, "own_word": False, "beta": 0.2},
    "window layers": {"context": "window", "window": 3, "n_layers": 3},
    "window others layers": {"context": "window", "window": 1, "n_layers": 2, "own_word": False},
    "document": {"context": "window"},
}
sparsing_is_strong = pytest.mark.filterwarnings("ignore::skartm.exceptions.LeftOutTokensWarning")
every_kind = pytest.mark.parametrize("kind", KINDS)


def sequences(seed, n_docs=24, n_tokens=N_TOKENS, longest=20):
    """Texts of 0 to some tokens; one token occurs nowhere."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, longest + 1, n_docs)
    lengths[:3] = 0, 1, 2
    tokens = rng.integers(0, n_tokens, lengths.sum())
    tokens[tokens == n_tokens // 3] = 0
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    return sparse.csr_matrix((np.ones(tokens.size), tokens, indptr), shape=(n_docs, n_tokens))


@pytest.fixture
def X():
    return sequences(0)


def context_artm(kind="ema", **parameters):
    defaults = {"own_word": True, "max_iter": 5, "tol": 0.0, "dtype": "float64", "init": topics(), "n_jobs": 1}
    return ContextARTM(N_TOPICS, **{**defaults, **KINDS[kind], **parameters})


def text(tokens):
    """One document."""
    return sparse.csr_matrix((np.ones(len(tokens)), tokens, [0, len(tokens)]), shape=(1, N_TOKENS))


def rows(X, values):
    return np.split(np.asarray(values), X.indptr[1:-1])


def texts_of(X, kind, token_gamma=None, position_gamma=None, **changed):
    """Documents with the weights of their positions as the oracle takes them."""
    options = {**KINDS[kind], **changed}
    gamma = options.get("gamma", 1.0)
    factors = np.ones(X.shape[1]) if token_gamma is None else token_gamma
    texts = []
    for d, (document, x) in enumerate(zip(rows(X, X.indices), rows(X, X.data))):
        both = []
        for side in range(2):
            values = (gamma[side] if isinstance(gamma, tuple) else gamma) * factors[document]
            if position_gamma is not None:
                given = position_gamma[d] if position_gamma[d].ndim == 2 else position_gamma[d][:, None]
                given = given[:, min(side, given.shape[1] - 1)]
                values = np.where(np.isnan(given), values, given)
            if "window" in kind or kind == "document":
                both.append((values * x).tolist())
            else:
                both.append((1 - (1 - np.minimum(values, 1)) ** x).tolist())
        texts.append((document.tolist(), x.tolist(), *both))
    return texts


def options_of(kind):
    """Parameters as the oracle takes them."""
    given = KINDS[kind]
    window = given.get("window", 10**6) if given.get("context") == "window" else None
    own = given.get("own_word", True)
    return {"window": window, "beta": given.get("beta", 0.5), "n_layers": given.get("n_layers", 1), "own": own}


def expected_theta(texts, phi, mass, kind):
    result = []
    for document, x, left, right in texts:
        p = oracle.contexts(document, phi, mass, left, right, **options_of(kind))[3]
        result.append(oracle.theta_of_document(p, x, phi.shape[1]))
    return np.array(result)


def position_gammas(X, seed=3, n_sides=1):
    rng = np.random.default_rng(seed)
    values = rng.choice([0.0, 0.2, 0.7, 1.0, np.nan], size=(X.nnz, n_sides), p=[0.15, 0.3, 0.2, 0.05, 0.3])
    return [part[:, 0] if n_sides == 1 else part for part in rows(X, values)]


# --- against loops ----------------------------------------------------------------------------------------------------


@sparsing_is_strong
@every_kind
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("regularizers", "terms"), [((), ()), (REGULARIZERS, TERMS)], ids=["plain", "regularized"])
def test_offline(kind, weighted, regularizers, terms, X):
    weights = np.random.default_rng(1).uniform(0.2, 3, X.shape[0]) if weighted else None
    model = context_artm(kind, regularizers=regularizers).fit(X, sample_weight=weights)
    texts = texts_of(X, kind)
    phi, mass = oracle.offline(texts, topics().T, n_iter=5, terms=terms, weights=weights, **options_of(kind))
    assert_allclose(model.components_.T, phi, rtol=1e-8, atol=1e-13)
    assert_allclose(model.topic_mass_, mass, rtol=1e-8)
    assert_allclose(model.transform(X), expected_theta(texts, phi, mass, kind), rtol=1e-8, atol=1e-13)


@every_kind
@pytest.mark.parametrize("given", ["tokens", "positions", "both"])
def test_gammas(kind, given, X, global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    token_gamma = rng.choice([0.0, 0.5, 1.0, 2.5], N_TOKENS) if given != "positions" else None
    n_sides = 2 if kind == "left and right" else 1
    positions = position_gammas(X, global_random_seed, n_sides) if given != "tokens" else None
    model = context_artm(kind, token_gamma=token_gamma).fit(X, position_gamma=positions)
    texts = texts_of(X, kind, token_gamma, positions)
    phi, mass = oracle.offline(texts, topics().T, n_iter=5, **options_of(kind))
    assert_allclose(model.components_.T, phi, rtol=1e-8, atol=1e-13)
    theta = expected_theta(texts, phi, mass, kind)
    assert_allclose(model.transform(X, position_gamma=positions), theta, rtol=1e-8, atol=1e-13)


@every_kind
def test_weighted_entries(kind, X):
    weighted = X.copy()
    weighted.data = np.random.default_rng(0).choice([0.0, 0.5, 1.0, 2.0], X.nnz)
    model = context_artm(kind).fit(weighted)
    phi, _ = oracle.offline(texts_of(weighted, kind), topics().T, n_iter=5, **options_of(kind))
    assert_allclose(model.components_.T, phi, rtol=1e-8, atol=1e-13)


@every_kind
def test_online(kind, X):
    options = {"learning_method": "online", "batch_size": 7, "learning_offset": 3.0, "max_iter": 3}
    model = context_artm(kind, **options).fit(X)
    phi, mass = oracle.online(
        texts_of(X, kind), topics().T, n_iter=3, batch_size=7, offset=3.0, power=0.7, **options_of(kind)
    )
    assert_allclose(model.components_.T, phi, rtol=1e-8, atol=1e-13)
    assert_allclose(model.topic_mass_ / model.topic_mass_.sum(), np.array(mass) / sum(mass), rtol=1e-8)


@every_kind
def test_modalities(kind, X):
    names = np.where(np.arange(N_TOKENS) < 20, "words", "tags")
    blocks = [range(20), range(20, N_TOKENS)]
    start = topics()
    for block in blocks:
        start[:, block] /= start[:, block].sum(axis=1, keepdims=True)
    model = context_artm(kind, modalities=names, modality_weights={"tags": 3.0}, init=start).fit(X)
    weighted = X.copy()
    weighted.data = np.where(names == "tags", 3.0, 1.0)[X.indices]
    texts = texts_of(weighted, kind)
    phi, mass = oracle.offline(texts, start.T, n_iter=5, blocks=blocks, **options_of(kind))
    assert_allclose(model.components_.T, phi, rtol=1e-8, atol=1e-13)
    assert_allclose(model.transform(X), expected_theta(texts, phi, mass, kind), rtol=1e-8, atol=1e-13)


@every_kind
def test_log_likelihood_of_the_history(kind, X):
    model, texts = context_artm(kind).fit(X), texts_of(X, kind)
    phi, mass = oracle.offline(texts, topics().T, n_iter=4, **options_of(kind))
    _, expected = oracle.counts(texts, phi, mass, **options_of(kind))
    assert_allclose(model.history_["log_likelihood"][-1], expected, rtol=1e-9)


@every_kind
def test_vectors(kind, X):
    model, positions = context_artm(kind).fit(X), position_gammas(X)
    phi, mass = model.components_.T, model.topic_mass_
    texts = texts_of(X, kind, position_gamma=positions)
    prior = mass / mass.sum()
    found = list(model.context_vectors(X, positions))
    assert len(found) == X.shape[0]
    for vectors, (document, _, left, right) in zip(found, texts):
        taken, theta, _, p = oracle.contexts(document, phi, mass, left, right, **options_of(kind))
        assert_array_equal(vectors.tokens, document)
        token = [oracle.topics_of_token(phi[w], mass) for w in document]
        lefts, rights = oracle.sides(taken, left, right, options_of(kind)["window"])
        for got, expected in [
            (vectors.token, token),
            (vectors.left, [prior if row is None else row for row in lefts]),
            (vectors.right, [prior if row is None else row for row in rights]),
            (vectors.two_sided, theta),
            (vectors.contextual, p),
        ]:
            assert_allclose(got, np.reshape(expected, (-1, N_TOPICS)), rtol=1e-8, atol=1e-13)


@every_kind
def test_left_out(kind, X):
    model, texts = context_artm(kind).fit(X), texts_of(X, kind)
    phi, mass = model.components_.T, model.topic_mass_
    expected = [oracle.left_out(*text[:1], phi, mass, *text[2:], **options_of(kind)) for text in texts]
    expected = np.log(np.concatenate([np.array(part) for part in expected]))
    assert_allclose(model.position_log_likelihood(X), expected, rtol=1e-8)
    assert_allclose(model.score(X), expected.mean(), rtol=1e-10)
    plain = [oracle.contexts(*text[:1], phi, mass, *text[2:], **options_of(kind))[2] for text in texts]
    plain = np.log(np.concatenate([np.array(part) for part in plain]))
    assert_allclose(model.position_log_likelihood(X, evaluation="plain"), plain, rtol=1e-8)
    assert_allclose(model.perplexity(X, evaluation="plain"), np.exp(-plain.mean()), rtol=1e-10)
    assert_allclose(model.set_params(evaluation="plain").score(X), plain.mean(), rtol=1e-10)


def test_own_word_makes_it_look_easy(X):
    model = context_artm("ema").fit(X)
    assert model.perplexity(X, evaluation="plain") < model.perplexity(X)
    others = context_artm("ema others").fit(X)
    assert_allclose(others.perplexity(X, evaluation="plain"), others.perplexity(X), rtol=1e-12)


# --- degenerate cases -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("window", [None, 20, 10**6, 2**40])
def test_window_of_the_document_is_thetaless(window, X):
    model = context_artm("document", window=window).fit(X)
    parent = ThetalessARTM(
        N_TOPICS, variant="simplified", max_iter=5, tol=0, dtype="float64", init=topics(), n_jobs=1
    ).fit(X)
    assert_allclose(model.components_, parent.components_, rtol=1e-8, atol=1e-13)
    assert_allclose(model.topic_mass_, parent.topic_mass_, rtol=1e-8)
    theta = parent.transform(X)  # of the words, not of p(t|i)
    for d, vectors in enumerate(model.context_vectors(X)):
        assert_allclose(vectors.two_sided, np.tile(theta[d], (X[d].nnz, 1)), rtol=1e-8, atol=1e-13)


def test_gamma_one_is_the_word_itself(X):
    found = list(context_artm("ema", gamma=1.0).fit(X).context_vectors(X))
    assert len(found) == X.shape[0]
    for vectors in found:
        for part in (vectors.left, vectors.right, vectors.two_sided):
            assert_allclose(part, vectors.token, rtol=1e-12, atol=1e-14)


def test_gamma_zero_knows_nothing(X):
    model = context_artm("ema", gamma=0.0).fit(X)
    prior = model.topic_mass_ / model.topic_mass_.sum()
    assert_allclose(next(model.context_vectors(X[5])).two_sided, np.tile(prior, (X[5].nnz, 1)), rtol=1e-12)


def test_boundary_is_two_documents(X):
    """Gamma 1 from the left at the first token of a segment, from the right at the last one of that before."""
    whole = sparse.csr_matrix((X.data, X.indices, [0, X.nnz]), shape=(1, N_TOKENS))
    gammas = np.full((X.nnz, 2), np.nan)
    filled = np.flatnonzero(np.diff(X.indptr))
    gammas[X.indptr[:-1][filled], 0] = gammas[X.indptr[1:][filled] - 1, 1] = 1.0
    joined, apart = context_artm("ema").fit(whole, position_gamma=[gammas]), context_artm("ema").fit(X)
    assert_allclose(joined.components_, apart.components_, rtol=1e-8, atol=1e-13)


def test_infinite_token_gamma_forgets(X):
    token_gamma = np.ones(N_TOKENS)
    token_gamma[4] = np.inf
    document = np.searchsorted(X.indptr, np.flatnonzero(X.indices == 4)[0], side="right") - 1
    left = next(context_artm(token_gamma=token_gamma).fit(X).context_vectors(X[document]))
    places = np.flatnonzero(left.tokens == 4)
    assert places.size
    assert_allclose(left.left[places], left.token[places], rtol=1e-12)


@every_kind
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_topic(kind, dtype, X):
    model = ContextARTM(1, max_iter=3, tol=0, dtype=dtype, n_jobs=1, **KINDS[kind]).fit(X)
    counts = np.asarray(X.sum(axis=0)).ravel()
    assert_allclose(model.components_[0], counts / counts.sum(), rtol=1e-5, atol=1e-12)
    assert_allclose(model.transform(X), 1, rtol=1e-6)


@every_kind
def test_unknown_tokens_do_not_count(kind, X):
    model, unknown = context_artm(kind).fit(X), N_TOKENS // 3
    assert not model.components_[:, unknown].any()
    document = X[int(np.argmax(np.diff(X.indptr)))].indices
    noisy = np.insert(document, [0, 2, document.size], unknown)
    if "window" not in KINDS[kind]:  # there positions count
        assert_allclose(model.transform(text(noisy)), model.transform(text(document)), rtol=1e-12)
    nothing = text([unknown, unknown, unknown])
    assert_array_equal(model.transform(nothing), 1 / N_TOPICS)
    assert_array_equal(model.position_log_likelihood(nothing), np.log(1e-16))
    assert_array_equal(model.token_topics(nothing, dense=True)[0], 0)


@every_kind
def test_dead_topics_stay_dead(kind, X):
    with pytest.warns(DeadTopicWarning):
        model = context_artm(kind, regularizers=[("kill", SmoothSparsePhi(-1e3, topics=[2]))]).fit(X)
    assert_array_equal(model.dead_topics_, [2])
    assert_array_equal(model.transform(X[1:])[:, 2], 0)
    assert np.isfinite(model.components_).all()


@sparsing_is_strong
@every_kind
def test_zeros_in_phi(kind, X):
    start = topics()
    start[:, ::3] = 0
    start[2, 1::3] = 0
    start /= start.sum(axis=1, keepdims=True)
    model = context_artm(kind, init=start).fit(X)
    phi, mass = oracle.offline(texts_of(X, kind), start.T, n_iter=5, **options_of(kind))
    assert_allclose(model.components_.T, phi, rtol=1e-8, atol=1e-13)
    assert_allclose(model.topic_mass_, mass, rtol=1e-8)


@every_kind
def test_empty_rows_at_the_ends(kind, X):
    empty = sparse.csr_matrix((2, X.shape[1]))
    indptr = np.concatenate([[0, 0], X.indptr, [X.nnz] * 2])
    framed = sparse.csr_matrix((X.data, X.indices, indptr), shape=(X.shape[0] + 4, X.shape[1]))
    model = context_artm(kind).fit(X)
    assert_allclose(context_artm(kind).fit(framed).components_, model.components_, rtol=1e-10)
    assert_array_equal(model.transform(empty), 1 / N_TOPICS)


# --- in use -----------------------------------------------------------------------------------------------------------


@every_kind
def test_float32(kind, X):
    single, double = context_artm(kind, dtype="float32").fit(X), context_artm(kind).fit(X)
    assert_allclose(single.components_, double.components_, rtol=1e-3, atol=1e-5)


@sparsing_is_strong
@every_kind
@pytest.mark.parametrize("regularizers", [(), REGULARIZERS], ids=["plain", "regularized"])
def test_warm_start_goes_on(kind, regularizers, X):
    whole = context_artm(kind, max_iter=6, regularizers=regularizers).fit(X)
    halves = context_artm(kind, max_iter=3, regularizers=regularizers, warm_start=True).fit(X).fit(X)
    assert_allclose(halves.components_, whole.components_, rtol=1e-10, atol=1e-14)


def test_partial_fit_is_online_fit(X):
    options = {"batch_size": 7, "total_samples": X.shape[0]}
    positions = position_gammas(X)
    parts = context_artm(**options).partial_fit(X[:7], position_gamma=positions[:7])
    again = context_artm(learning_method="online", **{**options, "max_iter": 1}).fit(
        X[:7], position_gamma=positions[:7]
    )
    assert_allclose(parts.components_, again.components_, rtol=1e-10, atol=1e-14)
    parts.partial_fit(X[7:], position_gamma=positions[7:])
    assert np.isfinite(parts.components_).all()


@pytest.mark.parametrize("kind", ["ema", "ema others layers", "window layers"])
def test_threads_bit_for_bit(kind):
    X = sequences(0, n_docs=600, n_tokens=400, longest=150)
    options = {"max_iter": 3, "tol": 0, "random_state": 0, **KINDS[kind]}
    one, two, three = (ContextARTM(30, n_jobs=n, **options).fit(X) for n in (1, 2, 3))
    assert_array_equal(two.components_, one.components_)
    assert_array_equal(three.components_, one.components_)
    assert_array_equal(three.transform(X), one.transform(X))
    assert_array_equal(one.transform(X[[500, 20]]), one.transform(X)[[500, 20]])
    assert_array_equal(one.position_log_likelihood(X[40:60]), three.position_log_likelihood(X[40:60]))


@every_kind
def test_parts_of_any_size(kind, X):
    """Positions that are looked at together only change the order of sums."""
    context = Context(None, KINDS[kind]["window"]) if "window" in KINDS[kind] else Context((0.3, 0.3))
    phi, found = padded(topics().T, np.float64), []
    shared = Shared(phi, N_TOPICS, scale=2.0)
    for together in (1, 7, 10**6):
        mixture = ContextMixture(N_TOPICS, context, together=together)
        (batch,) = Batches(X, X.shape[0], np.float64, ordered=True)
        expectation, counts = mixture.expect(shared, batch), np.zeros_like(phi)
        expectation.counts.add_to(counts, phi)
        found.append((counts, expectation.theta_dt))
    assert_allclose(found[0][0].sum(), 2 * X.sum(), rtol=1e-12)
    for counts, theta in found[1:]:
        assert_allclose(counts, found[0][0], rtol=1e-12)
        assert_array_equal(theta, found[0][1])


def test_token_topics(X):
    model = context_artm().fit(X)
    dense = model.token_topics(X, dense=True)
    for part, vectors in zip(dense, model.context_vectors(X)):
        assert_allclose(part, vectors.contextual, rtol=1e-12)
    thin = model.token_topics(X, threshold=0.1)
    assert thin.shape == (X.nnz, N_TOPICS)
    assert_allclose(thin.sum(axis=1), 1, rtol=1e-10)


def test_schedules_and_last_passes(X):
    late = [("sparse", SmoothSparsePhi(Window(-0.5, begin=3))), ("even", SmoothSparsePhi(Linear(0.0, 0.1)))]
    model = context_artm(regularizers=late, max_iter=6, unregularized_iter=1).fit(X)
    assert model.history_["perplexity"][-1] < model.history_["perplexity"][0]


def test_score_of_a_modality(X):
    names = np.where(np.arange(N_TOKENS) < 20, "words", "tags")
    model = context_artm(modalities=names, modality_weights={"tags": 0.5}, init=None, random_state=0).fit(X)
    values, words = model.position_log_likelihood(X), X.indices < 20
    assert_allclose(model.score(X, modality="words"), values[words].mean(), rtol=1e-10)
    weights = np.random.default_rng(0).uniform(0.5, 2, X.shape[0])
    each = np.repeat(weights, np.diff(X.indptr))
    assert_allclose(model.score(X, sample_weight=weights), np.average(values, weights=each), rtol=1e-10)


def test_pickle_and_clone(X):
    model = context_artm(token_gamma=np.ones(N_TOKENS)).fit(X)
    assert_array_equal(pickle.loads(pickle.dumps(model)).transform(X), model.transform(X))
    assert_array_equal(clone(model).fit(X).components_, model.components_)


def test_search_slices_the_gammas(X):
    positions = position_gammas(X)
    search = GridSearchCV(context_artm(max_iter=2), {"gamma": [0.1, 0.5]}, cv=2, error_score="raise")
    search.fit(X, position_gamma=positions)
    half = X.shape[0] // 2
    by_hand = context_artm(max_iter=2, gamma=0.1).fit(X[half:], position_gamma=positions[half:]).score(X[:half])
    assert_allclose(search.cv_results_["split0_test_score"][0], by_hand, rtol=1e-12)
    with config_context(enable_metadata_routing=True):
        scores = cross_val_score(context_artm(max_iter=2, gamma=0.1), X, cv=2, params={"position_gamma": positions})
        assert_array_equal(context_artm().fit_transform(X), context_artm().fit(X).transform(X))
    fitted = context_artm(max_iter=2, gamma=0.1).fit(X[half:], position_gamma=positions[half:])
    assert_allclose(scores[0], fitted.score(X[:half], position_gamma=positions[:half]), rtol=1e-12)


def test_data_stay_as_they_are(X):
    before = X.copy()
    model = context_artm().fit(X)
    for method in (model.transform, model.score, model.segment, model.token_topics):
        method(X)
    for name in ("data", "indices", "indptr"):
        assert_array_equal(getattr(X, name), getattr(before, name))


@every_kind
def test_from_disk_and_with_long_indices(kind, X, tmp_path):
    positions = position_gammas(X)
    expected = context_artm(kind).fit(X, position_gamma=positions)
    mapped = save_memmap(tmp_path / "texts", X)
    long = X.copy()
    long.indices, long.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    for other in (mapped, long):
        model = context_artm(kind).fit(other, position_gamma=positions)
        assert_allclose(model.components_, expected.components_, rtol=1e-12, atol=1e-15)
        assert_array_equal(model.transform(other), model.transform(X))
        assert_array_equal(model.position_log_likelihood(other), model.position_log_likelihood(X))


def test_gammas_as_a_matrix(X):
    positions = position_gammas(X)
    matrix = sparse.csr_matrix((np.concatenate(positions), X.indices, X.indptr), shape=X.shape)
    by_matrix = context_artm().fit_transform(X, position_gamma=matrix)
    assert_array_equal(by_matrix, context_artm().fit_transform(X, position_gamma=positions))


def test_planted_topics_are_recovered(global_random_seed):
    """Texts of stretches, each of one topic."""
    truth = make_topics(300, 200, 5, doc_length=180, segment_length=30, random_state=global_random_seed)
    runs = [ContextARTM(5, own_word=False, max_iter=60, tol=0, random_state=seed, n_jobs=1) for seed in range(3)]
    model = max((run.fit(truth.data) for run in runs), key=lambda run: run.score(truth.data))
    overlap = np.minimum(model.components_[:, None], truth.components[None]).sum(axis=2)
    assert (overlap.max(axis=0) > 0.8).all(), overlap.max(axis=0)


def test_interruption_leaves_what_was_learned(X, monkeypatch):
    positions, converged, calls = position_gammas(X), ContextARTM._has_converged, []

    def interrupted(self, *arguments):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return converged(self, *arguments)

    model = context_artm(max_iter=10)
    with monkeypatch.context() as patch:
        patch.setattr(ContextARTM, "_has_converged", interrupted)
        with pytest.raises(KeyboardInterrupt):
            model.fit(X, position_gamma=positions)
    expected = context_artm(max_iter=3).fit(X, position_gamma=positions)
    assert_array_equal(model.components_, expected.components_)
    assert_array_equal(model.transform(X), expected.transform(X))  # contexts of the model, not of the fit's positions


# --- what cannot be used ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("regularizer", [SmoothSparseTheta(0.1), SparsePosterior(0.5)])
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_only_phi_is_free(regularizer, method, X):
    model = context_artm(regularizers=[("phi", SmoothSparsePhi(0.1)), ("wrong", regularizer)])
    with pytest.raises(ValueError, match=r"theta is a function of phi.*'wrong'"):
        getattr(model, method)(X)
    getattr(model.set_params(wrong=None), method)(X)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"context": "tree"}, "'context' parameter"),
        ({"gamma": 1.5}, "'gamma' parameter"),
        ({"gamma": -0.1}, "'gamma' parameter"),
        ({"gamma": np.nan}, "'gamma' parameter"),
        ({"gamma": (0.1, 0.2, 0.3)}, "'gamma' parameter"),
        ({"gamma": "large"}, "'gamma' parameter"),
        ({"gamma": True}, "'gamma' parameter"),
        ({"window": 5}, "has no window"),
        ({"context": "window", "gamma": 0.1}, "has no gamma"),
        ({"context": "window", "gamma": None, "window": 0}, "'window' parameter"),
        ({"beta": 1.1}, "'beta' parameter"),
        ({"n_layers": 0}, "'n_layers' parameter"),
        ({"own_word": "no"}, "'own_word' parameter"),
        ({"evaluation": "completion"}, "'evaluation' parameter"),
        ({"token_gamma": np.ones(3)}, "'token_gamma' parameter"),
        ({"token_gamma": -np.ones(N_TOKENS)}, "'token_gamma' parameter"),
        ({"context": "window", "gamma": None, "token_gamma": np.full(N_TOKENS, np.inf)}, "finite in windows"),
    ],
)
def test_parameters(parameters, message, X):
    with pytest.raises((ValueError, TypeError), match=message):
        context_artm(**parameters).fit(X)


def test_position_gammas_that_do_not_fit(X):
    good = position_gammas(X)
    ragged = [*good[:-1], np.ones(X[-1].nnz + 1)]
    sums = X.copy()
    sums.sum_duplicates()
    for wrong, message in [
        (good[1:], "an array for each"),
        (ragged, f"document {X.shape[0] - 1} must have the shape"),
        ([part + 2 for part in good], r"must be in \[0, 1\]"),
        (sums, "must have the entries of X"),
        (3, "must be a list of arrays"),
        ([["a"]] * X.shape[0], "must be a list of arrays"),
    ]:
        with pytest.raises(ValueError, match=message):
            context_artm().fit(X, position_gamma=wrong)
        with pytest.raises(ValueError, match=message):
            context_artm().fit(X).transform(X, position_gamma=wrong)
    with pytest.raises(ValueError, match="one value a position"):
        context_artm("window").fit(X, position_gamma=position_gammas(X, n_sides=2))
    with pytest.raises(ValueError, match="validation_fraction"):
        context_artm(validation_fraction=0.2).fit(X, position_gamma=good)


def test_counts_have_no_order(X):
    counts = X.copy()
    counts.sum_duplicates()
    model = context_artm().fit(X)
    for call in (context_artm().fit, context_artm().partial_fit, model.transform, model.score, model.segment):
        with pytest.raises(ValueError, match="X must keep the order of the text"):
            call(counts)


def test_evaluation_of_one_call(X):
    with pytest.raises(ValueError, match="'evaluation' parameter"):
        context_artm().fit(X).perplexity(X, evaluation="completion")


def test_validation_fraction():
    X = sequences(0, n_docs=80)
    model = context_artm(validation_fraction=0.2, random_state=0, max_iter=10).fit(X)
    assert len(model.history_["validation_perplexity"]) == 10


# --- the checks of scikit-learn: they give counts, which are read as texts in the order of the columns ----------------


@pytest.fixture
def any_order(monkeypatch):
    monkeypatch.setattr("skartm.base._data.token_order", lambda X, owner: X)


@parametrize_with_checks(
    [
        ContextARTM(3, dtype="float64", n_jobs=1, random_state=0),
        ContextARTM(3, n_layers=2, gamma=0.3, max_iter=5, tol=0.0, dtype="float64", n_jobs=1, random_state=0),
        ContextARTM(
            2,
            context="window",
            window=2,
            learning_method="online",
            own_word=True,
            max_iter=5,
            tol=0.0,
            dtype="float64",
            n_jobs=1,
            random_state=0,
        ),
    ]
)
def test_sklearn_checks(estimator, check, any_order):
    check(estimator)
