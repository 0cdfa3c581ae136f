"""Boundaries of segments, and topics of stretches of text."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from skartm import ContextARTM
from skartm.datasets import make_topics
from skartm.topics.context._segmentation import _depths
from tests.topics.context.test_context import context_artm, sequences

SEGMENT = 40


@pytest.fixture(scope="module")
def planted():
    return make_topics(150, 300, 6, doc_length=SEGMENT * 6, segment_length=SEGMENT, doc_topic_prior=0.5, random_state=0)


@pytest.fixture(scope="module")
def fitted(planted):
    return ContextARTM(6, max_iter=60, tol=0, random_state=0, n_jobs=1).fit(planted.data)


def joints_of(planted):
    """Where the topic changes."""
    topics = planted.token_topics.reshape(150, -1)
    return [np.flatnonzero(np.diff(row)) + 1 for row in topics]


def slow_depths(heights, places, min_length):
    """By looking in both directions from every height."""
    result = []
    for i, height in enumerate(heights):
        near = np.abs(places - places[i]) < min_length
        near[max(i - 1, 0) : i + 2] = True
        near[i] = False
        first = np.arange(heights.size) < i
        is_peak = not (near & (heights > height)).any() and not (near & first & (heights == height)).any()
        total = 0.0
        for side in (heights[:i][::-1], heights[i + 1 :]):
            higher = np.flatnonzero(side > height)
            total += height - side[: higher[0] if higher.size else side.size].min(initial=height)
        result.append(total if is_peak else 0.0)
    return result


@pytest.mark.parametrize("min_length", [1, 4, 50])
def test_depths(min_length, global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    for n in (0, 1, 2, 30):
        heights = rng.integers(0, 6, n) / 5
        places = np.cumsum(rng.integers(1, 4, n))
        assert_allclose(_depths(heights, places, min_length), slow_depths(heights, places, min_length), atol=1e-12)


def test_divergence_is_hellinger():
    X = sequences(0)
    model = context_artm().fit(X)
    for heights, vectors in zip(model.divergence(X), model.context_vectors(X)):
        common = (np.sqrt(vectors.left[:-1]) * np.sqrt(vectors.right[1:])).sum(axis=1)
        assert heights.shape == (max(vectors.tokens.size - 1, 0),)
        assert_allclose(heights, np.sqrt(np.clip(1 - common, 0, 1)), atol=1e-7)


def test_planted_joints_are_found(planted, fitted):
    joints = joints_of(planted)
    found = fitted.segment(planted.data, [part.size + 1 for part in joints])
    near = [np.abs(a[:, None] - b).min(axis=1) <= 3 for a, b in zip(joints, found) if a.size]
    assert np.concatenate(near).mean() > 0.8
    assert [part.size for part in found] == [part.size for part in joints]


def test_candidates_of_true_joints(planted, fitted):
    every = [np.arange(0, SEGMENT * 6 + 1, SEGMENT)] * 150
    joints, right = joints_of(planted), 0
    for a, b in zip(joints, fitted.segment(planted.data, [part.size + 1 for part in joints], candidates=every)):
        assert set(b) <= set(every[0][1:-1])
        right += np.isin(a, b).sum()
    assert right / sum(part.size for part in joints) > 0.9


def test_thresholds_and_lengths(planted, fitted):
    few = fitted.segment(planted.data, threshold=1.0)
    more = fitted.segment(planted.data, threshold=-1.0)
    assert sum(map(len, few)) < sum(map(len, more))
    for a, b in zip(few, more):
        assert set(a) <= set(b)
    far = fitted.segment(planted.data, threshold=-10, min_length=50)
    assert min(np.diff([0, *part, SEGMENT * 6]).min() for part in far) >= 50
    assert all(part.size == 0 for part in fitted.segment(planted.data, 1))


def test_a_number_that_does_not_fit(planted, fitted):
    """More segments than peaks are cut elsewhere, and none is shorter than allowed."""
    peaks = fitted.segment(planted.data, threshold=-10, min_length=50)
    for number, exact in ((3, True), (1000, False)):
        found = fitted.segment(planted.data, number, min_length=50)
        assert min(np.diff([0, *part, SEGMENT * 6]).min() for part in found) >= 50
        if exact:
            assert {part.size for part in found} == {2}
        else:
            assert sum(map(len, found)) > sum(map(len, peaks))


def test_a_text_of_one_subject_stays_whole(planted, fitted):
    """Relative to its other peaks the deepest one is always a cut; ``min_depth`` is the same for all texts."""
    rng = np.random.default_rng(0)
    tokens = [rng.choice(300, SEGMENT * 6, p=p) for p in np.tile(planted.components.astype(np.float64), (10, 1))]
    indptr = np.arange(61) * SEGMENT * 6
    single = sparse.csr_matrix((np.ones(indptr[-1]), np.concatenate(tokens), indptr), shape=(60, 300))
    assert all(part.size for part in fitted.segment(single))
    whole = np.mean([part.size == 0 for part in fitted.segment(single, min_depth=0.8)])
    joined, joints = fitted.segment(planted.data, min_depth=0.8), joints_of(planted)
    near = [np.abs(a[:, None] - b).min(axis=1, initial=99) <= 3 for a, b in zip(joints, joined) if a.size]
    assert whole > 0.9
    assert np.concatenate(near).mean() > 0.75


def test_a_document_alone_and_among_others(planted, fitted):
    together = fitted.segment(planted.data)
    for d in (0, 77):
        assert_array_equal(fitted.segment(planted.data[d])[0], together[d])


def test_short_documents():
    X = sequences(0)
    found = context_artm().fit(X).segment(X)
    assert [part.size for part in found[:3]] == [0, 0, 0]  # no gap, or nothing to compare it with
    assert_array_equal(context_artm().fit(X).segment(X[2], 2, min_length=1)[0], [1])


def test_spans():
    X = sequences(0)
    model = context_artm().fit(X)
    spans = [(5, 0, X[5].nnz), (3, 0, 1), (5, 0, 1), (23, X[23].nnz - 1, X[23].nnz)]
    found, vectors = model.transform_spans(X, spans), list(model.context_vectors(X))
    for row, (d, start, stop) in zip(found, spans):
        assert_allclose(row, (vectors[d].right[start] + vectors[d].left[stop - 1]) / 2, rtol=1e-12)
    assert model.transform_spans(X, np.zeros((0, 3), dtype=int)).shape == (0, 4)


@pytest.mark.parametrize("spans", [[(0, 0, 1)], [(24, 0, 1)], [(5, -1, 1)], [(5, 1, 1)], [(5, 0)], [(5, 0.0, 1.5)]])
def test_spans_that_do_not_exist(spans):
    X = sequences(0)
    with pytest.raises(ValueError, match="'spans' parameter"):
        context_artm().fit(X).transform_spans(X, spans)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_segments": 0}, "'n_segments' parameter"),
        ({"n_segments": [2, 3]}, "'n_segments' parameter"),
        ({"n_segments": 2.5}, "'n_segments' parameter"),
        ({"threshold": np.nan}, "'threshold' parameter"),
        ({"threshold": "high"}, "'threshold' parameter"),
        ({"min_length": 0}, "'min_length' parameter"),
        ({"min_depth": -0.1}, "'min_depth' parameter"),
        ({"min_depth": np.nan}, "'min_depth' parameter"),
        ({"candidates": [[1.5]] * 24}, "candidates must be positions"),
        ({"candidates": [[True]] * 24}, "candidates must be positions"),
        ({"candidates": [[1]]}, "candidates must have an array"),
        ({"candidates": [[1000]] * 24}, "candidates of document 0"),
    ],
)
def test_options(options, message):
    X = sequences(0)
    with pytest.raises(ValueError, match=message):
        context_artm().fit(X).segment(X, **options)


def test_two_halves(planted, fitted):
    """The joint of two documents of different topics."""
    row = sparse.csr_matrix(planted.data)
    tops = fitted.transform(row).argmax(axis=1)
    first, second = 0, int(np.flatnonzero(tops != tops[0])[0])
    tokens = np.concatenate([row[first].indices, row[second].indices])
    joined = sparse.csr_matrix((np.ones(tokens.size), tokens, [0, tokens.size]), shape=(1, row.shape[1]))
    assert fitted.segment(joined)[0].size >= 1
