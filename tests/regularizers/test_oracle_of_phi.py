"""Regularizers of phi against loops, over modalities, subsets of topics and precisions."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array

from skartm import ARTMTransformer
from skartm.em import Layout, Modality
from skartm.feature_extraction import cooccurrence
from skartm.regularizers import (
    Biterm,
    CoherencePhi,
    Decorrelation,
    LabelRegularization,
    SeedWords,
    SmoothSparsePhi,
    TopicPrior,
    TopKSparse,
)
from tests.em.corpora import corpus
from tests.oracle import regularizers_of_phi as oracle

WORDS, TAGS = np.array([0, 2, 3, 6], dtype=np.int32), np.array([1, 4, 5], dtype=np.int32)
LAYOUT = Layout(
    ("a", "b", "c", "d"), 7, (Modality("words", WORDS), Modality("tags", TAGS)), tuple(f"w{w}" for w in range(7))
)
BLOCKS = {None: [WORDS, TAGS], "words": [WORDS], "tags": [TAGS]}
TOKENS = {None: np.arange(7), "words": WORDS, "tags": TAGS}

selections = st.one_of(st.none(), st.sets(st.integers(0, 3), min_size=1).map(sorted))
modalities = st.sampled_from([None, "words", "tags"])
dtypes = st.sampled_from([np.float32, np.float64])
seeds = st.integers(0, 9999)


def matrices(seed, dtype):
    """phi and counters with zeros, equal counters and maybe a dead topic; and a generator."""
    rng = np.random.default_rng(seed)
    phi = np.concatenate([rng.dirichlet(np.full(7, 0.5), size=3).T, np.zeros((7, 1))], axis=1)
    phi = phi[:, rng.permutation(4)] * (rng.random((7, 4)) < 0.8)
    return np.ascontiguousarray(phi, dtype), rng.integers(0, 5, (7, 4)).astype(dtype), rng


def check(term, formula, phi, n_wt):
    tolerance = {"rtol": 1e-5, "atol": 1e-6} if phi.dtype == np.float32 else {"rtol": 1e-12, "atol": 1e-14}
    value, response = formula(phi.astype(float), n_wt.astype(float))
    out = np.full_like(phi, 2.0)
    term.add_term(phi, n_wt, out)
    assert out.dtype == phi.dtype
    assert_allclose(out - 2, response, **tolerance)
    assert term.value(phi, n_wt) == pytest.approx(value, rel=tolerance["rtol"], abs=tolerance["atol"])


def chosen(topics):
    return range(4) if topics is None else topics


@given(seed=seeds, topics=selections, modality=modalities, dtype=dtypes, exponent=st.sampled_from([0.5, 1, 2, 3.5]))
def test_power(seed, topics, modality, dtype, exponent):
    phi, n_wt, rng = matrices(seed, dtype)
    beta = rng.uniform(0, 2, 7)
    parameters = {"transform": "power", "exponent": exponent, "topics": topics, "modality": modality}
    for given_beta in (beta, beta[TOKENS[modality]]):
        term = SmoothSparsePhi(distribution=given_beta, **parameters).bind(LAYOUT)
        check(term, lambda phi, n: oracle.power(phi, TOKENS[modality], chosen(topics), exponent, beta), phi, n_wt)


@given(seed=seeds, modality=modalities, dtype=dtypes)
def test_pairs(seed, modality, dtype):
    phi, n_wt, rng = matrices(seed, dtype)
    everything = [(t, s) for t in range(4) for s in range(t)]
    pairs = [(*everything[i], float(rng.uniform(0.1, 3))) for i in rng.permutation(6)[: rng.integers(1, 7)]]
    as_dict = {}
    for t, s, weight in pairs:
        as_dict.setdefault(t, {})["abcd"[s]] = weight
    for given_pairs in (pairs, as_dict):
        term = Decorrelation(pairs=given_pairs, modality=modality).bind(LAYOUT)
        check(term, lambda phi, n: oracle.decorrelated_pairs(phi, TOKENS[modality], pairs), phi, n_wt)


def test_all_pairs_are_no_pairs():
    phi, n_wt, _ = matrices(0, np.float64)
    everything = [(t, s) for t in range(4) for s in range(t)]
    terms = [Decorrelation().bind(LAYOUT), Decorrelation(pairs=everything).bind(LAYOUT)]
    outs = [np.zeros_like(phi), np.zeros_like(phi)]
    for term, out in zip(terms, outs):
        term.add_term(phi, n_wt, out)
    assert_allclose(*outs, atol=1e-15)
    assert terms[0].value(phi, n_wt) == pytest.approx(terms[1].value(phi, n_wt))


def test_rows_beyond_a_block():
    rng = np.random.default_rng(0)
    phi = rng.random((1300, 3))
    tokens = np.flatnonzero(rng.random(1300) < 0.7).astype(np.int32)
    rest = np.setdiff1d(np.arange(1300, dtype=np.int32), tokens)
    layout = Layout(("a", "b", "c"), 1300, (Modality("some", tokens), Modality("rest", rest)))
    for topics in (None, [0, 2]):
        out = np.zeros_like(phi)
        Decorrelation(topics=topics, modality="some").bind(layout).add_term(phi, phi, out)
        part = phi[tokens] if topics is None else phi[np.ix_(tokens, topics)]
        expected = np.zeros_like(phi)
        expected[np.ix_(tokens, chosen(topics)[:3])] = -part * (part.sum(axis=1, keepdims=True) - part)
        assert_allclose(out, expected)


@given(seed=seeds, topics=selections, dtype=dtypes, others=st.sampled_from([0.0, 0.5, 2.0]))
def test_seed_words(seed, topics, dtype, others):
    phi, n_wt, rng = matrices(seed, dtype)
    words = {
        int(t): {int(w): float(rng.uniform(0, 2)) for w in rng.permutation(7)[: rng.integers(0, 4)]}
        for t in rng.permutation(4)[: rng.integers(0, 4)]
    }
    named = {"abcd"[t]: {f"w{w}": weight for w, weight in weights.items()} for t, weights in words.items()}
    for given_words in (words, named):
        term = SeedWords(given_words, topics=topics, others=others).bind(LAYOUT)
        check(term, lambda phi, n: oracle.seed_words(phi, chosen(topics), words, others), phi, n_wt)


@given(seed=seeds, topics=selections, modality=modalities, dtype=dtypes)
def test_topic_prior(seed, topics, modality, dtype):
    phi, n_wt, rng = matrices(seed, dtype)
    beta = rng.uniform(0, 2, len(chosen(topics)))
    term = TopicPrior(beta, topics=topics, modality=modality).bind(LAYOUT)
    check(term, lambda phi, n: oracle.topic_prior(phi, TOKENS[modality], chosen(topics), beta), phi, n_wt)


@given(
    seed=seeds,
    topics=selections,
    modality=modalities,
    dtype=dtypes,
    k=st.integers(1, 6),
    by=st.sampled_from(["topic", "token"]),
    share=st.sampled_from([None, 0.25, 0.5, 1.0]),
)
def test_top_k(seed, topics, modality, dtype, k, by, share):
    phi, n_wt, _ = matrices(seed, dtype)
    term = TopKSparse(k, by=by, mass_threshold=share, topics=topics, modality=modality).bind(LAYOUT)
    check(term, lambda phi, n: oracle.top_k(phi, n, BLOCKS[modality], chosen(topics), k, by, share), phi, n_wt)


@given(seed=seeds, topics=selections, modality=modalities, dtype=dtypes, weighted=st.booleans())
def test_labels(seed, topics, modality, dtype, weighted):
    phi, n_wt, rng = matrices(seed, dtype)
    wanted = rng.uniform(0, 2, 7) if weighted else np.ones(7)
    term = LabelRegularization(
        topics=topics, modality=modality, distribution=wanted[TOKENS[modality]] if weighted else None
    ).bind(LAYOUT)
    check(term, lambda phi, n: oracle.labels(phi, n, BLOCKS[modality], chosen(topics), wanted), phi, n_wt)


@given(seed=seeds, topics=selections, modality=modalities, dtype=dtypes, sparse=st.booleans(), own=st.booleans())
@pytest.mark.parametrize(
    ("cls", "formula"),
    [
        (Biterm, oracle.biterm),
        (partial(CoherencePhi, form="linear"), oracle.coherence),
        (CoherencePhi, oracle.quadratic_coherence),
    ],
)
def test_cooccurrence(cls, formula, seed, topics, modality, dtype, sparse, own):
    phi, n_wt, rng = matrices(seed, dtype)
    pairs = rng.poisson(0.6, (7, 7)) * rng.uniform(0.5, 2, (7, 7))
    matrix = pairs[np.ix_(TOKENS[modality], TOKENS[modality])] if own else pairs
    term = cls(csr_array(matrix) if sparse else matrix, topics=topics, modality=modality).bind(LAYOUT)
    check(term, lambda phi, n: formula(phi, n, TOKENS[modality], chosen(topics), pairs), phi, n_wt)


def test_biterm_has_more_pairs_than_a_block():
    rng = np.random.default_rng(0)
    phi, pairs = rng.dirichlet(np.ones(80), size=3).T.copy(), rng.random((80, 80))
    out = np.zeros_like(phi)
    Biterm(pairs).bind(Layout(("a", "b", "c"), 80)).add_term(phi, phi, out)
    assert out.sum() == pytest.approx(2 * pairs.sum())  # one token for each end of a pair
    assert_allclose(out, oracle.biterm(phi, phi, range(80), range(3), pairs)[1])


def test_top_k_leaves_exact_zeros():
    X = corpus(0)
    for by, counts in (("topic", lambda phi: (phi > 0).sum(axis=1)), ("token", lambda phi: (phi > 0).sum(axis=0))):
        model = ARTMTransformer(4, regularizers=[("k", TopKSparse(2, by=by))], max_iter=1, tol=0, random_state=0).fit(X)
        assert counts(model.components_).max() == 2


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("method", ["batch", "online"])
def test_in_a_model(dtype, method):
    X = corpus(0)
    pairs = np.random.default_rng(0).poisson(0.2, (30, 30))
    regularizers = {
        "seeds": SeedWords({0: [1, 2]}, others=0.1),
        "prior": TopicPrior(np.arange(4.0), 0.1),
        "few": TopKSparse(3, 0.5, by="token", modality="words"),
        "labels": LabelRegularization(modality="tags"),
        "coherence": CoherencePhi(pairs, 0.1, relative=0.5),
        "biterm": Biterm(csr_array(pairs), 0.1, modality="words"),
        "pairs": Decorrelation(0.1, relative=0.5, pairs=[(0, 1)]),
    }
    model = ARTMTransformer(
        4,
        regularizers=list(regularizers.items()),
        modalities=["words"] * 20 + ["tags"] * 10,
        learning_method=method,
        batch_size=7,
        dtype=dtype,
        max_iter=4,
        tol=0,
        random_state=0,
    ).fit(X)
    assert model.components_.dtype == dtype
    for part in (slice(20), slice(20, 30)):
        assert_allclose(model.components_[:, part].sum(axis=1), 1, rtol=1e-5)
    for name in regularizers:
        assert np.isfinite(model.history_[name]).all()


def test_seeds_of_a_modality():
    names = ("python", "python", "c", "d", "e", "f", "g")  # column 0 is a word, column 1 a tag
    layout = replace(LAYOUT, token_names=names)
    for modality, column in (("words", 0), ("tags", 1)):
        out = np.zeros((7, 4))
        SeedWords({"a": ["python"]}, modality=modality).bind(layout).add_term(out.copy(), out.copy(), out)
        assert_array_equal(np.argwhere(out), [[column, 0]])


def test_no_topic_dies_of_zero_over_zero():
    X = corpus(0)
    regularizers = [
        ("labels", LabelRegularization(0.1, relative=1.0)),
        ("pairs", Biterm(np.zeros((30, 30)), 0.1, relative=1.0)),
        ("seeds", SeedWords({0: [10]}, 0.1, relative=0.5)),
        ("alone", Decorrelation(0.1, relative=1.0, topics=[2])),
    ]
    model = ARTMTransformer(4, regularizers=regularizers, max_iter=5, tol=0, random_state=0).fit(X)
    assert np.isfinite(model.components_).all()
    assert model.dead_topics_.size == 0


@pytest.mark.parametrize(
    ("regularizer", "error", "message"),
    [
        (
            SmoothSparsePhi(transform="pol"),
            ValueError,
            "'transform' parameter of SmoothSparsePhi must be 'log' or 'power'",
        ),
        (
            SmoothSparsePhi(exponent=0),
            ValueError,
            "'exponent' parameter of SmoothSparsePhi must be a finite number above 0",
        ),
        (
            SmoothSparsePhi(modality="tags", distribution=[1.0] * 4),
            ValueError,
            r"must have shape \(3,\), the tokens of the modality, or \(7,\), all tokens. Got \(4,\)",
        ),
        (Decorrelation(pairs=[(0, 1)], topics=[0]), ValueError, "topics must be None when pairs are given"),
        (Decorrelation(pairs=[(0, 0)]), ValueError, r"a pair must be of two different topics. Got \(0, 0\)"),
        (Decorrelation(pairs=[(0, 1), ("b", "a")]), ValueError, "a pair must be given once, in either direction"),
        (Decorrelation(pairs=[(0, 1, -1)]), ValueError, "the weight of a pair must be a finite number, at least 0"),
        (Decorrelation(pairs=["ab"]), ValueError, r"a pair must be \(topic, topic\) or"),
        (Decorrelation(pairs=[("*", 1)]), ValueError, r"a pair must name single topics. Got the pattern '\*'"),
        (Decorrelation(pairs=[("x", 1)]), ValueError, "topics must name topics of the model. Got 'x'"),
        (Decorrelation(pairs=[]), ValueError, "pairs must have at least one pair"),
        (SeedWords(["w1"]), TypeError, "'words' parameter of SeedWords must be a dict of topic to words"),
        (SeedWords({"a": "w1"}), TypeError, "the words of topic 'a' must be a list, or a dict"),
        (SeedWords({"a": {"w1": -1}}), ValueError, "the weight of 'w1' must be a finite number, at least 0"),
        (SeedWords({"e": ["w1"]}), ValueError, "topics must name topics of the model. Got 'e'"),
        (
            SeedWords({"a": ["w1", "w55"], "b": ["zz"]}),
            ValueError,
            r"words must be tokens of the model. Got 'w55' \(close: 'w5'.*\), 'zz'. Correct them, or",
        ),
        (SeedWords({"a": ["w1"]}, modality="words"), ValueError, "words must be tokens of the model. Got 'w1'"),
        (
            SeedWords({"a": [1]}, modality="words"),
            ValueError,
            "words must be tokens of the modality 'words'. Got the column 1",
        ),
        (SeedWords({"a": [7]}), ValueError, r"words must be tokens of the model, or columns in \[0, 7\)"),
        (SeedWords({}, others=-1), ValueError, "'others' parameter of SeedWords must be a finite number, at least 0"),
        (
            SeedWords({}, on_unknown="warn"),
            ValueError,
            "'on_unknown' parameter of SeedWords must be 'error' or 'ignore'",
        ),
        (TopKSparse(0), ValueError, "'k' parameter of TopKSparse must be an integer, at least 1. Got 0"),
        (TopKSparse(2.5), ValueError, "'k' parameter of TopKSparse must be an integer"),
        (TopKSparse(np.nan), ValueError, "'k' parameter of TopKSparse must be an integer"),
        (TopKSparse(2, by="row"), ValueError, "'by' parameter of TopKSparse must be 'topic' or 'token'"),
        (TopKSparse(2, mass_threshold=0), ValueError, r"'mass_threshold' parameter .* a number in \(0, 1\]"),
        (LabelRegularization(distribution=[1.0]), ValueError, r"must have shape \(7,\). Got \(1,\)"),
        (TopicPrior([1.0]), ValueError, r"'distribution' parameter of TopicPrior must have shape \(4,\). Got \(1,\)"),
        (CoherencePhi(np.ones((3, 3))), ValueError, r"must have shape \(7, 7\). Got \(3, 3\)"),
        (Biterm(np.ones((4, 4)), modality="tags"), ValueError, r"must have shape \(3, 3\) or \(7, 7\)"),
        (Biterm(-np.ones((7, 7))), ValueError, "'cooccurrence' parameter of Biterm must be finite and non-negative"),
    ],
)
def test_wrong_parameters(regularizer, error, message):
    with pytest.raises(error, match=message):
        regularizer.bind(LAYOUT)


def test_names_need_a_model_that_knows_them():
    with pytest.raises(
        ValueError, match="SeedWords: words must be tokens of the model, or their columns while the model does not"
    ):
        SeedWords({"a": ["w1"]}, on_unknown="ignore").bind(Layout(("a",), 7))


def test_coherence_counts_the_documents_of_the_fit():
    X = corpus(0)
    counted = cooccurrence(X, measure="npmi", min_count=2, n_top=4)
    given, own = (
        ARTMTransformer(
            4,
            regularizers=[("c", CoherencePhi(matrix, 0.2, min_count=2, n_top=4, relative=1.0))],
            max_iter=4,
            tol=0,
            random_state=0,
            n_jobs=1,
        ).fit(X)
        for matrix in (counted, None)
    )
    assert_allclose(own.components_, given.components_)
    assert_allclose(own.learned_["c"]["cooccurrence"].toarray(), counted.toarray())
    own.set_params(warm_start=True).fit(X)
    with pytest.raises(ValueError, match="without documents cooccurrence must be given"):
        CoherencePhi().bind(LAYOUT)
