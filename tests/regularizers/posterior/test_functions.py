"""Regularizers of p(t|d,w): against loops, on texts whose topics are known, and their errors."""

import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skartm import ARTMTransformer
from skartm.datasets import make_topics
from skartm.em import Layout
from skartm.feature_extraction import keep_token_order
from skartm.regularizers import PosteriorFunction, SegmentPosterior, SmoothPosterior, SparsePosterior, Window
from tests.oracle import posteriors as oracle

seeds = st.integers(0, 9999)
dtypes = st.sampled_from([np.float32, np.float64])
LAYOUT = Layout(("a", "b", "c", "d"), 9, (), tuple("qwertyuio"))


def stacked(seed, dtype):
    """Documents of 0 to 20 entries below each other; runs of a topic, rows of zeros, weights of zero."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(0, 21, 5)
    n = lengths.sum()
    p = rng.dirichlet(np.full(4, 0.4), n) + 2 * np.eye(4)[np.repeat(rng.integers(0, 4, n), 5)[:n]]
    p = (p / p.sum(axis=1, keepdims=True)) * (rng.random((n, 1)) < 0.9)
    counts = rng.integers(0, 4, n) if seed % 2 else np.ones(n)
    return p.astype(dtype), rng.integers(0, 9, n), counts.astype(dtype), lengths


def compare(regularizer, function, seed, dtype):
    p, tokens, counts, lengths = stacked(seed, dtype)
    term = regularizer.bind(LAYOUT)
    result = term.apply_stacked(p, tokens, counts, lengths)
    assert result.dtype == dtype
    ends = np.concatenate([[0], np.cumsum(lengths)])
    for start, stop in pairwise(ends):
        rows = slice(start, stop)
        expected = function([row.astype(float) for row in p[rows]], counts[rows], tokens[rows].tolist())
        expected = np.array(expected).reshape(-1, 4)
        assert_allclose(result[rows], expected, rtol=1e-5 if dtype == np.float32 else 1e-12, atol=1e-6)
        assert_array_equal(term.apply(p[rows], tokens[rows], counts[rows]), result[rows])  # bit for bit
    assert_allclose(result.sum(axis=1), p.sum(axis=1) > 0, atol=1e-5)


@given(
    seed=seeds,
    dtype=dtypes,
    window=st.sampled_from([None, *range(8)]),
    decay=st.sampled_from([0.3, 0.9, 1]),
    cut=st.booleans(),
)
def test_smooth(seed, dtype, window, decay, cut):
    boundaries = ["q", 4] if cut else ()
    regularizer = SmoothPosterior(window=window, decay=decay, boundaries=boundaries)
    compare(regularizer, oracle.smooth(window, decay, (0, 4) if cut else ()), seed, dtype)


@given(seed=seeds, dtype=dtypes, top_k=st.sampled_from([None, 1, 2, 4, 7]), threshold=st.sampled_from([None, 0.1, 0.4]))
def test_sparse(seed, dtype, top_k, threshold):
    limit = None if threshold is None else float(dtype(threshold))
    compare(SparsePosterior(top_k=top_k, threshold=limit), oracle.sparse(top_k, limit or 0.0), seed, dtype)


@given(seed=seeds, window=st.integers(1, 8), threshold=st.sampled_from([0, 0.3, 0.7]), background=st.booleans())
def test_segments(seed, window, threshold, background):
    regularizer = SegmentPosterior(window=window, threshold=threshold, background=["d"] if background else None)
    compare(regularizer, oracle.segments(window, threshold, (3,) if background else ()), seed, np.float64)


def test_of_equal_topics_the_first_stay():
    p = np.full((3, 4), 0.25)
    result = SparsePosterior(top_k=2).bind(LAYOUT).apply(p, np.arange(3), np.ones(3))
    assert_array_equal(result, [[0.5, 0.5, 0, 0]] * 3)


def test_smoothing_adds_no_mass():
    p, tokens, counts, lengths = stacked(2, np.float64)
    result = SmoothPosterior(window=3).bind(LAYOUT).apply_stacked(p, tokens, counts, lengths)
    assert result.sum() == pytest.approx(p.sum())


def test_a_text_of_background_has_no_boundaries():
    p = np.eye(4)[[3] * 30]
    for threshold in (0, 0.5):
        term = SegmentPosterior(window=5, threshold=threshold, background=[3]).bind(LAYOUT)
        assert_array_equal(term.apply(p, np.zeros(30, int), np.ones(30)), p)


def test_a_segment_begins_where_the_topic_changes():
    p = np.eye(4)[[0] * 17 + [2] * 23 + [1] * 9] * 0.6 + 0.1
    result = SegmentPosterior(window=6, threshold=0.3).bind(LAYOUT).apply(p, np.zeros(49, int), np.ones(49))
    assert_allclose(result, np.eye(4)[[0] * 17 + [2] * 23 + [1] * 9])


def right(fitted, corpus, names):
    """Share of tokens whose most probable topic is the true one, up to the names of topics."""
    found = np.vstack(fitted.token_topics(corpus.data, dense=True)).argmax(axis=1)
    return np.mean(names[found] == corpus.token_topics)


@pytest.mark.filterwarnings("ignore::skartm.exceptions.LeftOutTokensWarning")
def test_smoothing_and_segments_find_the_topics_of_tokens(global_random_seed):
    corpus = make_topics(
        150, 100, 5, topic_word_prior=0.3, doc_topic_prior=1.0, segment_length=25, random_state=global_random_seed
    )
    rates = {}
    for name, regularizer in {
        "plain": "drop",
        "smooth": SmoothPosterior(0.5, window=3),
        "segments": SegmentPosterior(Window(1.0, begin=2), window=12),
    }.items():
        fitted = ARTMTransformer(
            5, regularizers=[("r", regularizer)], init=corpus.components, max_iter=5, tol=0, n_jobs=1
        ).fit(corpus.data)
        rates[name] = right(fitted, corpus, np.arange(5))
    assert rates["smooth"] > rates["plain"] + 0.01
    assert rates["segments"] > rates["plain"] + 0.1


def test_one_topic_a_token_leaves_few_topics_a_document():
    X = make_topics(random_state=0).data
    options = {"max_iter": 20, "tol": 0, "random_state": 0, "n_jobs": 1}
    plain = ARTMTransformer(10, **options).fit_transform(X)
    sharp = ARTMTransformer(10, regularizers=[("s", SparsePosterior(top_k=1))], **options).fit_transform(X)
    assert (sharp == 0).mean() > (plain == 0).mean() + 0.2


# --- functions of users ----------------------------------------------------------------------------------------------


def test_functions_get_distributions_and_may_change_them():
    p, tokens, counts, lengths = stacked(3, np.float64)
    before = p.copy()
    assert (p.sum(axis=1) == 0).any()

    def function(x):
        assert_allclose(x.sum(axis=1), 1)
        x **= 2
        return x

    result = PosteriorFunction(function=function).bind(LAYOUT).apply_stacked(p, tokens, counts, lengths)
    assert_array_equal(p, before)
    seen = p.sum(axis=1) > 0
    assert_allclose(result[seen], p[seen] ** 2 / (p[seen] ** 2).sum(axis=1, keepdims=True))
    assert not result[~seen].any()


def test_rows_of_zeros_leave_p():
    p = np.random.default_rng(0).dirichlet(np.ones(4), 6)
    result = PosteriorFunction(function=lambda x: x * (x[:, :1] > 0.3)).bind(LAYOUT).apply(p, None, None)
    assert_allclose(result, p)


def test_functions_of_documents_get_them_one_by_one():
    p, tokens, counts, lengths = stacked(2, np.float64)
    shapes = []
    term = PosteriorFunction(function=lambda x: shapes.append(len(x)) or x, needs_order=True).bind(LAYOUT)
    assert_allclose(term.apply_stacked(p, tokens, counts, lengths), p)
    assert shapes == lengths.tolist()


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda p: p[:1], "must return numbers of the shape of p. Got float64 (1, 4) for (6, 4)"),
        (lambda p: p.astype(str), "must return numbers of the shape of p"),
        (lambda p: -p, "must return finite, non-negative numbers"),
        (lambda p: p * np.nan, "must return finite, non-negative numbers"),
    ],
)
def test_functions_that_give_no_distributions(function, message):
    p = np.random.default_rng(0).dirichlet(np.ones(4), 6)
    with pytest.raises(ValueError, match=re.escape(f"PosteriorFunction: the function {message}")):
        PosteriorFunction(function=function).bind(LAYOUT).apply(p, None, None)


# --- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("regularizer", "error", "message"),
    [
        (PosteriorFunction(), TypeError, "'function' parameter of PosteriorFunction must be callable. Got None"),
        (PosteriorFunction(function=abs, needs_order=1), TypeError, "'needs_order' parameter of PosteriorFunction"),
        (SparsePosterior(top_k=0), ValueError, "'top_k' parameter of SparsePosterior must be None or an integer"),
        (SparsePosterior(top_k=1.5), ValueError, "'top_k' parameter of SparsePosterior must be None or an integer"),
        (
            SparsePosterior(threshold=1),
            ValueError,
            "'threshold' parameter of SparsePosterior must be None or in [0, 1)",
        ),
        (
            SmoothPosterior(window=-1),
            ValueError,
            "'window' parameter of SmoothPosterior must be an integer of at least",
        ),
        (SmoothPosterior(window=2.5), ValueError, "'window' parameter of SmoothPosterior must be an integer of at"),
        (SmoothPosterior(decay=0), ValueError, "'decay' parameter of SmoothPosterior must be in (0, 1]. Got 0"),
        (SmoothPosterior(boundaries="q"), TypeError, "'boundaries' parameter of SmoothPosterior must be a sequence"),
        (
            SmoothPosterior(boundaries=["."]),
            ValueError,
            "SmoothPosterior: boundaries must be tokens of the model. Got '.'",
        ),
        (
            SegmentPosterior(window=0),
            ValueError,
            "'window' parameter of SegmentPosterior must be an integer of at least 1",
        ),
        (
            SegmentPosterior(threshold=2),
            ValueError,
            "'threshold' parameter of SegmentPosterior must be in [0, 1]. Got 2",
        ),
        (SegmentPosterior(background=["e"]), ValueError, "SegmentPosterior: topics must name topics of the model"),
        (
            SegmentPosterior(background=slice(4)),
            ValueError,
            "SegmentPosterior: background must leave at least one topic",
        ),
    ],
)
def test_bad_parameters(regularizer, error, message):
    with pytest.raises(error, match=re.escape(message)):
        regularizer.bind(LAYOUT)


@pytest.mark.parametrize(
    "regularizer", [SmoothPosterior(), SegmentPosterior(), PosteriorFunction(function=np.abs, needs_order=True)]
)
@pytest.mark.filterwarnings("ignore::skartm.exceptions.DeadTopicWarning")
@pytest.mark.filterwarnings("ignore::skartm.exceptions.LeftOutTokensWarning")
def test_counts_have_no_order(regularizer):
    corpus = make_topics(20, 50, 3, segment_length=5, random_state=0)
    model = ARTMTransformer(3, regularizers=[("r", regularizer)], max_iter=2, tol=0, n_jobs=1)
    counts = corpus.data.copy()
    counts.sum_duplicates()
    for fit in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match="X must keep the order of the text .* make X by SequenceVectorizer"):
            fit(counts)
    model.fit(corpus.data).partial_fit(corpus.data[:3])
    with pytest.raises(ValueError, match="X must keep the order of the text"):
        model.fit(corpus.data.astype(np.float32)).transform(counts)
    # a text may be sorted, with repeated tokens too; but that is what sort_indices leaves
    short = corpus.data[:, :50][[0]]
    short.indices.sort()
    assert np.unique(short.indices).size < short.nnz
    with pytest.raises(ValueError, match="X must keep the order of the text"):
        model.fit(short)
    model.fit(keep_token_order(short))


@pytest.mark.parametrize("kind", [np.float64, np.int32, np.uint8])
def test_the_order_survives_other_types(kind):
    corpus = make_topics(20, 50, 3, segment_length=5, random_state=0)
    model = ARTMTransformer(3, regularizers=[("r", SmoothPosterior())], max_iter=2, tol=0, random_state=0, n_jobs=1)
    expected = model.fit_transform(corpus.data)
    X = corpus.data.copy()
    X.data = X.data.astype(kind)
    assert_array_equal(model.fit_transform(X), expected)
